package repository

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk/disktest"
)

// sealOne seals a point with one message of the given number in the inbox.
func sealOne(t *testing.T, r *Repository, n int) record.Point {
	t.Helper()
	run := record.RunID(fmt.Sprint("run ", n))
	s := begin(t, r, run)
	commitOne(t, s, n)
	p, err := s.Seal(t.Context(), summary(run, "inbox"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func commitOne(t *testing.T, s *Session, n int) {
	t.Helper()
	c := backup.Checkpoint{Folder: "inbox", Cursor: mail.Cursor(fmt.Sprint("cursor ", n))}
	c.Messages = []record.Message{testMessage(t, s, fmt.Sprint("m", n), "inbox", n)}
	if err := s.Commit(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// TestDeletingManyPointsIsAllOrNothing kills a deletion at each of its operations, also with the power cut.
func TestDeletingManyPointsIsAllOrNothing(t *testing.T) {
	seed := rand.Uint64()
	outcomes := map[int]int{}
	for _, cut := range []bool{false, true} {
		for left, over := 0, false; !over; left++ {
			o := testOptions(t, left%2 == 0)
			o.Path = filepath.Join(disktest.Dir(t), "repo")
			r := mustCreate(t, o)
			var ids []record.PointID
			for n := range 6 {
				ids = append(ids, sealOne(t, r, n).ID)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			sound := o
			on := false
			d, err := disktest.New(disktest.Options{Root: o.Path, Rand: rand.New(rand.NewPCG(seed, uint64(left))), Left: -1, Index: indexFile, Lock: lockFile, Fault: func(disktest.Op) error {
				if on {
					if left--; left < -1 {
						return disktest.ErrKilled
					}
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			at := left
			o.FS, o.hook = d, d.Hook
			r = mustOpen(t, o)
			on = true
			n, err := r.DeletePoints(t.Context(), ids[1:5])
			on = false
			over = err == nil
			if err != nil && !errors.Is(err, disktest.ErrKilled) || err == nil && n != 4 {
				t.Fatalf("seed %d, operation %d: %d points, %v", seed, at, n, err)
			}
			left = at
			r.drop()
			if cut {
				if err := d.Cut(); err != nil {
					t.Fatal(err)
				}
			}
			for _, open := range []string{"opened", "built anew"} {
				if open == "opened" {
					r = mustOpen(t, sound)
				} else if r, err = Rebuild(t.Context(), sound); err != nil {
					t.Fatal(err)
				}
				list, err := r.Points(t.Context(), testKey)
				if err != nil {
					t.Fatal(err)
				}
				var got []record.PointID
				for _, p := range list {
					got = append(got, p.ID)
				}
				if !slices.Equal(got, ids) && !slices.Equal(got, []record.PointID{ids[0], ids[5]}) || over && len(got) != 2 {
					t.Fatalf("seed %d, killed at operation %d, cut %v, %s: %d of 6 points are there", seed, at, cut, open, len(got))
				}
				outcomes[len(got)]++
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if outcomes[6] == 0 || outcomes[2] <= 4 {
		t.Errorf("the deletion was never interrupted in the middle: %v", outcomes)
	}
}

// TestADeletedPointDoesNotComeBackByItsJournal lets the process end between sealing and the removal of the journal, and the
// point be deleted before the next session, which would know by it that the journal is spent.
func TestADeletedPointDoesNotComeBackByItsJournal(t *testing.T) {
	for _, how := range []string{"opened", "built anew", "all deleted"} {
		o := testOptions(t, false)
		o.Path = filepath.Join(disktest.Dir(t), "repo")
		r := mustCreate(t, o)
		first := sealOne(t, r, 1)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		sound := o
		d, err := disktest.New(disktest.Options{Root: o.Path, Rand: rand.New(rand.NewPCG(1, 1)), Left: -1, Index: indexFile, Lock: lockFile, Fault: func(op disktest.Op) error {
			if op.Kind == disktest.Remove && strings.HasSuffix(op.Path, journalEnding) {
				return disktest.ErrKilled
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		o.FS, o.hook = d, d.Hook
		r = mustOpen(t, o)
		second := sealOne(t, r, 2)
		r.drop()
		if r, err = Open(t.Context(), sound); how == "built anew" {
			r.drop()
			r, err = Rebuild(t.Context(), sound)
		}
		if err != nil {
			t.Fatal(err)
		}
		if list, err := r.journals(); err != nil || len(list) != 1 {
			t.Fatalf("%d journals, %v", len(list), err)
		}
		ids := []record.PointID{second.ID}
		if how == "all deleted" {
			ids = append(ids, first.ID)
		}
		if n, err := r.DeletePoints(t.Context(), ids); err != nil || n != len(ids) {
			t.Fatal(n, err)
		}
		r = reopen(t, r, sound)
		s := begin(t, r, "run 3")
		st := s.State()
		want := first.ID
		if how == "all deleted" {
			want = ""
		}
		if st.Resumed || st.Base != want {
			t.Errorf("%s: the session goes on from %q, resumed %v", how, st.Base, st.Resumed)
		}
		if found, err := s.Lookup(t.Context(), []mail.MessageID{"m1", "m2"}); err != nil || found[1] != nil || (found[0] == nil) != (how == "all deleted") {
			t.Errorf("%s: %v, %v", how, found, err)
		}
		if err := errors.Join(s.Close(), r.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnInterruptedSessionOutlivesItsBase keeps the other journals: those of sessions that sealed nothing.
func TestAnInterruptedSessionOutlivesItsBase(t *testing.T) {
	o := testOptions(t, false)
	r := mustCreate(t, o)
	p := sealOne(t, r, 1)
	s := begin(t, r, "run 2")
	commitOne(t, s, 2)
	if n, err := r.DeletePoints(t.Context(), []record.PointID{p.ID}); err != nil || n != 1 { // while it is open
		t.Fatal(n, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r = reopen(t, r, o)
	s = begin(t, r, "run 2")
	if found, err := s.Lookup(t.Context(), []mail.MessageID{"m1", "m2"}); err != nil || found[0] == nil || found[1] == nil || !s.State().Resumed {
		t.Errorf("%v, %v", found, err)
	}
	p, err := s.Seal(t.Context(), summary("run 2", "inbox"))
	if err != nil {
		t.Fatal(err)
	}
	s = begin(t, r, "run 3")
	commitOne(t, s, 3)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := r.DeletePoints(t.Context(), []record.PointID{p.ID}); err != nil || n != 1 { // while nobody has it open
		t.Fatal(n, err)
	}
	s = begin(t, r, "run 3")
	if !s.State().Resumed {
		t.Error("what an interrupted session had is gone")
	}
	if err := errors.Join(s.Close(), r.Close()); err != nil {
		t.Fatal(err)
	}
}

// TestWhoReadsADeletedPointIsTold deletes a point and frees its space while somebody has it.
func TestWhoReadsADeletedPointIsTold(t *testing.T) {
	o := testOptions(t, true)
	r := mustCreate(t, o)
	older := fill(t, r, "first", 60, "inbox", "other")
	p, err := r.Point(t.Context(), older.ID)
	if err != nil {
		t.Fatal(err)
	}
	some, err := p.Messages(t.Context(), "inbox", 0, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	keep := sealOne(t, r, 1)
	if n, err := r.DeletePoints(t.Context(), []record.PointID{older.ID, keep.ID}); err != nil || n != 2 {
		t.Fatal(n, err)
	}
	if list, err := p.Messages(t.Context(), "other", 0, 10, true); err != nil || len(list) != 10 {
		t.Fatalf("its space is not freed yet: %d messages, %v", len(list), err)
	}
	if _, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil); err != nil {
		t.Fatal(err)
	}
	r.trees.forget()
	for what, read := range map[string]func() error{
		"messages":   func() error { _, err := p.Messages(t.Context(), "inbox", 0, 10, false); return err },
		"message":    func() error { _, err := p.Message(t.Context(), "inbox", some[0].ID); return err },
		"message at": func() error { _, err := p.MessageAt(t.Context(), &some[0].Message); return err },
		"content":    func() error { _, err := io.ReadAll(p.Content(t.Context(), some[0].Body)); return err },
		"point":      func() error { _, err := r.Point(t.Context(), older.ID); return err },
		"all": func() error {
			for _, err := range p.All(t.Context(), "inbox") {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"walk": func() error {
			return p.Walk(t.Context(), "inbox", func(*record.Message) error { return nil }, func(int64, error) error { return nil })
		},
		"diff": func() error { return p.Diff(t.Context(), p, func(Difference) error { return nil }) },
	} {
		err := read()
		if what == "diff" && err == nil {
			continue // a point and itself: nothing is read
		}
		if fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "deleted") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
}
