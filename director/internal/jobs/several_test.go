package jobs_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

func put(t *testing.T, st *store.Store, fn func(tx *store.Tx) error) {
	t.Helper()
	if err := st.Update(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, s *jobs.Service, j record.Job) record.Job {
	t.Helper()
	j, err := s.Create(t.Context(), j)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// ran writes that a job has run, and whether it does still.
func ran(t *testing.T, st *store.Store, j record.Job, still bool) {
	t.Helper()
	put(t, st, func(tx *store.Tx) error {
		now, err := store.Jobs.Get(tx, string(j.ID))
		if err != nil {
			return err
		}
		now.LastRun = "run"
		if still {
			err = store.RunsActive.Add(tx, "run")
		} else {
			err = store.RunsActive.Remove(tx, "run")
		}
		return errors.Join(err, store.Jobs.Put(tx, now))
	})
}

func fieldOf(err error) string {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f.Field
	}
	return ""
}

func TestACloneIsDisabledAndHasNoPast(t *testing.T) {
	s, st := newService(t)
	first := create(t, s, job("First"))
	clock := record.Schedule{Zone: "UTC", Clock: schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: 60}}
	after := record.Schedule{After: &record.AfterJob{Job: first.ID, Successful: true}}
	old := create(t, s, job("Second", clock, after))
	create(t, s, job("Third", record.Schedule{After: &record.AfterJob{Job: old.ID, Successful: true}}))
	ran(t, st, old, false)
	c, err := s.Clone(t.Context(), old.ID, "Copy")
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(c.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Enabled || got.LastRun != "" || got.ID == old.ID || got.Name != "Copy" || len(got.Schedules) != 2 || got.Schedules[1].After.Job != first.ID {
		t.Errorf("got %+v", got.Job)
	}
	// Nothing starts after the clone, so it can go; the one that it was made from cannot.
	if err := s.Delete(t.Context(), c.ID); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), old.ID); fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v", err)
	}
	if _, err := s.Clone(t.Context(), old.ID, "first"); fieldOf(err) != "name" {
		t.Errorf("a name that is taken: %v", err)
	}
}

func TestJobsAreEnabledTogetherOrNotAtAll(t *testing.T) {
	s, _ := newService(t)
	a, b := create(t, s, job("A")), create(t, s, job("B"))
	draft := create(t, s, record.Job{Name: "Half", Draft: true})
	if _, err := s.SetEnabled(t.Context(), []record.JobID{a.ID, b.ID}, false); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetEnabled(t.Context(), []record.JobID{a.ID, draft.ID}, true); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "Half is a draft") {
		t.Errorf("got %v", err)
	}
	list, err := s.List()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		if l.Enabled {
			t.Errorf("job %s is enabled", l.Name)
		}
	}
	got, err := s.SetEnabled(t.Context(), []record.JobID{a.ID, b.ID}, true)
	if err != nil || len(got) != 2 || !got[0].Enabled || !got[1].Enabled {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestADraftIsKeptAsFarAsItIsAndCompleted(t *testing.T) {
	s, _ := newService(t)
	j := create(t, s, record.Job{Name: "Half", Draft: true})
	for field, edit := range map[string]func(*record.Job){
		"job.enabled":                   func(j *record.Job) { j.Enabled = true },
		"job.destination.repository_id": func(j *record.Job) { j.Repository = "none" },
		"job.source.items[0].account_id": func(j *record.Job) {
			j.Items = []record.SourceItem{{Account: "none"}}
		},
		"job.destination.accounts[0].repository_id": func(j *record.Job) {
			j.Destinations = []record.Destination{{Account: "acc", Repository: "none"}}
		},
	} {
		wrong := j
		edit(&wrong)
		if _, err := s.Update(t.Context(), wrong); fieldOf(err) != field {
			t.Errorf("%s: got %v", field, err)
		}
	}
	j.Draft = false
	j.Items = []record.SourceItem{{Account: "acc"}}
	if _, err := s.Update(t.Context(), j); fieldOf(err) != "job.destination.repository_id" {
		t.Errorf("completed without a repository: %v", err)
	}
	j.Repository, j.Enabled = "repo", true
	if _, err := s.Update(t.Context(), j); err != nil {
		t.Error(err)
	}
}

func TestDestinationsAreThere(t *testing.T) {
	s, st := newService(t)
	put(t, st, func(tx *store.Tx) error {
		return errors.Join(
			store.Mailboxes.Put(tx, record.Mailbox{Account: "acc", ID: "ada", Name: "Ada"}),
			store.Repositories.Put(tx, record.Repository{ID: "far", Name: "Far"}),
		)
	})
	for field, dest := range map[string][]record.Destination{
		"": {{Account: "acc", Repository: "far"}, {Account: "acc", Mailbox: "ada", Repository: "repo"}},
		"job.destination.mailboxes[0].mailbox_id":    {{Account: "acc", Repository: "far"}, {Account: "acc", Mailbox: "bo", Repository: "far"}},
		"job.destination.mailboxes[1].repository_id": {{Account: "acc", Mailbox: "ada", Repository: "far"}, {Account: "acc", Mailbox: "ada", Repository: "none"}},
		"job.destination.accounts[0].account_id":     {{Account: "none", Repository: "far"}},
		"job.destination.repository_id":              {{Account: "acc", Mailbox: "ada", Repository: "far"}},
	} {
		j := job("Spread " + field)
		j.Destinations = dest
		if field == "" || field == "job.destination.repository_id" {
			j.Repository = "" // all go elsewhere
		}
		if _, err := s.Create(t.Context(), j); fieldOf(err) != field || err == nil != (field == "") {
			t.Errorf("%q: got %v", field, err)
		}
	}
	j := job("Excluding")
	j.Excluded = []mail.MailboxID{"ada", "nobody"}
	if _, err := s.Create(t.Context(), j); fieldOf(err) != "job.source.excluded_mailbox_ids[1]" {
		t.Errorf("an exclusion of nobody: %v", err)
	}
}

func TestFormerRepositoriesAreRemembered(t *testing.T) {
	s, st := newService(t)
	put(t, st, func(tx *store.Tx) error {
		return errors.Join(store.Repositories.Put(tx, record.Repository{ID: "b", Name: "B"}), store.Repositories.Put(tx, record.Repository{ID: "c", Name: "C"}))
	})
	j := create(t, s, job("Moving"))
	move := func(to record.RepositoryID, want ...record.RepositoryID) {
		t.Helper()
		j.Repository = to
		var err error
		if j, err = s.Update(t.Context(), j); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(j.Former, want) {
			t.Errorf("in %s, it was in %v, want %v", to, j.Former, want)
		}
	}
	move("b") // it never ran
	ran(t, st, j, false)
	move("c", "b")
	move("repo", "c", "b")
	move("b", "repo", "c")
	put(t, st, func(tx *store.Tx) error { return store.Repositories.Delete(tx, "c") })
	move("b", "repo")
}

func TestDeletingWithBackupsLeavesOnlyWhatIsToBeDeleted(t *testing.T) {
	s, st := newService(t)
	j := create(t, s, job("Daily", record.Schedule{Zone: "UTC", Clock: schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: 60}}))
	ran(t, st, j, true)
	if _, err := s.DeleteWithBackups(t.Context(), j.ID); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "running") {
		t.Errorf("while it runs: %v", err)
	}
	ran(t, st, j, false)
	put(t, st, func(tx *store.Tx) error {
		return errors.Join(store.Runs.Put(tx, record.Run{ID: "copy", Kind: record.KindCopy}), store.RunsActive.Add(tx, "copy"))
	})
	if _, err := s.DeleteWithBackups(t.Context(), j.ID); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "copied") {
		t.Errorf("while points are copied: %v", err)
	}
	put(t, st, func(tx *store.Tx) error { return store.RunsActive.Remove(tx, "copy") })
	got, err := s.DeleteWithBackups(t.Context(), j.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Enabled || len(got.Items) > 0 || len(got.Schedules) > 0 || len(got.Repositories()) > 0 || len(got.Deletion.Places) != 1 || got.Deletion.Places[0].Name != "Vault" {
		t.Errorf("got %+v", got)
	}
	if _, err := s.Update(t.Context(), j); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an edit: %v", err)
	}
	if _, err := s.Clone(t.Context(), j.ID, "Copy"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a clone: %v", err)
	}
	if _, err := s.SetEnabled(t.Context(), []record.JobID{j.ID}, true); fault.KindOf(err) != fault.Conflict {
		t.Errorf("enabling: %v", err)
	}
	if _, err := s.Create(t.Context(), job("daily")); fieldOf(err) != "job.name" || !strings.Contains(err.Error(), "being deleted") {
		t.Errorf("another of the name: %v", err)
	}
	if again, err := s.DeleteWithBackups(t.Context(), j.ID); err != nil || !again.Deletion.Asked.Equal(got.Deletion.Asked) {
		t.Errorf("asked again: %v, %v", again.Deletion, err)
	}
	if err := s.Delete(t.Context(), j.ID); err != nil {
		t.Errorf("ending it: %v", err)
	}
}
