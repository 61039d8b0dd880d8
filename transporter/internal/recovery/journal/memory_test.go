package journal_test

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"holdfast/transporter/internal/recovery/journal"
)

// heap is what is alive now, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// The journal of a mailbox with a million messages has 400 MB.
func TestAJournalIsReadPieceByPiece(t *testing.T) {
	const messages, most = 20_000, 1 << 20
	path, id := filepath.Join(t.TempDir(), "t.journal"), strings.Repeat("A", 120)
	j, err := journal.Open(path, "request", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range messages {
		source, mark := journal.Source{byte(i), byte(i >> 8)}, fmt.Sprintf("%032x", i)
		for _, e := range []journal.Entry{
			{Kind: journal.KindIntent, ID: mark, Source: &source, Action: 1, Folder: id},
			{Kind: journal.KindDone, ID: mark, New: id},
		} {
			if err := j.Append(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	before, entries, grown := heap(), 0, int64(0)
	j, err = journal.Open(path, "request", func(journal.Entry) error {
		if entries++; entries == messages {
			grown = heap() - before
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if entries != 2*messages || grown > most {
		t.Errorf("got %d entries and held %d bytes, want %d and at most %d", entries, grown, 2*messages, most)
	}
}
