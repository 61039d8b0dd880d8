package dispatch

import (
	"context"
	"slices"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// StartUndo starts taking an ended recovery back, or with plan counts what that would do: of a recovery of several mailboxes
// all that began, or only some tasks. Conflict while the recovery or another undo of it goes on, and when the time is over in
// which that is offered. It may be done again: what was undone is found undone.
func (d *Dispatcher) StartUndo(ctx context.Context, of record.RunID, only []record.TaskID, plan bool) (record.Run, error) {
	run, err := d.newRun(record.KindUndo)
	if err != nil {
		return record.Run{}, err
	}
	run.PlanOnly = plan
	var tasks []record.Task
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		recovery, done, err := d.undoable(tx, of, only)
		if err != nil {
			return err
		}
		run.Options.MaxTasks = recovery.Options.MaxTasks
		tasks = tasks[:0]
		for n := range done {
			if err := d.notesReached(tx, &done[n]); err != nil {
				return err
			}
			tasks = append(tasks, undoTask(run.ID, n+1, &done[n], plan))
			if plan {
				continue
			}
			what, err := store.Recoveries.Get(tx, string(done[n].ID))
			if err != nil {
				return err
			}
			what.UndoneBy = run.ID
			if err := store.Recoveries.Put(tx, what); err != nil {
				return err
			}
		}
		run.Title = titleOf("Undo recovery", "Plan undo of recovery of", "Plan undo of recovery into", plan, tasks)
		if len(tasks) > 1 && !plan {
			run.Title = titleOf("Undo recovery of", "", "", false, tasks)
		}
		return insert(tx, &run, tasks)
	})
	if err != nil {
		return record.Run{}, err
	}
	d.begin(run, tasks)
	return run, nil
}

func undoTask(run record.RunID, n int, done *record.Task, plan bool) record.Task {
	return record.Task{
		ID: record.TaskOf(run, n), Run: run, Kind: record.KindUndo, Account: done.Account, Mailbox: done.Mailbox,
		MailboxName: done.MailboxName, MailboxAddress: done.MailboxAddress, MailboxKind: done.MailboxKind,
		Repository: done.Repository, Status: record.TaskQueued, Undo: &record.Undo{Of: done.ID, PlanOnly: plan}, Source: done.Source,
	}
}

// notesReached returns Conflict when the notes of what a task did cannot be reached through its repository any more.
func (d *Dispatcher) notesReached(tx *store.Tx, done *record.Task) error {
	r, err := store.Repositories.Get(tx, string(done.Repository))
	if err != nil {
		return fault.New(fault.Conflict, "the repository of this recovery is not there any more, and with it its Transporter's notes of what was done")
	}
	if r.Transporter != done.Transporter {
		return fault.New(fault.Conflict, "repository %s has moved to another Transporter since; the notes of what this recovery did are on Transporter %s",
			r.Name, d.Fleet.Named(done.Transporter))
	}
	return nil
}

// undoable returns the tasks of a recovery that may be undone: those that began, and are asked for.
func (d *Dispatcher) undoable(tx *store.Tx, id record.RunID, only []record.TaskID) (record.Run, []record.Task, error) {
	run, err := store.Runs.Get(tx, string(id))
	if err != nil {
		return run, nil, err
	}
	if run.Kind != record.KindRecovery {
		return run, nil, fault.InvalidField("activity_id", "activity %q is no recovery; only a recovery can be undone", id)
	}
	var begun []record.Task
	asked := 0
	for t, err := range store.Tasks.All(tx, store.TaskPrefix(id)) {
		if err != nil {
			return run, nil, err
		}
		if len(only) > 0 && !slices.Contains(only, t.ID) {
			continue
		}
		asked++
		what, err := store.Recoveries.Get(tx, string(t.ID))
		switch {
		case err != nil:
			return run, nil, err
		case what.PlanOnly:
			return run, nil, fault.InvalidField("activity_id", "this was a plan: it wrote nothing, and there is nothing to undo")
		case what.UndoneBy != "" && store.RunsActive.Has(tx, string(what.UndoneBy)):
			return run, nil, fault.New(fault.Conflict, "the recovery is being undone already by activity %s", what.UndoneBy)
		}
		if t.Transporter != "" {
			begun = append(begun, t)
		}
	}
	switch {
	case asked < len(only):
		return run, nil, fault.InvalidField("task_ids", "not all of them are tasks of this recovery, or one is named twice")
	case !run.Status.Ended():
		return run, nil, fault.New(fault.Conflict, "the recovery is still going on; stop it first, or wait for its end")
	case len(begun) == 0:
		return run, nil, fault.New(fault.Conflict, "the recovery never began, and there is nothing to undo")
	case d.Now().After(run.Ended.Add(record.UndoOffered)):
		return run, nil, fault.New(fault.Conflict, "the recovery ended on %s, and a recovery can be undone for %d days; what it made stays",
			run.Ended.UTC().Format("2006-01-02"), int(record.UndoOffered.Hours()/24))
	}
	return run, begun, nil
}
