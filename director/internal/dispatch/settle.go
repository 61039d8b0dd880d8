package dispatch

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// What could not be settled is tried again after settleSoon, doubled each time up to settleEvery.
const (
	settleSoon  = time.Second
	settleEvery = time.Minute
)

// settleCall bounds one call while settling.
const settleCall = 15 * time.Second

// settleLoop closes the transfers of ended tasks and lets their Transporters forget them, and stops what runs somewhere
// without being ours.
func (d *Dispatcher) settleLoop(ctx context.Context) {
	changes, cancel := d.Fleet.Changes()
	defer cancel()
	d.compareAll(ctx)
	wait := settleSoon
	for {
		if d.settleAll(ctx) {
			wait = settleEvery
		} else {
			wait = min(2*wait, settleEvery)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-d.settle:
			wait = settleSoon
		case <-changes:
			wait = settleSoon
			d.compareAll(ctx)
		case <-timer.C:
		}
		timer.Stop()
	}
}

// settleAll reports whether nothing is left that could be settled now: Transporters that are out of reach are waited for.
func (d *Dispatcher) settleAll(ctx context.Context) bool {
	var ids []string
	listed := d.Store.View(func(tx *store.Tx) error {
		for id := range store.TasksUnsettled.All(tx, "") {
			ids = append(ids, id)
		}
		return nil
	})
	if listed != nil {
		d.Logger.Error("list unsettled tasks", "error", listed)
		return false
	}
	var left atomic.Bool
	var group errgroup.Group
	group.SetLimit(4)
	for _, id := range ids {
		group.Go(func() error {
			if failed := d.settleTask(ctx, id); failed != nil && !errors.Is(failed, errAway) && ctx.Err() == nil {
				left.Store(true)
				d.Logger.Debug("task not settled; trying again", "task", id, "kind", fault.KindOf(failed).Error())
			}
			return nil
		})
	}
	_ = group.Wait()
	return !left.Load()
}

// errAway says that a Transporter must come back first.
var errAway = errors.New("the Transporter is out of reach")

// away returns errAway for a Transporter that is out of reach. One that was removed has nothing to be told.
func (d *Dispatcher) away(id record.TransporterID) error {
	if _, err := d.Fleet.Get(id); err == nil && !d.Fleet.Status(id).Reachable {
		return errAway
	}
	return nil
}

// settleTask lets go of what an ended task holds. It may be done twice.
func (d *Dispatcher) settleTask(ctx context.Context, id string) error {
	var t record.Task
	err := d.Store.View(func(tx *store.Tx) (err error) {
		t, err = store.Tasks.Get(tx, id)
		return err
	})
	if err != nil {
		return err
	}
	for _, open := range t.Transfers {
		if err := d.closeSoon(ctx, open); err != nil {
			return err
		}
	}
	if t.Transporter != "" {
		if err := d.away(t.Transporter); err != nil {
			return err
		}
		if err := d.forgetTask(ctx, t.Transporter, id); err != nil {
			return err
		}
	}
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if len(t.Transfers) > 0 {
			t.Transfers = nil
			if err := store.Tasks.Put(tx, t); err != nil {
				return err
			}
		}
		return store.TasksUnsettled.Remove(tx, id)
	})
}

func (d *Dispatcher) closeSoon(ctx context.Context, open record.Transfer) error {
	if err := d.away(open.Transporter); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleCall)
	defer cancel()
	return d.closeTransfer(ctx, open)
}

// forgetTask lets a Transporter drop a task, which is stopped first if it still runs. One that is removed has none.
func (d *Dispatcher) forgetTask(ctx context.Context, on record.TransporterID, id string) error {
	client, err := d.Fleet.Client(on)
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, settleCall)
	defer cancel()
	_, err = client.ForgetTask(ctx, &transporterv1.ForgetTaskRequest{TaskId: id})
	switch fault.KindOf(err) {
	case fault.NotFound:
		return nil
	case fault.Conflict: // it runs still
		if _, serr := client.StopTask(ctx, &transporterv1.StopTaskRequest{TaskId: id, Now: true}); serr != nil {
			return serr
		}
	default:
	}
	return err
}

// compareAll stops and drops tasks at Transporters that are not ours: given up while the Transporter was away, moved to
// another one, or of a store that was put back to an earlier state.
func (d *Dispatcher) compareAll(ctx context.Context) {
	all, err := d.Fleet.List()
	if err != nil {
		return
	}
	var group errgroup.Group
	for _, t := range all {
		if d.Fleet.Status(t.ID).Reachable {
			group.Go(func() error {
				if err := d.compare(ctx, t.ID); err != nil && ctx.Err() == nil {
					d.Logger.Debug("tasks not compared", "transporter", t.ID, "kind", fault.KindOf(err).Error())
				}
				return nil
			})
		}
	}
	_ = group.Wait()
}

func (d *Dispatcher) compare(ctx context.Context, on record.TransporterID) error {
	client, err := d.Fleet.Client(on)
	if err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, settleCall)
	defer cancel()
	there, err := client.ListTasks(asking, &transporterv1.ListTasksRequest{})
	if err != nil {
		return err
	}
	for _, s := range there.GetTasks() {
		if d.ours(on, s.GetTaskId()) {
			continue
		}
		d.Logger.Warn("task that is not ours is stopped", "task", s.GetTaskId(), "transporter", on)
		if !wire.Status(s.GetStatus()).Ended() {
			if _, err := client.StopTask(asking, &transporterv1.StopTaskRequest{TaskId: s.GetTaskId(), Now: true}); err != nil {
				return err
			}
		}
		if err := d.forgetTask(ctx, on, s.GetTaskId()); err != nil && fault.KindOf(err) != fault.Conflict {
			return err
		}
	}
	return nil
}

// ours reports whether the task may be on the Transporter: it is placed there, and has not ended or is yet to be settled.
func (d *Dispatcher) ours(on record.TransporterID, id string) bool {
	ours := true
	err := d.Store.View(func(tx *store.Tx) error {
		t, err := store.Tasks.Get(tx, id)
		if fault.KindOf(err) == fault.NotFound {
			ours = false
			return nil
		}
		if err != nil {
			return err
		}
		ours = t.Transporter == on && (!t.Status.Ended() || store.TasksUnsettled.Has(tx, id))
		return nil
	})
	return err != nil || ours
}
