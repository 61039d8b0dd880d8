package work

import (
	"context"
	"fmt"
	"io"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/balance"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/graph/governor"
)

// mailbox is one mailbox through a Graph client that counts for the task alone.
type mailbox struct {
	client *graph.Client
	id     mail.MailboxID
	now    func() time.Time
}

// Requests returns how many requests the task has sent, by what they were for.
func (m mailbox) Requests() map[string]int64 {
	byKind := m.client.Requests().ByKind
	out := make(map[string]int64, len(byKind))
	for kind, n := range byKind {
		out[string(kind)] = n
	}
	return out
}

// Waiting says what Microsoft's limits hold back, in words for people. Ordinary turns of a second are no wait.
func (m mailbox) Waiting() string {
	w, ok := m.client.Waiting(m.id)
	if !ok || w.Reason == governor.ReasonInFlight {
		return ""
	}
	left := w.Until.Sub(m.now())
	switch {
	case left < 2*time.Second:
		return ""
	case w.Reason == governor.ReasonBackoff:
		return fmt.Sprintf("trying again in %s", span(left))
	default:
		return fmt.Sprintf("waiting for Microsoft, %s (%s)", span(left), w.Reason)
	}
}

// span writes a time to wait: seconds, or minutes where seconds are too many to make sense of.
func span(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%d s", int(d.Seconds()))
	}
	return fmt.Sprintf("%d min", int(d.Round(time.Minute).Minutes()))
}

// source is a mailbox as a backup reads it.
type source struct {
	mailbox
	folders graph.FolderOptions
}

var (
	_ backup.Source  = source{}
	_ backup.Sparing = source{}
)

// Folders implements backup.Source.
func (s source) Folders(ctx context.Context) ([]mail.Folder, error) {
	return s.client.Folders(ctx, s.id, s.folders)
}

// LeftOut implements backup.Sparing.
func (s source) LeftOut(ctx context.Context) ([]balance.Outside, error) {
	if s.folders.Hidden {
		return nil, nil
	}
	hidden, err := s.client.HiddenFolders(ctx, s.id)
	list := make([]balance.Outside, len(hidden))
	for i, f := range hidden {
		list[i] = balance.Outside{ID: f.ID, Parent: f.Parent, Name: f.Name, Total: int64(f.Total), Why: balance.Hidden}
	}
	return list, err
}

// Changes implements backup.Source.
func (s source) Changes(ctx context.Context, folder mail.FolderID, cursor mail.Cursor) (backup.Page, error) {
	p, err := s.client.Delta(ctx, s.id, folder, cursor)
	return backup.Page{Changes: p.Changes, Next: p.Next, Done: p.Done, Full: p.Full, Restart: p.Restart}, err
}

// Message implements backup.Source.
func (s source) Message(ctx context.Context, id mail.MessageID) (mail.Change, error) {
	m, body, err := s.client.Message(ctx, s.id, id)
	return mail.Change{Message: m, Body: body}, err
}

// Locate implements backup.Source.
func (s source) Locate(ctx context.Context, ids []mail.MessageID) ([]backup.Location, error) {
	found, err := s.client.Exists(ctx, s.id, ids)
	if err != nil {
		return nil, err
	}
	out := make([]backup.Location, len(found))
	for i, f := range found {
		out[i] = locationOf(f)
	}
	return out, nil
}

// Attachments implements backup.Source.
func (s source) Attachments(ctx context.Context, id mail.MessageID, visit func(backup.Attachment) error) error {
	return s.client.Attachments(ctx, s.id, id, func(a graph.Attachment) error { return visit(attachmentOf(a)) })
}

// MIME implements backup.Source.
func (s source) MIME(ctx context.Context, id mail.MessageID) (io.ReadCloser, error) {
	return s.client.MIME(ctx, s.id, id)
}

func attachmentOf(a graph.Attachment) backup.Attachment {
	out := backup.Attachment{Attachment: a.Attachment, Content: a.Content, Err: a.Err, Instead: a.Instead}
	if a.Item != nil {
		out.Item = &backup.Item{Message: a.Item.Message, Body: a.Item.Body}
		for _, in := range a.Item.Attachments {
			out.Item.Attachments = append(out.Item.Attachments, attachmentOf(in))
		}
	}
	return out
}
