package tree

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

// golden returns the blobs of a type in the plain, uncompressed sample.
func golden(f *testing.F, typ pack.Type) (all [][]byte) {
	f.Helper()
	files, err := filepath.Glob("../testdata/golden/1/none/vault/packs/*")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		_, err = pack.Scan(bytes.NewReader(b), pack.HeaderSize, int64(len(b)), func(e pack.Entry, _ *pack.Frame, stored []byte) error {
			if e.Type == typ {
				all = append(all, bytes.Clone(stored))
			}
			return nil
		}, func(pack.Gap) {})
		if err != nil {
			f.Fatal(err)
		}
	}
	return all
}

func FuzzGoldenPage(f *testing.F) {
	for _, b := range golden(f, pack.Page) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		err := decodePage(b, func(e *Entry) error {
			m, err := e.Message("folder")
			if err == nil && (m.ID != e.ID || len(e.Record) > message.MaxRecord) {
				t.Error("another message")
			}
			return nil
		})
		if k := fault.KindOf(err); err != nil && k != fault.Corrupt && k != fault.Unsupported {
			t.Error(err)
		}
	})
}

func TestPagesAndNodesOfLaterVersionsAreRefused(t *testing.T) {
	for name, err := range map[string]error{
		"page": decodePage([]byte{2, 0}, nil), "node": func() error { _, err := decodeNode([]byte{2, 1}, 1); return err }(),
	} {
		if fault.KindOf(err) != fault.Unsupported || !strings.Contains(err.Error(), "format 2") || !strings.Contains(err.Error(), "upgrade") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestATreeThatMeetsItselfIsDamaged(t *testing.T) {
	m := newMemory()
	e := Entry{Key: KeyOf("a", time.Unix(5, 0)), ID: "a", Record: []byte("r")}
	page := e.Append([]byte{version})
	leaf := Ref{Hash: record.Sum(page), First: e.Key, Sums: Sums{Messages: 1}}
	if err := m.Save(pack.Page, leaf.Hash, page); err != nil {
		t.Fatal(err)
	}
	// A node that says to have the page twice, the second time as if it began later.
	again := leaf
	again.First.Sec++
	node := appendChild(appendChild([]byte{version, 1}, &leaf), &again)
	root := Ref{Hash: record.Sum(node), Level: 1, Sums: Sums{Messages: 2}}
	if err := m.Save(pack.Node, root.Hash, node); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := Range(t.Context(), m, root, 0, 10, false, func(*Entry) error { n++; return nil }, nil)
	if fault.KindOf(err) != fault.Corrupt || n != 1 {
		t.Errorf("%d messages, %v", n, err)
	}
}
