package journal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/recovery/journal"
)

func source(n byte) *journal.Source { return &journal.Source{n} }

var entries = []journal.Entry{
	{Kind: journal.KindFolder, New: "f1"},
	{Kind: journal.KindIntent, ID: "r1", Source: source(1), Action: 3, Folder: "f1", Old: "old"},
	{Kind: journal.KindDone, ID: "r1", New: "new"},
	{Kind: journal.KindRemoved, ID: "r1"},
	{Kind: journal.KindIntent, ID: "r2", Source: source(2), Action: 1, Folder: "f1"},
	{Kind: journal.KindVoid, ID: "r2"},
}

// open opens a journal and returns it with what it replayed.
func open(t *testing.T, path, request string) (*journal.Journal, []journal.Entry, error) {
	t.Helper()
	var got []journal.Entry
	j, err := journal.Open(path, request, func(e journal.Entry) error {
		got = append(got, e)
		return nil
	}, nil)
	return j, got, err
}

// written is a journal with all entries.
func written(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "deep", "t.journal")
	j, got, err := open(t, path, "req")
	if err != nil || len(got) > 0 {
		t.Fatal(got, err)
	}
	for _, e := range entries {
		if err := j.Append(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatWasWrittenIsReplayed(t *testing.T) {
	path := written(t)
	for range 2 { // opening changes nothing
		j, got, err := open(t, path, "req")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(entries, got); diff != "" {
			t.Error(diff)
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v, %v", info.Mode(), err)
	}
}

func TestATornEndIsCutOffWhereverItTore(t *testing.T) {
	path := written(t)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j, got, err := open(t, path, "req")
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		want := max(0, bytes.Count(whole[:cut], []byte("\n"))-1)
		if len(got) != want {
			t.Fatalf("cut at %d: %d entries, want %d", cut, len(got), want)
		}
		if err := errors.Join(j.Append(entries[0]), j.Close()); err != nil {
			t.Fatal(err)
		}
		if j, got, err = open(t, path, "req"); err != nil || len(got) != want+1 {
			t.Fatalf("cut at %d, gone on with: %d entries, %v", cut, len(got), err)
		}
		j.Close()
	}
}

func TestDamageInTheMiddleIsNotPassedOver(t *testing.T) {
	path := written(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	data[bytes.IndexByte(data, '\n')+20] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := open(t, path, "req"); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v, want Corrupt", err)
	}
}

func TestAnotherRequestIsAConflict(t *testing.T) {
	if _, _, err := open(t, written(t), "another"); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v, want Conflict", err)
	}
}

// slow is a file whose flushes can be counted.
type slow struct {
	journal.File
	mu    sync.Mutex
	syncs int
	gate  chan struct{}
}

func (s *slow) Sync() error {
	if s.gate != nil {
		<-s.gate
	}
	s.mu.Lock()
	s.syncs++
	s.mu.Unlock()
	return s.File.Sync()
}

func TestCallersShareAFlush(t *testing.T) {
	var file *slow
	j, err := journal.Open(filepath.Join(t.TempDir(), "j"), "req", nil, func(f journal.File) journal.File {
		file = &slow{File: f}
		return file
	})
	if err != nil {
		t.Fatal(err)
	}
	file.mu.Lock()
	file.syncs, file.gate = 0, make(chan struct{})
	file.mu.Unlock()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			if err := errors.Join(j.Append(entries[0]), j.Sync()); err != nil {
				t.Error(err)
			}
		})
	}
	close(file.gate)
	wg.Wait()
	if file.syncs > 50 || file.syncs == 0 {
		t.Errorf("%d flushes for 50 callers", file.syncs)
	}
}

// full is a file on a disk without space.
type full struct{ journal.File }

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestAfterAFailureTheJournalStaysBroken(t *testing.T) {
	path := written(t)
	j, err := journal.Open(path, "req", func(journal.Entry) error { return nil }, func(f journal.File) journal.File { return full{f} })
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := j.Append(entries[0]); !errors.Is(err, fault.Exhausted) {
			t.Errorf("got %v, want Exhausted", err)
		}
	}
	if err := j.Close(); !errors.Is(err, fault.Exhausted) {
		t.Errorf("closing gave %v, want Exhausted", err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("00000000 {}\n"))
	f.Add([]byte("x\ny\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "j")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, _, err := open(t, path, "req")
		if err == nil {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
