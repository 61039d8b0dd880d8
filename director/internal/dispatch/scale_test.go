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

// TestFiftyThousandMailboxes plays a large job and holds it to less than 500 MB. How long things take it only tells: `make
// bench` judges that (director.start_s and its neighbours).
func TestFiftyThousandMailboxes(t *testing.T) {
	if testing.Short() || raceOn {
		t.Skip("measures memory")
	}
	const mailboxes = 50_000
	s := newSite(t)
	p := s.porter("one")
	never := make(chan struct{})
	p.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan { return fakeporter.Plan{Hold: never} })
	took := func(what string, fn func()) {
		t.Helper()
		begun := time.Now()
		fn()
		t.Logf("%s: %v", what, time.Since(begun).Round(time.Millisecond))
	}
	a := s.account(mailboxes)
	j := s.job("Job", s.repository(p), record.JobOptions{MaxTasks: 3}, whole(a))
	var run record.RunID
	took("start", func() {
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
	took("restart", func() {
		s.restart()
		s.eventually("tasks to be watched", func() bool { return p.Calls("WatchTask") >= 6 })
	})
	took("first answers of a watch", func() {
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
	took("all tasks in pages", func() {
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
	took("stop", func() {
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
