package work_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/transporter/internal/task"
)

// Journals that no undo can ask for any more go with the next recovery; the others stay.
func TestOldJournalsGo(t *testing.T) {
	s := newScene(t, 3)
	if state := s.run(t.Context(), s.recovery("kept"), nil); state.Status != task.Succeeded {
		t.Fatal(state.Err)
	}
	day := 24 * time.Hour
	for name, age := range map[string]time.Duration{"kept": 96 * day, "old": 98 * day} {
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
