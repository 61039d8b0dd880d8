package work

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/export/rfc822"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
)

// maxBody bounds the text of a message that is read into memory, in bytes. What Graph does not take as a text (contract 6.9)
// it takes as an attachment.
const maxBody = 64 << 20

// target is a mailbox as a recovery writes to it.
type target struct{ mailbox }

var _ recovery.Target = target{}

// Folders implements recovery.Target.
func (t target) Folders(ctx context.Context) ([]mail.Folder, error) {
	return t.client.Folders(ctx, t.id, graph.FolderOptions{Hidden: true})
}

// CreateFolder implements recovery.Target.
func (t target) CreateFolder(ctx context.Context, parent mail.FolderID, name string, hidden bool) (mail.Folder, mail.Making, error) {
	return t.client.CreateFolder(ctx, t.id, parent, name, hidden)
}

// List implements recovery.Target.
func (t target) List(ctx context.Context, folder mail.FolderID) iter.Seq2[mail.Message, error] {
	return t.client.List(ctx, t.id, folder)
}

// Create implements recovery.Target.
func (t target) Create(ctx context.Context, item recovery.Item) (recovery.Created, error) {
	m, err := newMessage(ctx, item.Message, item.Open)
	if err != nil {
		return recovery.Created{}, err
	}
	m.RecoveryID = string(item.ID)
	made, err := t.client.CreateMessage(ctx, t.id, item.Folder, m)
	return recovery.Created{ID: made.ID, ChangeKey: made.ChangeKey, Notes: made.Notes, Losses: made.Losses}, err
}

// Find implements recovery.Target.
func (t target) Find(ctx context.Context, item recovery.Item) (recovery.Found, error) {
	found, err := t.client.FindRecovered(ctx, t.id, item.Folder, string(item.ID))
	return recovery.Found{ID: found.ID, Whole: found.Whole, ChangeKey: found.ChangeKey}, err
}

// Remove implements recovery.Target.
func (t target) Remove(ctx context.Context, folder mail.FolderID, id mail.MessageID) error {
	return t.client.TrashMessage(ctx, t.id, folder, id)
}

// Discard implements recovery.Target.
func (t target) Discard(ctx context.Context, _ mail.FolderID, id mail.MessageID) error {
	return t.client.DiscardMessage(ctx, t.id, id)
}

type open = func(ctx context.Context, c record.Content) (io.ReadCloser, error)

// newMessage returns a kept message as the client takes it: the body in memory, attachments to be opened when needed. An
// attachment that the backup does not have is left out; the recovery reports it.
func newMessage(ctx context.Context, m *record.Message, open open) (graph.NewMessage, error) {
	out := graph.NewMessage{Message: m.Message}
	if m.Body.Size > maxBody {
		return out, fault.New(fault.Invalid, "the text of the message has %d MB, more than a message of Microsoft 365 can have", m.Body.Size>>20)
	}
	body, err := readAll(ctx, m.Body, open)
	if err != nil {
		return out, err
	}
	out.Body = body
	for i := range m.Attachments {
		a := &m.Attachments[i]
		if a.Lost != "" {
			continue
		}
		n := graph.NewAttachment{Attachment: a.Attachment, Length: a.Content.Size}
		switch {
		case a.Item != nil:
			in, err := newMessage(ctx, a.Item, open)
			if err != nil {
				return out, err
			}
			n.Item = &in
			n.Render = func(ctx context.Context, w io.Writer) error { return render(ctx, w, a.Item, open) }
		case a.Kind != mail.AttachmentReference:
			n.Open = func(ctx context.Context) (io.ReadCloser, error) { return open(ctx, a.Content) }
		}
		out.Attachments = append(out.Attachments, n)
	}
	return out, nil
}

// render writes a kept message as MIME. Content that cannot be reached at the moment is not taken for lost.
func render(ctx context.Context, w io.Writer, m *record.Message, open open) error {
	_, err := rfc822.Write(ctx, w, m, rfc822.Options{Open: func(ctx context.Context, c record.Content) (io.ReadCloser, error) {
		r, err := open(ctx, c)
		if errors.Is(err, fault.Unavailable) {
			err = fault.New(fault.Timeout, "%w", err)
		}
		return r, err
	}})
	return err
}

func readAll(ctx context.Context, c record.Content, open open) (string, error) {
	if c.Size == 0 {
		return "", nil
	}
	r, err := open(ctx, c)
	if err != nil {
		return "", err
	}
	defer r.Close()
	var b bytes.Buffer
	b.Grow(int(c.Size))
	if _, err := io.Copy(&b, r); err != nil {
		return "", err
	}
	return b.String(), nil
}

func locationOf(f graph.Found) backup.Location {
	if errors.Is(f.Err, fault.NotFound) {
		return backup.Location{}
	}
	if f.Err != nil {
		return backup.Location{Err: f.Err}
	}
	return backup.Location{Exists: true, Folder: f.Message.Folder, ChangeKey: f.Message.ChangeKey}
}
