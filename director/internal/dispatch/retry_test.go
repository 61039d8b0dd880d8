package dispatch_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// skewed is a clock that a test sets.
type skewed struct {
	mu   sync.Mutex
	skew time.Duration
}

func (c *skewed) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.skew)
}

func (c *skewed) set(skew time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew = skew
}

// failing makes attempts of mailbox m1 fail until the nth, and others succeed.
func failing(kind fault.Kind, until int32) func(*transporterv1.StartTaskRequest) fakeporter.Plan {
	return func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		if q.GetBackup().GetMailbox().GetId() != "m1" || q.GetAttempt() >= until {
			return fakeporter.Plan{}
		}
		return fakeporter.Plan{Fault: &fault.Fault{Kind: kind, Message: fmt.Sprintf("went wrong %d", q.GetAttempt())}}
	}
}

func retries(n, minutes int32) record.JobOptions {
	return record.JobOptions{Retries: &n, RetryMinutes: minutes}
}

func TestMailboxesThatFailedAreTriedAgainInTheirRun(t *testing.T) {
	for name, tc := range map[string]struct {
		kind     fault.Kind
		until    int32
		retries  int32
		want     record.TaskStatus
		attempts int32
		tries    int
	}{
		"healed by the first retry":       {fault.Unknown, 2, 1, record.TaskSucceeded, 2, 1},
		"healed by the last":              {fault.Conflict, 4, 3, record.TaskSucceeded, 4, 3},
		"not healed":                      {fault.Unknown, 9, 2, record.TaskFailed, 3, 2},
		"no retries wanted":               {fault.Unknown, 2, 0, record.TaskFailed, 1, 0},
		"the account is refused":          {fault.Unauthorized, 2, 3, record.TaskFailed, 1, 0},
		"the mailbox is not permitted":    {fault.Denied, 2, 3, record.TaskFailed, 1, 0},
		"the mailbox is gone":             {fault.NotFound, 2, 3, record.TaskFailed, 1, 0},
		"the request is wrong":            {fault.Invalid, 2, 3, record.TaskFailed, 1, 0},
		"the disk is full":                {fault.Exhausted, 2, 3, record.TaskFailed, 1, 0},
		"the repository is damaged":       {fault.Corrupt, 2, 3, record.TaskFailed, 1, 0},
		"the mailbox has no such service": {fault.Unsupported, 2, 3, record.TaskFailed, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			clock := &skewed{}
			s := newTunedSite(t, func(o *dispatch.Options) { o.Now = clock.now })
			p := s.porter("one")
			p.SetBehave(failing(tc.kind, tc.until))
			a := s.account(2)
			run := s.run(s.job("Job", s.repository(p), retries(tc.retries, 5), whole(a)))
			for n := range tc.tries {
				s.eventually("the task to wait for its next try", func() bool {
					task := s.tasks(run)[0]
					return task.Status == record.TaskRetrying && len(task.Tries) == n+1
				})
				task := s.tasks(run)[0]
				if wait := task.NextTry.Sub(clock.now()); wait <= 4*time.Minute || wait > 5*time.Minute {
					t.Errorf("try %d comes in %v, want 5 minutes", n+2, wait)
				}
				clock.set(time.Duration(n+1) * 5 * time.Minute)
				s.dispatcher.Poke()
			}
			s.end(run)
			task := s.tasks(run)[0]
			if task.Status != tc.want || task.Attempt != tc.attempts || len(task.Tries) != tc.tries {
				t.Errorf("ended as %d after %d attempts with %d tries told, want %d, %d, %d", task.Status, task.Attempt, len(task.Tries),
					tc.want, tc.attempts, tc.tries)
			}
			for n, try := range task.Tries {
				if want := fmt.Sprintf("went wrong %d", n+1); try.Error != want || try.Attempt != int32(n+1) || try.Ended.IsZero() || try.Transporter == "" {
					t.Errorf("try %d is told as %+v, want %q", n+1, try, want)
				}
			}
			if tc.want == record.TaskSucceeded {
				s.sealedOnce(run, 2)
			}
			s.settled(p)
		})
	}
}

func TestAStopEndsTheWaitForTheNextTry(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	p.SetBehave(failing(fault.Unknown, 9))
	run := s.run(s.job("Job", s.repository(p), retries(1, 1440), whole(s.account(2))))
	s.eventually("the task to wait", func() bool { return s.tasks(run)[0].Status == record.TaskRetrying })
	if err := s.dispatcher.Stop(t.Context(), run, false); err != nil {
		t.Fatal(err)
	}
	v := s.end(run)
	task := s.tasks(run)[0]
	if v.Status != record.RunStopped || task.Status != record.TaskStopped || task.Error != "went wrong 1" || len(task.Tries) != 1 {
		t.Errorf("run ended as %d, task as %d with %q", v.Status, task.Status, task.Error)
	}
}

func TestARunThatEndsBeforeTheNextTryDoesNotWaitForIt(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	p.SetBehave(failing(fault.Unknown, 9))
	j := s.job("Job", s.repository(p), retries(3, 5), whole(s.account(1)))
	run, err := s.dispatcher.StartJob(t.Context(), j, dispatch.Scope{StopAt: time.Now().Add(4 * time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	if v := s.end(run.ID); v.Status != record.RunFailed {
		t.Errorf("run ended as %d, want failed at once", v.Status)
	}
}

func TestAWaitForTheNextTrySurvivesARestartAndAClockThatIsSetBack(t *testing.T) {
	clock := &skewed{}
	s := newTunedSite(t, func(o *dispatch.Options) { o.Now = clock.now })
	p := s.porter("one")
	p.SetBehave(failing(fault.Unknown, 2))
	run := s.run(s.job("Job", s.repository(p), retries(1, 5), whole(s.account(1))))
	s.eventually("the task to wait", func() bool { return s.tasks(run)[0].Status == record.TaskRetrying })
	s.kill()
	clock.set(-24 * time.Hour)
	s.start()
	clock.set(-24*time.Hour + 6*time.Minute)
	s.dispatcher.Poke()
	if v := s.end(run); v.Status != record.RunSucceeded {
		t.Errorf("run ended as %d", v.Status)
	}
	s.sealedOnce(run, 1)
}

func TestFailedMailboxesOfSeveralRunsAreRunAgain(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		if q.GetBackup().GetMailbox().GetId() == "m3" || q.GetAttempt() > 1 {
			return fakeporter.Plan{}
		}
		return fakeporter.Plan{Fault: &fault.Fault{Kind: fault.Denied, Message: "no"}}
	})
	j := s.job("Job", s.repository(p), record.JobOptions{}, whole(s.account(3)))
	s.end(s.run(j))
	p.SetBehave(nil)
	one, err := s.dispatcher.StartJob(t.Context(), j, dispatch.Scope{Mailboxes: []mailID{"m1"}})
	if err != nil {
		t.Fatal(err)
	}
	s.end(one.ID)
	again, err := s.dispatcher.StartJob(t.Context(), j, dispatch.Scope{FailedOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	s.end(again.ID)
	if tasks := s.tasks(again.ID); len(tasks) != 1 || tasks[0].Mailbox != "m2" {
		t.Errorf("ran %d mailboxes again, want m2 alone, which failed before the last run", len(tasks))
	}
}
