package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeTask(r *record.Task) *statev1.Task {
	p := &statev1.Task{
		Id: string(r.ID), RunId: string(r.Run), AccountId: string(r.Account), MailboxId: string(r.Mailbox),
		MailboxName: r.MailboxName, MailboxAddress: r.MailboxAddress, MailboxKind: int32(r.MailboxKind),
		RepositoryId: string(r.Repository), Status: int32(r.Status), TransporterId: string(r.Transporter), Attempt: r.Attempt,
		Failures: r.Failures, Started: stamp(r.Started), Ended: stamp(r.Ended), Phase: r.Phase,
		Progress: encodeProgress(&r.Progress), Error: r.Error, FaultKind: int32(r.FaultKind), RequestId: r.RequestID,
		Losses: r.Losses, LossesMore: r.LossesMore, PointId: string(r.Point), NextTry: stamp(r.NextTry),
		AttemptStarted: stamp(r.AttemptStarted), Kind: int32(r.Kind), Full: r.Full,
		Earlier: encodeProgress(&r.Earlier),
	}
	for _, t := range r.Transfers {
		p.Transfers = append(p.Transfers, &statev1.Transfer{Id: t.ID, TransporterId: string(t.Transporter)})
	}
	p.RecoveryReport = encodeRecoveryReport(r.RecoveryReport)
	if w := r.VerifyReport; w != nil {
		p.VerifyReport = &statev1.VerifyReport{Points: w.Points, Blobs: w.Blobs, Bytes: w.Bytes, Damage: w.Damage}
	}
	encodeUpkeep(p, r)
	encodeUndo(p, r)
	encodeSource(p, r)
	encodeCourse(p, r)
	return p
}

func decodeTask(p *statev1.Task) record.Task {
	r := record.Task{
		ID: record.TaskID(p.GetId()), Run: record.RunID(p.GetRunId()), Account: mail.AccountID(p.GetAccountId()),
		Mailbox: mail.MailboxID(p.GetMailboxId()), MailboxName: p.GetMailboxName(), MailboxAddress: p.GetMailboxAddress(),
		MailboxKind: mail.MailboxKind(p.GetMailboxKind()), Repository: record.RepositoryID(p.GetRepositoryId()),
		Status: record.TaskStatus(p.GetStatus()), Transporter: record.TransporterID(p.GetTransporterId()), Attempt: p.GetAttempt(),
		Failures: p.GetFailures(), Started: moment(p.GetStarted()), Ended: moment(p.GetEnded()), Phase: p.GetPhase(),
		Progress: decodeProgress(p.GetProgress()), Error: p.GetError(), FaultKind: fault.Kind(p.GetFaultKind()),
		RequestID: p.GetRequestId(), Losses: p.GetLosses(), LossesMore: p.GetLossesMore(), Point: record.PointID(p.GetPointId()),
		NextTry: moment(p.GetNextTry()), AttemptStarted: moment(p.GetAttemptStarted()),
		Kind: record.RunKind(p.GetKind()), Full: p.GetFull(), Earlier: decodeProgress(p.GetEarlier()),
	}
	for _, t := range p.GetTransfers() {
		r.Transfers = append(r.Transfers, record.Transfer{
			ID: t.GetId(), Transporter: record.TransporterID(t.GetTransporterId()),
		})
	}
	r.RecoveryReport = decodeRecoveryReport(p.GetRecoveryReport())
	if w := p.GetVerifyReport(); w != nil {
		r.VerifyReport = &record.VerifyReport{
			Points: w.GetPoints(), Blobs: w.GetBlobs(), Bytes: w.GetBytes(), Damage: w.GetDamage(),
		}
	}
	decodeUpkeep(&r, p)
	decodeUndo(&r, p)
	decodeSource(&r, p)
	decodeCourse(&r, p)
	return r
}

func encodeRecovery(r *record.Recovery) *statev1.Recovery {
	p := &statev1.Recovery{
		TaskId: string(r.Task), PointId: string(r.Point), FolderIds: texts[string](r.Folders), IfExists: int32(r.IfExists),
		IntoFolder: r.IntoFolder, PlanOnly: r.PlanOnly, UndoRunId: string(r.UndoneBy), IfFolderExists: int32(r.IfFolder), Day: r.Day,
	}
	for _, m := range r.Messages {
		p.Messages = append(p.Messages, &statev1.MessageRef{FolderId: string(m.Folder), MessageId: string(m.Message)})
	}
	return p
}

func decodeRecovery(p *statev1.Recovery) record.Recovery {
	r := record.Recovery{
		Task: record.TaskID(p.GetTaskId()), Point: record.PointID(p.GetPointId()),
		Folders: texts[mail.FolderID](p.GetFolderIds()), IfExists: record.IfExists(p.GetIfExists()),
		IntoFolder: p.GetIntoFolder(), PlanOnly: p.GetPlanOnly(), UndoneBy: record.RunID(p.GetUndoRunId()),
		IfFolder: record.IfFolderExists(p.GetIfFolderExists()), Day: p.GetDay(),
	}
	for _, m := range p.GetMessages() {
		r.Messages = append(r.Messages, record.MessageRef{
			Folder: mail.FolderID(m.GetFolderId()), Message: mail.MessageID(m.GetMessageId()),
		})
	}
	return r
}
