package api

import (
	"context"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

type recoveries struct{ Options }

func (s *recoveries) StartRecovery(ctx context.Context, q *directorv1.StartRecoveryRequest) (*directorv1.StartRecoveryResponse, error) {
	asked := q.GetMailboxes()
	if len(asked) == 0 {
		asked = []*directorv1.MailboxRecovery{{
			RepositoryId: q.GetRepositoryId(), PointId: q.GetPointId(), AccountId: q.GetAccountId(), MailboxId: q.GetMailboxId(),
			FolderIds: q.GetFolderIds(), Messages: q.GetMessages(),
		}}
	}
	parts := make([]dispatch.Recovery, 0, len(asked))
	for _, one := range asked {
		parts = append(parts, takeRecovery(q, one))
	}
	run, err := s.Dispatcher.StartRecovery(ctx, parts, q.GetMaxTasks())
	if err != nil {
		return nil, err
	}
	return &directorv1.StartRecoveryResponse{ActivityId: string(run.ID)}, nil
}

// takeRecovery returns the part of a request for one mailbox.
func takeRecovery(q *directorv1.StartRecoveryRequest, one *directorv1.MailboxRecovery) dispatch.Recovery {
	what := record.Recovery{
		Point: record.PointID(one.GetPointId()), IfExists: record.IfExists(q.GetIfExists()),
		IfFolder: record.IfFolderExists(q.GetIfFolderExists()), IntoFolder: q.GetIntoFolder(), PlanOnly: q.GetPlanOnly(),
	}
	if what.IfExists == 0 {
		what.IfExists = record.IfExistsSkip
	}
	if one.GetIntoFolder() != "" {
		what.IntoFolder = one.GetIntoFolder()
	}
	for _, id := range one.GetFolderIds() {
		what.Folders = append(what.Folders, mail.FolderID(id))
	}
	for _, m := range one.GetMessages() {
		what.Messages = append(what.Messages, record.MessageRef{
			Folder: mail.FolderID(m.GetFolderId()), Message: mail.MessageID(m.GetMessageId()),
		})
	}
	return dispatch.Recovery{
		Repository: record.RepositoryID(one.GetRepositoryId()), Account: mail.AccountID(one.GetAccountId()),
		Mailbox: mail.MailboxID(one.GetMailboxId()), What: what,
	}
}

func (s *recoveries) UndoRecovery(ctx context.Context, q *directorv1.UndoRecoveryRequest) (*directorv1.UndoRecoveryResponse, error) {
	var only []record.TaskID
	for _, id := range q.GetTaskIds() {
		only = append(only, record.TaskID(id))
	}
	run, err := s.Dispatcher.StartUndo(ctx, record.RunID(q.GetActivityId()), only, q.GetPlanOnly())
	if err != nil {
		return nil, err
	}
	return &directorv1.UndoRecoveryResponse{ActivityId: string(run.ID)}, nil
}

func (s *recoveries) ListPlan(ctx context.Context, q *directorv1.ListPlanRequest) (*directorv1.ListPlanResponse, error) {
	page, err := s.Dispatcher.Plan(ctx, record.RunID(q.GetActivityId()), record.TaskID(q.GetTaskId()), &transporterv1.ListPlanRequest{
		Action: q.GetAction(), Offset: q.GetOffset(), Limit: q.GetLimit(), Folders: q.GetFolders(),
	})
	if err != nil {
		return nil, err
	}
	out := &directorv1.ListPlanResponse{Total: page.GetTotal(), Beyond: page.GetBeyond()}
	for _, i := range page.GetItems() {
		out.Items = append(out.Items, &directorv1.PlanItem{
			Action: i.GetAction(), Message: showSummary(i.GetMessage()), Folder: i.GetFolder(), To: i.GetTo(), Count: i.GetCount(),
			Reason: i.GetReason(),
		})
	}
	for _, f := range page.GetFolders() {
		out.Folders = append(out.Folders, &directorv1.PlanFolder{
			Verdict: f.GetVerdict(), FolderId: f.GetFolderId(), Folder: f.GetFolder(), To: f.GetTo(), Chosen: f.GetChosen(), IfExists: f.GetIfExists(),
			Create: f.GetCreate(), Skip: f.GetSkip(), Rename: f.GetRename(), Overwrite: f.GetOverwrite(), Impossible: f.GetImpossible(),
		})
	}
	return out, nil
}
