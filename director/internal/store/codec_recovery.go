package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeRecoveryReport(w *record.RecoveryReport) *statev1.RecoveryReport {
	if w == nil {
		return nil
	}
	return &statev1.RecoveryReport{
		Created: w.Created, Skipped: w.Skipped, Renamed: w.Renamed, Overwritten: w.Overwritten, Failed: w.Failed,
		FoldersCreated: w.FoldersCreated, Notes: w.Notes,
	}
}

func decodeRecoveryReport(w *statev1.RecoveryReport) *record.RecoveryReport {
	if w == nil {
		return nil
	}
	return &record.RecoveryReport{
		Created: w.GetCreated(), Skipped: w.GetSkipped(), Renamed: w.GetRenamed(), Overwritten: w.GetOverwritten(),
		Failed: w.GetFailed(), FoldersCreated: w.GetFoldersCreated(), Notes: w.GetNotes(),
	}
}

func encodeDrillReport(w *record.DrillReport) *statev1.DrillReport {
	if w == nil {
		return nil
	}
	p := &statev1.DrillReport{
		Mailboxes: w.Mailboxes, Messages: w.Messages, Same: w.Same, Different: w.Different, Missing: w.Missing, Compared: w.Compared,
		DifferencesMore: w.DifferencesMore, Left: w.Left,
	}
	for _, d := range w.Differences {
		p.Differences = append(p.Differences, &statev1.DrillDifference{
			RepositoryId: string(d.Repository), PointId: string(d.Point), FolderId: string(d.Folder), MessageId: string(d.Message),
			Field: d.Field, Text: d.Text,
		})
	}
	return p
}

func decodeDrillReport(p *statev1.DrillReport) *record.DrillReport {
	if p == nil {
		return nil
	}
	w := &record.DrillReport{
		Mailboxes: p.GetMailboxes(), Messages: p.GetMessages(), Same: p.GetSame(), Different: p.GetDifferent(), Missing: p.GetMissing(),
		Compared: p.GetCompared(), DifferencesMore: p.GetDifferencesMore(), Left: p.GetLeft(),
	}
	for _, d := range p.GetDifferences() {
		w.Differences = append(w.Differences, record.DrillDifference{
			Repository: record.RepositoryID(d.GetRepositoryId()), Point: record.PointID(d.GetPointId()), Folder: mail.FolderID(d.GetFolderId()),
			Message: mail.MessageID(d.GetMessageId()), Field: d.GetField(), Text: d.GetText(),
		})
	}
	return w
}

func encodeSource(p *statev1.Task, r *record.Task) {
	if s := r.Source; s != nil {
		p.Source = &statev1.TaskSource{
			AccountId: string(s.Account), MailboxId: string(s.Mailbox), MailboxName: s.Name, MailboxAddress: s.Address,
			PointId: string(s.Point), PointTime: stamp(s.Time),
		}
	}
	if d := r.Drill; d != nil {
		p.DrillMessages, p.DrillFolder = int32(d.Messages), d.Folder
	}
	p.DrillReport = encodeDrillReport(r.DrillReport)
}

func decodeSource(r *record.Task, p *statev1.Task) {
	if s := p.GetSource(); s != nil {
		r.Source = &record.TaskSource{
			Account: mail.AccountID(s.GetAccountId()), Mailbox: mail.MailboxID(s.GetMailboxId()), Name: s.GetMailboxName(),
			Address: s.GetMailboxAddress(), Point: record.PointID(s.GetPointId()), Time: moment(s.GetPointTime()),
		}
	}
	if p.GetDrillFolder() != "" {
		r.Drill = &record.DrillTask{Messages: int(p.GetDrillMessages()), Folder: p.GetDrillFolder()}
	}
	r.DrillReport = decodeDrillReport(p.GetDrillReport())
}

// encodeSums writes what a run of several tasks amounts to.
func encodeSums(p *statev1.Run, r *record.Run) {
	p.PlanOnly, p.DrillId, p.Losses = r.PlanOnly, string(r.DrillOf), r.Losses
	p.RecoveryReport, p.UndoReport, p.DrillReport = encodeRecoveryReport(r.Recovery), encodeUndoReport(r.Undo), encodeDrillReport(r.Drill)
}

func decodeSums(r *record.Run, p *statev1.Run) {
	r.PlanOnly, r.DrillOf, r.Losses = p.GetPlanOnly(), record.DrillID(p.GetDrillId()), p.GetLosses()
	r.Recovery, r.Undo, r.Drill = decodeRecoveryReport(p.GetRecoveryReport()), decodeUndoReport(p.GetUndoReport()), decodeDrillReport(p.GetDrillReport())
}

func encodeDrill(r *record.Drill) *statev1.Drill {
	return &statev1.Drill{
		Id: string(r.ID), Name: r.Name, JobId: string(r.Job), MailboxIds: texts[string](r.Of), Mailboxes: int32(r.Mailboxes),
		Messages: int32(r.Messages), AccountId: string(r.Account), MailboxId: string(r.Mailbox), Schedules: encodeSchedules(r.Schedules),
		Enabled: r.Enabled, Considered: stamp(r.Considered), LastRunId: string(r.LastRun), LastError: r.LastError,
	}
}

func decodeDrill(p *statev1.Drill) record.Drill {
	return record.Drill{
		ID: record.DrillID(p.GetId()), Name: p.GetName(), Job: record.JobID(p.GetJobId()), Of: texts[mail.MailboxID](p.GetMailboxIds()),
		Mailboxes: int(p.GetMailboxes()), Messages: int(p.GetMessages()), Account: mail.AccountID(p.GetAccountId()),
		Mailbox: mail.MailboxID(p.GetMailboxId()), Schedules: decodeSchedules(p.GetSchedules()), Enabled: p.GetEnabled(),
		Considered: moment(p.GetConsidered()), LastRun: record.RunID(p.GetLastRunId()), LastError: p.GetLastError(),
	}
}
