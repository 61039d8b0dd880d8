package dispatch_test

import (
	"strings"
	"testing"

	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
	"holdfast/director/internal/store"
)

// detachedSite is a site whose one repository is detached, and attached every day at noon.
func detachedSite(t *testing.T) (*site, record.RepositoryID, record.SourceItem) {
	t.Helper()
	s := newSite(t)
	keep := s.porter("keep")
	a, r := s.account(3), s.repository(keep)
	noon := record.Schedule{Zone: "UTC", Clock: schedule.Schedule{Kind: schedule.Weekly, Days: schedule.EveryDay, Start: 12 * 60}}
	_, err := s.depot.SetSchedules(t.Context(), r, record.RepositorySchedules{Attach: []record.Schedule{noon}}, "", func(*store.Tx, record.Repository) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.depot.Detach(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return s, r, whole(a)
}

func (s *site) waiting(id record.RunID, text string) {
	s.t.Helper()
	s.eventually("the run to wait", func() bool {
		v, err := s.dispatcher.Look(id)
		if err != nil {
			s.t.Fatal(err)
		}
		return strings.Contains(v.Waiting, text) && !v.Status.Ended()
	})
}

func TestABackupWaitsForADetachedRepository(t *testing.T) {
	s, r, source := detachedSite(t)
	run := s.run(s.job("waits", r, record.JobOptions{WhenDetached: record.DetachedWait}, source))
	s.waiting(run, "is detached until ")
	s.restart()
	s.waiting(run, "is detached until ")
	if _, err := s.depot.Attach(t.Context(), r, record.RepositoryKey{}, false); err != nil {
		t.Fatal(err)
	}
	if v := s.end(run); v.Status != record.RunSucceeded || v.Succeeded != 3 {
		t.Errorf("it ended as %+v", v.Run)
	}
	s.sealedOnce(run, 3)
}

func TestABackupThatWaitsIsStopped(t *testing.T) {
	s, r, source := detachedSite(t)
	run := s.run(s.job("waits", r, record.JobOptions{WhenDetached: record.DetachedWait}, source))
	s.waiting(run, "is detached until ")
	if err := s.dispatcher.StopBecause(t.Context(), run, false, "its end time has come"); err != nil {
		t.Fatal(err)
	}
	if v := s.end(run); v.Status != record.RunStopped || v.Stopped != 3 || v.Error != "its end time has come" {
		t.Errorf("it ended as %+v", v.Run)
	}
}

func TestABackupFailsAtADetachedRepository(t *testing.T) {
	for _, how := range []record.WhenDetached{0, record.DetachedFail} {
		s, r, source := detachedSite(t)
		never := int32(0)
		run := s.run(s.job("fails", r, record.JobOptions{WhenDetached: how, Retries: &never}, source))
		if v := s.end(run); v.Status != record.RunFailed || v.Failed != 3 {
			t.Errorf("it ended as %+v", v.Run)
		}
		for _, task := range s.tasks(run) {
			if !strings.Contains(task.Error, "is detached until ") || !strings.Contains(task.Error, "attach it") {
				t.Errorf("a mailbox failed with %q", task.Error)
			}
		}
	}
}

func TestOneRepositoryThatIsDetachedHoldsUpItsOwnMailboxesOnly(t *testing.T) {
	s, r, source := detachedSite(t)
	second, err := s.depot.Create(t.Context(), record.Repository{
		Name: "Second", Transporter: record.TransporterID(s.porter("other").ID()), Path: "/backup/second", Codec: record.CodecBalanced,
	})
	if err != nil {
		t.Fatal(err)
	}
	other := second.ID
	j := s.job("both", r, record.JobOptions{WhenDetached: record.DetachedWait}, source)
	err = s.store.Update(t.Context(), func(tx *store.Tx) error {
		job, err := store.Jobs.Get(tx, string(j))
		if err != nil {
			return err
		}
		mailboxes := []record.Mailbox{}
		for m, err := range store.Mailboxes.All(tx, store.MailboxKey(source.Account, "")) {
			if err != nil {
				return err
			}
			mailboxes = append(mailboxes, m)
		}
		job.Destinations = []record.Destination{{Account: source.Account, Mailbox: mailboxes[1].ID, Repository: other}}
		return store.Jobs.Put(tx, job)
	})
	if err != nil {
		t.Fatal(err)
	}
	run := s.run(j)
	s.eventually("the mailbox of the other repository to be backed up", func() bool {
		v, err := s.dispatcher.Look(run)
		return err == nil && v.Succeeded == 1
	})
	s.waiting(run, "is detached until ")
	if _, err := s.depot.Attach(t.Context(), r, record.RepositoryKey{}, false); err != nil {
		t.Fatal(err)
	}
	if v := s.end(run); v.Succeeded != 3 {
		t.Errorf("it ended as %+v", v.Run)
	}
}
