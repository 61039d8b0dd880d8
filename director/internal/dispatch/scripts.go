package dispatch

import (
	"context"
	"sync"

	"holdfast/director/internal/record"
	"holdfast/director/internal/script"
	"holdfast/director/internal/store"
)

// Scripts around a run:
//
//   - That a script runs is written before it is begun. One that was running when the Director died is not run again: it is
//     told as interrupted, which is a failure. What it had begun may be half done, and only its author knows.
//   - Before the script before the run has ended, no task is begun. When it failed and is required, all tasks fail with that
//     reason.
//   - The script after the run is run once all tasks ended, however they ended and whatever became of the one before: it is
//     the place to undo what that one did. The run's end is final behind it.
//   - A stop of the run ends the script that runs at that moment. The script after the run is then still run; a second stop
//     ends it.
//   - A detached script is begun and not waited for. Its end is noted when it comes. It ends with the Director at the latest.

// scriptKey names a script of a run.
type scriptKey struct {
	run   record.RunID
	phase record.RunPhase
}

// dueScript is a script that is to be run now: so it is written.
type dueScript struct {
	script script.Script
	// detached is not waited for.
	detached bool
	env      map[string]string
}

// startScripts begins the scripts that are due.
func (d *Dispatcher) startScripts(ctx context.Context, wg *sync.WaitGroup) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.runs {
		if r.phase == 0 || r.scripting {
			continue
		}
		r.scripting = true
		// A stop finds the script from here on, also when it comes before the script is begun.
		ending, end := context.WithCancel(ctx)
		r.endScript = end
		key := scriptKey{r.id, r.phase}
		wg.Go(func() {
			defer end()
			if err := d.passScript(ctx, ending, wg, key); err != nil && ctx.Err() == nil {
				d.Logger.Error("state of a script not written; trying again", "run", key.run, "error", err)
				_ = pause(ctx, storeRetry) // when ctx ends, so does the loop that would take it up again
			}
			d.mu.Lock()
			r.scripting, r.endScript = false, nil
			d.mu.Unlock()
			d.poke()
		})
	}
}

// passScript runs the script of a phase, unless that was done, and brings the run over to its next phase. Ending ends with a
// stop of the run, and with ctx.
func (d *Dispatcher) passScript(ctx, ending context.Context, wg *sync.WaitGroup, key scriptKey) error {
	due, err := d.takeScript(ctx, key)
	switch {
	case err != nil:
		return err
	case due == nil:
	case due.detached:
		d.alive(key, true)
		wg.Go(func() {
			defer d.alive(key, false)
			d.noteScript(ctx, key, script.Run(ctx, due.script, due.env))
		})
	default:
		d.alive(key, true)
		d.noteScript(ctx, key, script.Run(ending, due.script, due.env))
		d.alive(key, false)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if key.phase == record.PhaseBefore {
		return d.passBefore(ctx, key.run)
	}
	return d.passAfter(ctx, key.run)
}

// alive notes that a script runs in this process.
func (d *Dispatcher) alive(key scriptKey, on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if on {
		d.scripts[key] = struct{}{}
	} else {
		delete(d.scripts, key)
	}
}

func (d *Dispatcher) isAlive(key scriptKey) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.scripts[key]
	return ok
}

// noteScript writes how a script ended, trying until it is written. When the Director ends the script stays as it is, and is
// found as interrupted.
func (d *Dispatcher) noteScript(ctx context.Context, key scriptKey, result script.Result) {
	for ctx.Err() == nil {
		err := d.Store.Update(ctx, func(tx *store.Tx) error {
			all, err := store.RunScripts.Get(tx, string(key.run))
			if err != nil {
				return err
			}
			s := scriptOf(&all, key.phase)
			if s.Status != record.ScriptRunning {
				return nil
			}
			endScript(s, result)
			return store.RunScripts.Put(tx, all)
		})
		if err == nil {
			d.Logger.Info("script ended", "run", key.run, "when", phaseWord(key.phase), "code", result.Code, "succeeded", result.Err == nil,
				"took", result.Ended.Sub(result.Started).String())
			d.touch(key.run)
			return
		}
		if ctx.Err() == nil {
			d.Logger.Error("end of a script not written; trying again", "run", key.run, "error", err)
			_ = pause(ctx, storeRetry) // the loop looks at ctx
		}
	}
}

// passBefore lets the tasks begin, or fails them all.
func (d *Dispatcher) passBefore(ctx context.Context, id record.RunID) error {
	var failed *record.ScriptState
	var run record.Run
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		var err error
		if run, err = store.Runs.Get(tx, string(id)); err != nil || run.Phase != record.PhaseBefore {
			return err
		}
		all, err := runScripts(tx, id)
		if err != nil {
			return err
		}
		if failed = verdict(all.Before); failed == nil {
			run.Phase = 0
		} else if run.Error == "" {
			run.Error = failed.Error
		}
		return store.Runs.Put(tx, run)
	})
	if err != nil {
		return err
	}
	if failed != nil {
		return d.failPending(ctx, id, failed)
	}
	d.mu.Lock()
	if r := d.runs[id]; r != nil {
		r.phase = run.Phase
	}
	d.mu.Unlock()
	d.touch(id)
	return nil
}

// failPending ends all tasks of a run, of which none was begun, for what its script said.
func (d *Dispatcher) failPending(ctx context.Context, id record.RunID, why *record.ScriptState) error {
	for {
		batch := d.takePending(id)
		if len(batch) == 0 {
			return nil
		}
		ids := make([]record.TaskID, len(batch))
		var run record.Run
		err := d.Store.Update(ctx, func(tx *store.Tx) error {
			for i, p := range batch {
				ids[i] = p.id
				t, err := store.Tasks.Get(tx, string(p.id))
				if err != nil {
					return err
				}
				if t.Status.Ended() {
					continue
				}
				t.Status, t.Ended, t.Error, t.FaultKind = record.TaskFailed, d.Now(), why.Error, why.FaultKind
				if run, err = d.count(tx, &t); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			d.giveBack(id, batch)
			return err
		}
		if run.ID != "" {
			d.counted(run, ids...)
		}
	}
}

// takePending takes tasks out of a run's pending ones, so that nobody else works on them.
func (d *Dispatcher) takePending(id record.RunID) []pending {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.runs[id]
	if r == nil {
		return nil
	}
	n := min(len(r.pending), stopBatch)
	batch := r.pending[:n:n]
	r.pending = r.pending[n:]
	return batch
}

// passAfter ends a run whose script after it is over.
func (d *Dispatcher) passAfter(ctx context.Context, id record.RunID) error {
	var run record.Run
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		var err error
		if run, err = store.Runs.Get(tx, string(id)); err != nil || run.Phase != record.PhaseAfter {
			return err
		}
		if err := d.conclude(tx, &run); err != nil {
			return err
		}
		return store.Runs.Put(tx, run)
	})
	if err == nil {
		d.counted(run)
	}
	return err
}
