package store

import (
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

// PastKey is the key of what earlier runs of a job took for a mailbox; with empty ids the prefix of all of a job.
func PastKey(job record.JobID, account mail.AccountID, mailbox mail.MailboxID) string {
	if account == "" {
		return string(job) + "/"
	}
	return string(job) + "/" + MailboxKey(account, mailbox)
}

func encodePast(r *record.Past) *statev1.Past {
	return &statev1.Past{
		JobId: string(r.Job), AccountId: string(r.Account), MailboxId: string(r.Mailbox), Full: encodeEffort(&r.Full),
		Usual: encodeEffort(&r.Usual),
	}
}

func decodePast(p *statev1.Past) record.Past {
	return record.Past{
		Job: record.JobID(p.GetJobId()), Account: mail.AccountID(p.GetAccountId()), Mailbox: mail.MailboxID(p.GetMailboxId()),
		Full: decodeEffort(p.GetFull()), Usual: decodeEffort(p.GetUsual()),
	}
}

func encodeEffort(r *record.Effort) *statev1.Effort {
	if !r.Known() {
		return nil
	}
	return &statev1.Effort{
		Ended: stamp(r.Ended), TookMs: r.Took.Milliseconds(), Messages: r.Messages, Changed: r.Changed, BytesRead: r.BytesRead,
		Requests: r.Requests,
	}
}

func decodeEffort(p *statev1.Effort) record.Effort {
	return record.Effort{
		Ended: moment(p.GetEnded()), Took: milliseconds(p.GetTookMs()), Messages: p.GetMessages(), Changed: p.GetChanged(),
		BytesRead: p.GetBytesRead(), Requests: p.GetRequests(),
	}
}

func milliseconds(n int64) time.Duration { return time.Duration(n) * time.Millisecond }

// encodeCourse adds how a task went, beside how it ended.
func encodeCourse(p *statev1.Task, r *record.Task) {
	p.TookMs = r.Took.Milliseconds()
	for _, t := range r.Tries {
		p.Tries = append(p.Tries, &statev1.Try{
			Attempt: t.Attempt, Ended: stamp(t.Ended), TransporterId: string(t.Transporter), Error: t.Error, RequestId: t.RequestID,
		})
	}
	if b := r.Balance; b != nil {
		p.Balance = &statev1.Balance{Tenant: b.Tenant, Kept: b.Kept, Folders: b.Folders, Unexplained: b.Unexplained}
	}
}

func decodeCourse(r *record.Task, p *statev1.Task) {
	r.Took = milliseconds(p.GetTookMs())
	for _, t := range p.GetTries() {
		r.Tries = append(r.Tries, record.Try{
			Attempt: t.GetAttempt(), Ended: moment(t.GetEnded()), Transporter: record.TransporterID(t.GetTransporterId()),
			Error: t.GetError(), RequestID: t.GetRequestId(),
		})
	}
	if b := p.GetBalance(); b != nil {
		r.Balance = &record.Balance{Tenant: b.GetTenant(), Kept: b.GetKept(), Folders: b.GetFolders(), Unexplained: b.GetUnexplained()}
	}
}
