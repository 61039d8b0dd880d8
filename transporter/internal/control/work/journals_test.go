package work_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/task"
)

// Journals that no undo can ask for any more go with the next recovery; the others stay.
func TestOldJournalsGo(t *testing.T) {
	s := newScene(t, 3)
	if state := s.run(t.Context(), s.recovery("kept"), nil); state.Status != task.Succeeded {
		t.Fatal(state.Err)
	}
	day := 24 * time.Hour
	for name, age := range map[string]time.Duration{"kept": 179 * day, "old": 181 * day} {
		path := filepath.Join(s.journals, name+".journal")
		if name == "old" {
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		at := time.Now().Add(-age)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	if state := s.run(t.Context(), s.recovery("next"), nil); state.Status != task.Succeeded {
		t.Fatal(state.Err)
	}
	if _, err := os.Stat(filepath.Join(s.journals, "old.journal")); !os.IsNotExist(err) {
		t.Errorf("the old journal is still there: %v", err)
	}
	s.undone("kept", false)
	info, err := os.Stat(filepath.Join(s.journals, "kept.journal"))
	if err != nil || time.Since(info.ModTime()) > day {
		t.Errorf("an undo did not keep its journal young: %v", err)
	}
}

// A recovery that ended before it wrote anything is undone as one that made nothing; of one that never was, that is not said.
func TestARecoveryThatNeverWroteHasNothingToUndo(t *testing.T) {
	s := newScene(t, 3)
	before := s.truth()
	gone := s.recovery("early", func(w *transporterv1.RecoveryWork) { w.PointId = "none" })
	if state := s.run(t.Context(), gone, nil); state.Status != task.Failed {
		t.Fatalf("a recovery from no point ended %v", state.Status)
	}
	if got := s.undone("early", false); got != (recovery.UndoReport{}) {
		t.Errorf("the undo did %+v", got)
	}
	s.same("undone", before)
	if state := s.run(t.Context(), s.undo("never", false), nil); !isKind(state.Err, fault.NotFound) {
		t.Errorf("the undo of what never was ended %v: %v", state.Status, state.Err)
	}
	s.run(t.Context(), s.recovery("planned", func(w *transporterv1.RecoveryWork) { w.PlanOnly = true }), nil)
	if state := s.run(t.Context(), s.undo("planned", false), nil); !isKind(state.Err, fault.NotFound) {
		t.Errorf("the undo of a plan ended %v: %v", state.Status, state.Err)
	}
}
