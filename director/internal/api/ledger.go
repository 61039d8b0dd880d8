package api

import (
	"context"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// ledger checks that a request names a task or a point, and not both.
func ledger(q *directorv1.GetLedgerRequest) error {
	switch {
	case q.GetTaskId() != "" && (q.GetRepositoryId() != "" || q.GetPointId() != ""):
		return bad("task_id", "name a task, or a repository and a point, not both")
	case q.GetTaskId() != "":
		return id("task_id", q.GetTaskId())
	default:
		return first(id("repository_id", q.GetRepositoryId()), id("point_id", q.GetPointId()))
	}
}

// GetLedger implements JobService.
func (s *jobService) GetLedger(ctx context.Context, q *directorv1.GetLedgerRequest) (*directorv1.GetLedgerResponse, error) {
	repository, point := record.RepositoryID(q.GetRepositoryId()), record.PointID(q.GetPointId())
	if q.GetTaskId() != "" {
		t, err := s.Dispatcher.Task(record.TaskID(q.GetTaskId()))
		if err != nil {
			return nil, err
		}
		if t.Point == "" {
			return nil, fault.New(fault.Conflict, "mailbox %s has no recovery point of this run, so there is nothing to compare it with", t.MailboxName)
		}
		repository, point = t.Repository, t.Point
	}
	l, err := s.Depot.Ledger(ctx, repository, point)
	if err != nil {
		return nil, err
	}
	return showLedger(l, q.GetAll()), nil
}

func showLedger(l *transporterv1.GetLedgerResponse, all bool) *directorv1.GetLedgerResponse {
	p, b := l.GetPoint(), l.GetBalance()
	out := &directorv1.GetLedgerResponse{
		Balance: &directorv1.Balance{Tenant: b.GetTenant(), Kept: b.GetKept(), Folders: b.GetFolders(), Unexplained: b.GetUnexplained()},
		More:    l.GetMore(), Old: l.GetOld(), Time: p.GetTime(), MailboxId: p.GetKey().GetMailboxId(), MailboxAddress: p.GetOrigin().GetMailboxAddress(),
	}
	for _, f := range l.GetFolders() {
		if len(f.GetReasons()) == 0 && !all {
			continue
		}
		one := &directorv1.LedgerFolder{
			FolderId: f.GetFolderId(), Path: f.GetPath(), Before: f.GetBefore(), Tenant: f.GetTenant(), Kept: f.GetKept(),
		}
		for _, r := range f.GetReasons() {
			one.Reasons = append(one.Reasons, &directorv1.LedgerReason{
				Cause: directorv1.LedgerCause(r.GetCause()), Messages: r.GetMessages(), Text: r.GetText(),
			})
		}
		out.Folders = append(out.Folders, one)
	}
	return out
}
