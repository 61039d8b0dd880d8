package dispatch

import (
	"context"
	"iter"
	"slices"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// RunView is a run as of now: what is stored, and what its tasks in flight last said.
type RunView struct {
	record.Run
	// Progress hides the stored one: it includes tasks that have not ended.
	Progress record.Progress
	Phase    string
	Waiting  string
	// RequestID, Losses and reports are those of a run of one task.
	RequestID  string
	Losses     []mail.Loss
	LossesMore int64
	Recovery   *record.RecoveryReport
	Verify     *record.VerifyReport
}

// TaskView is a task as of now.
type TaskView struct {
	record.Task
	Waiting string
	// Lost is what it could not keep, as far as asked for.
	Lost []mail.Loss
}

// Look returns a run as of now.
func (d *Dispatcher) Look(id record.RunID) (RunView, error) {
	var v RunView
	err := d.Store.View(func(tx *store.Tx) (err error) {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		v, err = stored(tx, r)
		return err
	})
	d.enliven(&v, nil)
	return v, err
}

// stored returns what the store knows of a run.
func stored(tx *store.Tx, r record.Run) (RunView, error) {
	v := RunView{Run: r}
	v.Progress.Add(r.Progress)
	if r.Kind == record.KindBackup {
		return v, nil
	}
	return v, lookOne(tx, &v)
}

// enliven adds what tasks in flight last said. It is called outside of transactions: d.mu must not be waited for in one.
func (d *Dispatcher) enliven(v *RunView, tasks []TaskView) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if a := d.runs[v.ID]; a != nil && len(a.pending) > 0 {
		v.Waiting = a.waiting
	}
	for id, f := range d.flights {
		if f.run != v.ID || v.Status.Ended() {
			continue
		}
		if i := slices.IndexFunc(tasks, func(t TaskView) bool { return t.ID == id }); i >= 0 && tasks[i].Status.Ended() {
			continue // counted in the run already
		}
		v.Progress.Add(f.live.progress)
		if v.Kind != record.KindBackup {
			v.Waiting = f.live.waiting
			if f.live.set {
				v.Phase = f.live.phase
			}
		}
	}
	for i := range tasks {
		t := &tasks[i]
		if f := d.flights[t.ID]; f != nil && !t.Status.Ended() {
			t.Waiting = f.live.waiting
			if f.live.set {
				t.Progress, t.Phase = f.live.progress, f.live.phase
			}
		}
	}
}

// lookOne adds what the one task of a recovery or verify says.
func lookOne(tx *store.Tx, v *RunView) error {
	t, err := store.Tasks.Get(tx, string(record.TaskOf(v.ID, 1)))
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	v.Phase, v.RequestID, v.LossesMore = t.Phase, t.RequestID, t.LossesMore
	v.Recovery, v.Verify = t.RecoveryReport, t.VerifyReport
	if v.Error == "" {
		v.Error = t.Error
	}
	if t.Losses > 0 {
		l, err := store.Losses.Get(tx, string(t.ID))
		if err != nil {
			return err
		}
		v.Losses = l.Losses
	}
	return nil
}

// Filter chooses runs for a list. Empty fields match all.
type Filter struct {
	Job record.JobID
	// Running takes only those that have not ended.
	Running bool
	Limit   int
}

// List returns runs, newest first. Of a job that is not there any more too: its history stays.
func (d *Dispatcher) List(f Filter) ([]RunView, error) {
	var list []RunView
	err := d.Store.View(func(tx *store.Tx) error {
		for id := range candidates(tx, f) {
			if len(list) >= f.Limit {
				return nil
			}
			r, err := store.Runs.Get(tx, string(id))
			if err != nil {
				return err
			}
			if f.Running && r.Status.Ended() {
				continue
			}
			v, err := stored(tx, r)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	for i := range list {
		d.enliven(&list[i], nil)
	}
	return list, err
}

// candidates returns the ids of runs that may fit, newest first.
func candidates(tx *store.Tx, f Filter) iter.Seq[record.RunID] {
	return func(yield func(record.RunID) bool) {
		switch {
		case f.Job != "":
			prefix := store.JobRunKey(f.Job, "")
			for key := range store.RunsOfJob.Backward(tx, prefix) {
				if !yield(record.RunID(key[len(prefix):])) {
					return
				}
			}
		case f.Running:
			for id := range store.RunsActive.Backward(tx, "") {
				if !yield(record.RunID(id)) {
					return
				}
			}
		default:
			for r, err := range store.Runs.Backward(tx, "") {
				if err != nil || !yield(r.ID) {
					return
				}
			}
		}
	}
}

// maxLosses bounds the losses in one answer.
const maxLosses = 10_000

// LookInto returns a run with all its tasks as of now, in order, with what they lost as far as one answer takes it.
func (d *Dispatcher) LookInto(id record.RunID) (RunView, []TaskView, error) {
	var v RunView
	var list []TaskView
	left := maxLosses
	err := d.Store.View(func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if v, err = stored(tx, r); err != nil {
			return err
		}
		for t, err := range store.Tasks.All(tx, store.TaskPrefix(id)) {
			if err != nil {
				return err
			}
			task, err := storedTask(tx, t, left)
			if err != nil {
				return err
			}
			left -= len(task.Lost)
			list = append(list, task)
		}
		return nil
	})
	d.enliven(&v, list)
	return v, list, err
}

// storedTask returns what the store knows of a task, with at most most of its losses.
func storedTask(tx *store.Tx, t record.Task, most int) (TaskView, error) {
	v := TaskView{Task: t}
	if t.Losses > 0 {
		l, err := store.Losses.Get(tx, string(t.ID))
		if err != nil {
			return TaskView{}, err
		}
		v.Lost = l.Losses[:min(most, len(l.Losses))]
		v.LossesMore += int64(len(l.Losses) - len(v.Lost))
	}
	return v, nil
}

// flushLoop writes progress now and then, all of it in one transaction, so that a restart shows about where things were.
func (d *Dispatcher) flushLoop(ctx context.Context) {
	for pause(ctx, d.FlushEvery) == nil {
		if err := d.flush(ctx); err != nil && ctx.Err() == nil {
			d.Logger.Error("progress not written", "error", err)
		}
	}
}

func (d *Dispatcher) flush(ctx context.Context) error {
	dirty := map[record.TaskID]live{}
	d.mu.Lock()
	for id, f := range d.flights {
		if f.live.dirty {
			f.live.dirty = false
			dirty[id] = f.live
		}
	}
	d.mu.Unlock()
	if len(dirty) == 0 {
		return nil
	}
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		for id, l := range dirty {
			t, err := store.Tasks.Get(tx, string(id))
			if err != nil {
				return err
			}
			if t.Status.Ended() {
				continue
			}
			t.Progress, t.Phase = l.progress, l.phase
			if err := store.Tasks.Put(tx, t); err != nil {
				return err
			}
		}
		return nil
	})
}
