package work

import (
	"context"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/task"
)

// Verify returns the work of verifying a repository.
func (b *Bench) Verify(req *transporterv1.VerifyWork) (task.Work, error) {
	if req.GetRepositoryId() == "" {
		return nil, fault.InvalidField("verify.repository_id", "there is no repository to verify")
	}
	return &verifyWork{b.o.Repositories, req.GetRepositoryId(), req.GetFull()}, nil
}

type verifyWork struct {
	repositories Repositories
	repository   string
	full         bool
}

// Do implements task.Work. A verification has no checkpoint: stopping it ends it at once.
func (w *verifyWork) Do(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	r.Phase("verifying")
	report, err := w.repositories.Verify(ctx, w.repository, w.full, func(p VerifyProgress) {
		r.Phase(p.Phase)
		r.Progress(task.Progress{FoldersDone: p.Done, FoldersTotal: p.Total, BytesRead: p.Bytes})
	})
	if err != nil {
		return task.Outcome{}, err
	}
	return task.Outcome{Verify: &report}, nil
}
