package work_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/task"
)

func (s *scene) undo(recoveryID string, plan bool) task.Work {
	s.t.Helper()
	w, err := s.bench.Undo(&transporterv1.UndoWork{
		Account: s.account, Mailbox: &transporterv1.Mailbox{Id: s.mailbox}, RecoveryTaskId: recoveryID, PlanOnly: plan,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

func (s *scene) undone(recoveryID string, plan bool) recovery.UndoReport {
	s.t.Helper()
	state := s.run(s.t.Context(), s.undo(recoveryID, plan), nil)
	if state.Outcome.Undo == nil {
		s.t.Fatalf("the undo ended %v: %v", state.Status, state.Err)
	}
	return *state.Outcome.Undo
}

// same compares the mailbox with what it was, ids and folders included.
func (s *scene) same(what string, before []graphsim.TruthLine) {
	s.t.Helper()
	for i, d := range graphsim.Compare(before, s.truth(), graphsim.CompareOptions{}) {
		if i == 10 {
			break
		}
		s.t.Errorf("%s: %s", what, d)
	}
}

// TestUndoLeavesTheMailboxAsItWas takes each kind of recovery back, one that was killed on the way too.
func TestUndoLeavesTheMailboxAsItWas(t *testing.T) {
	for name, choose := range map[string]func(*transporterv1.RecoveryWork){
		"skip":      func(w *transporterv1.RecoveryWork) { w.IfExists = transporterv1.IfExists_IF_EXISTS_SKIP },
		"rename":    func(w *transporterv1.RecoveryWork) { w.IfExists = transporterv1.IfExists_IF_EXISTS_RENAME },
		"overwrite": func(w *transporterv1.RecoveryWork) { w.IfExists = transporterv1.IfExists_IF_EXISTS_OVERWRITE },
		"into":      func(w *transporterv1.RecoveryWork) { w.IntoFolder = "Recovered" },
	} {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			s := newScene(t, 40)
			if _, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "permanent", Random: 15, Seed: seed}); err != nil {
				t.Fatal(err)
			}
			before := s.truth()
			if err := s.sim.Control().SetSettings(t.Context(), graphsim.Settings{Latency: 3 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			kill, cancel := context.WithTimeout(t.Context(), time.Duration(5+seed%150)*time.Millisecond)
			s.run(t.Context(), s.recovery("r", choose), kill.Done())
			cancel()
			if seed%2 == 0 { // else what the kill left is what is undone
				if state := s.run(t.Context(), s.recovery("r", choose), nil); state.Status != task.Succeeded {
					t.Fatalf("the recovery ended %v: %v", state.Status, state.Err)
				}
			}
			plan := s.undone("r", true)
			if plan.Left != 0 {
				t.Errorf("the plan leaves %+v", plan)
			}
			kill, cancel = context.WithTimeout(t.Context(), time.Duration(5+seed/2%100)*time.Millisecond)
			s.run(t.Context(), s.undo("r", false), kill.Done())
			cancel()
			if did := s.undone("r", false); did.Removed != plan.Removed || did.Left != 0 || did.Trashed != 0 || did.FoldersRemoved != plan.FoldersRemoved {
				t.Errorf("planned %+v, did %+v", plan, did)
			}
			s.same("undone", before)
		})
	}
}

// TestUndoSparesWhatPeopleDidSince keeps what was moved, and what was changed comes to Deleted Items.
func TestUndoSparesWhatPeopleDidSince(t *testing.T) {
	s := newScene(t, 20)
	s.destroy()
	s.succeeds("recovery", s.run(t.Context(), s.recovery("r"), nil), s.point.Counts.Messages)
	moved, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "move", Random: 2, Seed: 1, To: []string{"archive"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "permanent", Folder: []string{"drafts"}}); err != nil {
		t.Fatal(err)
	}
	changed, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "categorize", Folder: []string{"inbox"}, Random: 3, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(moved) == 0 || len(changed) == 0 {
		t.Fatalf("nothing was changed: %v %v", moved, changed)
	}
	state := s.run(t.Context(), s.undo("r", false), nil)
	did := state.Outcome.Undo
	if did == nil || did.Left != int64(len(moved)) || did.Trashed != int64(len(changed)) || len(state.Losses) != len(moved) {
		t.Fatalf("did %+v with losses %+v, want %d left and %d in Deleted Items: %v", did, state.Losses, len(moved), len(changed), state.Err)
	}
	if left := s.truth(); len(left) == 0 {
		t.Error("nothing is left of what was moved and changed")
	}
}
