package dispatch_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func TestRunBacksUpEveryMailboxOnce(t *testing.T) {
	for name, transporters := range map[string]int{"into the same Transporter": 1, "to another Transporter": 2} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			target := s.porter("target")
			porters := []*fakeporter.Porter{target}
			var options record.JobOptions
			if transporters == 2 {
				source := s.porter("source")
				porters = append(porters, source)
				options.Transporters = []record.TransporterID{record.TransporterID(source.ID())}
			}
			a := s.account(7)
			run := s.run(s.job("Nightly", s.repository(target), options, whole(a)))
			v := s.end(run)
			if v.Status != record.RunSucceeded || v.Done() != 7 || v.Progress.MessagesDone != 21 {
				t.Errorf("run ended as %d with %d tasks and %d messages", v.Status, v.Done(), v.Progress.MessagesDone)
			}
			s.sealedOnce(run, 7)
			s.settled(porters...)
			for _, task := range s.tasks(run) {
				if task.Status != record.TaskSucceeded || task.Attempt != 1 || task.Point == "" {
					t.Errorf("task %s: status %d, attempt %d, point %q", task.ID, task.Status, task.Attempt, task.Point)
				}
			}
		})
	}
}

func TestADisabledJobIsNotRun(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	j, err := s.jobs.Create(t.Context(), record.Job{
		Name: "Off", Repository: s.repository(p), Items: []record.SourceItem{{Account: s.account(1)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.dispatcher.StartJob(t.Context(), j.ID, dispatch.Scope{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v, want Conflict", err)
	}
}

func TestSourceIsExpandedInTheUsersOrder(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(5)
	r := s.repository(p)
	j, err := s.jobs.Create(t.Context(), record.Job{
		Name: "Ordered", Enabled: true, Repository: r, Excluded: nil, Options: record.JobOptions{MaxTasks: 1},
		Items: []record.SourceItem{{Account: a, Mailbox: "m4"}, {Account: a}, {Account: a, Mailbox: "m2"}, {Account: a, Mailbox: "m4"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	j.Excluded = append(j.Excluded, "m3")
	if _, err := s.jobs.Update(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	run := s.run(j.ID)
	s.end(run)
	var got string
	for _, task := range s.tasks(run) {
		got += string(task.Mailbox) + " "
	}
	if want := "m4 m1 m5 m2 "; got != want {
		t.Errorf("order is %s, want %s", got, want)
	}
}

func TestNoMoreTasksAtOnceThanAllowed(t *testing.T) {
	for name, tc := range map[string]struct {
		job, own, transporter, want int32
	}{
		"the job's limit":             {job: 2, own: 8, want: 2},
		"the default":                 {own: 8, want: 3},
		"the Transporter's own limit": {job: 6, own: 4, want: 4},
		"the administrator's limit":   {job: 6, own: 8, transporter: 1, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			p := s.porter("one")
			p.Max = tc.own
			a := s.account(12)
			r := s.repository(p)
			if tc.transporter > 0 {
				record, err := s.fleet.Get(record.TransporterID(p.ID()))
				if err != nil {
					t.Fatal(err)
				}
				record.MaxTasks = tc.transporter
				if _, err := s.fleet.Update(t.Context(), record); err != nil {
					t.Fatal(err)
				}
			}
			s.eventually("the limit to be known", func() bool {
				return s.fleet.Status(record.TransporterID(p.ID())).Max == tc.own
			})
			hold := make(chan struct{})
			var started atomic.Int32
			p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan {
				started.Add(1)
				return fakeporter.Plan{Hold: hold}
			})
			run := s.run(s.job("Job", r, record.JobOptions{MaxTasks: tc.job}, whole(a)))
			s.eventually("tasks to run", func() bool { return started.Load() == tc.want })
			// Every end lets exactly one more in.
			for n := tc.want; n < 12; n++ {
				hold <- struct{}{}
				s.eventually("the next task", func() bool { return started.Load() == n+1 })
				if got := int32(p.Running()); got > tc.want {
					t.Fatalf("%d tasks run at once, want %d", got, tc.want)
				}
			}
			close(hold)
			s.end(run)
			s.sealedOnce(run, 12)
		})
	}
}

func TestOneTaskPerMailboxWhateverJobsSay(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(4)
	r := s.repository(p)
	var mu sync.Mutex
	writing := map[string]int{}
	hold := make(chan struct{})
	p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		mu.Lock()
		defer mu.Unlock()
		writing[q.GetBackup().GetMailbox().GetId()]++
		return fakeporter.Plan{Hold: hold}
	})
	first := s.run(s.job("First", r, record.JobOptions{MaxTasks: 2}, whole(a)))
	second := s.run(s.job("Second", r, record.JobOptions{MaxTasks: 4}, whole(a)))
	running := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(writing)
	}
	s.eventually("all four mailboxes to be worked on", func() bool { return running() == 4 })
	mu.Lock()
	for id, n := range writing {
		if n != 1 {
			t.Errorf("%d tasks back up %s at once", n, id)
		}
	}
	mu.Unlock()
	close(hold)
	for _, run := range []record.RunID{first, second} {
		if v := s.end(run); v.Status != record.RunSucceeded {
			t.Errorf("run ended as %d", v.Status)
		}
		s.sealedOnce(run, 4)
	}
}

func TestJobDoesNotRunTwiceAtOnce(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(1)
	hold := make(chan struct{})
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	j := s.job("Job", s.repository(p), record.JobOptions{}, whole(a))
	run := s.run(j)
	if _, err := s.dispatcher.StartJob(t.Context(), j, dispatch.Scope{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second run: %v", err)
	}
	if err := s.jobs.Delete(t.Context(), j); fault.KindOf(err) != fault.Conflict {
		t.Errorf("deleting a job that runs: %v", err)
	}
	close(hold)
	s.end(run)
}

func TestResultTellsWhatHappened(t *testing.T) {
	temporary := &fault.Fault{Kind: fault.Throttled, Message: "wait"}
	permanent := &fault.Fault{Kind: fault.Denied, Message: "the mailbox is on hold"}
	lost := []*transporterv1.Loss{{MessageId: "x", What: "message", Reason: "too large"}}
	type plans map[string][]fakeporter.Plan // by mailbox, one for each attempt; the last again
	for name, tc := range map[string]struct {
		plans    plans
		want     record.RunStatus
		attempts map[string]int32
		err      string
	}{
		"all is well": {plans{}, record.RunSucceeded, nil, ""},
		"losses":      {plans{"m2": {{Losses: lost}}}, record.RunIncomplete, nil, ""},
		"a mailbox that cannot be read": {
			plans{"m1": {{Fault: permanent}}, "m2": {{Losses: lost}}},
			record.RunFailed,
			map[string]int32{"m1": 1},
			"Mailbox 001: the mailbox is on hold",
		},
		"temporary faults": {
			plans{"m3": {{Fault: temporary, Temporary: true}, {Fault: temporary, Temporary: true}, {}}},
			record.RunSucceeded,
			map[string]int32{"m3": 3},
			"",
		},
		"temporary faults without end": {
			plans{"m3": {{Fault: temporary, Temporary: true}}}, record.RunFailed, map[string]int32{"m3": 10}, "Mailbox 003: wait",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			p := s.porter("one")
			a := s.account(3)
			p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
				list := tc.plans[q.GetBackup().GetMailbox().GetId()]
				if len(list) == 0 {
					return fakeporter.Plan{}
				}
				return list[min(int(q.GetAttempt()), len(list))-1]
			})
			run := s.run(s.job("Job", s.repository(p), record.JobOptions{}, whole(a)))
			v := s.end(run)
			if v.Status != tc.want || v.Error != tc.err {
				t.Errorf("run ended as %d with %q, want %d with %q", v.Status, v.Error, tc.want, tc.err)
			}
			for _, task := range s.tasks(run) {
				if want, ok := tc.attempts[string(task.Mailbox)]; ok && task.Attempt != want {
					t.Errorf("%s took %d attempts, want %d", task.Mailbox, task.Attempt, want)
				}
				if task.Status == record.TaskIncomplete && len(task.Lost) != 1 {
					t.Errorf("%s lists %d losses", task.Mailbox, len(task.Lost))
				}
			}
			s.settled(p)
		})
	}
}

func TestOnlyFailedMailboxesAreRunAgain(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(3)
	var healed atomic.Bool
	p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		if q.GetBackup().GetMailbox().GetId() == "m2" && !healed.Load() {
			return fakeporter.Plan{Fault: &fault.Fault{Kind: fault.Denied, Message: "no"}}
		}
		return fakeporter.Plan{}
	})
	j := s.job("Job", s.repository(p), record.JobOptions{}, whole(a))
	s.end(s.run(j))
	healed.Store(true)
	again, err := s.dispatcher.StartJob(t.Context(), j, dispatch.Scope{FailedOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if v := s.end(again.ID); v.Tasks != 1 || v.Status != record.RunSucceeded || s.world.Seals(string(again.ID), "m2") != 1 {
		t.Errorf("run of the failed ones: %d tasks, status %d", v.Tasks, v.Status)
	}
	if _, err := s.dispatcher.StartJob(t.Context(), j, dispatch.Scope{FailedOnly: true}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("nothing failed, and still: %v", err)
	}
	list, err := s.dispatcher.List(dispatch.Filter{Job: j, Limit: 10})
	if err != nil || len(list) != 2 || list[0].ID != again.ID {
		t.Errorf("history of the job: %v, %v", list, err)
	}
}

func TestTasksGoWhereThereIsRoom(t *testing.T) {
	for name, tc := range map[string]struct {
		permitted []int // Transporters in the job's order; none means any
		tasks     int
		want      [3]int // tasks at the repository's own, and the two others
	}{
		"the repository's own comes first":          {nil, 1, [3]int{1, 0, 0}},
		"then the others, evenly":                   {nil, 3, [3]int{1, 1, 1}},
		"the job's first comes first":               {[]int{2, 1}, 1, [3]int{0, 0, 1}},
		"none but those permitted":                  {[]int{2, 1}, 4, [3]int{0, 2, 2}},
		"as much as each takes, and the rest waits": {[]int{1}, 6, [3]int{0, 4, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			porters := []*fakeporter.Porter{s.porter("a"), s.porter("b"), s.porter("c")}
			never := make(chan struct{})
			for _, p := range porters {
				p.Max = 4
				p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: never} })
				s.eventually("the limit to be known", func() bool {
					return s.fleet.Status(record.TransporterID(p.ID())).Max == 4
				})
			}
			options := record.JobOptions{MaxTasks: 10}
			for _, n := range tc.permitted {
				options.Transporters = append(options.Transporters, record.TransporterID(porters[n].ID()))
			}
			a := s.account(tc.tasks)
			s.run(s.job("Job", s.repository(porters[0]), options, whole(a)))
			want := tc.want[0] + tc.want[1] + tc.want[2]
			s.eventually("tasks to run", func() bool {
				return porters[0].Running()+porters[1].Running()+porters[2].Running() == want
			})
			if got := [3]int{porters[0].Running(), porters[1].Running(), porters[2].Running()}; got != tc.want {
				t.Errorf("tasks are at %v, want %v", got, tc.want)
			}
		})
	}
}

func TestEffortOfEveryAttemptCounts(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(1)
	p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		if q.GetAttempt() < 4 {
			return fakeporter.Plan{Fault: &fault.Fault{Kind: fault.Unavailable, Message: "away"}, Temporary: true}
		}
		return fakeporter.Plan{}
	})
	v := s.end(s.run(s.job("Job", s.repository(p), record.JobOptions{}, whole(a))))
	// Each attempt of the fake sends two requests and goes through the same three messages.
	if v.Progress.Requests != 8 || v.Progress.MessagesDone != 3 {
		t.Errorf("%d requests and %d messages, want 8 and 3", v.Progress.Requests, v.Progress.MessagesDone)
	}
}
