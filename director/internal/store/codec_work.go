package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeRun(r *record.Run) *statev1.Run {
	p := &statev1.Run{
		Id: string(r.ID), Kind: int32(r.Kind), Title: r.Title, JobId: string(r.Job), JobName: r.JobName,
		Options: encodeJobOptions(&r.Options), Status: int32(r.Status), Stop: r.Stop, StopNow: r.StopNow,
		Started: stamp(r.Started), Ended: stamp(r.Ended), Tasks: r.Tasks, Succeeded: r.Succeeded, Incomplete: r.Incomplete,
		Failed: r.Failed, Stopped: r.Stopped, Progress: encodeProgress(&r.Progress), Error: r.Error, Cause: r.Cause, StopAt: stamp(r.StopAt),
		Phase: int32(r.Phase),
		Notes: r.Notes, TookMs: r.Took.Milliseconds(),
		Held: r.Held,
	}
	encodeSums(p, r)
	return p
}

func decodeRun(p *statev1.Run) record.Run {
	r := record.Run{
		ID: record.RunID(p.GetId()), Kind: record.RunKind(p.GetKind()), Title: p.GetTitle(), Job: record.JobID(p.GetJobId()),
		JobName: p.GetJobName(), Options: decodeJobOptions(p.GetOptions()), Status: record.RunStatus(p.GetStatus()),
		Stop: p.GetStop(), StopNow: p.GetStopNow(), Started: moment(p.GetStarted()), Ended: moment(p.GetEnded()),
		Tasks: p.GetTasks(), Succeeded: p.GetSucceeded(), Incomplete: p.GetIncomplete(), Failed: p.GetFailed(),
		Stopped: p.GetStopped(), Progress: decodeProgress(p.GetProgress()), Error: p.GetError(), Cause: p.GetCause(), StopAt: moment(p.GetStopAt()),
		Phase: record.RunPhase(p.GetPhase()),
		Notes: p.GetNotes(), Took: milliseconds(p.GetTookMs()),
		Held: p.GetHeld(),
	}
	decodeSums(&r, p)
	return r
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
