package repository

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

func TestASurveyTellsWhatEachBackupHolds(t *testing.T) {
	for _, encrypted := range []bool{false, true} {
		o := testOptions(t, encrypted)
		r := mustCreate(t, o)
		if st, err := r.Statistics(t.Context()); err != nil || st.Survey != nil {
			t.Fatal(st, err)
		}
		keepBulk(t, r, testKey, "one", 1, 2, 3)
		keepBulk(t, r, otherKey, "one", 3, 4)
		gone := keepBulk(t, r, otherKey, "two", 4, 5)
		s, err := r.Begin(t.Context(), otherKey, "three") // needs 5 no more, and 6 yet
		if err != nil {
			t.Fatal(err)
		}
		h, body := bulk(6)
		if err := s.Put(t.Context(), h, body); err != nil {
			t.Fatal(err)
		}
		c := backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: []record.Message{bulkMessage(6)}, Deleted: []mail.MessageID{"bulk5"}}
		if err := s.Commit(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Seal(t.Context(), summary("three", "inbox")); err != nil {
			t.Fatal(err)
		}
		if err := r.DeletePoint(t.Context(), gone.ID); err != nil {
			t.Fatal(err)
		}
		got, err := r.Survey(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Content.Blobs != 5 || got.Content.Plain != 100_000 {
			t.Errorf("content %+v", got.Content)
		}
		st, err := r.Statistics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if all := (BlobSums{
			st.Content.Blobs + st.Trees.Blobs, st.Content.Plain + st.Trees.Plain, st.Content.Stored + st.Trees.Stored,
		}); all.Blobs != got.Content.Blobs+got.Trees.Blobs+got.Garbage.Blobs || all.Stored != got.Content.Stored+got.Trees.Stored+got.Garbage.Stored {
			t.Errorf("there are %+v, told %+v", all, got)
		}
		if got.Garbage.Blobs < 2 || got.Garbage.Plain < 20_000 {
			t.Errorf("garbage %+v", got.Garbage)
		}
		if len(st.ByBackup) != 2 {
			t.Fatalf("%+v", st.ByBackup)
		}
		for _, b := range st.ByBackup {
			held, alone, points := int64(3), int64(2), 1
			if b.Key == otherKey {
				points = 2
			}
			trees := b.Share.Held.Blobs - held
			if b.Points != points || b.Share.Held.Plain < 20_000*held || b.Share.Alone.Blobs != alone+trees || b.Logical != 20_000*held {
				t.Errorf("%+v holds %+v", b.Backup, b.Share)
			}
		}
		// It is kept, and a reclaim brings it up to date.
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		r = mustOpen(t, o)
		if st, err = r.Statistics(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, st.Survey, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		reclaimAll(t, r)
		if st, err = r.Statistics(t.Context()); err != nil || st.Survey.Garbage.Blobs != 0 || st.Survey.Content.Blobs != 5 || len(st.Survey.Backups) != 2 {
			t.Errorf("%+v, %v", st.Survey, err)
		}
		if !st.Survey.Taken.After(st.Survey.BackupsTaken) {
			t.Error(st.Survey.Taken, st.Survey.BackupsTaken)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
