//go:build unix

package dispatch_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
)

// TestScriptsAreRunOnceWhereverTheDirectorDies kills it at every transaction of a run with scripts in turn.
func TestScriptsAreRunOnceWhereverTheDirectorDies(t *testing.T) {
	for _, point := range []string{"commit", "committed"} {
		t.Run(point, func(t *testing.T) {
			interrupted := 0
			for n := int64(1); ; n++ {
				dead, cut := dieAmongScripts(t, point, n)
				interrupted += cut
				if dead {
					continue
				}
				if n < 10 {
					t.Fatalf("only %d places to die at: the failpoint does not work", n)
				}
				if interrupted == 0 {
					t.Error("no script was ever interrupted")
				}
				return
			}
		})
	}
}

// dieAmongScripts reports whether the Director died, and how many scripts that interrupted.
func dieAmongScripts(t *testing.T, point string, nth int64) (bool, int) {
	s := newScripted(t)
	defer s.kill()
	before, after := s.shell("before", ""), s.shell("after", "")
	before.Required, after.Required = false, false
	s.scripts(before, after)
	var commits atomic.Int64
	died := make(chan struct{})
	s.failpoint = func(at string) error {
		if at == point && commits.Add(1) == nth {
			close(died)
			return errKilled
		}
		return nil
	}
	s.restart()
	s.failpoint = nil
	run, err := s.dispatcher.StartJob(t.Context(), s.job, dispatch.Scope{})
	if err == nil {
		s.eventually("death or the end", func() bool {
			select {
			case <-died:
				return true
			default:
			}
			v, err := s.dispatcher.Look(run.ID)
			return err != nil || v.Status.Ended() && s.unsettled() == 0
		})
	}
	dead := false
	select {
	case <-died:
		dead = true
		s.restart()
	default:
	}
	runs, err := s.dispatcher.List(dispatch.Filter{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) == 0 { // it died before the run was there
		return true, 0
	}
	v := s.end(runs[0].ID)
	if v.Status != record.RunSucceeded || v.Done() != 2 {
		t.Errorf("killed at %s %d: the run ended as %d with %d tasks: %s", point, nth, v.Status, v.Done(), v.Error)
	}
	all := s.states(v.ID)
	interrupted := 0
	for name, state := range map[string]*record.ScriptState{"before": all.Before, "after": all.After} {
		ran := strings.Count(s.file("log"), name+"\n")
		cut := strings.Contains(state.Error, "was interrupted")
		if cut {
			interrupted++
		}
		if state.Status != record.ScriptEnded || ran > 1 || ran == 0 && !cut {
			t.Errorf("killed at %s %d: the script %s ran %d times and is told as %+v", point, nth, name, ran, state)
		}
	}
	s.settled(s.porter)
	return dead, interrupted
}
