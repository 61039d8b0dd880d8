package work_test

import (
	"maps"
	"math/rand/v2"
	"os"
	"testing"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/task"
)

// TestThePlanIsWhatHappens compares the lines of a plan, message by message, with what the recovery then did.
func TestThePlanIsWhatHappens(t *testing.T) {
	for _, ifExists := range []transporterv1.IfExists{
		transporterv1.IfExists_IF_EXISTS_SKIP, transporterv1.IfExists_IF_EXISTS_RENAME, transporterv1.IfExists_IF_EXISTS_OVERWRITE,
	} {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		s := newScene(t, 50)
		if _, err := s.sim.Change(s.mailbox, graphsim.Change{Do: "permanent", Random: 20, Seed: seed}); err != nil {
			t.Fatal(err)
		}
		choose := func(w *transporterv1.RecoveryWork) { w.IfExists = ifExists }
		state := s.run(t.Context(), s.recovery("plan", choose, func(w *transporterv1.RecoveryWork) { w.PlanOnly = true }), nil)
		if state.Status != task.Succeeded {
			t.Fatalf("the plan ended %v: %v", state.Status, state.Err)
		}
		lines := map[recovery.Action]int64{}
		named := map[string]bool{}
		beyond, err := s.bench.Plan("plan", func(p recovery.Planned) bool {
			lines[p.Action] += p.Count
			named[string(p.Folder)+"/"+string(p.Message)] = true
			if len(p.To) == 0 {
				t.Errorf("%v goes nowhere", p)
			}
			return true
		})
		if err != nil || beyond != 0 {
			t.Fatalf("the plan has %d more: %v", beyond, err)
		}
		if int64(len(named)) != s.point.Counts.Messages {
			t.Errorf("seed %d: the plan names %d messages of %d", seed, len(named), s.point.Counts.Messages)
		}
		state = s.run(t.Context(), s.recovery("do", choose), nil)
		if state.Status != task.Succeeded {
			t.Fatalf("the recovery ended %v: %v", state.Status, state.Err)
		}
		r := state.Outcome.Recovery
		did := map[recovery.Action]int64{
			recovery.Create: r.Created, recovery.Leave: r.Skipped, recovery.Beside: r.Renamed, recovery.Replace: r.Overwritten,
		}
		maps.DeleteFunc(did, func(_ recovery.Action, n int64) bool { return n == 0 })
		if !maps.Equal(lines, did) {
			t.Errorf("seed %d: %v planned, %v done", seed, lines, did)
		}
	}
}

func TestAPlanThatIsGoneOrDamagedIsTold(t *testing.T) {
	s := newScene(t, 5)
	everything := func(recovery.Planned) bool { return true }
	if _, err := s.bench.Plan("none", everything); !isKind(err, fault.NotFound) {
		t.Errorf("a plan that was never made: %v", err)
	}
	state := s.run(t.Context(), s.recovery("p", func(w *transporterv1.RecoveryWork) { w.PlanOnly = true }), nil)
	if state.Status != task.Succeeded {
		t.Fatal(state.Err)
	}
	path := s.journals + "/p.plan"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, broken := range [][]byte{data[:len(data)-20], data[:len(data)/2], append([]byte("x"), data...), nil} {
		if err := os.WriteFile(path, broken, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.bench.Plan("p", everything); !isKind(err, fault.Corrupt) {
			t.Errorf("%d bytes of %d: %v, want Corrupt", len(broken), len(data), err)
		}
	}
}
