package disk

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/pkg/fault"
)

func TestWhoMayFollowAHolder(t *testing.T) {
	me := Owner{Transporter: "t1", Host: "here", PID: 10}
	for name, c := range map[string]struct {
		last *Owner
		held bool
		want string // in the sentence; empty: may follow
	}{
		"nobody":                            {nil, true, ""},
		"crashed here":                      {&Owner{Transporter: "t2", Host: "here", PID: 4}, true, ""},
		"itself, on a machine that is gone": {&Owner{Transporter: "t1", Host: "there", PID: 4}, true, ""},
		"another elsewhere":                 {&Owner{Transporter: "t2", Host: "there", PID: 4}, true, `was not detached by Transporter "t2" (process 4 on host "there"`},
		"another here":                      {&Owner{Transporter: "t2", Host: "here", PID: 4}, false, `is in use by Transporter "t2" (process 4 on host "here"`},
		"who knows":                         {nil, false, "another process"},
	} {
		err := c.last.check(me, c.held, "/vault/holdfast.lock")
		if c.want == "" && err != nil || c.want != "" && (fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "/vault/holdfast.lock")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestALockIsGivenBackAsItWasFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first := Owner{Transporter: "t1", Host: "h", PID: 1, Since: time.Unix(0, 0).UTC()}
	l, err := Acquire(path, first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Acquire(path, first); fault.KindOf(err) != fault.Conflict {
		t.Error("twice:", err)
	}
	l.Drop()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	second := first
	second.PID = 2
	if l, err = Acquire(path, second); err != nil || l.Previous == nil || l.Previous.PID != 1 {
		t.Fatal(l, err)
	}
	if err := l.Restore(); err != nil {
		t.Fatal(err)
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, before) {
		t.Errorf("%q, %v", now, err)
	}
	if l, err = Acquire(path, second); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Error(info, err)
	}
}

func TestProcessesAreTold(t *testing.T) {
	if !running(os.Getpid()) {
		t.Error("this process does not run")
	}
}

func FuzzDecodeOwner(f *testing.F) {
	f.Add([]byte(`{"transporter":"t","host":"h","pid":3,"since":"2026-01-02T03:04:05Z"}` + "\n"))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := decodeOwner(b)
		_ = o.check(Owner{Host: "h"}, false, "p")
		if o != nil && strings.ContainsAny(o.String(), "\n\x00\x1b") {
			t.Errorf("%q", o.String())
		}
	})
}
