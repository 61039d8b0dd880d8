package overview

import (
	"errors"
	"strings"
	"testing"

	"holdfast/director/internal/record"
)

func TestTheDirectorsOwnDiskIsToldWhenItIsNearlyFull(t *testing.T) {
	for name, tc := range map[string]struct {
		free     int64
		err      error
		folder   string
		severity Severity // 0 for no problem
		action   Action
	}{
		"room enough":             {free: diskData},
		"nearly full":             {free: diskData - 1, severity: Warning, action: DoSetBackup},
		"nearly full, backed up":  {free: diskData - 1, folder: "/backup", severity: Warning, action: DoStartBackup},
		"full":                    {free: 0, severity: Critical, action: DoSetBackup},
		"a disk that says nought": {err: errors.New("statfs: gone"), severity: Warning, action: DoSetBackup},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Service{Options: Options{Space: func() (int64, int64, error) { return 500 << 30, tc.free, tc.err }}}
			st := &State{selfBackup: record.SelfBackup{Folder: tc.folder}}
			s.ofDisk(st)
			if tc.severity == 0 {
				if len(st.Problems) != 0 {
					t.Fatalf("got %v", st.Problems)
				}
				return
			}
			if len(st.Problems) != 1 {
				t.Fatalf("got %d problems, want one", len(st.Problems))
			}
			p := st.Problems[0]
			if p.Kind != DirectorDisk || p.Severity != tc.severity || len(p.Actions) != 1 || p.Actions[0] != tc.action {
				t.Errorf("got %+v", p)
			}
			if tc.err != nil && !strings.Contains(p.Cause, "gone") {
				t.Errorf("the cause does not say why: %q", p.Cause)
			}
		})
	}
}
