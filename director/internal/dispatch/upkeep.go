package dispatch

import (
	"context"

	"holdfast/director/internal/record"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// StartVerify starts the verification of a repository.
func (d *Dispatcher) StartVerify(ctx context.Context, id record.RepositoryID, full bool) (record.Run, error) {
	return d.startUpkeep(ctx, "Verify ", record.Task{Kind: record.KindVerify, Repository: id, Full: full})
}

// StartReclaim starts freeing the space of what was deleted from a repository.
func (d *Dispatcher) StartReclaim(ctx context.Context, id record.RepositoryID) (record.Run, error) {
	return d.startUpkeep(ctx, "Reclaim space in ", record.Task{Kind: record.KindReclaim, Repository: id})
}

// StartSurvey starts finding out what a repository's space is taken by.
func (d *Dispatcher) StartSurvey(ctx context.Context, id record.RepositoryID) (record.Run, error) {
	return d.startUpkeep(ctx, "Survey ", record.Task{Kind: record.KindSurvey, Repository: id})
}

// StartRepair starts the repair of a repository.
func (d *Dispatcher) StartRepair(ctx context.Context, id record.RepositoryID) (record.Run, error) {
	return d.startUpkeep(ctx, "Repair ", record.Task{Kind: record.KindRepair, Repository: id})
}

// StartCopy starts copying recovery points to another repository, which must be on the same Transporter.
func (d *Dispatcher) StartCopy(ctx context.Context, id record.RepositoryID, what record.Copy) (record.Run, error) {
	if what.Target == id {
		return record.Run{}, fault.InvalidField("target_repository_id", "a repository is not copied to itself; choose another one")
	}
	from, err := d.Depot.Get(id)
	if err != nil {
		return record.Run{}, err
	}
	to, err := d.Depot.Ensure(ctx, what.Target)
	if err != nil {
		return record.Run{}, err
	}
	if from.Transporter != to.Transporter {
		return record.Run{}, fault.New(fault.Unsupported, "repository %s is on Transporter %s and %s on %s; a copy needs both on one: detach one of them, bring its folder there, and attach it there",
			from.Name, d.Fleet.Named(from.Transporter), to.Name, d.Fleet.Named(to.Transporter))
	}
	return d.startUpkeep(ctx, "Copy to "+to.Name+" from ", record.Task{Kind: record.KindCopy, Repository: id, Copy: &what})
}

// startUpkeep starts what is done to a repository as a whole. The repository's name follows the title.
func (d *Dispatcher) startUpkeep(ctx context.Context, title string, task record.Task) (record.Run, error) {
	repository, err := d.Depot.Ensure(ctx, task.Repository)
	if err != nil {
		return record.Run{}, err
	}
	run, err := d.newRun(task.Kind)
	if err != nil {
		return record.Run{}, err
	}
	run.Title = title + repository.Name
	task.ID, task.Run, task.Status = record.TaskOf(run.ID, 1), run.ID, record.TaskQueued
	return d.startOne(ctx, run, task)
}

// fillInUpkeep puts what is done to a repository into a request. It is false for backups and recoveries.
func (f *flight) fillInUpkeep(ctx context.Context, t *record.Task, request *transporterv1.StartTaskRequest) (bool, error) {
	id := string(t.Repository)
	switch t.Kind {
	case record.KindVerify:
		request.Work = &transporterv1.StartTaskRequest_Verify{Verify: &transporterv1.VerifyWork{RepositoryId: id, Full: t.Full}}
	case record.KindReclaim:
		request.Work = &transporterv1.StartTaskRequest_Reclaim{Reclaim: &transporterv1.ReclaimWork{RepositoryId: id}}
	case record.KindSurvey:
		request.Work = &transporterv1.StartTaskRequest_Survey{Survey: &transporterv1.SurveyWork{RepositoryId: id}}
	case record.KindRepair:
		request.Work = &transporterv1.StartTaskRequest_Repair{Repair: &transporterv1.RepairWork{RepositoryId: id}}
	case record.KindCopy:
		if _, err := f.d.Depot.Ensure(ctx, t.Copy.Target); err != nil {
			return true, err
		}
		request.Work = &transporterv1.StartTaskRequest_Copy{Copy: wire.Copy(t.Repository, t.Copy)}
	default:
		return false, nil
	}
	return true, nil
}
