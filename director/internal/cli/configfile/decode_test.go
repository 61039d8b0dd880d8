package configfile

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"holdfast/pkg/fault"
)

func example(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("../../../../deploy/config/holdfast.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTheExampleIsRead(t *testing.T) {
	f, err := Decode(bytes.NewReader(example(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Jobs) != 3 || len(f.Drills) != 1 || f.Backup == nil || f.Notifications == nil || f.History == nil {
		t.Errorf("got %+v", f)
	}
}

func TestWrongFilesAreRefusedWithTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":        {"version: 1\njobs:\n  - name: A\n    enabeld: true\n", `line 4: unknown key "enabeld"`},
		"same key twice":     {"version: 1\nversion: 1\n", "line 2"},
		"no version":         {"jobs: []\n", "version: must be 1"},
		"later version":      {"version: 2\n", "version: must be 1, not 2"},
		"empty":              {"", "version: must be 1"},
		"no YAML":            {"version: [", "line 1"},
		"other type":         {"version: 1\njobs: 3\n", "line 2"},
		"two documents":      {"version: 1\n---\nversion: 1\n", "more than one document"},
		"anchors":            {"version: 1\njobs: &a []\n", "line 2: anchors"},
		"same name":          {"version: 1\njobs:\n  - name: A\n  - name: a\n", `called "a"`},
		"no name":            {"version: 1\njobs:\n  - enabled: true\n", "job 1 has no name"},
		"a name like an id":  {"version: 1\njobs:\n  - name: id:3\n", "told from an id"},
		"two places":         {"version: 1\naccounts:\n  - name: A\n    secret: {env: X, file: y}\n", "either env or file"},
		"no place":           {"version: 1\naccounts:\n  - name: A\n    secret: {}\n", "either env or file"},
		"a secret itself":    {"version: 1\naccounts:\n  - name: A\n    secret: hunter2\n", "line 4"},
		"wrong word":         {"version: 1\naccounts:\n  - name: A\n    cloud: mars\n", "must be one of global"},
		"two schedules":      {"version: 1\njobs:\n  - name: A\n    schedules:\n      - weekly: {start: \"1:00\"}\n        after: {job: B}\n", "number 1: give one of"},
		"wrong day":          {"version: 1\njobs:\n  - name: A\n    schedules:\n      - weekly: {start: \"1:00\", days: [mo]}\n", `"mo" is none of`},
		"chained upkeep":     {"version: 1\nrepositories:\n  - name: A\n    transporter: t\n    path: /p\n    schedules:\n      verify:\n        - after: {job: B}\n", "follows no job"},
		"a drill of nothing": {"version: 1\ndrills:\n  - name: A\n    job: B\n", "are needed"},
		"a drill's half":     {"version: 1\ndrills:\n  - name: A\n    job: B\n    target: {account: C, mailbox: d@e}\n    of:\n      - account: C\n", "an account and a mailbox"},
		"a chained drill":    {"version: 1\ndrills:\n  - name: A\n    job: B\n    target: {account: C, mailbox: d@e}\n    schedules:\n      - after: {job: B}\n", "follows no job"},
		"too large":          {"version: 1 #" + strings.Repeat("x", MaxBytes), "larger than 8 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Decode(strings.NewReader(c.text))
			if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want Invalid with %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(example(f))
	f.Add([]byte("version: 1\njobs: []\n"))
	f.Add([]byte("version: 1\njobs:\n  - name: A\n    before: {path: /p, environment: {X: {value: y}}}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Decode(bytes.NewReader(b))
		if err != nil {
			if !errors.Is(err, fault.Invalid) {
				t.Fatalf("not Invalid: %v", err)
			}
			return
		}
		once, err := file.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(bytes.NewReader(once))
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, once)
		}
		twice, err := again.Encode()
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%v: %s\nis not\n%s", err, twice, once)
		}
		// Whatever was read can be compared with a Director that has nothing.
		if _, err := Diff(file, &State{}, Options{Prune: true}); err != nil && !errors.Is(err, fault.Invalid) {
			t.Fatalf("not Invalid: %v", err)
		}
	})
}
