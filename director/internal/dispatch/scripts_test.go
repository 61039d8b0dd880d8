//go:build unix

package dispatch_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fakeporter"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// scripted is a site with one job of two mailboxes, whose scripts write lines into a file.
type scripted struct {
	*site
	porter *fakeporter.Porter
	job    record.JobID
	dir    string
}

func newScripted(t *testing.T) *scripted {
	t.Helper()
	s := &scripted{site: newSite(t), dir: t.TempDir()}
	s.porter = s.site.porter("one")
	s.job = s.site.job("Nightly", s.repository(s.porter), record.JobOptions{}, whole(s.account(2)))
	return s
}

// shell returns a script that appends its name to the file "log" and goes on with text; $D is the test's folder.
func (s *scripted) shell(name, text string) *record.Script {
	s.t.Helper()
	path := filepath.Join(s.dir, name+".sh")
	text = "#!/bin/sh\nD=" + s.dir + "\necho " + name + " >>$D/log\n" + text + "\n"
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		s.t.Fatal(err)
	}
	return &record.Script{Path: path, Required: true}
}

// scripts gives the job its scripts.
func (s *scripted) scripts(before, after *record.Script) {
	s.t.Helper()
	err := s.store.Update(s.t.Context(), func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(s.job))
		if err != nil {
			return err
		}
		j.Before, j.After = before, after
		return store.Jobs.Put(tx, j)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scripted) file(name string) string {
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return ""
	}
	return string(data)
}

// pipe makes a pipe that a script may wait at.
func (s *scripted) pipe(name string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// states returns how the scripts of a run went.
func (s *scripted) states(id record.RunID) record.RunScripts {
	s.t.Helper()
	all, err := s.dispatcher.Scripts(id)
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}

func TestScriptsAreRunAroundTheTasks(t *testing.T) {
	s := newScripted(t)
	before := s.shell("before", `echo "$HOLDFAST_WHEN|$HOLDFAST_JOB_NAME|$HOLDFAST_MAILBOXES|$HOLDFAST_RUN_CAUSE|$SECRET|$HOLDFAST_RESULT|$HOLDFAST_TOKEN"`)
	before.Environment = map[string]string{"SECRET": "quiet", "HOLDFAST_MAILBOXES": "own"}
	after := s.shell("after", `echo "$HOLDFAST_WHEN $HOLDFAST_JOB_ID $HOLDFAST_RUN_ID $HOLDFAST_RESULT $HOLDFAST_SUCCEEDED $HOLDFAST_FAILED"`)
	t.Setenv("HOLDFAST_TOKEN", "the Director's own")
	s.scripts(before, after)
	s.porter.SetBehave(func(*transporterv1.StartTaskRequest) fakeporter.Plan {
		if got := s.file("log"); got != "before\n" {
			t.Errorf("a task was begun when the scripts had been: %q", got)
		}
		return fakeporter.Plan{}
	})
	run, err := s.dispatcher.StartJob(t.Context(), s.job, dispatch.Scope{Cause: "after Daily"})
	if err != nil {
		t.Fatal(err)
	}
	if v := s.end(run.ID); v.Status != record.RunSucceeded || v.Run.Phase != 0 || v.Phase != "" || v.Error != "" {
		t.Errorf("the run ended as %d, %q, %s", v.Status, v.Phase, v.Error)
	}
	got := s.states(run.ID)
	if want := "before|Nightly|2|after Daily|quiet||\n"; got.Before.Output != want || got.Before.Code != 0 || got.Before.Error != "" {
		t.Errorf("before: got %+v, want %q", got.Before, want)
	}
	if want := fmt.Sprintf("after %s %s succeeded 2 0\n", s.job, run.ID); got.After.Output != want || got.After.Status != record.ScriptEnded {
		t.Errorf("after: got %+v, want %q", got.After, want)
	}
	if s.file("log") != "before\nafter\n" {
		t.Errorf("the scripts ran as %q", s.file("log"))
	}
	s.settled(s.porter)
}

func TestWhatBecomesOfARunWhoseScriptFails(t *testing.T) {
	for name, tc := range map[string]struct {
		before, after string
		optional      bool
		missing       bool
		status        record.RunStatus
		begun         int
		says          string
		log           string
		result        string
	}{
		"before, required":     {before: "exit 3", after: "true", status: record.RunFailed, says: "exit code 3", log: "before\nafter\n", result: "failed"},
		"before, not required": {before: "exit 3", after: "true", optional: true, status: record.RunSucceeded, begun: 2, log: "before\nafter\n", result: "succeeded"},
		"before is missing":    {before: "true", after: "true", missing: true, status: record.RunFailed, says: "there is no script", log: "after\n", result: "failed"},
		"after, required":      {before: "true", after: "exit 4", status: record.RunFailed, begun: 2, says: "exit code 4", log: "before\nafter\n", result: "succeeded"},
		"after, not required":  {before: "true", after: "exit 4", optional: true, status: record.RunSucceeded, begun: 2, log: "before\nafter\n", result: "succeeded"},
		"before hangs":         {before: "sleep 1000", after: "true", status: record.RunFailed, says: "time limit", log: "before\nafter\n", result: "failed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newScripted(t)
			before, after := s.shell("before", tc.before), s.shell("after", `echo "$HOLDFAST_RESULT"; `+tc.after)
			before.Required, after.Required = !tc.optional, !tc.optional
			before.TimeoutSeconds = 1
			if tc.missing {
				before.Path += ".gone"
			}
			s.scripts(before, after)
			id := s.run(s.job)
			v := s.end(id)
			if v.Status != tc.status || !strings.Contains(v.Error, tc.says) || (v.Error == "") != (tc.says == "") {
				t.Errorf("the run ended as %d: %q", v.Status, v.Error)
			}
			if got := s.porter.Calls("StartTask"); got != tc.begun {
				t.Errorf("%d tasks were begun, want %d", got, tc.begun)
			}
			if s.file("log") != tc.log || strings.TrimSpace(s.states(id).After.Output) != tc.result {
				t.Errorf("ran %q, and the one after was told %q", s.file("log"), s.states(id).After.Output)
			}
			for _, k := range s.tasks(id) {
				if !k.Status.Ended() || (tc.begun == 0) != (k.Status == record.TaskFailed && k.Error == v.Error) {
					t.Errorf("task ended as %d: %s", k.Status, k.Error)
				}
			}
			s.settled(s.porter)
		})
	}
}

func TestAStopEndsTheScriptThatRuns(t *testing.T) {
	s := newScripted(t)
	s.scripts(s.shell("before", "exec sleep 1000"), s.shell("after", `echo "$HOLDFAST_RESULT"; exec sleep 1000`))
	id := s.run(s.job)
	s.eventually("the script to run", func() bool { return s.file("log") == "before\n" })
	v, err := s.dispatcher.Look(id)
	if err != nil || v.Status != record.RunRunning || v.Phase != "running the script before the job" {
		t.Errorf("while the script runs: %v, %d %q", err, v.Status, v.Phase)
	}
	if err := s.dispatcher.Stop(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	s.eventually("the script after to run", func() bool { return s.file("log") == "before\nafter\n" })
	if err := s.dispatcher.Stop(t.Context(), id, false); err != nil {
		t.Fatal(err)
	}
	if v := s.end(id); v.Status != record.RunStopped || v.Stopped != 2 {
		t.Errorf("the run ended as %d with %d tasks stopped", v.Status, v.Stopped)
	}
	got := s.states(id)
	if got.Before.FaultKind != fault.Canceled || got.After.FaultKind != fault.Canceled || got.After.Output != "stopped\n" {
		t.Errorf("got %+v and %+v", got.Before, got.After)
	}
	if n := s.porter.Calls("StartTask"); n != 0 {
		t.Errorf("%d tasks were begun", n)
	}
}

func TestADetachedScriptIsNotWaitedFor(t *testing.T) {
	s := newScripted(t)
	gate := s.pipe("gate")
	before := s.shell("before", `read line <`+gate+`; echo "$line"; exit 9`)
	before.Detached, before.Required = true, false
	s.scripts(before, nil)
	id := s.run(s.job)
	if v := s.end(id); v.Status != record.RunSucceeded {
		t.Errorf("the run ended as %d: %s", v.Status, v.Error)
	}
	if got := s.states(id).Before; got.Status != record.ScriptRunning || got.Error != "" {
		t.Errorf("after the run: %+v", got)
	}
	if err := os.WriteFile(gate, []byte("go\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.eventually("the script's end to be noted", func() bool { return s.states(id).Before.Status == record.ScriptEnded })
	if got := s.states(id).Before; got.Code != 9 || got.Output != "go\n" {
		t.Errorf("got %+v", got)
	}
	if v := s.end(id); v.Status != record.RunSucceeded {
		t.Errorf("then the run is %d", v.Status)
	}
}

func TestAScriptThatWasInterruptedIsNotRunAgain(t *testing.T) {
	for _, required := range []bool{true, false} {
		for _, when := range []string{"before", "after"} {
			t.Run(fmt.Sprintf("%s, required %v", when, required), func(t *testing.T) {
				t.Parallel()
				s := newScripted(t)
				before, after := s.shell("before", ""), s.shell("after", "")
				if when == "before" {
					before = s.shell("before", "exec sleep 1000")
				} else {
					after = s.shell("after", "exec sleep 1000")
				}
				before.Required, after.Required = required, required
				s.scripts(before, after)
				id := s.run(s.job)
				s.eventually("the script to run", func() bool { return strings.HasSuffix(s.file("log"), when+"\n") })
				s.restart()
				v := s.end(id)
				want := record.RunSucceeded
				if required {
					want = record.RunFailed
				}
				if v.Status != want || required != strings.Contains(v.Error, "was interrupted") {
					t.Errorf("the run ended as %d: %s", v.Status, v.Error)
				}
				if s.file("log") != "before\nafter\n" {
					t.Errorf("the scripts ran as %q", s.file("log"))
				}
				all := s.states(id)
				got := all.After
				if when == "before" {
					got = all.Before
				}
				if !strings.Contains(got.Error, "was interrupted") || got.Code != -1 || got.FaultKind != fault.Unavailable {
					t.Errorf("it is told as %+v", got)
				}
				s.settled(s.porter)
			})
		}
	}
}

func TestADetachedScriptThatDiedWithItsDirectorIsTold(t *testing.T) {
	s := newScripted(t)
	before := s.shell("before", "exec sleep 1000")
	before.Detached, before.Required = true, false
	s.scripts(before, nil)
	id := s.run(s.job)
	s.end(id)
	s.restart()
	if got := s.states(id).Before; got.Status != record.ScriptEnded || !strings.Contains(got.Error, "was interrupted") {
		t.Errorf("got %+v", got)
	}
}
