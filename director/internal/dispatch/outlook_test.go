package dispatch_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// look returns a run as of now.
func (s *site) look(id record.RunID) dispatch.RunView {
	s.t.Helper()
	v, err := s.dispatcher.Look(id)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// waitOf returns the wait of a kind that a run tells of.
func waitOf(v dispatch.RunView, kind dispatch.WaitKind) dispatch.Wait {
	for _, w := range v.Outlook.Waits {
		if w.Kind == kind {
			return w
		}
	}
	return dispatch.Wait{}
}

func TestARunTellsWhoWaitsForWhat(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	a := s.account(6)
	r := s.repository(p)
	hold := make(chan struct{})
	p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		if q.GetBackup().GetMailbox().GetId() == "m6" {
			return fakeporter.Plan{Fault: &fault.Fault{Kind: fault.Unknown, Message: "went wrong"}}
		}
		return fakeporter.Plan{Hold: hold}
	})
	first := s.run(s.job("First", r, record.JobOptions{MaxTasks: 2}, whole(a)))
	s.eventually("two tasks to run", func() bool { return p.Running() == 2 })
	v := s.look(first)
	if w := waitOf(v, dispatch.WaitSlot); w.Tasks != 4 || !strings.Contains(w.Text, "works on 2 at once") || v.Outlook.Running != 2 {
		t.Errorf("%d run, and for their turn wait %+v", v.Outlook.Running, w)
	}
	options := retries(1, 60)
	second := s.run(s.job("Second", r, options, record.SourceItem{Account: a, Mailbox: "m1"}, record.SourceItem{Account: a, Mailbox: "m6"}))
	s.eventually("the failed one to wait for its next try", func() bool { return s.look(second).Outlook.Retrying == 1 })
	v = s.look(second)
	if w := waitOf(v, dispatch.WaitMailbox); w.Tasks != 1 || !strings.Contains(w.Text, string(first)) || !strings.Contains(w.Text, "First") {
		t.Errorf("for the mailbox waits %+v, want run %s of First named", w, first)
	}
	if w := waitOf(v, dispatch.WaitRetry); w.Tasks != 1 || !strings.Contains(w.Text, "60 min") {
		t.Errorf("for the next try waits %+v", w)
	}
	for _, task := range s.tasks(second) {
		want := map[string]dispatch.WaitKind{"m1": dispatch.WaitMailbox, "m6": dispatch.WaitRetry}[string(task.Mailbox)]
		if task.Outlook.Wait != want || task.Waiting == "" {
			t.Errorf("%s waits for %d, %q, want %d", task.Mailbox, task.Outlook.Wait, task.Waiting, want)
		}
	}
	if err := s.dispatcher.Stop(t.Context(), second, false); err != nil {
		t.Fatal(err)
	}
	close(hold)
	for _, run := range []record.RunID{first, second} {
		if v := s.end(run); len(v.Outlook.Waits) > 0 || v.Outlook.Foreseen {
			t.Errorf("a run that ended tells of %+v", v.Outlook)
		}
	}
}

func TestEarlierRunsForetellHowLongTheNextTakes(t *testing.T) {
	clock := &skewed{}
	s := newTunedSite(t, func(o *dispatch.Options) { o.Now = clock.now })
	p := s.porter("one")
	a := s.account(4)
	started := make(chan struct{})
	hold := make(chan struct{})
	plan := func(*transporterv1.StartTaskRequest) fakeporter.Plan {
		started <- struct{}{}
		return fakeporter.Plan{Hold: hold}
	}
	p.SetBehave(plan)
	j := s.job("Job", s.repository(p), record.JobOptions{MaxTasks: 1}, whole(a))
	// Each mailbox takes ten minutes in the first run, two in the second.
	for _, took := range []time.Duration{10 * time.Minute, 2 * time.Minute} {
		run := s.run(j)
		if s.look(run).Outlook.Foreseen {
			t.Error("a time was foretold of which nothing is known")
		}
		for range 4 {
			<-started
			clock.set(time.Until(clock.now()) + took)
			hold <- struct{}{}
		}
		if v := s.end(run); v.Outlook.Took < 4*took || v.Outlook.Took > 4*took+time.Minute {
			t.Errorf("the run took %v, want about %v", v.Outlook.Took, 4*took)
		}
	}
	err := s.store.View(func(tx *store.Tx) error {
		past, err := store.Pasts.Get(tx, store.PastKey(j, a, "m2"))
		if d := past.Full.Took - 10*time.Minute; d < 0 || d > time.Minute {
			t.Errorf("the first run took %v", past.Full.Took)
		}
		if d := past.Usual.Took - 2*time.Minute; d < 0 || d > time.Minute {
			t.Errorf("the second took %v", past.Usual.Took)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	run := s.run(j)
	<-started
	s.eventually("the time left to be foretold", func() bool { return s.look(run).Outlook.Foreseen })
	if left := s.look(run).Outlook.Left; left < 7*time.Minute || left > 9*time.Minute {
		t.Errorf("four mailboxes of two minutes, one at a time, are to take %v", left)
	}
	s.restart() // what was known is known again
	s.eventually("the time left to be foretold", func() bool { return s.look(run).Outlook.Foreseen })
	close(hold)
	for range 3 {
		<-started
	}
	s.end(run)
}

func TestTwoRunsShareATransporterEvenly(t *testing.T) {
	s := newSite(t)
	p := s.porter("one")
	p.Max = 4
	a := s.account(40)
	r := s.repository(p)
	s.eventually("the limit to be known", func() bool { return s.fleet.Status(record.TransporterID(p.ID())).Max == 4 })
	started := make(chan string, 100)
	hold := make(chan struct{})
	p.SetBehave(func(q *transporterv1.StartTaskRequest) fakeporter.Plan {
		started <- q.GetRunId() + " " + q.GetBackup().GetMailbox().GetId()
		return fakeporter.Plan{Hold: hold}
	})
	var front, back []record.SourceItem
	for n := range 20 {
		front = append(front, record.SourceItem{Account: a, Mailbox: mailID("m" + strconv.Itoa(n+1))})
		back = append(back, record.SourceItem{Account: a, Mailbox: mailID("m" + strconv.Itoa(n+21))})
	}
	// The first takes all places before the second begins.
	first := s.run(s.job("First", r, record.JobOptions{MaxTasks: 10}, front...))
	var order []string
	for range 4 {
		order = append(order, <-started)
	}
	second := s.run(s.job("Second", r, record.JobOptions{MaxTasks: 10}, back...))
	for range 16 {
		hold <- struct{}{}
		order = append(order, <-started)
	}
	counts, places := map[string]int{}, map[string][]string{}
	for _, one := range order {
		run, mailbox, _ := strings.Cut(one, " ")
		counts[run]++
		places[run] = append(places[run], mailbox)
	}
	// 20 places: 4 to the first alone, then evenly; which of the tasks ends is chance, so not to the last one.
	if n := counts[string(second)]; n < 6 || n > 12 {
		t.Errorf("the second run got %d of the 16 places that became free, want about half", n)
	}
	if got := strings.Join(places[string(first)][:4], " "); got != "m1 m2 m3 m4" && len(places[string(first)]) >= 4 {
		for n, m := range []string{"m1", "m2", "m3", "m4"} { // they start at the same time
			if !strings.Contains(got+" ", m+" ") {
				t.Errorf("place %d of the first run: %s is not among %s", n, m, got)
			}
		}
	}
	go func() {
		for range started {
		}
	}()
	close(hold)
	s.end(first)
	s.end(second)
	close(started)
}
