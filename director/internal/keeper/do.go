package keeper

import (
	"context"
	"fmt"
	"slices"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// doAll does what is due to one repository, in the order in which it became due: what is attached can then be verified.
func (k *Keeper) doAll(ctx context.Context, r *record.Repository, due []record.DueWork) {
	for i := range due {
		err := k.do(ctx, r.ID, &due[i])
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			k.Logger.Error("what is due in a repository is not written; trying again", "repository", r.ID, "work", due[i].Work.String(), "error", err)
		}
	}
}

// do does one thing, or writes why it waits.
func (k *Keeper) do(ctx context.Context, id record.RepositoryID, d *record.DueWork) error {
	var r record.Repository
	var run record.Run
	err := k.Store.View(func(tx *store.Tx) (err error) {
		if r, err = store.Repositories.Get(tx, string(id)); err == nil && d.Run != "" {
			run, err = store.Runs.Get(tx, string(d.Run))
		}
		return err
	})
	switch {
	case fault.KindOf(err) == fault.NotFound:
		return nil // it was removed; the activity is ended with what no plan names
	case err != nil:
		return err
	case k.resting(id, d) && !run.Stop:
		return nil
	case d.Work == record.WorkDetach:
		return k.detach(ctx, r, run, d)
	case d.Work == record.WorkAttach:
		return k.attach(ctx, r, run, d)
	}
	return k.start(ctx, r, d)
}

// overtaken ends a switch that was stopped, or that a person was ahead of; false when neither.
func (k *Keeper) overtaken(ctx context.Context, r record.Repository, run record.Run, d *record.DueWork) (bool, error) {
	switch {
	case run.Stop:
		return true, k.end(ctx, r, d, record.RunStopped, "")
	case r.Switched.After(run.Started):
		was := "detached"
		if r.Attached {
			was = "attached"
		}
		return true, k.end(ctx, r, d, record.RunStopped, fmt.Sprintf("the repository was %s since it became due, and stays so", was))
	}
	return false, nil
}

func (k *Keeper) detach(ctx context.Context, r record.Repository, run record.Run, d *record.DueWork) error {
	if !r.Attached {
		// Perhaps by us, just before the Director died: its Transporter is asked once more.
		if err := k.Depot.Close(ctx, r.ID); fault.KindOf(err) == fault.Unavailable {
			return k.end(ctx, r, d, record.RunSucceeded, "it is detached; whether its Transporter has let go of it is not known: "+err.Error())
		} else if err != nil {
			return k.rest(ctx, r, d, err)
		}
		return k.end(ctx, r, d, record.RunSucceeded, "")
	}
	if over, err := k.overtaken(ctx, r, run, d); over || err != nil {
		return err
	}
	if err := k.Depot.Busy(r.ID); fault.KindOf(err) == fault.Conflict {
		if r.Schedules.SkipBusy {
			return k.end(ctx, r, d, record.RunFailed, "it was passed over: "+err.Error())
		}
		return k.hold(ctx, r, d, "waiting for the end of what uses the repository")
	} else if err != nil {
		return err
	}
	if _, err := k.Depot.Detach(ctx, r.ID); err != nil {
		return k.rest(ctx, r, d, err)
	}
	k.Logger.Info("repository detached by its schedule", "repository", r.ID)
	return k.end(ctx, r, d, record.RunSucceeded, "")
}

func (k *Keeper) attach(ctx context.Context, r record.Repository, run record.Run, d *record.DueWork) error {
	if r.Attached {
		return k.end(ctx, r, d, record.RunSucceeded, alreadyAttached(&r, &run))
	}
	if over, err := k.overtaken(ctx, r, run, d); over || err != nil {
		return err
	}
	if r.Schedules.Recreate {
		k.Logger.Warn("deleting everything in a repository, as its schedule says, to attach it anew", "repository", r.ID, "points", r.Statistics.Points)
	}
	if _, err := k.Depot.Attach(ctx, r.ID, record.RepositoryKey{}, r.Schedules.Recreate); err != nil {
		return k.rest(ctx, r, d, err)
	}
	k.Logger.Info("repository attached by its schedule", "repository", r.ID, "recreated", r.Schedules.Recreate)
	return k.end(ctx, r, d, record.RunSucceeded, "")
}

// alreadyAttached says what was not done, and so not deleted. When it was attached after the start, that was us.
func alreadyAttached(r *record.Repository, run *record.Run) string {
	if !r.Schedules.Recreate || r.Switched.After(run.Started) {
		return ""
	}
	return "it was attached already, so nothing was deleted"
}

// start has a Transporter do what is due.
func (k *Keeper) start(ctx context.Context, r record.Repository, d *record.DueWork) error {
	if !r.Attached {
		return k.hold(ctx, r, d, r.Detached(k.Now()))
	}
	run, err := k.Dispatcher.StartByClock(ctx, dispatch.ByClock{
		Repository: r.ID, Work: d.Work, Cause: d.Cause, Also: func(tx *store.Tx) error { return k.done(tx, r.ID, d) },
	})
	if fault.KindOf(err) == fault.Conflict { // the same goes on: its end wakes the keeper
		return k.hold(ctx, r, d, err.Error())
	}
	if err != nil {
		return k.rest(ctx, r, d, err)
	}
	k.Logger.Info("work on a repository started by its schedule", "repository", r.ID, "work", d.Work.String(), "run", run.ID)
	return nil
}

// end ends the activity of what is due, which is then not due any more.
func (k *Keeper) end(ctx context.Context, r record.Repository, d *record.DueWork, status record.RunStatus, why string) error {
	err := k.Store.Update(ctx, func(tx *store.Tx) error {
		if err := k.done(tx, r.ID, d); err != nil {
			return err
		}
		return k.Dispatcher.EndOwn(tx, d.Run, status, why)
	})
	if err == nil {
		k.Dispatcher.TellOwn(d.Run)
	}
	return err
}

// done takes what is due out of the plan; Conflict when it is not in there any more.
func (k *Keeper) done(tx *store.Tx, id record.RepositoryID, d *record.DueWork) error {
	plan, err := store.RepositoryPlans.Get(tx, string(id))
	if err != nil {
		return err
	}
	n := len(plan.Due)
	plan.Due = slices.DeleteFunc(plan.Due, func(o record.DueWork) bool { return same(&o, d) })
	if len(plan.Due) == n {
		return fault.New(fault.Conflict, "the schedules of the repository were changed meanwhile")
	}
	return store.RepositoryPlans.Put(tx, plan)
}

func same(a, b *record.DueWork) bool {
	return a.Work == b.Work && a.Start.Equal(b.Start) && a.Run == b.Run
}

// resting reports whether something was refused so lately that it is not tried again yet.
func (k *Keeper) resting(id record.RepositoryID, d *record.DueWork) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Now().Before(k.again[attempt{id, d.Work}])
}

// rest is hold, for what a Transporter or a disk refused: it is not tried again before some time.
func (k *Keeper) rest(ctx context.Context, r record.Repository, d *record.DueWork, why error) error {
	k.mu.Lock()
	k.again[attempt{r.ID, d.Work}] = k.Now().Add(retry)
	k.mu.Unlock()
	return k.hold(ctx, r, d, why.Error())
}

// hold writes why something waits, and logs it, once.
func (k *Keeper) hold(ctx context.Context, r record.Repository, d *record.DueWork, why string) error {
	if d.Waiting == why {
		return nil
	}
	select {
	case <-ctx.Done():
		return nil // what failed then failed for that
	default:
	}
	err := k.Store.Update(ctx, func(tx *store.Tx) error {
		plan, err := store.RepositoryPlans.Get(tx, string(r.ID))
		if err != nil {
			return err
		}
		for i := range plan.Due {
			if same(&plan.Due[i], d) {
				plan.Due[i].Waiting = why
				return store.RepositoryPlans.Put(tx, plan)
			}
		}
		return nil
	})
	if err == nil && d.Run != "" {
		err = k.Dispatcher.HoldOwn(ctx, d.Run, why)
	}
	if fault.KindOf(err) == fault.NotFound {
		err = nil // it was removed meanwhile
	}
	k.Logger.Warn("what is due in a repository waits", "repository", r.ID, "work", d.Work.String())
	return err
}
