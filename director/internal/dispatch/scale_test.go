package dispatch_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// TestFiftyThousandMailboxes holds a large job to what issue 5 asks: started in under 5 s, and less than 500 MB.
func TestFiftyThousandMailboxes(t *testing.T) {
	if testing.Short() || raceOn {
		t.Skip("measures time")
	}
	const mailboxes = 50_000
	s := newSite(t)
	p := s.porter("one")
	never := make(chan struct{})
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: never} })
	took := func(what string, most time.Duration, fn func()) {
		t.Helper()
		begun := time.Now()
		fn()
		d := time.Since(begun)
		t.Logf("%s: %v", what, d.Round(time.Millisecond))
		if d > most {
			t.Errorf("%s took %v, more than %v", what, d, most)
		}
	}
	a := s.account(mailboxes)
	j := s.job("Job", s.repository(p), record.JobOptions{MaxTasks: 3}, whole(a))
	var run record.RunID
	took("start", 5*time.Second, func() {
		run = s.run(j)
		s.eventually("tasks to run", func() bool { return p.Running() == 3 })
	})
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.Logf("heap: %d MB", m.HeapAlloc>>20)
	if m.HeapAlloc > 500<<20 {
		t.Errorf("%d MB are in use", m.HeapAlloc>>20)
	}
	took("restart", 5*time.Second, func() {
		s.restart()
		s.eventually("tasks to be watched", func() bool { return p.Calls("WatchTask") >= 6 })
	})
	took("first answers of a watch", 5*time.Second, func() {
		w, err := s.dispatcher.Watch(run, true)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		for told := 0; told < mailboxes; {
			_, tasks, _, err := w.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			told += len(tasks)
		}
	})
	took("all tasks in pages", 5*time.Second, func() {
		var behind record.TaskID
		got := 0
		for more := true; more; {
			_, page, m, err := s.dispatcher.LookInto(run, behind, 1000)
			if err != nil || len(page) == 0 || page[0].ID <= behind {
				t.Fatalf("behind %s: %d tasks, %v", behind, len(page), err)
			}
			behind, more = page[len(page)-1].ID, m
			got += len(page)
		}
		if got != mailboxes {
			t.Errorf("%d tasks in pages", got)
		}
	})
	took("stop", 20*time.Second, func() {
		if err := s.dispatcher.Stop(t.Context(), run, true); err != nil {
			t.Fatal(err)
		}
		if v := s.end(run); v.Stopped != mailboxes {
			t.Errorf("%d stopped", v.Stopped)
		}
	})
	if _, err := s.dispatcher.List(dispatch.Filter{Limit: 1}); err != nil {
		t.Error(err)
	}
}
