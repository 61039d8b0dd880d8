package dispatch

import (
	"context"
	"slices"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Stop asks a run to stop: tasks that wait end at once, those that work end after their current message, or now.
func (d *Dispatcher) Stop(ctx context.Context, id record.RunID, now bool) error {
	return d.StopBecause(ctx, id, now, "")
}

// StopBecause is Stop, with a sentence that the run keeps as its error.
func (d *Dispatcher) StopBecause(ctx context.Context, id record.RunID, now bool, why string) error {
	err := d.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if r.Status.Ended() {
			return fault.New(fault.Conflict, "it has ended already")
		}
		r.Status, r.Stop, r.StopNow = record.RunStopping, true, r.StopNow || now
		if why != "" {
			r.Error = why
		}
		return store.Runs.Put(tx, r)
	})
	if err != nil {
		return err
	}
	d.mu.Lock()
	if r := d.runs[id]; r != nil {
		r.stop, r.now = true, r.now || now
		if r.endScript != nil {
			r.endScript()
		}
	}
	for _, f := range d.flights {
		if f.run != id {
			continue
		}
		if !f.stopping() {
			close(f.stop)
		}
		if now && !f.stoppingNow() {
			close(f.stopNow)
		}
	}
	d.mu.Unlock()
	d.touch(id)
	return d.stopPending(ctx, id)
}

// stopBatch is how many tasks are ended in one transaction.
const stopBatch = 5000

// stopPending ends the tasks of a stopped run that no Transporter has.
func (d *Dispatcher) stopPending(ctx context.Context, id record.RunID) error {
	for {
		batch := d.takeStopped(id)
		if len(batch) == 0 {
			d.poke()
			return nil
		}
		var run record.Run
		err := d.Store.Update(ctx, func(tx *store.Tx) error {
			for _, p := range batch {
				t, err := store.Tasks.Get(tx, string(p.id))
				if err != nil {
					return err
				}
				if t.Status.Ended() {
					continue
				}
				t.Status, t.Ended = record.TaskStopped, d.Now()
				if run, err = d.count(tx, &t); err != nil {
					return err
				}
			}
			return nil
		})
		ids := make([]record.TaskID, len(batch))
		for i, p := range batch {
			ids[i] = p.id
		}
		if err != nil {
			d.giveBack(id, batch)
			return err
		}
		if run.ID != "" {
			d.counted(run, ids...)
		}
	}
}

// stopRest ends what came back to stopped runs since they were stopped.
func (d *Dispatcher) stopRest(ctx context.Context) error {
	var ids []record.RunID
	d.mu.Lock()
	for id, r := range d.runs {
		if r.stop && slices.ContainsFunc(r.pending, func(p pending) bool { return p.on == "" }) {
			ids = append(ids, id)
		}
	}
	d.mu.Unlock()
	for _, id := range ids {
		if err := d.stopPending(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// takeStopped takes tasks out of a stopped run's pending ones, so that nobody else works on them.
func (d *Dispatcher) takeStopped(id record.RunID) []pending {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := d.runs[id]
	if r == nil || !r.stop {
		return nil
	}
	var batch, rest []pending
	for _, p := range r.pending {
		if p.on == "" && len(batch) < stopBatch {
			batch = append(batch, p)
		} else {
			rest = append(rest, p)
		}
	}
	r.pending = rest
	return batch
}

func (d *Dispatcher) giveBack(id record.RunID, batch []pending) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r := d.runs[id]; r != nil {
		r.pending = append(batch, r.pending...)
	}
}
