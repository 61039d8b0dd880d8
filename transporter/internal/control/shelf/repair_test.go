package shelf_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/transporter/internal/control/work"
)

func TestARepairSaysWhatItDid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vault")
	s := open(t)
	create(t, s, r1, path)
	stray := filepath.Join(path, "packs", "notes.txt")
	if err := os.WriteFile(stray, []byte("not a pack"), 0o600); err != nil {
		t.Fatal(err)
	}
	var phases []string
	report, err := s.Repair(t.Context(), r1, func(p work.Progress) { phases = append(phases, p.Phase) })
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Repaired) != 1 || !strings.HasPrefix(report.Repaired[0], stray+": left alone") {
		t.Errorf("%+v", report)
	}
	if len(report.Damage) != 1 || !strings.HasPrefix(report.Damage[0], stray) || !slices.Contains(phases, "mend packs") {
		t.Errorf("%+v, %v", report, phases)
	}
	if err := os.Remove(stray); err != nil {
		t.Fatal(err)
	}
	if report, err = s.Repair(t.Context(), r1, func(work.Progress) {}); err != nil || len(report.Repaired)+len(report.Damage) != 0 {
		t.Errorf("%+v, %v", report, err)
	}
}
