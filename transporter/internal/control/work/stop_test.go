package work_test

import (
	"context"
	"slices"
	"testing"
	"time"

	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/task"
)

// stopWaiting runs work until it says that it waits, stops it gently, and returns how it ended. The test fails when that takes
// as long as Microsoft asked to wait, and when it ended otherwise than stopped or as also says.
func (s *scene) stopWaiting(what string, w task.Work, also ...task.Status) task.State {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	b := task.New(task.Options{})
	defer b.Drain(0)
	if _, err := b.Start(task.Spec{ID: "t", Kind: "test", Work: w}); err != nil {
		s.t.Fatal(err)
	}
	var last task.State
	waited := false
	err := b.Watch(ctx, "t", func(state task.State) error {
		if last = state; state.Waiting != "" && !waited {
			waited = true
			return b.Stop("t", false)
		}
		return nil
	})
	if err != nil || !waited {
		s.t.Fatalf("%s: waited %v, ended %v: %v, %v", what, waited, last.Status, last.Err, err)
	}
	if last.Status != task.Stopped && !slices.Contains(also, last.Status) {
		s.t.Errorf("%s: ended %v: %v", what, last.Status, last.Err)
	}
	return last
}

// calm lets Microsoft answer again, and a client come that was never told to wait.
func (s *scene) calm() {
	s.t.Helper()
	if err := s.sim.Control().ClearFaults(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	s.account.Limits = &transporterv1.Limits{WindowSeconds: max(600, s.account.GetLimits().GetWindowSeconds()) + 1}
}

// TestWhoIsStoppedDoesNotWaitForMicrosoft stops recoveries, plans and undos that Microsoft has asked to wait for minutes: before
// anything was read, among the folders, while messages are made and removed. Each goes on later, and nothing is there twice.
func TestWhoIsStoppedDoesNotWaitForMicrosoft(t *testing.T) {
	s := newScene(t, 40)
	if _, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "permanent", Random: 25, Seed: 1}); err != nil {
		t.Fatal(err)
	}
	before := s.truth()
	into := func(w *transporterv1.RecoveryWork) { w.IntoFolder = "Recovered" }
	planned := func(w *transporterv1.RecoveryWork) { w.PlanOnly = true }
	pause := func(kind string, after int) {
		t.Helper()
		if _, err := s.sim.Control().AddFault(t.Context(), graphsim.Fault{Kind: kind, Status: 429, RetryAfter: "500", After: after}); err != nil {
			t.Fatal(err)
		}
	}
	pause("folders.*", 0)
	s.stopWaiting("a plan", s.recovery("p", planned))
	s.calm()
	for _, at := range []struct {
		kind  string
		after int
	}{{"folders.*", 0}, {"folders.create", 2}, {"messages.create", 0}, {"messages.create", 9}} {
		pause(at.kind, at.after)
		if r := s.stopWaiting("recovery at "+at.kind, s.recovery("r", into)).Outcome.Recovery; r.Failed != 0 {
			t.Errorf("stopped at %s: %+v", at.kind, *r)
		}
		s.calm()
	}
	state := s.run(t.Context(), s.recovery("r", into), nil)
	s.succeeds("going on", state, s.point.Counts.Messages)
	if got, want := len(s.truth()), len(before)+int(s.point.Counts.Messages)+int(state.Outcome.Recovery.FoldersCreated); got != want {
		t.Errorf("%d things are in the mailbox, want %d", got, want)
	}
	for _, at := range []struct {
		kind  string
		after int
	}{{"messages.*", 0}, {"messages.*", 12}, {"folders.delete", 1}} {
		pause(at.kind, at.after)
		if u := s.stopWaiting("undo at "+at.kind, s.undo("r", false)).Outcome.Undo; u.Left+u.FoldersLeft != 0 {
			t.Errorf("stopped at %s: %+v", at.kind, *u)
		}
		s.calm()
	}
	if u := s.undone("r", false); u.Left+u.FoldersLeft != 0 {
		t.Errorf("the undo: %+v", u)
	}
	s.same("undone", before)
}

// TestALargeMessageIsBroughtToItsEndAfterAStop stops while Microsoft has the second part of a message wait: it is not left half.
func TestALargeMessageIsBroughtToItsEndAfterAStop(t *testing.T) {
	s := newScene(t, 3, func(sim *graphsim.Server, mailbox string) {
		if err := sim.AddLarge(mailbox, graphsim.Large{Subject: "large", Name: "x.bin", Size: 9 << 20, Seed: 1}); err != nil {
			t.Fatal(err)
		}
	})
	s.destroy()
	s.fault(graphsim.Fault{Kind: "attachments.createSession", Status: 429, RetryAfter: "8", Count: 1})
	s.stopWaiting("a large message", s.recovery("r"), task.Succeeded)
	large := false
	for _, line := range s.truth() {
		large = large || line.Message != nil && line.Message.Subject == "large"
	}
	if !large {
		t.Error("the large message is not there")
	}
	for _, d := range graphsim.Compare(s.original, s.truth(), graphsim.CompareOptions{Ignore: []string{"extended"}}) {
		if d.Kind != "missing" {
			t.Error(d)
		}
	}
}
