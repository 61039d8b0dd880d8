package dispatch

import (
	"context"
	"iter"
	"maps"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/mail"
)

// RunView is a run as of now: what is stored, and what its tasks in flight last said.
type RunView struct {
	record.Run
	// Progress hides the stored one: it includes tasks that have not ended.
	Progress record.Progress
	Phase    string
	Waiting  string
	// Outlook is empty but for its Took once the run has ended.
	Outlook Outlook
	// RequestID and Losses are those of a run of one task that is no backup; reports of several are sums. They hide those that
	// are stored, LossesMore counts what Losses does not list.
	RequestID  string
	Losses     []mail.Loss
	LossesMore int64
	Recovery   *record.RecoveryReport
	Verify     *record.VerifyReport
	Reclaim    *record.ReclaimReport
	Repair     *record.RepairReport
	Copy       *record.CopyReport
	Survey     *record.Survey
	Undo       *record.UndoReport
	Drill      *record.DrillReport
}

// TaskView is a task as of now.
type TaskView struct {
	record.Task
	Waiting string
	// Outlook is empty but for its Took unless the task is in hand.
	Outlook Outlook
	// Lost is what it could not keep, as far as asked for.
	Lost []mail.Loss
}

// now is what tasks in flight last said. It is taken before the store is read, outside of transactions: a task that ends
// in between is then seen to have ended, and is not counted twice.
type now struct {
	flights map[record.TaskID]spoken
	// waiting is why nothing more of a run is started.
	waiting  map[record.RunID]string
	outlooks map[record.RunID]Outlook
	// waits are those of tasks that are not in hand and wait for something of their own.
	waits map[record.TaskID]Wait
}

type spoken struct {
	run record.RunID
	live
	Outlook
}

func (d *Dispatcher) now() now {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := now{
		make(map[record.TaskID]spoken, len(d.flights)), map[record.RunID]string{}, map[record.RunID]Outlook{}, map[record.TaskID]Wait{},
	}
	at := d.Now()
	for id, f := range d.flights {
		n.flights[id] = spoken{f.run, f.live, f.outlook(at)}
	}
	for id, r := range d.runs {
		var own map[record.TaskID]Wait
		n.outlooks[id], own = d.outlook(r, n.flights, at)
		maps.Copy(n.waits, own)
		if len(r.pending) > 0 && r.waiting != "" {
			n.waiting[id] = r.waiting
		}
	}
	return n
}

// Look returns a run as of now.
func (d *Dispatcher) Look(id record.RunID) (RunView, error) {
	var v RunView
	n := d.now()
	err := d.Store.View(func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		v, err = n.run(tx, r)
		return err
	})
	return v, err
}

// run returns a run with what its tasks last said.
func (n now) run(tx *store.Tx, r record.Run) (RunView, error) {
	v := RunView{Run: r, Waiting: n.waiting[r.ID], Outlook: n.outlooks[r.ID]}
	if r.Status.Ended() {
		v.Outlook = Outlook{Took: tookOf(r.Took, r.Started, r.Ended)}
	}
	v.Progress.Add(r.Progress)
	v.Phase = phaseText(r.Phase)
	switch {
	case r.Kind.Own(), r.Tasks == 0:
		v.Waiting = r.Held
		return v, nil
	case r.Kind != record.KindBackup && r.Tasks == 1:
		return v, n.one(tx, &v)
	case r.Kind != record.KindBackup:
		v.Recovery, v.Undo, v.Drill, v.LossesMore = r.Recovery, r.Undo, r.Drill, r.Losses
	}
	if r.Status.Ended() {
		v.Waiting = ""
		return v, nil
	}
	for id, f := range n.flights {
		if f.run != r.ID {
			continue
		}
		t, err := store.Tasks.Get(tx, string(id))
		if err != nil {
			return RunView{}, err
		}
		if !t.Status.Ended() {
			v.Progress.Add(f.progress)
		}
	}
	return v, nil
}

// one adds what the one task of a run says that is no backup.
func (n now) one(tx *store.Tx, v *RunView) error {
	t, err := store.Tasks.Get(tx, string(record.TaskOf(v.ID, 1)))
	if err != nil {
		return err
	}
	view, err := n.task(tx, t, maxLosses)
	if err != nil {
		return err
	}
	v.Phase, v.RequestID, v.LossesMore = view.Phase, t.RequestID, view.LossesMore
	v.Losses, v.Recovery, v.Verify = view.Lost, t.RecoveryReport, t.VerifyReport
	v.Reclaim, v.Repair, v.Copy, v.Survey = t.ReclaimReport, t.RepairReport, t.CopyReport, t.SurveyReport
	v.Undo, v.Drill = t.UndoReport, t.DrillReport
	if v.Error == "" {
		v.Error = t.Error
	}
	if !t.Status.Ended() {
		v.Progress = view.Progress
		if view.Waiting != "" {
			v.Waiting = view.Waiting
		}
	}
	return nil
}

// task returns a task with what it last said, and with at most most of its losses.
func (n now) task(tx *store.Tx, t record.Task, most int) (TaskView, error) {
	v := TaskView{Task: t}
	if t.Losses > 0 {
		l, err := store.Losses.Get(tx, string(t.ID))
		if err != nil {
			return TaskView{}, err
		}
		v.Lost = l.Losses[:min(most, len(l.Losses))]
		v.LossesMore += int64(len(l.Losses) - len(v.Lost))
	}
	v.Outlook.Took = tookOf(t.Took, t.Started, t.Ended)
	if w, ok := n.waits[t.ID]; ok && !t.Status.Ended() {
		v.Waiting, v.Outlook.Wait = w.Text, w.Kind
	}
	if f, ok := n.flights[t.ID]; ok && !t.Status.Ended() {
		v.Waiting, v.Outlook = f.waiting, f.Outlook
		if f.set {
			v.Progress, v.Phase = f.progress, f.phase
		}
	}
	return v, nil
}

// tookOf returns how long something took that was written before that was measured. What ended before it was begun took none.
func tookOf(took time.Duration, started, ended time.Time) time.Duration {
	if took > 0 || started.IsZero() || ended.IsZero() {
		return took
	}
	return max(0, ended.Sub(started))
}

// Task returns a task as it is stored.
func (d *Dispatcher) Task(id record.TaskID) (record.Task, error) {
	var t record.Task
	err := d.Store.View(func(tx *store.Tx) (err error) {
		t, err = store.Tasks.Get(tx, string(id))
		return err
	})
	return t, err
}

// Filter chooses runs for a list. Empty fields match all.
type Filter struct {
	Job  record.JobID
	Kind record.RunKind
	// Running takes only those that have not ended.
	Running bool
	// Before takes only runs that were begun before this one, for the next page of a list.
	Before record.RunID
	Limit  int
}

// List returns runs, newest first. Of a job that is not there any more too: its history stays.
func (d *Dispatcher) List(f Filter) ([]RunView, error) {
	var list []RunView
	n := d.now()
	err := d.Store.View(func(tx *store.Tx) error {
		for id := range candidates(tx, f) {
			if len(list) >= f.Limit {
				return nil
			}
			if f.Before != "" && id >= f.Before {
				continue
			}
			r, err := store.Runs.Get(tx, string(id))
			if err != nil {
				return err
			}
			if f.Running && r.Status.Ended() || f.Kind != 0 && r.Kind != f.Kind {
				continue
			}
			v, err := n.run(tx, r)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
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
			runs := store.Runs.Backward(tx, "")
			if f.Before != "" {
				runs = store.Runs.Before(tx, string(f.Before))
			}
			for r, err := range runs {
				if err != nil || !yield(r.ID) {
					return
				}
			}
		}
	}
}

// maxLosses bounds the losses in one answer.
const maxLosses = 10_000

// LookInto returns a run with a page of its tasks as of now, in order: those behind one of them (empty: from the first), at
// most limit, with what they lost as far as one answer takes it. More is set when others follow.
func (d *Dispatcher) LookInto(id record.RunID, behind record.TaskID, limit int) (v RunView, list []TaskView, more bool, err error) {
	left := maxLosses
	n := d.now()
	err = d.Store.View(func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if v, err = n.run(tx, r); err != nil {
			return err
		}
		for t, err := range store.Tasks.From(tx, store.TaskPrefix(id), string(behind)) {
			if err != nil {
				return err
			}
			if t.ID == behind {
				continue
			}
			if more = len(list) == limit; more {
				return nil
			}
			task, err := n.task(tx, t, left)
			if err != nil {
				return err
			}
			left -= len(task.Lost)
			list = append(list, task)
		}
		return nil
	})
	return v, list, more, err
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
