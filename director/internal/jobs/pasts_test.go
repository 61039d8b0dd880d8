package jobs_test

import (
	"errors"
	"testing"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/mail"
)

func TestWhatRunsTookIsForgottenWithTheirJob(t *testing.T) {
	s, st := newService(t)
	var ids []record.JobID
	for _, name := range []string{"Gone", "Erased", "Kept"} {
		j, err := s.Create(t.Context(), job(name))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, j.ID)
	}
	ids = append(ids, ids[0]+"0") // begins like another
	err := st.Update(t.Context(), func(tx *store.Tx) (err error) {
		for _, id := range ids {
			for _, m := range []mail.MailboxID{"m1", "m2"} {
				past := record.Past{Job: id, Account: "acc", Mailbox: m, Full: record.Effort{Ended: time.Unix(1, 0), Took: time.Minute}}
				err = errors.Join(err, store.Pasts.Put(tx, past))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), ids[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DeleteWithBackups(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	left := map[record.JobID]int{}
	err = st.View(func(tx *store.Tx) error {
		for p, err := range store.Pasts.All(tx, "") {
			if err != nil {
				return err
			}
			left[p.Job]++
		}
		return nil
	})
	if err != nil || len(left) != 2 || left[ids[2]] != 2 || left[ids[3]] != 2 {
		t.Errorf("left of %v: %v, %v", ids, left, err)
	}
}
