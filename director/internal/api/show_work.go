package api

import (
	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func showProgress(p record.Progress) *directorv1.Progress {
	return &directorv1.Progress{
		FoldersDone: p.FoldersDone, FoldersTotal: p.FoldersTotal, MessagesDone: p.MessagesDone, MessagesTotal: p.MessagesTotal,
		BytesRead: p.BytesRead, BytesNew: p.BytesNew, Attachments: p.Attachments, Requests: p.Requests,
		MessagesChanged: p.MessagesChanged, MessagesDeleted: p.MessagesDeleted, RequestsByKind: p.RequestsByKind,
	}
}

func showRun(v dispatch.RunView) *directorv1.Run {
	out := &directorv1.Run{
		Id: string(v.ID), JobId: string(v.Job), JobName: v.JobName, Status: directorv1.RunStatus(v.Status),
		Started: stamp(v.Started), Ended: stamp(v.Ended), Tasks: v.Tasks, TasksDone: v.Done(), TasksFailed: v.Failed,
		TasksIncomplete: v.Incomplete, Progress: showProgress(v.Progress), Error: v.Error, Waiting: v.Waiting,
		Cause: v.Cause, StopAt: stamp(v.StopAt),
		Phase: v.Phase,
	}
	showRunOutlook(out, &v)
	return out
}

func showLosses(list []mail.Loss) []*directorv1.Loss {
	var out []*directorv1.Loss
	for _, l := range list {
		out = append(out, &directorv1.Loss{
			MessageId: string(l.Message), FolderId: string(l.Folder), Subject: l.Subject, What: l.What, Reason: l.Reason,
			RequestId: l.RequestID,
		})
	}
	return out
}

func showTask(v dispatch.TaskView) *directorv1.Task {
	out := &directorv1.Task{
		Id: string(v.ID), RunId: string(v.Run), AccountId: string(v.Account), MailboxId: string(v.Mailbox),
		MailboxName: v.MailboxName, MailboxAddress: v.MailboxAddress, TransporterId: string(v.Transporter),
		RepositoryId: string(v.Repository), Status: directorv1.TaskStatus(v.Status), Attempt: v.Attempt, Phase: v.Phase,
		Waiting: v.Waiting, Progress: showProgress(v.Progress), Started: stamp(v.Started), Ended: stamp(v.Ended),
		Error: v.Error, RequestId: v.RequestID, Losses: showLosses(v.Lost), LossesMore: v.LossesMore,
		PointId: string(v.Point), Recovery: showRecovery(v.RecoveryReport),
	}
	showTaskOutlook(out, &v)
	showTaskRecovery(out, &v)
	return out
}

func showRecovery(r *record.RecoveryReport) *directorv1.RecoveryReport {
	if r == nil {
		return nil
	}
	return &directorv1.RecoveryReport{
		Created: r.Created, Skipped: r.Skipped, Renamed: r.Renamed, Overwritten: r.Overwritten, Failed: r.Failed,
		FoldersCreated: r.FoldersCreated, Notes: r.Notes,
	}
}

func showActivity(v dispatch.RunView) *directorv1.Activity {
	out := &directorv1.Activity{
		Id: string(v.ID), Kind: directorv1.ActivityKind(v.Kind), Title: v.Title, Status: directorv1.RunStatus(v.Status),
		Started: stamp(v.Started), Ended: stamp(v.Ended), Phase: v.Phase, Waiting: v.Waiting,
		Progress: showProgress(v.Progress), Error: v.Error, RequestId: v.RequestID, Losses: showLosses(v.Losses),
		LossesMore: v.LossesMore, Recovery: showRecovery(v.Recovery), Cause: v.Cause,
	}
	showUpkeep(out, &v)
	showSeveral(out, &v)
	if r := v.Verify; r != nil {
		out.Verify = &directorv1.VerifyReport{Points: r.Points, Blobs: r.Blobs, Bytes: r.Bytes, Damage: r.Damage}
	}
	return out
}
