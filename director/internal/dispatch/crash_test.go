package dispatch_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// TestRunEndsRightWhereverTheDirectorDies kills it at every transaction of a run in turn, before and after the commit,
// until the run gets through without dying.
func TestRunEndsRightWhereverTheDirectorDies(t *testing.T) {
	const mailboxes = 3
	for _, point := range []string{"commit", "committed"} {
		for _, remote := range []bool{false, true} {
			name := point
			if remote {
				name += ", repository elsewhere"
			}
			t.Run(name, func(t *testing.T) {
				for n := int64(1); ; n++ {
					if !dieAt(t, point, n, remote, mailboxes) {
						if n < 8 {
							t.Fatalf("only %d places to die at: the failpoint does not work", n)
						}
						return
					}
				}
			})
		}
	}
}

// dieAt reports whether the Director died.
func dieAt(t *testing.T, point string, nth int64, remote bool, mailboxes int) bool {
	s := newSite(t)
	defer s.kill()
	target := s.porter("target")
	porters := []*fakeporter.Porter{target}
	options := record.JobOptions{MaxTasks: 2}
	if remote {
		source := s.porter("source")
		porters = append(porters, source)
		options.Transporters = []record.TransporterID{record.TransporterID(source.ID())}
	}
	a := s.account(mailboxes)
	run := s.run(s.job("Job", s.repository(target), options, whole(a)))
	if v := s.end(run); v.Status != record.RunSucceeded {
		t.Fatalf("the first run ended as %d", v.Status)
	}
	s.settled(porters...)

	// Only what concerns the run counts: the fleet writes when it pleases.
	var commits atomic.Int64
	died := make(chan struct{})
	s.failpoint = func(at string) error {
		if at != point {
			return nil
		}
		if commits.Add(1) == nth {
			close(died)
			return errKilled
		}
		return nil
	}
	s.restart()
	s.failpoint = nil
	listed, err := s.jobs.List()
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.dispatcher.StartJob(t.Context(), listed[0].ID, dispatch.Scope{})
	if err == nil {
		s.eventually("death or the end", func() bool {
			select {
			case <-died:
				return true
			default:
			}
			v, err := s.dispatcher.Look(second.ID)
			return err != nil || v.Status.Ended() && s.unsettled() == 0
		})
	}
	dead := false
	select {
	case <-died:
		dead = true
		s.restart()
	default:
	}
	if err != nil && !dead {
		t.Fatal(err)
	}
	runs, err := s.dispatcher.List(dispatch.Filter{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) == 1 { // it died before the run was there
		return true
	}
	v := s.end(runs[0].ID)
	if v.Status != record.RunSucceeded || int(v.Done()) != mailboxes {
		t.Errorf("killed at %s %d: the run ended as %d with %d tasks: %s", point, nth, v.Status, v.Done(), v.Error)
	}
	s.sealedOnce(v.ID, mailboxes)
	s.settled(porters...)
	return dead
}

func (s *site) unsettled() int {
	return len(slices.Collect(s.unsettledTasks()))
}

func TestTransporterMayDieAtAnyMoment(t *testing.T) {
	for _, who := range []string{"source", "target", "onboard"} {
		for _, when := range []string{"while it reads", "after the point is made"} {
			t.Run(who+" "+when, func(t *testing.T) {
				s := newSite(t)
				target := s.porter("target")
				working, dying := target, target
				var options record.JobOptions
				if who != "onboard" {
					working = s.porter("source")
					options.Transporters = []record.TransporterID{record.TransporterID(working.ID())}
				}
				if who == "source" {
					dying = working
				}
				a := s.account(3)
				run := s.job("Job", s.repository(target), options, whole(a))
				never := make(chan struct{})
				var sealed atomic.Int32
				working.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
					if q.GetAttempt() > 1 {
						return fakeporter.Plan{}
					}
					sealed.Add(1)
					if when == "while it reads" {
						return fakeporter.Plan{Hold: never}
					}
					return fakeporter.Plan{AfterSeal: never}
				})
				id := s.run(run)
				s.eventually("all tasks to be under way", func() bool {
					return sealed.Load() == 3 && (when == "while it reads" || s.world.Points() == 3)
				})
				dying.Kill()
				if when != "while it reads" && who == "target" {
					// Only the end is missing; it comes now.
					close(never)
				}
				s.eventually("the loss to be noticed", func() bool {
					return !s.fleet.Status(record.TransporterID(dying.ID())).Reachable
				})
				dying.Start()
				if v := s.end(id); v.Status != record.RunSucceeded {
					t.Errorf("run ended as %d: %s", v.Status, v.Error)
				}
				s.sealedOnce(id, 3)
				s.settled(target, working)
			})
		}
	}
}

func TestTaskGoesOnWhileItsTransporterIsCutOff(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(2)
	hold := make(chan struct{})
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	run := s.run(s.job("Job", s.repository(p), record.JobOptions{}, whole(a)))
	s.eventually("tasks to run", func() bool { return p.Running() == 2 })
	p.Cut()
	s.eventually("the loss to be shown", func() bool {
		list := s.tasks(run)
		return list[0].Status == record.TaskRetrying && list[0].Waiting != "" && list[1].Status == record.TaskRetrying
	})
	close(hold)
	s.eventually("the tasks to end on their own", func() bool { return p.Running() == 0 })
	p.Mend()
	if v := s.end(run); v.Status != record.RunSucceeded {
		t.Errorf("run ended as %d: %s", v.Status, v.Error)
	}
	if got := p.Calls("StartTask"); got != 2 {
		t.Errorf("%d starts of 2 tasks", got)
	}
	s.sealedOnce(run, 2)
	s.settled(p)
}

func TestDirectorFindsItsTasksAgain(t *testing.T) {
	s := newSite(t)
	target := s.porter("target")
	source := s.porter("source")
	a := s.account(3)
	hold := make(chan struct{})
	source.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: hold} })
	options := record.JobOptions{MaxTasks: 2, Transporters: []record.TransporterID{record.TransporterID(source.ID())}}
	run := s.run(s.job("Job", s.repository(target), options, whole(a)))
	s.eventually("tasks to be watched", func() bool { return source.Calls("WatchTask") == 2 })
	s.restart()
	s.eventually("tasks to be watched again", func() bool { return source.Calls("WatchTask") >= 4 })
	if got := source.Calls("StartTask"); got != 2 {
		t.Errorf("%d starts of 2 tasks", got)
	}
	close(hold)
	if v := s.end(run); v.Status != record.RunSucceeded {
		t.Errorf("run ended as %d: %s", v.Status, v.Error)
	}
	if got := source.Calls("StartTask"); got != 3 {
		t.Errorf("%d starts of 3 tasks", got)
	}
	s.sealedOnce(run, 3)
	s.settled(target, source)
}

func TestShutDownOfATransporterIsNoEnd(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(2)
	never := make(chan struct{})
	p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		if q.GetAttempt() == 1 {
			return fakeporter.Plan{Hold: never}
		}
		return fakeporter.Plan{}
	})
	run := s.run(s.job("Job", s.repository(p), record.JobOptions{}, whole(a)))
	s.eventually("tasks to run", func() bool { return p.Running() == 2 })
	p.ShutDown()
	if v := s.end(run); v.Status != record.RunSucceeded {
		t.Errorf("run ended as %d: %s", v.Status, v.Error)
	}
	s.sealedOnce(run, 2)
}

func TestTaskIsTakenFromATransporterThatStaysAway(t *testing.T) {
	s := newSite(t)
	s.kill()
	s.tune = func(o *dispatch.Options) { o.LostAfter = 100 * time.Millisecond }
	s.start()
	target := s.porter("target")
	lost := s.porter("lost")
	spare := s.porter("spare")
	a := s.account(1)
	never := make(chan struct{})
	lost.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: never} })
	options := record.JobOptions{Transporters: []record.TransporterID{record.TransporterID(lost.ID()), record.TransporterID(spare.ID())}}
	run := s.run(s.job("Job", s.repository(target), options, whole(a)))
	s.eventually("the task to run", func() bool { return lost.Running() == 1 })
	lost.Cut()
	if v := s.end(run); v.Status != record.RunSucceeded {
		t.Errorf("run ended as %d: %s", v.Status, v.Error)
	}
	if spare.Calls("StartTask") != 1 {
		t.Error("the task was not moved")
	}
	s.sealedOnce(run, 1)
	lost.Mend()
	s.settled(target, lost, spare)
}

func TestFaultsOfStartingAreTriedAgainOrTold(t *testing.T) {
	for name, tc := range map[string]struct {
		method string
		err    *fault.Fault
		want   record.RunStatus
	}{
		"no room for the task":    {"StartTask", fault.New(fault.Throttled, "full"), record.RunSucceeded},
		"no way in for now":       {"OpenTransfer", fault.New(fault.Unavailable, "no port"), record.RunSucceeded},
		"a task that is refused":  {"StartTask", fault.New(fault.Denied, "not here"), record.RunFailed},
		"a disk that is full":     {"OpenTransfer", fault.New(fault.Exhausted, "disk full"), record.RunFailed},
		"a folder that went away": {"AttachRepository", fault.New(fault.NotFound, "no folder"), record.RunFailed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			target, source := s.porter("target"), s.porter("source")
			a := s.account(1)
			options := record.JobOptions{Transporters: []record.TransporterID{record.TransporterID(source.ID())}}
			j := s.job("Job", s.repository(target), options, whole(a))
			if tc.method == "AttachRepository" {
				s.restart() // nothing is known to be attached now
				s.eventually("the fleet", func() bool {
					return s.fleet.Status(record.TransporterID(target.ID())).Reachable && s.fleet.Status(record.TransporterID(source.ID())).Reachable
				})
				target.Kill()
				target.Start()
			}
			var calls atomic.Int32
			refuse := func(method string) error {
				if method == tc.method && (tc.want == record.RunFailed || calls.Add(1) <= 3) {
					return tc.err
				}
				return nil
			}
			target.SetRefuse(refuse)
			source.SetRefuse(refuse)
			run := s.run(j)
			if v := s.end(run); v.Status != tc.want {
				t.Errorf("run ended as %d: %s", v.Status, v.Error)
			}
			target.SetRefuse(nil)
			source.SetRefuse(nil)
			s.settled(target, source)
		})
	}
}

// TestRandomKillsAndCuts disturbs everything at random and then lets the run end.
func TestRandomKillsAndCuts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("HOLDFAST_TEST_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	t.Logf("HOLDFAST_TEST_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	const mailboxes, disturbances = 25, 25
	s := newSite(t)
	s.kill()
	s.tune = func(o *dispatch.Options) { o.RetryLimit = 1000 }
	s.start()
	target := s.porter("target")
	porters := []*fakeporter.Porter{target, s.porter("a"), s.porter("b")}
	a := s.account(mailboxes)
	gate := make(chan struct{}, mailboxes*1000)
	for _, p := range porters {
		p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: gate} })
	}
	run := s.run(s.job("Job", s.repository(target), record.JobOptions{MaxTasks: 5}, whole(a)))
	for range disturbances {
		for range random.IntN(3) {
			gate <- struct{}{}
		}
		s.eventually("something to run", func() bool {
			return porters[0].Running()+porters[1].Running()+porters[2].Running() > 0 || s.ended(run)
		})
		p := porters[random.IntN(len(porters))]
		switch random.IntN(3) {
		case 0:
			p.Kill()
			p.Start()
		case 1:
			p.Cut()
			gate <- struct{}{}
			p.Mend()
		case 2:
			s.restart()
		}
	}
	close(gate)
	if v := s.end(run); v.Status != record.RunSucceeded || v.Done() != mailboxes {
		t.Errorf("run ended as %d with %d tasks: %s", v.Status, v.Done(), v.Error)
	}
	s.sealedOnce(run, mailboxes)
	s.settled(porters...)
}

func (s *site) ended(id record.RunID) bool {
	v, err := s.dispatcher.Look(id)
	return err == nil && v.Status.Ended()
}
