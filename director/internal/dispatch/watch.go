package dispatch

import (
	"context"
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// watchBatch is how many tasks one answer of a watch carries.
const watchBatch = 1000

// watchLosses bounds the losses of tasks in one answer of a watch.
const watchLosses = 1000

// Watch tells how a run changes. It belongs to one goroutine.
type Watch struct {
	d     *Dispatcher
	run   record.RunID
	tasks bool
	ready chan struct{} // holds a token when something changed
	// first are the tasks that were there when it began and are yet to be told of, in order, changed those that changed since;
	// Dispatcher.mu guards both.
	first   []record.TaskID
	changed map[record.TaskID]struct{}
	told    time.Time
	// ended are the tasks whose end was told.
	ended map[record.TaskID]struct{}
}

// Watch returns a watch of a run; its first answer comes at once, and all tasks are told once, when tasks are wanted.
func (d *Dispatcher) Watch(id record.RunID, tasks bool) (*Watch, error) {
	w := &Watch{d: d, run: id, tasks: tasks, ready: make(chan struct{}, 1), changed: map[record.TaskID]struct{}{}, ended: map[record.TaskID]struct{}{}}
	// Listening begins before reading, so that nothing is missed in between.
	d.mu.Lock()
	d.watches[w] = struct{}{}
	d.mu.Unlock()
	var all []record.TaskID
	err := d.Store.View(func(tx *store.Tx) error {
		if _, err := store.Runs.Get(tx, string(id)); err != nil || !tasks {
			return err
		}
		for t, err := range store.Tasks.All(tx, store.TaskPrefix(id)) {
			if err != nil {
				return err
			}
			all = append(all, t.ID)
		}
		return nil
	})
	if err != nil {
		w.Close()
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	w.first = all
	w.wake()
	return w, nil
}

// wake leaves a token; d.mu is held.
func (w *Watch) wake() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// Close ends the watch.
func (w *Watch) Close() {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	delete(w.d.watches, w)
}

// Next waits for a change, but no shorter than WatchEvery after the last, and returns the run and the tasks that changed.
// Last is set when the run has ended and everything was told.
func (w *Watch) Next(ctx context.Context) (v RunView, tasks []TaskView, last bool, err error) {
	select {
	case <-ctx.Done():
		return RunView{}, nil, false, ctx.Err()
	case <-w.ready:
	}
	if err := pause(ctx, w.d.WatchEvery-w.d.Now().Sub(w.told)); err != nil {
		return RunView{}, nil, false, err
	}
	// The ids are taken before the records are read: what changes in between is told again.
	ids, more := w.take()
	left := watchLosses
	n := w.d.now()
	err = w.d.Store.View(func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(w.run))
		if err != nil {
			return err
		}
		if v, err = n.run(tx, r); err != nil {
			return err
		}
		for _, id := range ids {
			t, err := store.Tasks.Get(tx, string(id))
			if err != nil {
				return err
			}
			view, err := n.task(tx, t, left)
			if err != nil {
				return err
			}
			left -= len(view.Lost)
			tasks = append(tasks, view)
			if view.Status.Ended() {
				w.ended[id] = struct{}{}
			}
		}
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.NotFound, "the run was removed")
	}
	if !more { // a full batch is followed at once
		w.told = w.d.Now()
	}
	if err == nil && v.Status.Ended() {
		last, err = w.done()
	}
	return v, tasks, last, err
}

// done reports whether nothing is left to tell of a run that has ended. The end of a task may be in the store before we
// hear of it; then it is told first.
func (w *Watch) done() (bool, error) {
	var untold []record.TaskID
	if w.tasks {
		err := w.d.Store.View(func(tx *store.Tx) error {
			for t, err := range store.Tasks.All(tx, store.TaskPrefix(w.run)) {
				if err != nil {
					return err
				}
				if _, ok := w.ended[t.ID]; !ok {
					untold = append(untold, t.ID)
				}
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	for _, id := range untold {
		w.changed[id] = struct{}{}
		w.wake()
	}
	return len(untold) == 0, nil
}

// take returns the next tasks to be told of, in order, and whether there are more.
func (w *Watch) take() ([]record.TaskID, bool) {
	w.d.mu.Lock()
	defer w.d.mu.Unlock()
	if len(w.first) > 0 {
		n := min(watchBatch, len(w.first))
		ids := w.first[:n:n]
		if w.first = w.first[n:]; len(w.first) > 0 || len(w.changed) > 0 {
			w.wake()
		}
		return ids, len(w.first) > 0
	}
	ids := make([]record.TaskID, 0, len(w.changed))
	for id := range w.changed {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	more := len(ids) > watchBatch
	if more {
		ids = ids[:watchBatch]
		w.wake()
	}
	for _, id := range ids {
		delete(w.changed, id)
	}
	return ids, more
}

// touch tells watchers that a run, and tasks of it, changed.
func (d *Dispatcher) touch(run record.RunID, tasks ...record.TaskID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for w := range d.watches {
		if w.run != run {
			continue
		}
		if w.tasks {
			for _, t := range tasks {
				w.changed[t] = struct{}{}
			}
		}
		w.wake()
	}
}
