// Package decoded keeps mailboxes as Microsoft's answers would bring them, but without the costs of JSON: the properties of a
// message, its text, and its attachments, with nothing encoded any more. Reading them costs little more than reading
// their bytes from disk, so a backup of them costs what the product costs from its Source on.
//
// A mailbox is a folder with a folder for each mail folder, which has two files: "messages", and "attachments" with what is
// attached to them, one behind the other. The former is a run of
//
//	lengths of the id, the properties, the text, and all attachments together (4, 4, 4, 8, little-endian), time of receipt (8, seconds)
//	id
//	properties     as the repository stores them (package message); sizes in them are those of what follows
//	text
//
// Of an attached message there is its text among the attachments, then its own attachments.
package decoded

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
)

// The files of a mail folder.
const (
	messagesFile    = "messages"
	attachmentsFile = "attachments"
)

// headSize is how long the lengths and the time are.
const headSize = 28

// head is what stands before a message.
type head struct {
	id, properties, text int
	attachments          int64
	received             time.Time
}

func (h *head) put() []byte {
	b := binary.LittleEndian.AppendUint32(nil, uint32(h.id))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.properties))
	b = binary.LittleEndian.AppendUint32(b, uint32(h.text))
	b = binary.LittleEndian.AppendUint64(b, uint64(h.attachments))
	return binary.LittleEndian.AppendUint64(b, uint64(h.received.Unix()))
}

func parseHead(b []byte) head {
	return head{
		id: int(binary.LittleEndian.Uint32(b)), properties: int(binary.LittleEndian.Uint32(b[4:])), text: int(binary.LittleEndian.Uint32(b[8:])),
		attachments: int64(binary.LittleEndian.Uint64(b[12:])), received: time.Unix(int64(binary.LittleEndian.Uint64(b[20:])), 0).UTC(),
	}
}

// size is how much a message takes of the first file.
func (h *head) size() int { return headSize + h.id + h.properties + h.text }

// Write writes what a source has into dir, in place of what is there.
func Write(ctx context.Context, dir string, src backup.Source) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	folders, err := src.Folders(ctx)
	if err != nil {
		return err
	}
	for _, f := range folders {
		if err := writeFolder(ctx, filepath.Join(dir, string(f.ID)), src, f.ID); err != nil {
			return err
		}
	}
	return nil
}

func writeFolder(ctx context.Context, dir string, src backup.Source, folder mail.FolderID) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	messages, err := os.Create(filepath.Join(dir, messagesFile))
	if err != nil {
		return err
	}
	defer messages.Close()
	attachments, err := os.Create(filepath.Join(dir, attachmentsFile))
	if err != nil {
		return err
	}
	defer attachments.Close()
	w := writer{src, bufio.NewWriterSize(messages, 1<<20), bufio.NewWriterSize(attachments, 1<<20)}
	for cursor := mail.Cursor(""); ; {
		page, err := src.Changes(ctx, folder, cursor)
		if err != nil {
			return err
		}
		for i := range page.Changes {
			if err := w.message(ctx, &page.Changes[i]); err != nil {
				return err
			}
		}
		if cursor = page.Next; page.Done {
			return errors.Join(w.messages.Flush(), w.attachments.Flush(), messages.Close(), attachments.Close())
		}
	}
}

type writer struct {
	src                   backup.Source
	messages, attachments *bufio.Writer
}

func (w *writer) message(ctx context.Context, c *mail.Change) error {
	m := record.Message{Message: c.Message}
	h := head{id: len(m.ID), text: len(c.Body), received: m.Received}
	err := w.src.Attachments(ctx, m.ID, func(a backup.Attachment) error {
		kept, n, err := w.keep(&a)
		h.attachments += n
		m.Attachments = append(m.Attachments, kept)
		return err
	})
	if err != nil {
		return err
	}
	properties, err := message.Encode(nil, &m)
	if err != nil {
		return err
	}
	h.properties = len(properties)
	for _, b := range [][]byte{h.put(), []byte(m.ID), properties, []byte(c.Body)} {
		if _, err := w.messages.Write(b); err != nil {
			return err
		}
	}
	return nil
}

// keep writes an attachment's bytes, of which it returns the number, and returns the rest of it.
func (w *writer) keep(a *backup.Attachment) (record.Attachment, int64, error) {
	kept := record.Attachment{Attachment: a.Attachment}
	switch {
	case a.Content != nil:
		n, err := io.Copy(w.attachments, a.Content)
		kept.Content = sized(n)
		return kept, n, err
	case a.Item != nil:
		sum, err := w.attachments.WriteString(a.Item.Body)
		if err != nil {
			return kept, int64(sum), err
		}
		kept.Item = &record.Message{Message: a.Item.Message, Body: sized(int64(sum))}
		total := int64(sum)
		for i := range a.Item.Attachments {
			inner, n, err := w.keep(&a.Item.Attachments[i])
			total += n
			if err != nil {
				return kept, total, err
			}
			kept.Item.Attachments = append(kept.Item.Attachments, inner)
		}
		return kept, total, nil
	}
	return kept, 0, nil
}

// sized stands for content of n bytes: the pieces of it have a size and no hash.
func sized(n int64) record.Content {
	c := record.Content{Size: n}
	for n > 0 {
		p := min(n, record.MaxPiece)
		c.Pieces = append(c.Pieces, record.Piece{Size: p})
		n -= p
	}
	return c
}
