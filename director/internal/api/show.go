package api

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/director/internal/fleet"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// stamp returns a time as the API shows it; the zero time is absent.
func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// takeTime is the other way round.
func takeTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func texts[T ~string](from []T) []string {
	to := make([]string, 0, len(from))
	for _, s := range from {
		to = append(to, string(s))
	}
	return to
}

func showAccount(a record.Account) *directorv1.Account {
	out := &directorv1.Account{
		Id: string(a.ID), Name: a.Name, TenantId: string(a.Tenant), ClientId: a.ClientID, Cloud: directorv1.Cloud(a.Cloud),
		Authority: a.Authority, GraphRoot: a.GraphRoot, CaPem: a.CAPEM, TransporterId: string(a.Transporter),
		Refreshed: stamp(a.Refreshed), Mailboxes: a.Mailboxes, UsersWithoutMailbox: a.WithoutMailbox,
		Credential: a.Credential.Kind(), CredentialExpires: stamp(a.CredentialExpires), Trouble: a.Trouble, TroubleSince: stamp(a.TroubleSince),
		MissingPermissions: a.Missing,
	}
	if a.Limits != (record.Limits{}) {
		out.Limits = &directorv1.Limits{
			RequestsInFlight: a.Limits.InFlight, RequestsPerWindow: a.Limits.PerWindow, WindowSeconds: a.Limits.WindowSeconds,
			UploadBytesPerWindow: a.Limits.UploadPerWindow, UploadWindowSeconds: a.Limits.UploadWindowSeconds,
		}
	}
	return out
}

func showPermissions(list []record.Permission) []*directorv1.Permission {
	var out []*directorv1.Permission
	for _, p := range list {
		out = append(out, &directorv1.Permission{Name: p.Name, Granted: p.Granted, Cost: p.Cost, Required: p.Required})
	}
	return out
}

func showMailbox(m record.Mailbox) *directorv1.Mailbox {
	return &directorv1.Mailbox{
		Id: string(m.ID), AccountId: string(m.Account), Name: m.Name, Address: m.Address,
		Kind: directorv1.MailboxKind(m.Kind), Absent: m.Absent, Gone: m.Gone,
	}
}

func showTransporter(t record.Transporter, s fleet.Status) *directorv1.Transporter {
	out := &directorv1.Transporter{
		Id: string(t.ID), Name: t.Name, Address: t.Address, TransferHost: t.TransferHost, MaxTasks: t.MaxTasks,
		Reachable: s.Reachable, Error: s.Error, Version: t.Version, Hostname: t.Hostname, Os: t.OS, Arch: t.Arch,
		Seen: stamp(t.Seen), CertificateExpires: stamp(t.CertificateExpires),
	}
	if !s.Seen.IsZero() {
		out.Seen = stamp(s.Seen)
	}
	if s.Reachable {
		out.TasksRunning, out.ClockDifferenceMs = s.Running, s.ClockAhead.Milliseconds()
		out.FreeBytes, out.TotalBytes, out.Cpus, out.MemoryBytes = s.Free, s.Total, s.CPUs, s.Memory
	}
	return out
}

func showRepository(r record.Repository) *directorv1.Repository {
	t := r.Statistics
	return &directorv1.Repository{
		Id: string(r.ID), Name: r.Name, TransporterId: string(r.Transporter), Path: r.Path, Codec: directorv1.Codec(r.Codec),
		Encrypted: r.Encrypted, Attached: r.Attached, Error: r.Error, Created: stamp(r.Created), Backups: t.Backups,
		Points: t.Points, Blobs: t.Blobs, StoredBytes: t.StoredBytes, UniqueBytes: t.UniqueBytes, LogicalBytes: t.LogicalBytes,
		IndexBytes: t.IndexBytes, FreeBytes: t.FreeBytes, TotalBytes: t.TotalBytes,
		Measured: stamp(t.At), Survey: showSurvey(t.Survey), Schedules: showRepositorySchedules(&r.Schedules),
		Switched: stamp(r.Switched),
	}
}

func showPoint(id record.RepositoryID, p *transporterv1.Point) *directorv1.Point {
	return &directorv1.Point{
		Id: p.GetId(), RepositoryId: string(id), AccountId: p.GetKey().GetAccountId(), MailboxId: p.GetKey().GetMailboxId(),
		JobId: p.GetKey().GetJobId(), AccountName: p.GetOrigin().GetAccountName(), MailboxName: p.GetOrigin().GetMailboxName(),
		MailboxAddress: p.GetOrigin().GetMailboxAddress(), JobName: p.GetOrigin().GetJobName(), RunId: p.GetRunId(),
		Time: p.GetTime(), Folders: p.GetCounts().GetFolders(), Messages: p.GetCounts().GetMessages(),
		Attachments: p.GetCounts().GetAttachments(), Bytes: p.GetCounts().GetBytes(), Lost: p.GetCounts().GetLost(),
		Complete: p.GetComplete(),
	}
}

func showFolders(id record.RepositoryID, c *transporterv1.ListFoldersResponse) *directorv1.ListFoldersResponse {
	out := &directorv1.ListFoldersResponse{Point: showPoint(id, c.GetPoint())}
	for _, f := range c.GetFolders() {
		out.Folders = append(out.Folders, &directorv1.Folder{
			Id: f.GetId(), ParentId: f.GetParentId(), Name: f.GetName(), Role: f.GetRole(), Hidden: f.GetHidden(),
			Messages: f.GetMessages(),
		})
	}
	for _, l := range c.GetLosses() {
		out.Losses = append(out.Losses, &directorv1.Loss{
			MessageId: l.GetMessageId(), FolderId: l.GetFolderId(), Subject: l.GetSubject(), What: l.GetWhat(),
			Reason: l.GetReason(), RequestId: l.GetRequestId(),
		})
	}
	return out
}

func showAddress(a *transporterv1.Address) *directorv1.Address {
	if a == nil {
		return nil
	}
	return &directorv1.Address{Name: a.GetName(), Address: a.GetAddress()}
}

func showMessages(page *transporterv1.ListMessagesResponse) *directorv1.ListMessagesResponse {
	out := &directorv1.ListMessagesResponse{Total: page.GetTotal(), InFolder: page.GetInFolder()}
	for _, m := range page.GetMessages() {
		out.Messages = append(out.Messages, showSummary(m))
	}
	return out
}

func showSummary(m *transporterv1.MessageSummary) *directorv1.MessageSummary {
	return &directorv1.MessageSummary{
		Id: m.GetId(), FolderId: m.GetFolderId(), Subject: m.GetSubject(), From: showAddress(m.GetFrom()), To: showAddresses(m.GetTo()),
		Received: m.GetReceived(), Sent: m.GetSent(), Size: m.GetSize(), Read: m.GetRead(), Draft: m.GetDraft(),
		Flagged: m.GetFlagged(), Attachments: m.GetAttachments(), InternetMessageId: m.GetInternetMessageId(),
		Importance: m.GetImportance(), Preview: m.GetPreview(),
	}
}
