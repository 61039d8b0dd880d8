package eml

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
)

// pageSize is how many messages a page of changes has, as in the product's first request.
const pageSize = 100

// headSize is how much of a file is read for a page of changes: headers and body of nearly every message.
const headSize = 16 << 10

// Mailbox is a folder of mail folders of .eml files. It implements backup.Source: a page of changes brings headers and
// bodies, attachments are read apart, as Microsoft gives them.
type Mailbox struct {
	// Dir is the mailbox, Later a mailbox of the same folders with what came afterwards; that is read, and only that, by who
	// comes with a cursor from an earlier run.
	Dir, Later string

	buffers sync.Pool // of *[]byte
	mu      sync.Mutex
	paths   map[mail.MessageID]string
}

var _ backup.Source = (*Mailbox)(nil)

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

// A cursor says how many files of a folder were read, and whether of the later ones.
const laterMark = "later "

// Changes implements backup.Source.
func (b *Mailbox) Changes(ctx context.Context, folder mail.FolderID, cursor mail.Cursor) (backup.Page, error) {
	dir, mark, rest := b.Dir, "", string(cursor)
	if b.Later != "" {
		dir, mark = b.Later, laterMark
		if len(rest) < len(mark) || rest[:len(mark)] != mark {
			rest = "" // the first backup's cursor: all that is later is new
		} else {
			rest = rest[len(mark):]
		}
	}
	from := 0
	if rest != "" {
		var err error
		if from, err = strconv.Atoi(rest); err != nil {
			return backup.Page{}, fault.New(fault.Conflict, "the cursor %q is of another kind", cursor)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, string(folder)))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return backup.Page{}, err
	}
	page := backup.Page{Full: cursor == ""}
	end := min(from+pageSize, len(entries))
	for _, e := range entries[min(from, end):end] {
		if err := ctx.Err(); err != nil {
			return page, err
		}
		c, err := b.change(folder, filepath.Join(dir, string(folder), e.Name()))
		if err != nil {
			return page, fmt.Errorf("read %s: %w", e.Name(), err)
		}
		page.Changes = append(page.Changes, c)
	}
	page.Next, page.Done = mail.Cursor(mark+strconv.Itoa(end)), end == len(entries)
	return page, nil
}

func (b *Mailbox) change(folder mail.FolderID, path string) (mail.Change, error) {
	f, err := os.Open(path)
	if err != nil {
		return mail.Change{}, err
	}
	defer f.Close()
	buf := b.buffer()
	defer b.buffers.Put(buf)
	for limit := headSize; ; limit = 1 << 30 {
		if err := readUpTo(f, buf, limit); err != nil {
			return mail.Change{}, err
		}
		short := len(*buf) == limit
		c, err := parse(*buf, short)
		if short && errors.Is(err, errShort) {
			continue
		}
		if err != nil {
			return c, err
		}
		b.name(&c.Message, path)
		c.Message.Folder = folder
		return c, nil
	}
}

func parse(data []byte, short bool) (mail.Change, error) {
	p, err := newPart(data)
	if err != nil {
		return mail.Change{}, err
	}
	text, html, err := p.body(short)
	if err != nil {
		return mail.Change{}, err
	}
	return mail.Change{Message: p.message(text, html), Body: string(text)}, nil
}

// name gives a message what a file does not have: ids of the length, and as hard to compress, as Exchange's.
func (b *Mailbox) name(m *mail.Message, path string) {
	sum := sha256.Sum256([]byte(path))
	m.ID = mail.MessageID("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A" + base64.URLEncoding.EncodeToString(sum[:21]) + "AAA=")
	m.ChangeKey = "CQAAABYAAAD" + base64.StdEncoding.EncodeToString(sum[21:32])
	conversation := sha256.Sum256([]byte(m.Subject))
	m.ConversationID = "AAQkAD" + base64.URLEncoding.EncodeToString(conversation[:27])
	m.ConversationIndex = append([]byte{1}, sum[:21]...)
	m.Created, m.Modified = m.Received.Add(time.Second), m.Received.Add(time.Second)
	m.Read = sum[0] > 60
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paths == nil {
		b.paths = map[mail.MessageID]string{}
	}
	b.paths[m.ID] = path
}

// Attachments implements backup.Source.
func (b *Mailbox) Attachments(_ context.Context, id mail.MessageID, visit func(backup.Attachment) error) error {
	b.mu.Lock()
	path := b.paths[id]
	b.mu.Unlock()
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	buf := b.buffer()
	defer b.buffers.Put(buf)
	if err := readUpTo(f, buf, 1<<30); err != nil {
		return err
	}
	p, err := newPart(*buf)
	if err != nil {
		return err
	}
	n := 0
	return p.attachments(func(q *part) error {
		n++
		a, err := q.attachment(strconv.Itoa(n))
		if err != nil {
			return err
		}
		return visit(a)
	})
}

// Message implements backup.Source. Nothing asks for it: changes are never partial.
func (b *Mailbox) Message(context.Context, mail.MessageID) (mail.Change, error) {
	return mail.Change{}, fault.New(fault.Unsupported, "a page of changes has every message whole")
}

// Locate implements backup.Source. Nothing asks for it: no message is ever removed.
func (b *Mailbox) Locate(_ context.Context, ids []mail.MessageID) ([]backup.Location, error) {
	return nil, fault.New(fault.Unsupported, "no message is looked for")
}

// MIME implements backup.Source.
func (b *Mailbox) MIME(_ context.Context, id mail.MessageID) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return os.Open(b.paths[id])
}

// Requests implements backup.Source.
func (b *Mailbox) Requests() map[string]int64 { return nil }

// Waiting implements backup.Source.
func (b *Mailbox) Waiting() string { return "" }

func (b *Mailbox) buffer() *[]byte {
	if buf, ok := b.buffers.Get().(*[]byte); ok {
		return buf
	}
	buf := make([]byte, 0, headSize)
	return &buf
}

// readUpTo reads the file from its beginning, up to limit bytes of it.
func readUpTo(f *os.File, buf *[]byte, limit int) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	n := int(min(info.Size(), int64(limit)))
	if cap(*buf) < n {
		*buf = make([]byte, 0, n+n/4)
	}
	*buf = (*buf)[:n]
	_, err = io.ReadFull(io.NewSectionReader(f, 0, int64(n)), *buf)
	return err
}
