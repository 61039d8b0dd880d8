package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeJob(r *record.Job) *statev1.Job {
	p := &statev1.Job{
		Id: string(r.ID), Name: r.Name, ExcludedMailboxIds: texts[string](r.Excluded), RepositoryId: string(r.Repository),
		Options: encodeJobOptions(&r.Options), Enabled: r.Enabled, Created: stamp(r.Created), LastRunId: string(r.LastRun),
		Retention: encodeRetention(&r.Retention), Group: r.Group,
	}
	for i := range r.Schedules {
		p.Schedules = append(p.Schedules, encodeSchedule(&r.Schedules[i]))
	}
	for _, i := range r.Items {
		p.Items = append(p.Items, &statev1.SourceItem{AccountId: string(i.Account), MailboxId: string(i.Mailbox)})
	}
	return p
}

func decodeJob(p *statev1.Job) record.Job {
	r := record.Job{
		ID: record.JobID(p.GetId()), Name: p.GetName(), Excluded: texts[mail.MailboxID](p.GetExcludedMailboxIds()),
		Repository: record.RepositoryID(p.GetRepositoryId()), Options: decodeJobOptions(p.GetOptions()), Enabled: p.GetEnabled(),
		Created: moment(p.GetCreated()), LastRun: record.RunID(p.GetLastRunId()),
		Retention: decodeRetention(p.GetRetention()), Group: p.GetGroup(),
	}
	for _, one := range p.GetSchedules() {
		r.Schedules = append(r.Schedules, decodeSchedule(one))
	}
	for _, i := range p.GetItems() {
		r.Items = append(r.Items, record.SourceItem{
			Account: mail.AccountID(i.GetAccountId()), Mailbox: mail.MailboxID(i.GetMailboxId()),
		})
	}
	return r
}

func encodeJobOptions(r *record.JobOptions) *statev1.JobOptions {
	return &statev1.JobOptions{
		MaxTasks: r.MaxTasks, TransporterIds: texts[string](r.Transporters), EvidenceCopy: r.EvidenceCopy,
		RecoverableItems: r.RecoverableItems, HiddenFolders: r.HiddenFolders,
	}
}

func decodeJobOptions(p *statev1.JobOptions) record.JobOptions {
	return record.JobOptions{
		MaxTasks: p.GetMaxTasks(), Transporters: texts[record.TransporterID](p.GetTransporterIds()),
		EvidenceCopy: p.GetEvidenceCopy(), RecoverableItems: p.GetRecoverableItems(), HiddenFolders: p.GetHiddenFolders(),
	}
}

func encodeRun(r *record.Run) *statev1.Run {
	return &statev1.Run{
		Id: string(r.ID), Kind: int32(r.Kind), Title: r.Title, JobId: string(r.Job), JobName: r.JobName,
		Options: encodeJobOptions(&r.Options), Status: int32(r.Status), Stop: r.Stop, StopNow: r.StopNow,
		Started: stamp(r.Started), Ended: stamp(r.Ended), Tasks: r.Tasks, Succeeded: r.Succeeded, Incomplete: r.Incomplete,
		Failed: r.Failed, Stopped: r.Stopped, Progress: encodeProgress(&r.Progress), Error: r.Error, Cause: r.Cause, StopAt: stamp(r.StopAt),
	}
}

func decodeRun(p *statev1.Run) record.Run {
	return record.Run{
		ID: record.RunID(p.GetId()), Kind: record.RunKind(p.GetKind()), Title: p.GetTitle(), Job: record.JobID(p.GetJobId()),
		JobName: p.GetJobName(), Options: decodeJobOptions(p.GetOptions()), Status: record.RunStatus(p.GetStatus()),
		Stop: p.GetStop(), StopNow: p.GetStopNow(), Started: moment(p.GetStarted()), Ended: moment(p.GetEnded()),
		Tasks: p.GetTasks(), Succeeded: p.GetSucceeded(), Incomplete: p.GetIncomplete(), Failed: p.GetFailed(),
		Stopped: p.GetStopped(), Progress: decodeProgress(p.GetProgress()), Error: p.GetError(), Cause: p.GetCause(), StopAt: moment(p.GetStopAt()),
	}
}

func encodeProgress(r *record.Progress) *statev1.Progress {
	return &statev1.Progress{
		FoldersDone: r.FoldersDone, FoldersTotal: r.FoldersTotal, MessagesDone: r.MessagesDone, MessagesTotal: r.MessagesTotal,
		BytesRead: r.BytesRead, BytesNew: r.BytesNew, Attachments: r.Attachments, Requests: r.Requests,
		MessagesChanged: r.MessagesChanged, MessagesDeleted: r.MessagesDeleted, RequestsByKind: r.RequestsByKind,
	}
}

func decodeProgress(p *statev1.Progress) record.Progress {
	return record.Progress{
		FoldersDone: p.GetFoldersDone(), FoldersTotal: p.GetFoldersTotal(), MessagesDone: p.GetMessagesDone(),
		MessagesTotal: p.GetMessagesTotal(), BytesRead: p.GetBytesRead(), BytesNew: p.GetBytesNew(),
		Attachments: p.GetAttachments(), Requests: p.GetRequests(), MessagesChanged: p.GetMessagesChanged(),
		MessagesDeleted: p.GetMessagesDeleted(), RequestsByKind: p.GetRequestsByKind(),
	}
}

func encodeLosses(r *record.Losses) *statev1.Losses {
	p := &statev1.Losses{TaskId: string(r.Task)}
	for _, l := range r.Losses {
		p.Losses = append(p.Losses, &statev1.Loss{
			MessageId: string(l.Message), FolderId: string(l.Folder), Subject: l.Subject, What: l.What, Reason: l.Reason,
			RequestId: l.RequestID,
		})
	}
	return p
}

func decodeLosses(p *statev1.Losses) record.Losses {
	r := record.Losses{Task: record.TaskID(p.GetTaskId())}
	for _, l := range p.GetLosses() {
		r.Losses = append(r.Losses, mail.Loss{
			Message: mail.MessageID(l.GetMessageId()), Folder: mail.FolderID(l.GetFolderId()), Subject: l.GetSubject(),
			What: l.GetWhat(), Reason: l.GetReason(), RequestID: l.GetRequestId(),
		})
	}
	return r
}
