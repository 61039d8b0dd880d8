package repository

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
)

func TestCheckSaysWhatIsInTheWay(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	full := filepath.Join(dir, "full")
	if err := os.MkdirAll(filepath.Join(full, "something"), 0o700); err != nil {
		t.Fatal(err)
	}
	o := testOptions(t, false)
	if err := mustCreate(t, o).Close(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		need int64
		kind fault.Kind
		says []string
	}{
		"a file":          {file, 0, fault.Invalid, []string{file, "not a folder"}},
		"below a file":    {filepath.Join(file, "a", "b"), 0, fault.Invalid, []string{file, "is a file"}},
		"not empty":       {full, 0, fault.Conflict, []string{full, "not empty", "something"}},
		"a repository":    {o.Path, 0, fault.Conflict, []string{o.Path, "repository already"}},
		"below /proc":     {"/proc/holdfast", 0, fault.Denied, []string{"/proc"}},
		"/proc itself":    {"/proc/self/task", 0, 0, []string{"/proc/self/task"}},
		"relative":        {"some/where", 0, fault.Invalid, []string{"absolute"}},
		"none":            {"", 0, fault.Invalid, []string{"folder"}},
		"too little room": {filepath.Join(dir, "new"), 1 << 60, fault.Exhausted, []string{dir, "free"}},
	} {
		err := Check(t.Context(), c.path, c.need)
		if err == nil || c.kind != 0 && fault.KindOf(err) != c.kind {
			t.Errorf("%s: %v (%v), want %v", name, err, fault.KindOf(err), c.kind)
			continue
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q does not name %q", name, err, s)
			}
		}
		if _, err := Create(t.Context(), Options{Path: c.path, Name: "x"}); err == nil && c.need == 0 && c.path != "some/where" {
			t.Errorf("%s: created all the same", name)
		}
	}
	_ = os.RemoveAll("some")
}

func TestCheckLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "a", "b", "c")} {
		if err := Check(t.Context(), path, 1); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}

func TestAFailedCreateLeavesNothingButTheFolder(t *testing.T) {
	for n := range 60 {
		o := testOptions(t, true)
		broken := o
		breakingDisk(t, &broken, rand.New(rand.NewPCG(1, 1)), n)
		r, err := Create(t.Context(), broken)
		if err == nil {
			_ = r.Close()
			return
		}
		if r, err = Create(t.Context(), o); err != nil {
			t.Fatalf("created again after a failure at operation %d: %v", n, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Error("Create never succeeded")
}
