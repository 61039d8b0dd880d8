package work

import (
	"context"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/task"
)

// Progress is how far work on a repository as a whole is.
type Progress struct {
	Phase       string
	Done, Total int64
	// Bytes read, and written anew.
	Bytes, New int64
}

// Copy says what is copied to another repository.
type Copy struct {
	From, To string
	// Empty fields match all.
	Key    record.BackupKey
	Points []record.PointID
	Newest bool
	// Thorough asks for every blob of points that the target has as well.
	Thorough bool
}

// Upkeep is what is done to an attached repository as a whole. What was done by then is reported also beside an error.
type Upkeep interface {
	// Verify walks a repository, with full re-hashing every byte.
	Verify(ctx context.Context, repository string, full bool, progress func(Progress)) (task.VerifyReport, error)
	// Reclaim frees the space of what nothing needs any more.
	Reclaim(ctx context.Context, repository string, progress func(Progress)) (task.ReclaimReport, error)
	// Survey finds out what is needed, what is garbage, and what each backup takes.
	Survey(ctx context.Context, repository string, progress func(Progress)) (task.SurveyReport, error)
	// Repair keeps what is whole in damaged packs, and has the next backups read again what is lost.
	Repair(ctx context.Context, repository string, progress func(Progress)) (task.RepairReport, error)
	// Copy brings points to another attached repository.
	Copy(ctx context.Context, c Copy, progress func(Progress)) (task.CopyReport, error)
}

// Verify returns the work of verifying a repository.
func (b *Bench) Verify(req *transporterv1.VerifyWork) (task.Work, error) {
	if req.GetRepositoryId() == "" {
		return nil, fault.InvalidField("verify.repository_id", "there is no repository to verify")
	}
	return upkeep(func(ctx context.Context, progress func(Progress)) (task.Outcome, error) {
		report, err := b.o.Repositories.Verify(ctx, req.GetRepositoryId(), req.GetFull(), progress)
		if err != nil {
			return task.Outcome{}, err
		}
		return task.Outcome{Verify: &report}, nil
	}), nil
}

// Reclaim returns the work of freeing space in a repository.
func (b *Bench) Reclaim(req *transporterv1.ReclaimWork) (task.Work, error) {
	if req.GetRepositoryId() == "" {
		return nil, fault.InvalidField("reclaim.repository_id", "there is no repository to reclaim space in")
	}
	return upkeep(func(ctx context.Context, progress func(Progress)) (task.Outcome, error) {
		report, err := b.o.Repositories.Reclaim(ctx, req.GetRepositoryId(), progress)
		return task.Outcome{Reclaim: &report}, err
	}), nil
}

// Survey returns the work of surveying a repository.
func (b *Bench) Survey(req *transporterv1.SurveyWork) (task.Work, error) {
	if req.GetRepositoryId() == "" {
		return nil, fault.InvalidField("survey.repository_id", "there is no repository to survey")
	}
	return upkeep(func(ctx context.Context, progress func(Progress)) (task.Outcome, error) {
		report, err := b.o.Repositories.Survey(ctx, req.GetRepositoryId(), progress)
		if err != nil {
			return task.Outcome{}, err
		}
		return task.Outcome{Survey: &report}, nil
	}), nil
}

// Repair returns the work of repairing a repository.
func (b *Bench) Repair(req *transporterv1.RepairWork) (task.Work, error) {
	if req.GetRepositoryId() == "" {
		return nil, fault.InvalidField("repair.repository_id", "there is no repository to repair")
	}
	return upkeep(func(ctx context.Context, progress func(Progress)) (task.Outcome, error) {
		report, err := b.o.Repositories.Repair(ctx, req.GetRepositoryId(), progress)
		if err != nil {
			return task.Outcome{}, err
		}
		return task.Outcome{Repair: &report}, nil
	}), nil
}

// Copy returns the work of copying recovery points to another repository.
func (b *Bench) Copy(req *transporterv1.CopyWork) (task.Work, error) {
	if req.GetRepositoryId() == "" || req.GetTargetRepositoryId() == "" {
		return nil, fault.InvalidField("copy.repository_id", "a copy needs a repository to copy from and one to copy to")
	}
	c := Copy{
		From: req.GetRepositoryId(), To: req.GetTargetRepositoryId(), Newest: req.GetNewest(), Thorough: req.GetThorough(),
		Key: record.BackupKey{
			Account: mail.AccountID(req.GetKey().GetAccountId()), Mailbox: mail.MailboxID(req.GetKey().GetMailboxId()),
			Job: record.JobID(req.GetKey().GetJobId()),
		},
	}
	for _, p := range req.GetPointIds() {
		c.Points = append(c.Points, record.PointID(p))
	}
	return upkeep(func(ctx context.Context, progress func(Progress)) (task.Outcome, error) {
		report, err := b.o.Repositories.Copy(ctx, c, progress)
		return task.Outcome{Copy: &report}, err
	}), nil
}

// upkeep is work on a repository as a whole. It makes what it does durable as it goes, so stopping it ends it at once.
type upkeep func(ctx context.Context, progress func(Progress)) (task.Outcome, error)

// Do implements task.Work.
func (w upkeep) Do(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	r.Phase("beginning")
	return w(ctx, func(p Progress) {
		r.Phase(p.Phase)
		r.Progress(task.Progress{FoldersDone: p.Done, FoldersTotal: p.Total, BytesRead: p.Bytes, BytesNew: p.New})
	})
}
