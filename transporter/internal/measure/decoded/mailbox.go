package decoded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
)

// pageSize is how many messages a page of changes has, as in the product's first request.
const pageSize = 100

// window is how much is read at once of messages.
const window = 256 << 10

// Mailbox reads what Write wrote. It implements backup.Source. Close must be called.
type Mailbox struct {
	// Dir is the mailbox, Later a mailbox of the same folders with what came afterwards; that is read, and only that, by who
	// comes with a cursor from an earlier run.
	Dir, Later string

	readers sync.Pool // of *scanner

	mu    sync.Mutex
	files map[string]*os.File
	parts map[mail.MessageID]parts // of messages whose attachments were not asked for yet
}

// parts are the attachments of a message, and where their bytes begin.
type parts struct {
	file *os.File
	at   int64
	list []record.Attachment
}

var _ backup.Source = (*Mailbox)(nil)

// Close closes the files.
func (b *Mailbox) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, f := range b.files {
		errs = append(errs, f.Close())
	}
	b.files = nil
	return errors.Join(errs...)
}

// Folders implements backup.Source.
func (b *Mailbox) Folders(context.Context) ([]mail.Folder, error) {
	names := map[string]bool{}
	var list []mail.Folder
	for _, dir := range []string{b.Dir, b.Later} {
		if dir == "" {
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if !names[e.Name()] {
				names[e.Name()] = true
				list = append(list, mail.Folder{ID: mail.FolderID(e.Name()), Name: e.Name()})
			}
		}
	}
	return list, nil
}

// laterMark begins a cursor in a later file.
const laterMark = "later "

// cursor is a place in the two files of a folder.
func (p *place) String() string { return p.mark + fmt.Sprintf("%d %d", p.at, p.attachments) }

// place is how far a folder was read.
type place struct {
	mark            string
	at, attachments int64
}

// begin returns the folder of a mail folder, and the place in it where a cursor goes on.
func (b *Mailbox) begin(folder mail.FolderID, cursor mail.Cursor) (string, place, error) {
	dir, p, rest := b.Dir, place{}, string(cursor)
	if b.Later != "" {
		var again bool
		dir, p.mark = b.Later, laterMark
		if rest, again = strings.CutPrefix(rest, laterMark); !again {
			rest = "" // the first backup's cursor: all that is later is new
		}
	}
	if rest != "" {
		if _, err := fmt.Sscanf(rest, "%d %d", &p.at, &p.attachments); err != nil {
			return "", p, fault.New(fault.Conflict, "the cursor %q is of another kind", cursor)
		}
	}
	return filepath.Join(dir, string(folder)), p, nil
}

// Changes implements backup.Source.
func (b *Mailbox) Changes(ctx context.Context, folder mail.FolderID, cursor mail.Cursor) (backup.Page, error) {
	dir, p, err := b.begin(folder, cursor)
	if err != nil {
		return backup.Page{}, err
	}
	page := backup.Page{Full: cursor == ""}
	messages, err := b.open(filepath.Join(dir, messagesFile))
	if errors.Is(err, os.ErrNotExist) {
		page.Next, page.Done = mail.Cursor(p.String()), true
		return page, nil
	}
	if err != nil {
		return page, err
	}
	attachments, err := b.open(filepath.Join(dir, attachmentsFile))
	if err != nil {
		return page, err
	}
	s, ok := b.readers.Get().(*scanner)
	if !ok {
		s = &scanner{r: bufio.NewReaderSize(nil, window)}
	}
	defer b.readers.Put(s)
	s.r.Reset(io.NewSectionReader(messages, p.at, 1<<62))
	for len(page.Changes) < pageSize {
		if err := ctx.Err(); err != nil {
			return page, err
		}
		c, err := b.change(s, attachments, folder, &p)
		if errors.Is(err, io.EOF) {
			page.Done = true
			break
		}
		if err != nil {
			return page, err
		}
		page.Changes = append(page.Changes, c)
	}
	page.Next = mail.Cursor(p.String())
	return page, nil
}

func (b *Mailbox) open(path string) (*os.File, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if f := b.files[path]; f != nil {
		return f, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if b.files == nil {
		b.files = map[string]*os.File{}
	}
	b.files[path] = f
	return f, nil
}

// scanner reads a file of messages.
type scanner struct {
	r   *bufio.Reader
	buf []byte
}

// next returns the next n bytes, good until the next call.
func (s *scanner) next(n int) ([]byte, error) {
	if cap(s.buf) < n {
		s.buf = make([]byte, n+n/2)
	}
	_, err := io.ReadFull(s.r, s.buf[:n])
	return s.buf[:n], err
}

// change reads the next message and goes on behind it; io.EOF where there is none.
func (b *Mailbox) change(s *scanner, attachments *os.File, folder mail.FolderID, p *place) (mail.Change, error) {
	var c mail.Change
	start, err := s.next(headSize)
	if err != nil {
		return c, err
	}
	h := parseHead(start)
	data, err := s.next(h.size() - headSize)
	if err != nil {
		return c, err
	}
	id := mail.MessageID(data[:h.id])
	properties, text := data[h.id:][:h.properties], data[h.id+h.properties:]
	m, err := message.Decode(id, folder, h.received, properties)
	if err != nil {
		return c, err
	}
	c.Message, c.Body = m.Message, string(text)
	if len(m.Attachments) > 0 {
		b.mu.Lock()
		if b.parts == nil {
			b.parts = map[mail.MessageID]parts{}
		}
		b.parts[id] = parts{attachments, p.attachments, m.Attachments}
		b.mu.Unlock()
	}
	p.at += int64(h.size())
	p.attachments += h.attachments
	return c, nil
}

// Attachments implements backup.Source.
func (b *Mailbox) Attachments(_ context.Context, id mail.MessageID, visit func(backup.Attachment) error) error {
	b.mu.Lock()
	p := b.parts[id]
	delete(b.parts, id)
	b.mu.Unlock()
	for i := range p.list {
		a, err := p.next(&p.list[i])
		if err != nil {
			return err
		}
		if err := visit(a); err != nil {
			return err
		}
	}
	return nil
}

// next returns an attachment and goes on behind it.
func (p *parts) next(kept *record.Attachment) (backup.Attachment, error) {
	a := backup.Attachment{Attachment: kept.Attachment}
	if kept.Item == nil {
		a.Content = io.NewSectionReader(p.file, p.at, kept.Content.Size)
		p.at += kept.Content.Size
		return a, nil
	}
	text := make([]byte, kept.Item.Body.Size)
	if _, err := p.file.ReadAt(text, p.at); err != nil {
		return a, err
	}
	p.at += int64(len(text))
	a.Item = &backup.Item{Message: kept.Item.Message, Body: string(text)}
	for i := range kept.Item.Attachments {
		inner, err := p.next(&kept.Item.Attachments[i])
		if err != nil {
			return a, err
		}
		a.Item.Attachments = append(a.Item.Attachments, inner)
	}
	return a, nil
}

// Message implements backup.Source. Nothing asks for it: changes are never partial.
func (b *Mailbox) Message(context.Context, mail.MessageID) (mail.Change, error) {
	return mail.Change{}, fault.New(fault.Unsupported, "a page of changes has every message whole")
}

// Locate implements backup.Source. Nothing asks for it: no message is ever removed.
func (b *Mailbox) Locate(context.Context, []mail.MessageID) ([]backup.Location, error) {
	return nil, fault.New(fault.Unsupported, "no message is looked for")
}

// MIME implements backup.Source. Nothing asks for it: no message is signed or encrypted.
func (b *Mailbox) MIME(context.Context, mail.MessageID) (io.ReadCloser, error) {
	return nil, fault.New(fault.Unsupported, "messages are kept decoded")
}

// Requests implements backup.Source.
func (b *Mailbox) Requests() map[string]int64 { return nil }

// Waiting implements backup.Source.
func (b *Mailbox) Waiting() string { return "" }
