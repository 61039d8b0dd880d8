package jobs_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

func newService(t *testing.T) (*jobs.Service, *store.Store) {
	t.Helper()
	st, err := store.Open(filepath.Join(t.TempDir(), "director.db"), func(bool) ([]byte, error) { return make([]byte, 32), nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	})
	err = st.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(store.Accounts.Put(tx, record.Account{ID: "acc", Name: "Contoso"}), store.Repositories.Put(tx, record.Repository{ID: "repo", Name: "Vault"}))
	})
	if err != nil {
		t.Fatal(err)
	}
	return jobs.New(jobs.Options{Store: st, Now: time.Now}), st
}

func job(name string, list ...record.Schedule) record.Job {
	return record.Job{Name: name, Enabled: true, Repository: "repo", Items: []record.SourceItem{{Account: "acc"}}, Schedules: list}
}

func TestANewScheduleHasMissedNothing(t *testing.T) {
	s, st := newService(t)
	daily := record.Schedule{Zone: "UTC", Clock: schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: 60}}
	j, err := s.Create(t.Context(), job("Daily", daily))
	if err != nil {
		t.Fatal(err)
	}
	planned := func() (has bool) {
		t.Helper()
		if err := st.View(func(tx *store.Tx) error { has = store.Plans.Has(tx, string(j.ID)); return nil }); err != nil {
			t.Fatal(err)
		}
		return has
	}
	err = st.Update(t.Context(), func(tx *store.Tx) error { return store.Plans.Put(tx, record.Plan{Job: j.ID, Considered: time.Now()}) })
	if err != nil {
		t.Fatal(err)
	}
	j.Name = "Nightly"
	if j, err = s.Update(t.Context(), j); err != nil || !planned() {
		t.Errorf("a new name made the job new to the scheduler: %v", err)
	}
	j.Schedules = append(j.Schedules, daily)
	if _, err = s.Update(t.Context(), j); err != nil || planned() {
		t.Errorf("what was considered before the new schedule still counts: %v", err)
	}
}

func TestChainsDoNotMeetThemselves(t *testing.T) {
	s, _ := newService(t)
	after := func(id record.JobID) record.Schedule {
		return record.Schedule{After: &record.AfterJob{Job: id, Successful: true}}
	}
	a, err := s.Create(t.Context(), job("A"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := s.Create(t.Context(), job("B", after(a.ID)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Create(t.Context(), job("C", after(b.ID)))
	if err != nil {
		t.Fatal(err)
	}
	for _, follows := range []record.JobID{a.ID, b.ID, c.ID, "no such job"} {
		a.Schedules = []record.Schedule{after(follows)}
		var f *fault.Fault
		if _, err := s.Update(t.Context(), a); !errors.As(err, &f) || f.Field != "job.schedules[0].after_job.job_id" {
			t.Errorf("after %s: got %v", follows, err)
		}
	}
	if err := s.Delete(t.Context(), b.ID); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "job C") {
		t.Errorf("deleting a job that another follows: %v", err)
	}
	if err := s.Delete(t.Context(), c.ID); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), b.ID); err != nil {
		t.Error(err)
	}
}

// TestNobodyUndoesUnseenWhatSomebodyElseChanged has two people change the same job.
func TestNobodyUndoesUnseenWhatSomebodyElseChanged(t *testing.T) {
	s, st := newService(t)
	opened, err := s.Create(t.Context(), job("Daily"))
	if err != nil {
		t.Fatal(err)
	}
	first, second := opened, opened
	first.Name = "Nightly"
	if first, err = s.Update(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	second.Repository, second.Group = "repo", "Board"
	if _, err := s.Update(t.Context(), second); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("a change of what was changed meanwhile: %v", err)
	}
	again := opened
	again.Name = "Nightly" // the answer was lost
	if got, err := s.Update(t.Context(), again); err != nil || got.Edition != first.Edition {
		t.Errorf("the same change once more: %v, edition %d", err, got.Edition)
	}
	second.Edition = 0 // of a program that does not care
	if _, err := s.Update(t.Context(), second); err != nil {
		t.Errorf("a change of whatever is stored: %v", err)
	}

	// A job that was disabled is not enabled by a page that was open before.
	l, err := s.Get(opened.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetEnabled(t.Context(), []record.JobID{l.ID}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(t.Context(), l.Job); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a change of a job that was disabled meanwhile: %v", err)
	}
	// A run is no change.
	if l, err = s.Get(opened.ID); err != nil {
		t.Fatal(err)
	}
	err = st.Update(t.Context(), func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(l.ID))
		j.LastRun = "run"
		return errors.Join(err, store.Jobs.Put(tx, j))
	})
	if err != nil {
		t.Fatal(err)
	}
	l.Group = "Sites"
	if _, err := s.Update(t.Context(), l.Job); err != nil {
		t.Errorf("a change of a job that ran meanwhile: %v", err)
	}
}
