//go:build unix

package script_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"holdfast/director/internal/script"
	"holdfast/pkg/fault"
)

// shell writes a script of /bin/sh.
func shell(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "job.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAScriptSeesItsArgumentsAndTheJob(t *testing.T) {
	path := shell(t, `echo "$1|$2|$HOLDFAST_JOB|$0"; echo trouble >&2`)
	for _, interpreter := range []string{"", "/bin/sh", "sh"} {
		r := script.Run(t.Context(), script.Script{Path: path, Interpreter: interpreter, Args: []string{"a b", "$HOME"}},
			map[string]string{"HOLDFAST_JOB": "Nightly \"mail\""})
		if r.Err != nil || r.Code != 0 || r.Output != "a b|$HOME|Nightly \"mail\"|"+path+"\ntrouble\n" || r.Ended.Before(r.Started) {
			t.Errorf("with interpreter %q: %+v", interpreter, r)
		}
	}
}

func TestWhyAScriptDidNotSucceed(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		s    script.Script
		kind fault.Kind
		code int
		says string
	}{
		"exit code":      {script.Script{Path: shell(t, "echo half done; exit 7")}, fault.Invalid, 7, "exit code 7"},
		"missing":        {script.Script{Path: "/nowhere/job.sh"}, fault.NotFound, -1, "there is no script"},
		"a folder":       {script.Script{Path: t.TempDir()}, fault.Invalid, -1, "is a folder"},
		"not executable": {script.Script{Path: plain}, fault.Denied, -1, "make it executable"},
		"no interpreter": {script.Script{Path: plain, Interpreter: "no-such-shell"}, fault.NotFound, -1, "interpreter"},
		"relative":       {script.Script{Path: "job.sh"}, fault.Invalid, -1, "absolute"},
		"kills itself":   {script.Script{Path: shell(t, "kill -9 $$")}, fault.Invalid, -1, "ended by somebody else"},
	} {
		t.Run(name, func(t *testing.T) {
			r := script.Run(t.Context(), tc.s, nil)
			if !errors.Is(r.Err, tc.kind) || r.Code != tc.code || !strings.Contains(r.Err.Error(), tc.says) {
				t.Errorf("got %+v", r)
			}
		})
	}
}

// hanging is a script that never ends, with a child of its own; gone waits until both are no more.
func hanging(t *testing.T) (path string, gone func()) {
	t.Helper()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	return shell(t, `exec 3>"`+pipe+`"; echo begun; sleep 1000 & wait`), func() {
		t.Helper()
		r, err := os.Open(pipe) // opens when the script writes, ends when nobody can any more
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		if _, err := io.ReadAll(r); err != nil {
			t.Error(err)
		}
	}
}

func TestAScriptThatHangsIsEndedWithAllThatItStarted(t *testing.T) {
	path, gone := hanging(t)
	done := make(chan struct{})
	go func() { gone(); close(done) }()
	r := script.Run(t.Context(), script.Script{Path: path, Limit: 300 * time.Millisecond}, nil)
	if !errors.Is(r.Err, fault.Timeout) || r.Code != -1 || r.Output != "begun\n" {
		t.Errorf("got %+v", r)
	}
	<-done
}

func TestAScriptEndsWithItsJob(t *testing.T) {
	path, gone := hanging(t)
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		close(began)
		gone()
	}()
	go func() {
		<-began
		// The script holds the pipe open once it runs: opening it for writing too shows that.
		if w, err := os.OpenFile(pipeOf(path), os.O_WRONLY, 0); err == nil {
			w.Close()
		}
		cancel()
	}()
	if r := script.Run(ctx, script.Script{Path: path}, nil); !errors.Is(r.Err, fault.Canceled) {
		t.Errorf("got %+v", r)
	}
	<-done
}

// pipeOf finds the pipe in the script of hanging.
func pipeOf(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(text), `3>"`)
	pipe, _, _ := strings.Cut(rest, `"`)
	return pipe
}

func TestAFloodIsKeptAtBothEnds(t *testing.T) {
	r := script.Run(t.Context(), script.Script{Path: shell(t, `echo first; head -c 3000000 /dev/zero | tr '\0' x; printf '\377\nlast\n'`)}, nil)
	if r.Err != nil || !strings.HasPrefix(r.Output, "first\n") || !strings.HasSuffix(r.Output, "\uFFFD\nlast\n") || len(r.Output) > 72<<10 {
		t.Errorf("got %v, %d bytes", r.Err, len(r.Output))
	}
	if want := int64(6+3000000+7) - 64<<10; r.Dropped != want {
		t.Errorf("%d bytes are missing, want %d", r.Dropped, want)
	}
}

func TestWhatAScriptLeavesRunningDoesNotHoldItsJobUp(t *testing.T) {
	r := script.Run(t.Context(), script.Script{Path: shell(t, "sleep 1000 & echo $!")}, nil)
	if r.Err != nil || r.Code != 0 {
		t.Errorf("got %+v", r)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(r.Output))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("what it left running: %v", err)
	}
}
