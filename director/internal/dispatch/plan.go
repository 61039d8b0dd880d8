package dispatch

import (
	"context"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Plan reads lines of a plan from the Transporter that made it. Of q all is taken but the ids. A plan for several mailboxes is
// read task by task.
func (d *Dispatcher) Plan(ctx context.Context, id record.RunID, of record.TaskID, q *transporterv1.ListPlanRequest) (*transporterv1.ListPlanResponse, error) {
	var run record.Run
	var task record.Task
	var what record.Recovery
	err := d.Store.View(func(tx *store.Tx) (err error) {
		if run, err = store.Runs.Get(tx, string(id)); err != nil {
			return err
		}
		if run.Kind != record.KindRecovery {
			return fault.InvalidField("activity_id", "activity %q is no plan of a recovery", id)
		}
		if of == "" {
			if run.Tasks > 1 {
				return fault.InvalidField("task_id", "this is a plan for %d mailboxes: say which one by the id of its task", run.Tasks)
			}
			of = record.TaskOf(id, 1)
		}
		if task, err = store.Tasks.Get(tx, string(of)); err != nil {
			return err
		}
		if task.Run != id {
			return fault.InvalidField("task_id", "task %q is not of this plan", of)
		}
		what, err = store.Recoveries.Get(tx, string(task.ID))
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !what.PlanOnly:
		return nil, fault.InvalidField("activity_id", "activity %q is a recovery, and no plan of one", id)
	case !task.Status.Ended():
		return nil, fault.New(fault.Conflict, "the plan is still being made; wait for its end")
	case task.Status != record.TaskSucceeded && task.Status != record.TaskIncomplete:
		return nil, fault.New(fault.Conflict, "the plan was not finished; plan the recovery again")
	}
	if _, err := d.Depot.Ensure(ctx, task.Repository); err != nil {
		return nil, err
	}
	client, err := d.Fleet.Client(task.Transporter)
	if err != nil {
		return nil, err
	}
	q.TaskId, q.RepositoryId, q.PointId = string(task.ID), string(task.Repository), string(what.Point)
	return client.ListPlan(ctx, q)
}
