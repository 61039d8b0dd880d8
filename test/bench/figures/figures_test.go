package figures

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func figure(t *testing.T, name string, value float64, goal string, quick bool) Figure {
	t.Helper()
	f, err := New(name, value, "ratio", goal, quick)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAGoalIsMetOrMissed(t *testing.T) {
	for _, c := range []struct {
		value float64
		goal  string
		met   bool
	}{
		{0.35, "<= 0.35", true},
		{0.36, "<= 0.35", false},
		{1_000_000, ">= 1000000", true},
		{999_999, ">= 1000000", false},
		{5, "< 5", false},
		{5, "> 4.9", true},
	} {
		f := figure(t, "repository.x", c.value, c.goal, false)
		if f.Met == nil || *f.Met != c.met || f.Missed() == c.met {
			t.Errorf("%g against %q: got %v, want %v", c.value, c.goal, f.Met, c.met)
		}
	}
}

func TestAQuickRunJudgesNothing(t *testing.T) {
	if f := figure(t, "repository.x", 9, "<= 1", true); f.Met != nil || f.Missed() {
		t.Errorf("got %+v, want no verdict", f)
	}
}

func TestWhatIsNoFigureIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, goal string
		value      float64
	}{{"x", "", 1}, {"a.", "", 1}, {"a.b", "0.5", 1}, {"a.b", "about 3", 1}, {"a.b", "", 0 / zero()}} {
		if _, err := New(c.name, c.value, "", c.goal, false); err == nil {
			t.Errorf("%q with goal %q and value %g was taken", c.name, c.goal, c.value)
		}
	}
}

func zero() float64 { return 0 }

func TestMergeKeepsTheFiguresOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "bench.json")
	for _, list := range [][]Figure{
		{figure(t, "search.p50_ms", 3, "<= 50", false), figure(t, "repository.a", 1, "", false)},
		{figure(t, "repository.a", 2, "<= 1", false)},
	} {
		if err := Merge(path, list); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []Figure{figure(t, "repository.a", 2, "<= 1", false), figure(t, "search.p50_ms", 3, "<= 50", false)}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTheTableSaysWhatWasMissed(t *testing.T) {
	var out bytes.Buffer
	if err := Print(&out, []Figure{figure(t, "a.b", 2, "<= 1", false), figure(t, "a.c", 1_234_567, ">= 5", false)}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	if !strings.Contains(lines[1], "missed") || !strings.Contains(lines[2], "met") || !strings.Contains(lines[2], "1234567") {
		t.Errorf("got\n%s", &out)
	}
}
