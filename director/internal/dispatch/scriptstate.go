package dispatch

import (
	"context"
	"strconv"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/script"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// addScripts puts the job's scripts beside a new run.
func addScripts(tx *store.Tx, run *record.Run, j *record.Job) error {
	run.Phase = 0
	if j.Before == nil && j.After == nil {
		return nil
	}
	all := record.RunScripts{Run: run.ID}
	if j.Before != nil {
		all.Before = &record.ScriptState{Script: *j.Before, Status: record.ScriptWaiting}
		run.Phase = record.PhaseBefore
	}
	if j.After != nil {
		all.After = &record.ScriptState{Script: *j.After, Status: record.ScriptWaiting}
	}
	return store.RunScripts.Put(tx, all)
}

// runScripts returns the scripts of a run; most runs have none.
func runScripts(tx *store.Tx, id record.RunID) (record.RunScripts, error) {
	all, err := store.RunScripts.Get(tx, string(id))
	if fault.KindOf(err) == fault.NotFound {
		return record.RunScripts{Run: id}, nil
	}
	return all, err
}

func scriptOf(all *record.RunScripts, phase record.RunPhase) *record.ScriptState {
	if phase == record.PhaseBefore {
		return all.Before
	}
	return all.After
}

func phaseWord(phase record.RunPhase) string {
	if phase == record.PhaseBefore {
		return "before"
	}
	return "after"
}

// phaseText is what a run does beside its tasks, for people.
func phaseText(phase record.RunPhase) string {
	if phase == 0 {
		return ""
	}
	return "running the script " + phaseWord(phase) + " the job"
}

// takeScript writes that a script runs from now on and returns it; nil when it is over, or there is none.
func (d *Dispatcher) takeScript(ctx context.Context, key scriptKey) (*dueScript, error) {
	var due *dueScript
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		due = nil
		run, err := store.Runs.Get(tx, string(key.run))
		if err != nil || run.Phase != key.phase {
			return err
		}
		all, err := runScripts(tx, key.run)
		if err != nil {
			return err
		}
		s := scriptOf(&all, key.phase)
		switch {
		case s == nil, s.Status == record.ScriptEnded, d.isAlive(key):
			return nil
		case s.Status == record.ScriptRunning:
			interrupt(s, d.Now())
		case key.phase == record.PhaseBefore && run.Stop:
			endScript(s, script.Result{Ended: d.Now(), Code: -1, Err: fault.New(fault.Canceled, "the script %s was not run, because the run was stopped first", s.Script.Path)})
		default:
			s.Status, s.Started = record.ScriptRunning, d.Now()
			due = &dueScript{
				script: script.Script{Path: s.Script.Path, Interpreter: s.Script.Interpreter, Args: s.Script.Arguments, Limit: s.Script.Timeout()},
				env:    environment(&run, key.phase, s.Script.Environment), detached: s.Script.Detached,
			}
			if err := markRunning(tx, key.run); err != nil {
				return err
			}
		}
		return store.RunScripts.Put(tx, all)
	})
	if err == nil {
		d.touch(key.run)
	}
	return due, err
}

// endScript puts a result into a state.
func endScript(s *record.ScriptState, r script.Result) {
	s.Status, s.Ended, s.Code, s.Output, s.Dropped = record.ScriptEnded, r.Ended, int32(r.Code), r.Output, r.Dropped //nolint:gosec // exit codes fit
	if s.Started.IsZero() {
		s.Started = r.Ended
	}
	if r.Err != nil {
		s.Error, s.FaultKind = r.Err.Error(), fault.KindOf(r.Err)
	}
}

// interrupt ends a script whose Director died.
func interrupt(s *record.ScriptState, now time.Time) {
	endScript(s, script.Result{Ended: now, Code: -1, Err: fault.New(fault.Unavailable,
		"the script %s was interrupted, because the Director was stopped; it is not run again, and what it had begun may be half done", s.Script.Path)})
}

// verdict returns a script when its failure is that of the run.
func verdict(s *record.ScriptState) *record.ScriptState {
	if s == nil || s.Status != record.ScriptEnded || s.Error == "" || !s.Script.Required || s.Script.Detached {
		return nil
	}
	return s
}

// environment is what a script is told, besides what the job says.
func environment(run *record.Run, phase record.RunPhase, own map[string]string) map[string]string {
	env := make(map[string]string, len(own)+16)
	for k, v := range own {
		env[k] = v
	}
	number := func(n int32) string { return strconv.FormatInt(int64(n), 10) }
	env["HOLDFAST_WHEN"] = phaseWord(phase)
	env["HOLDFAST_JOB_ID"], env["HOLDFAST_JOB_NAME"] = string(run.Job), run.JobName
	env["HOLDFAST_RUN_ID"], env["HOLDFAST_RUN_CAUSE"] = string(run.ID), run.Cause
	env["HOLDFAST_RUN_STARTED"] = run.Started.UTC().Format(time.RFC3339)
	env["HOLDFAST_MAILBOXES"] = number(run.Tasks)
	if phase == record.PhaseBefore {
		return env
	}
	env["HOLDFAST_RESULT"] = runStatusName(run.Result())
	env["HOLDFAST_SUCCEEDED"], env["HOLDFAST_INCOMPLETE"] = number(run.Succeeded), number(run.Incomplete)
	env["HOLDFAST_FAILED"], env["HOLDFAST_STOPPED"] = number(run.Failed), number(run.Stopped)
	env["HOLDFAST_MESSAGES_CHANGED"] = strconv.FormatInt(run.Progress.MessagesChanged, 10)
	env["HOLDFAST_BYTES_READ"] = strconv.FormatInt(run.Progress.BytesRead, 10)
	env["HOLDFAST_BYTES_NEW"] = strconv.FormatInt(run.Progress.BytesNew, 10)
	env["HOLDFAST_ERROR"] = run.Error
	return env
}

// allDone brings a run whose last task ended to its end, or to the script after it.
func (d *Dispatcher) allDone(tx *store.Tx, run *record.Run) error {
	all, err := runScripts(tx, run.ID)
	if err != nil {
		return err
	}
	before := all.Before != nil && all.Before.Status == record.ScriptRunning && !all.Before.Script.Detached // it is being ended
	if before || all.After != nil && all.After.Status != record.ScriptEnded {
		run.Phase = record.PhaseAfter
		return nil
	}
	return d.conclude(tx, run)
}

// conclude ends a run.
func (d *Dispatcher) conclude(tx *store.Tx, run *record.Run) error {
	run.Phase, run.Status, run.Ended = 0, run.Result(), d.Now()
	run.Took = d.taken(run.ID)
	all, err := runScripts(tx, run.ID)
	if err != nil {
		return err
	}
	if failed := verdict(all.After); failed != nil {
		switch {
		case failed.FaultKind == fault.Canceled:
			run.Status = record.RunStopped
		case run.Status != record.RunStopped:
			run.Status = record.RunFailed
		}
		if run.Error == "" {
			run.Error = failed.Error
		}
	}
	if err := store.RunsActive.Remove(tx, string(run.ID)); err != nil {
		return err
	}
	if run.Kind == record.KindBackup {
		if err := store.RunsToPrune.Add(tx, string(run.ID)); err != nil {
			return err
		}
	}
	if d.Ended == nil {
		return nil
	}
	return d.Ended(tx, run)
}

// Scripts returns the scripts of a run and how they went.
func (d *Dispatcher) Scripts(id record.RunID) (record.RunScripts, error) {
	var all record.RunScripts
	var active bool
	err := d.Store.View(func(tx *store.Tx) (err error) {
		active = store.RunsActive.Has(tx, string(id))
		all, err = runScripts(tx, id)
		return err
	})
	if err != nil {
		return all, err
	}
	for _, phase := range []record.RunPhase{record.PhaseBefore, record.PhaseAfter} {
		s := scriptOf(&all, phase)
		// A detached one that died with an earlier Director, which nobody was there to note.
		if s != nil && s.Status == record.ScriptRunning && (s.Script.Detached || !active) && !d.isAlive(scriptKey{id, phase}) {
			interrupt(s, s.Started)
			s.Ended = time.Time{}
		}
	}
	return all, nil
}
