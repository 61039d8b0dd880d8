package control

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/task"
)

// maxText bounds a sentence in an answer, in bytes: a thousand losses must fit in one message.
const maxText = 1024

// stamp leaves an absent time absent.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// text makes a string fit for the wire: valid UTF-8 and not too long.
func text(s string) string { return clip(s, maxText) }

func clip(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	cut := limit
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

func mailboxOut(m mail.Mailbox) *transporterv1.Mailbox {
	return &transporterv1.Mailbox{
		Id: string(m.ID), Name: text(m.Name), Address: text(m.Address),
		Kind: transporterv1.MailboxKind(m.Kind), Absent: text(m.Absent),
	}
}

func lossOut(l mail.Loss) *transporterv1.Loss {
	return &transporterv1.Loss{
		MessageId: string(l.Message), FolderId: string(l.Folder), Subject: text(l.Subject), What: l.What,
		Reason: text(l.Reason), RequestId: l.RequestID,
	}
}

func lossesOut(all []mail.Loss) []*transporterv1.Loss {
	out := make([]*transporterv1.Loss, len(all))
	for i, l := range all {
		out[i] = lossOut(l)
	}
	return out
}

func keyOut(k record.BackupKey) *transporterv1.BackupKey {
	return &transporterv1.BackupKey{AccountId: string(k.Account), MailboxId: string(k.Mailbox), JobId: string(k.Job)}
}

func originOut(o record.Origin) *transporterv1.Origin {
	return &transporterv1.Origin{
		AccountName: text(o.AccountName), TenantId: string(o.Tenant), MailboxName: text(o.MailboxName), MailboxAddress: text(o.MailboxAddress),
		MailboxKind: transporterv1.MailboxKind(o.MailboxKind), JobName: text(o.JobName),
	}
}

func pointOut(p record.Point) *transporterv1.Point {
	return &transporterv1.Point{
		Id: string(p.ID), Key: keyOut(p.Key), Origin: originOut(p.Origin),
		RunId: string(p.Run), Time: stamp(p.Time), Sealed: stamp(p.Sealed),
		Counts: &transporterv1.Counts{
			Folders: p.Counts.Folders, Messages: p.Counts.Messages, Attachments: p.Counts.Attachments,
			Bytes: p.Counts.Bytes, Lost: p.Counts.Lost,
		},
		Complete: p.Complete, Balance: balanceOut(p.Balance),
	}
}

func keyIn(k *transporterv1.BackupKey) record.BackupKey {
	return record.BackupKey{
		Account: mail.AccountID(k.GetAccountId()), Mailbox: mail.MailboxID(k.GetMailboxId()), Job: record.JobID(k.GetJobId()),
	}
}

func taskOut(s task.State) *transporterv1.TaskState {
	p := s.Progress
	out := &transporterv1.TaskState{
		TaskId: string(s.ID), Attempt: int32(s.Attempt), Status: transporterv1.TaskStatus(s.Status), Phase: s.Phase,
		Progress: &transporterv1.Progress{
			FoldersDone: p.FoldersDone, FoldersTotal: p.FoldersTotal, MessagesDone: p.MessagesDone,
			MessagesTotal: p.MessagesTotal, BytesRead: p.BytesRead, BytesNew: p.BytesNew, Attachments: p.Attachments,
			Requests: p.Requests, RequestsByKind: p.RequestsByKind, MessagesChanged: p.MessagesChanged,
			MessagesDeleted: p.MessagesDeleted,
		},
		Waiting: s.Waiting, Started: stamp(s.Started), Ended: stamp(s.Ended),
		Losses: lossesOut(s.Losses), LossesMore: s.LossesMore,
	}
	if s.Err != nil {
		out.FaultKind, out.Error, out.Temporary = int32(fault.KindOf(s.Err)), text(s.Err.Error()), fault.Temporary(s.Err)
		var f *fault.Fault
		if errors.As(s.Err, &f) {
			out.RequestId = f.RequestID
		}
	}
	if s.Outcome.Point != nil {
		out.Point = pointOut(*s.Outcome.Point)
	}
	if r := s.Outcome.Recovery; r != nil {
		out.Recovery = &transporterv1.RecoveryReport{
			Created: r.Created, Skipped: r.Skipped, Renamed: r.Renamed, Overwritten: r.Overwritten, Failed: r.Failed,
			FoldersCreated: r.FoldersCreated, Notes: r.Notes,
		}
	}
	if u := s.Outcome.Undo; u != nil {
		out.Undo = &transporterv1.UndoReport{
			Removed: u.Removed, Trashed: u.Trashed, PutBack: u.PutBack, Left: u.Left, FoldersRemoved: u.FoldersRemoved,
			FoldersLeft: u.FoldersLeft,
		}
	}
	if d := s.Outcome.Drill; d != nil {
		out.Drill = drillOut(d)
	}
	if v := s.Outcome.Verify; v != nil {
		out.Verify = &transporterv1.VerifyReport{Points: v.Points, Blobs: v.Blobs, Bytes: v.Bytes}
		out.Verify.Damage = sentences(v.Damage)
	}
	upkeepOut(out, &s.Outcome)
	return out
}

// What a list's line shows of addresses is bounded; the message itself has them all.
const (
	maxRecipients = 5
	maxAddress    = 256
)

func summaryOut(m *record.Message) *transporterv1.MessageSummary {
	out := &transporterv1.MessageSummary{
		Id: string(m.ID), FolderId: string(m.Folder), Subject: text(m.Subject), From: addressOut(m.From),
		Received: stamp(m.Received), Sent: stamp(m.Sent), Size: sizeOf(m), Read: m.Read, Draft: m.Draft,
		Flagged: m.Flag.Status == mail.FlagFlagged, Attachments: int32(len(m.Attachments)),
		InternetMessageId: text(m.InternetMessageID), Preview: text(m.BodyPreview),
	}
	switch m.Importance {
	case mail.ImportanceLow:
		out.Importance = -1
	case mail.ImportanceHigh:
		out.Importance = 1
	case mail.ImportanceNormal:
	}
	for _, a := range m.To[:min(len(m.To), maxRecipients)] {
		out.To = append(out.To, addressOut(&a))
	}
	return out
}

func addressOut(a *mail.Address) *transporterv1.Address {
	if a == nil {
		return nil
	}
	return &transporterv1.Address{Name: clip(a.Name, maxAddress), Address: clip(a.Address, maxAddress)}
}

// sizeOf is the size of a message's content.
func sizeOf(m *record.Message) int64 {
	size := m.Body.Size
	for _, a := range m.Attachments {
		size += a.Content.Size
		if a.Item != nil {
			size += sizeOf(a.Item)
		}
	}
	return size
}
