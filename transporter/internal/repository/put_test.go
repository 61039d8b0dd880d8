package repository

import (
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk/disktest"
)

// TestKeepGoesOnWhileACheckpointIsCommitted keeps a piece in the middle of a commit. That one need not make it durable, the
// next one does: afterwards the power fails.
func TestKeepGoesOnWhileACheckpointIsCommitted(t *testing.T) {
	o := testOptions(t, true)
	o.Path = filepath.Join(o.Path, "repo")
	first, second := []byte("put before the checkpoint"), []byte("kept while it was committed")
	var s *Session
	kept, fresh := 0, false
	d := keepingDisk(t, &o, func() {
		if kept++; kept > 1 {
			return
		}
		var err error
		if fresh, err = s.Keep(t.Context(), record.Sum(second), second); err != nil {
			t.Error(err)
		}
	})
	r := mustCreate(t, o)
	s = begin(t, r, "run 1")
	commit := func(id mail.MessageID, body []byte) {
		t.Helper()
		m := record.Message{Message: mail.Message{ID: id, Folder: "in"}, Body: record.Content{
			Size: int64(len(body)), Pieces: []record.Piece{{Hash: record.Sum(body), Size: int64(len(body))}},
		}}
		if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "in", Cursor: mail.Cursor(id), Messages: []record.Message{m}}); err != nil {
			t.Fatal(err)
		}
	}
	if isNew, err := s.Keep(t.Context(), record.Sum(first), first); err != nil || !isNew {
		t.Fatalf("got %v (%v) for a piece that was new", isNew, err)
	}
	if isNew, err := s.Keep(t.Context(), record.Sum(first), first); err != nil || isNew {
		t.Fatalf("got %v (%v) for a piece that was there", isNew, err)
	}
	commit("m1", first)
	if kept == 0 || !fresh {
		t.Fatalf("a piece was kept %d times during a commit, and was new: %v", kept, fresh)
	}
	commit("m2", second)
	Crash(r)
	if err := d.Cut(); err != nil {
		t.Fatal(err)
	}
	o.FS, o.hook = nil, nil
	r = mustOpen(t, o)
	defer r.Close()
	s = begin(t, r, "run 2")
	found, err := s.Lookup(t.Context(), []mail.MessageID{"m1", "m2"})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]byte{first, second} {
		got, err := io.ReadAll(r.Content(t.Context(), found[i].Body))
		if err != nil || string(got) != string(want) {
			t.Errorf("message %d has %q (%v), want %q", i+1, got, err, want)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Keep(t.Context(), record.Sum(first), first); fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v from a session that was closed, want a conflict", err)
	}
}

// keepingDisk calls do, which must not reach the disk itself, whenever a journal is synced.
func keepingDisk(t *testing.T, o *Options, do func()) *disktest.Disk {
	t.Helper()
	if err := os.MkdirAll(o.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	d, err := disktest.New(disktest.Options{
		Root: o.Path, Rand: rand.New(rand.NewPCG(1, 1)), Left: -1, Index: indexFile, Lock: lockFile,
		Fault: func(op disktest.Op) error {
			if op.Kind == disktest.Sync && strings.HasSuffix(op.Path, journalEnding) {
				do()
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	o.FS, o.hook = d, d.Hook
	return d
}

func TestKeepTakesNoPieceThatIsTooLongOrEmpty(t *testing.T) {
	r := mustCreate(t, testOptions(t, false))
	defer r.Close()
	s := begin(t, r, "run 1")
	defer s.Close()
	for _, data := range [][]byte{nil, make([]byte, record.MaxPiece+1)} {
		if _, err := s.Keep(t.Context(), record.Sum(data), data); fault.KindOf(err) != fault.Invalid {
			t.Errorf("got %v for a piece of %d bytes, want that it is invalid", err, len(data))
		}
	}
}

// TestARoundThatBroughtNothingCostsNoSync commits the end of a round of many folders, and then seals: the point has all cursors.
func TestARoundThatBroughtNothingCostsNoSync(t *testing.T) {
	o := testOptions(t, true)
	o.Path = filepath.Join(o.Path, "repo")
	syncs := 0
	keepingDisk(t, &o, func() { syncs++ })
	r := mustCreate(t, o)
	defer r.Close()
	s := begin(t, r, "run 1")
	folders := []string{"in", "out", "old"}
	for _, f := range folders {
		if err := s.Commit(t.Context(), backup.Checkpoint{Folder: mail.FolderID(f), Cursor: "first", Done: true}); err != nil {
			t.Fatal(err)
		}
	}
	if syncs != 0 {
		t.Errorf("%d syncs of the journal for nothing new", syncs)
	}
	if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "in", Cursor: "second", Done: true}); err != nil {
		t.Fatal(err)
	}
	if syncs != 1 {
		t.Errorf("%d syncs of the journal for the second round of a folder, want one", syncs)
	}
	if _, err := s.Seal(t.Context(), summary("run 1", folders...)); err != nil {
		t.Fatal(err)
	}
	s = begin(t, r, "run 2")
	defer s.Close()
	got := map[mail.FolderID]mail.Cursor{}
	for _, f := range s.State().Folders {
		got[f.Folder] = f.Cursor
	}
	if want := (map[mail.FolderID]mail.Cursor{"in": "second", "out": "first", "old": "first"}); !maps.Equal(got, want) {
		t.Errorf("the next session starts from %v, want %v", got, want)
	}
}
