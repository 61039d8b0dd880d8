package dispatch

import (
	"context"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// StartUndo starts taking an ended recovery back, or with plan counts what that would do. Conflict while the recovery or
// another undo of it goes on. It may be done again: what was undone is found undone.
func (d *Dispatcher) StartUndo(ctx context.Context, of record.RunID, plan bool) (record.Run, error) {
	run, err := d.newRun(record.KindUndo)
	if err != nil {
		return record.Run{}, err
	}
	var task record.Task
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		done, what, err := undoable(tx, of)
		if err != nil {
			return err
		}
		r, err := store.Repositories.Get(tx, string(done.Repository))
		if err != nil {
			return fault.New(fault.Conflict, "the repository of this recovery is not there any more, and with it its Transporter's notes of what was done")
		}
		if r.Transporter != done.Transporter {
			return fault.New(fault.Conflict, "repository %s has moved to another Transporter since; the notes of what this recovery did are on Transporter %s",
				r.Name, d.Fleet.Named(done.Transporter))
		}
		run.Title = "Undo recovery into " + done.MailboxName
		if plan {
			run.Title = "Plan undo of recovery into " + done.MailboxName
		}
		task = record.Task{
			ID: record.TaskOf(run.ID, 1), Run: run.ID, Kind: record.KindUndo, Account: done.Account, Mailbox: done.Mailbox,
			MailboxName: done.MailboxName, MailboxAddress: done.MailboxAddress, MailboxKind: done.MailboxKind,
			Repository: done.Repository, Status: record.TaskQueued, Undo: &record.Undo{Of: done.ID, PlanOnly: plan},
		}
		if !plan {
			what.UndoneBy = run.ID
			if err := store.Recoveries.Put(tx, what); err != nil {
				return err
			}
		}
		return insert(tx, &run, []record.Task{task})
	})
	if err != nil {
		return record.Run{}, err
	}
	d.begin(run, []record.Task{task})
	return run, nil
}

// undoable returns the task of a recovery that may be undone.
func undoable(tx *store.Tx, id record.RunID) (record.Task, record.Recovery, error) {
	var none record.Task
	run, err := store.Runs.Get(tx, string(id))
	if err != nil {
		return none, record.Recovery{}, err
	}
	if run.Kind != record.KindRecovery {
		return none, record.Recovery{}, fault.InvalidField("activity_id", "activity %q is no recovery; only a recovery can be undone", id)
	}
	task, err := store.Tasks.Get(tx, string(record.TaskOf(id, 1)))
	if err != nil {
		return none, record.Recovery{}, err
	}
	what, err := store.Recoveries.Get(tx, string(task.ID))
	switch {
	case err != nil:
		return none, what, err
	case what.PlanOnly:
		return none, what, fault.InvalidField("activity_id", "this was a plan: it wrote nothing, and there is nothing to undo")
	case !run.Status.Ended():
		return none, what, fault.New(fault.Conflict, "the recovery is still going on; stop it first, or wait for its end")
	case task.Transporter == "":
		return none, what, fault.New(fault.Conflict, "the recovery never began, and there is nothing to undo")
	case what.UndoneBy != "" && store.RunsActive.Has(tx, string(what.UndoneBy)):
		return none, what, fault.New(fault.Conflict, "the recovery is being undone already by activity %s", what.UndoneBy)
	}
	return task, what, nil
}
