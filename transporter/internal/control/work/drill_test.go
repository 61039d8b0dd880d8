package work_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/test/graphsim"
	"holdfast/transporter/internal/drill"
	"holdfast/transporter/internal/task"
)

const drillFolder = "Holdfast drill"

func (s *scene) drill(id string, messages int32) task.Work {
	s.t.Helper()
	w, err := s.bench.Drill(id, &transporterv1.DrillWork{
		Account: s.account, Mailbox: &transporterv1.Mailbox{Id: s.mailbox}, RepositoryId: repo, PointId: string(s.point.ID),
		Messages: messages, Folder: drillFolder,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

// untouched fails the test when the mailbox is not what it was, or notes of drills are left.
func (s *scene) untouched(what string) {
	s.t.Helper()
	s.same(what, s.original)
	for _, pattern := range []string{"*.drill", "*.drill-journal", "*.new"} {
		if left, _ := filepath.Glob(filepath.Join(s.journals, pattern)); len(left) > 0 {
			s.t.Errorf("%s left %v", what, left)
		}
	}
}

func TestADrillFindsAllTheSameAndLeavesNothing(t *testing.T) {
	s := newScene(t, 60)
	state := s.run(t.Context(), s.drill("d1", 1000), nil)
	got := state.Outcome.Drill
	if state.Status != task.Succeeded {
		t.Fatalf("the drill ended %v: %v, losses %v, %+v", state.Status, state.Err, state.Losses, got)
	}
	if got.Messages != s.point.Counts.Messages || got.Same != got.Messages || got.Compared < 20*got.Messages {
		t.Errorf("got %+v of %d messages", got, s.point.Counts.Messages)
	}
	s.untouched("a drill")
}

// Whatever is spoilt in the test mailbox between writing and reading back is found, and what was made goes all the same.
func TestADrillFindsWhatDoesNotComeBack(t *testing.T) {
	for name, tc := range map[string]struct {
		change graphsim.Change
		field  string
	}{
		"read state": {graphsim.Change{Do: "toggle"}, "read"},
		"text":       {graphsim.Change{Do: "edit", Text: "spoilt"}, "body"},
		"gone":       {graphsim.Change{Do: "permanent"}, "message"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, 20)
			tc.change.Folder = []string{drillFolder}
			s.bench.Drilling(func(phase string) error {
				if phase != "reading back and comparing" {
					return nil
				}
				_, err := s.sim.Change(s.mailbox, tc.change)
				return err
			})
			state := s.run(t.Context(), s.drill("d1", 5), nil)
			got := state.Outcome.Drill
			if state.Status != task.Failed || !isKind(state.Err, fault.Corrupt) || got.Different+got.Missing != 5 {
				t.Fatalf("the drill ended %v: %v, %+v", state.Status, state.Err, got)
			}
			found := false
			for _, d := range got.Differences {
				found = found || strings.HasPrefix(d.Field, tc.field)
				if d.Message == "" || d.Folder == "" || d.Text == "" || strings.Contains(d.Text, "spoilt") {
					t.Errorf("a difference is told badly: %+v", d)
				}
			}
			if !found {
				t.Errorf("%q is not among %+v", tc.field, got.Differences)
			}
			s.untouched("a drill that failed")
		})
	}
}

// A drill that dies anywhere, and is begun again or never, leaves nothing behind once another was done.
func TestADrillThatDiesIsCleanedUpAfter(t *testing.T) {
	for _, phase := range []string{
		"choosing messages", "recovering: writing mail", "reading back and comparing", "removing what the drill made", "removing it",
	} {
		for _, next := range []string{"d1", "d2"} {
			t.Run(phase+", then "+next, func(t *testing.T) {
				s := newScene(t, 30)
				died := errors.New("the process died")
				times, dead := 0, false
				s.bench.Drilling(func(now string) error {
					if now == phase {
						times++
					}
					if dead = dead || times == 3 || times == 1 && !strings.HasPrefix(phase, "recovering"); dead {
						return died
					}
					return nil
				})
				if state := s.run(t.Context(), s.drill("d1", 20), nil); state.Status != task.Failed {
					t.Fatalf("it ended %v: %v", state.Status, state.Err)
				}
				s.bench.Drilling(nil)
				state := s.run(t.Context(), s.drill(next, 20), nil)
				if got := state.Outcome.Drill; state.Status != task.Succeeded || got.Same != 20 {
					t.Fatalf("the drill ended %v: %v, %+v", state.Status, state.Err, got)
				}
				s.untouched("a drill after one that died")
			})
		}
	}
}

func TestASampleIsTheSameForTheSameName(t *testing.T) {
	s := newScene(t, 40)
	point, _, done, err := s.shelf.Point(t.Context(), repo, s.point.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	folders, err := point.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, name := range []string{"a", "a", "b"} {
		refs, err := drill.Sample(t.Context(), folders, point.Messages, name, 10)
		if err != nil || len(refs) != 10 {
			t.Fatalf("got %d messages, %v", len(refs), err)
		}
		var all strings.Builder
		for _, r := range refs {
			all.WriteString(string(r.Message))
		}
		if was, ok := names[name]; ok && was != all.String() {
			t.Errorf("two samples of %q differ", name)
		}
		names[name] = all.String()
	}
	if names["a"] == names["b"] {
		t.Error("two names have the same sample")
	}
}
