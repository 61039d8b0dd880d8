package dispatch_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// repositoryAt makes a repository of its own name and folder.
func (s *site) repositoryAt(on *fakeporter.Porter, name string) record.RepositoryID {
	s.t.Helper()
	r, err := s.depot.Create(s.t.Context(), record.Repository{
		Name: name, Transporter: record.TransporterID(on.ID()), Path: "/backup/" + name, Codec: record.CodecBalanced,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.ID
}

// kept counts the points of each mailbox in a repository.
func (s *site) kept(id record.RepositoryID) map[string]int {
	s.t.Helper()
	points, err := s.depot.Points(s.t.Context(), id, depot.Key{})
	if err != nil {
		s.t.Fatal(err)
	}
	count := map[string]int{}
	for _, p := range points {
		count[p.GetKey().GetMailboxId()]++
	}
	return count
}

func (s *site) wantKept(id record.RepositoryID, want map[string]int) {
	s.t.Helper()
	if got := s.kept(id); !maps.Equal(got, want) {
		s.t.Errorf("the repository has %v, want %v", got, want)
	}
}

func (s *site) create(j record.Job) record.Job {
	s.t.Helper()
	j, err := s.jobs.Create(s.t.Context(), j)
	if err != nil {
		s.t.Fatal(err)
	}
	return j
}

func (s *site) update(j record.Job) {
	s.t.Helper()
	if _, err := s.jobs.Update(s.t.Context(), j); err != nil {
		s.t.Fatal(err)
	}
}

func TestEachMailboxGoesWhereTheJobSays(t *testing.T) {
	s := newSite(t)
	one, two := s.porter("one"), s.porter("two")
	a := s.account(4)
	first, second, third := s.repositoryAt(one, "first"), s.repositoryAt(two, "second"), s.repositoryAt(two, "third")
	j := s.create(record.Job{
		Name: "Spread", Enabled: true, Items: []record.SourceItem{whole(a)}, Repository: first,
		Destinations: []record.Destination{{Account: a, Repository: second}, {Account: a, Mailbox: "m2", Repository: third}, {Account: a, Mailbox: "m3", Repository: first}},
	})
	if v := s.end(s.run(j.ID)); v.Status != record.RunSucceeded {
		t.Fatalf("run ended as %d: %s", v.Status, v.Error)
	}
	s.wantKept(first, map[string]int{"m3": 1})
	s.wantKept(second, map[string]int{"m1": 1, "m4": 1})
	s.wantKept(third, map[string]int{"m2": 1})
	s.settled(one, two)
}

func TestANewDestinationIsOfTheNextRun(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(2)
	old, young := s.repositoryAt(p, "old"), s.repositoryAt(p, "young")
	j := s.create(record.Job{Name: "Moving", Enabled: true, Items: []record.SourceItem{whole(a)}, Repository: old})
	hold := make(chan struct{})
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	run := s.run(j.ID)
	s.eventually("both to run", func() bool { return p.Running() == 2 })
	j.Destinations = []record.Destination{{Account: a, Mailbox: "m1", Repository: young}}
	j.Options.EvidenceCopy, j.Excluded = true, []mail.MailboxID{"m2"}
	s.update(j)
	close(hold)
	if v := s.end(run); v.Status != record.RunSucceeded || v.Tasks != 2 || v.Options.EvidenceCopy {
		t.Errorf("the edit took effect at once: status %d, %d tasks, evidence copy %t", v.Status, v.Tasks, v.Options.EvidenceCopy)
	}
	s.wantKept(old, map[string]int{"m1": 1, "m2": 1})
	s.wantKept(young, map[string]int{})
	if v := s.end(s.run(j.ID)); v.Status != record.RunSucceeded || v.Tasks != 1 || !v.Options.EvidenceCopy {
		t.Errorf("the edit took no effect: status %d, %d tasks, evidence copy %t", v.Status, v.Tasks, v.Options.EvidenceCopy)
	}
	s.wantKept(old, map[string]int{"m1": 1, "m2": 1})
	s.wantKept(young, map[string]int{"m1": 1})
}

func TestARepositoryOutOfReachHoldsUpOnlyWhatGoesThere(t *testing.T) {
	for name, back := range map[string]bool{"until it is back": true, "and fails it in the end": false} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			if !back {
				s.kill()
				s.tune = func(o *dispatch.Options) { o.StartWait = time.Second }
				s.start()
			}
			near, far := s.porter("near"), s.porter("far")
			a := s.account(6)
			here, there := s.repositoryAt(near, "here"), s.repositoryAt(far, "there")
			j := s.create(record.Job{
				Name: "Two sites", Enabled: true, Items: []record.SourceItem{whole(a)}, Repository: here,
				Options:      record.JobOptions{Retries: new(int32), Transporters: []record.TransporterID{record.TransporterID(near.ID())}},
				Destinations: []record.Destination{{Account: a, Mailbox: "m1", Repository: there}, {Account: a, Mailbox: "m4", Repository: there}},
			})
			far.Kill()
			s.eventually("far to be missed", func() bool { return !s.fleet.Status(record.TransporterID(far.ID())).Reachable })
			run := s.run(j.ID)
			s.eventually("what goes elsewhere to be done", func() bool {
				v, err := s.dispatcher.Look(run)
				return err == nil && v.Succeeded == 4
			})
			s.wantKept(here, map[string]int{"m2": 1, "m3": 1, "m5": 1, "m6": 1})
			want := record.RunFailed
			if back {
				s.eventually("the wait to be told", func() bool {
					v, err := s.dispatcher.Look(run)
					return err == nil && strings.Contains(v.Waiting, "far")
				})
				far.Start()
				want = record.RunSucceeded
			}
			if v := s.end(run); v.Status != want {
				t.Errorf("run ended as %d: %s", v.Status, v.Error)
			}
			if back {
				s.wantKept(there, map[string]int{"m1": 1, "m4": 1})
			}
		})
	}
}

func TestADraftIsNotRun(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	j := s.create(record.Job{Name: "Half", Draft: true, Items: []record.SourceItem{whole(s.account(1))}, Repository: s.repository(p)})
	if _, err := s.dispatcher.StartJob(t.Context(), j.ID, dispatch.Scope{}); err == nil || !strings.Contains(err.Error(), "draft") {
		t.Errorf("got %v", err)
	}
}
