// Package wire turns the Director's records into what Transporters are told, and their answers into records. It decides
// nothing.
package wire

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Account returns an account with its secret: it goes over mutual TLS only, and into no log.
func Account(a record.Account) *transporterv1.Account {
	l := a.Limits
	return &transporterv1.Account{
		Id: string(a.ID), Name: a.Name, TenantId: string(a.Tenant), ClientId: a.ClientID,
		ClientSecret: a.Credential.Secret, Certificate: a.Credential.Certificate,
		CertificatePassword: a.Credential.CertificatePassword, Cloud: transporterv1.Cloud(a.Cloud),
		Authority: a.Authority, GraphRoot: a.GraphRoot, CaPem: a.CAPEM,
		Limits: &transporterv1.Limits{
			RequestsInFlight: l.InFlight, RequestsPerWindow: l.PerWindow, WindowSeconds: l.WindowSeconds,
			UploadBytesPerWindow: l.UploadPerWindow, UploadWindowSeconds: l.UploadWindowSeconds,
		},
	}
}

// MailboxRecord returns a mailbox as a refresh found it.
func MailboxRecord(account mail.AccountID, m *transporterv1.Mailbox) record.Mailbox {
	return record.Mailbox{
		Account: account, ID: mail.MailboxID(m.GetId()), Name: m.GetName(), Address: m.GetAddress(),
		Kind: mail.MailboxKind(m.GetKind()), Absent: m.GetAbsent(),
	}
}

// TaskMailbox returns the mailbox of a task.
func TaskMailbox(t *record.Task) *transporterv1.Mailbox {
	return &transporterv1.Mailbox{
		Id: string(t.Mailbox), Name: t.MailboxName, Address: t.MailboxAddress, Kind: transporterv1.MailboxKind(t.MailboxKind),
	}
}

// Key returns a repository's key; nil when there is none.
func Key(k record.RepositoryKey) *transporterv1.RepositoryKey {
	if k.Empty() {
		return nil
	}
	return &transporterv1.RepositoryKey{Passphrase: k.Passphrase, KeyFile: k.KeyFile}
}

// Permissions returns what an account's application may do.
func Permissions(from []*transporterv1.Permission) []record.Permission {
	to := make([]record.Permission, 0, len(from))
	for _, p := range from {
		to = append(to, record.Permission{
			Name: p.GetName(), Granted: p.GetGranted(), Cost: p.GetCost(), Required: p.GetRequired(),
		})
	}
	return to
}

// Progress returns a task's progress.
func Progress(p *transporterv1.Progress) record.Progress {
	return record.Progress{
		FoldersDone: p.GetFoldersDone(), FoldersTotal: p.GetFoldersTotal(), MessagesDone: p.GetMessagesDone(),
		MessagesTotal: p.GetMessagesTotal(), BytesRead: p.GetBytesRead(), BytesNew: p.GetBytesNew(),
		Attachments: p.GetAttachments(), Requests: p.GetRequests(), MessagesChanged: p.GetMessagesChanged(),
		MessagesDeleted: p.GetMessagesDeleted(), RequestsByKind: p.GetRequestsByKind(),
	}
}

// Status returns a task's state as a record's; an unknown one counts as running.
func Status(s transporterv1.TaskStatus) record.TaskStatus {
	switch s {
	case transporterv1.TaskStatus_TASK_STATUS_SUCCEEDED:
		return record.TaskSucceeded
	case transporterv1.TaskStatus_TASK_STATUS_INCOMPLETE:
		return record.TaskIncomplete
	case transporterv1.TaskStatus_TASK_STATUS_FAILED:
		return record.TaskFailed
	case transporterv1.TaskStatus_TASK_STATUS_STOPPED:
		return record.TaskStopped
	default:
		return record.TaskRunning
	}
}

// Fault returns why a task failed.
func Fault(s *transporterv1.TaskState) *fault.Fault {
	f := fault.New(fault.Kind(s.GetFaultKind()), "%s", s.GetError())
	f.RequestID = s.GetRequestId()
	if f.Message == "" {
		f.Message = "the Transporter gave no reason"
	}
	return f
}

// Result writes what an ended task did into its record, but not its status.
func Result(t *record.Task, s *transporterv1.TaskState) {
	t.Phase = s.GetPhase()
	t.Progress = Progress(s.GetProgress())
	t.Error, t.RequestID, t.FaultKind = s.GetError(), s.GetRequestId(), fault.Kind(s.GetFaultKind())
	t.Losses, t.LossesMore = int64(len(s.GetLosses())), s.GetLossesMore()
	t.Point = record.PointID(s.GetPoint().GetId())
	if b := s.GetPoint().GetBalance(); b != nil {
		t.Balance = &record.Balance{Tenant: b.GetTenant(), Kept: b.GetKept(), Folders: b.GetFolders(), Unexplained: b.GetUnexplained()}
	}
	if r := s.GetRecovery(); r != nil {
		t.RecoveryReport = &record.RecoveryReport{
			Created: r.GetCreated(), Skipped: r.GetSkipped(), Renamed: r.GetRenamed(), Overwritten: r.GetOverwritten(),
			Failed: r.GetFailed(), FoldersCreated: r.GetFoldersCreated(), Notes: r.GetNotes(),
		}
	}
	if r := s.GetVerify(); r != nil {
		t.VerifyReport = &record.VerifyReport{
			Points: r.GetPoints(), Blobs: r.GetBlobs(), Bytes: r.GetBytes(), Damage: r.GetDamage(),
		}
	}
	upkeep(t, s)
	undo(t, s)
	drill(t, s)
}

// Losses returns what a task could not keep or bring back.
func Losses(from []*transporterv1.Loss) []mail.Loss {
	to := make([]mail.Loss, 0, len(from))
	for _, l := range from {
		to = append(to, mail.Loss{
			Message: mail.MessageID(l.GetMessageId()), Folder: mail.FolderID(l.GetFolderId()), Subject: l.GetSubject(),
			What: l.GetWhat(), Reason: l.GetReason(), RequestID: l.GetRequestId(),
		})
	}
	return to
}

// Recovery returns a recovery's selection and ways; the account is the one written to.
func Recovery(t *record.Task, r record.Recovery, a record.Account) *transporterv1.RecoveryWork {
	w := &transporterv1.RecoveryWork{
		Account: Account(a), Mailbox: TaskMailbox(t), RepositoryId: string(t.Repository), PointId: string(r.Point),
		Selection: &transporterv1.Selection{}, IfExists: transporterv1.IfExists(r.IfExists), IntoFolder: r.IntoFolder,
		PlanOnly: r.PlanOnly, IfFolderExists: transporterv1.IfFolderExists(r.IfFolder), Day: r.Day,
	}
	for _, f := range r.Folders {
		w.Selection.FolderIds = append(w.Selection.FolderIds, string(f))
	}
	for _, m := range r.Messages {
		w.Selection.Messages = append(w.Selection.Messages,
			&transporterv1.MessageRef{FolderId: string(m.Folder), MessageId: string(m.Message)})
	}
	return w
}
