package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
)

// box is a mailbox in memory with change streams as contract 4.5 to 4.10 has them.
type box struct {
	mu       sync.Mutex
	rng      *rand.Rand
	seq      int
	folders  []*boxFolder
	messages map[mail.MessageID]*boxMessage
	calls    map[string]int
	fetched  map[mail.MessageID]int // calls of Attachments
	pageSize int

	partial bool // state changes come as partial records
	replays bool // entries come twice, removals of unknown messages come, order varies
	silent  bool // a message that returns to a folder is reported removed there (A→B→A)
	full    bool // no change streams: folders are listed
	shy     bool // what a folder never reported, to anybody, it does not report gone
	expired map[mail.FolderID]bool
	poison  map[mail.MessageID]error // Attachments, Message and MIME fail
	bomb    mail.MessageID           // Attachments panics
	// hook runs before every call and may fail it, or change the mailbox.
	hook func(ctx context.Context, call string) error
	// locating fails Locate for one message.
	locating map[mail.MessageID]error
}

type boxFolder struct {
	mail.Folder
	log      []boxEvent
	reported map[mail.MessageID]bool
}

type boxEvent struct {
	seq     int
	id      mail.MessageID
	partial bool
	removed bool // reported so even though it is there
}

type boxMessage struct {
	m           mail.Message
	body        string
	attachments []boxAttachment
	mime        string
}

type boxAttachment struct {
	mail.Attachment
	content []byte
	item    *boxMessage
	err     error
	broken  error // while being read
}

func newBox(seed uint64, folders ...mail.FolderID) *box {
	b := &box{
		rng: rand.New(rand.NewPCG(seed, 1)), messages: map[mail.MessageID]*boxMessage{}, calls: map[string]int{},
		fetched: map[mail.MessageID]int{}, pageSize: 3, expired: map[mail.FolderID]bool{},
		poison: map[mail.MessageID]error{}, locating: map[mail.MessageID]error{},
		hook: func(context.Context, string) error { return nil },
	}
	for _, f := range folders {
		b.addFolder(f)
	}
	return b
}

func (b *box) addFolder(id mail.FolderID) {
	b.folders = append(b.folders, &boxFolder{
		Folder: mail.Folder{ID: id, Name: "folder " + string(id)}, reported: map[mail.MessageID]bool{},
	})
}

func (b *box) folder(id mail.FolderID) *boxFolder {
	for _, f := range b.folders {
		if f.ID == id {
			return f
		}
	}
	return nil
}

// dropFolder deletes a folder with all that is in it.
func (b *box) dropFolder(id mail.FolderID) {
	b.folders = slices.DeleteFunc(b.folders, func(f *boxFolder) bool { return f.ID == id })
	maps.DeleteFunc(b.messages, func(_ mail.MessageID, m *boxMessage) bool { return m.m.Folder == id })
}

func (b *box) note(f mail.FolderID, id mail.MessageID, partial bool) {
	b.seq++
	if f := b.folder(f); f != nil {
		f.log = append(f.log, boxEvent{seq: b.seq, id: id, partial: partial})
	}
}

func (b *box) touch(m *boxMessage) { m.m.ChangeKey = "ck" + strconv.Itoa(b.seq) }

// add puts a message into a folder.
func (b *box) add(f mail.FolderID, id mail.MessageID, body string, attachments ...boxAttachment) *boxMessage {
	at := time.Unix(int64(1_700_000_000+b.seq), 0).UTC()
	m := &boxMessage{body: body, attachments: attachments, mime: "MIME of " + string(id), m: mail.Message{
		ID: id, Folder: f, Subject: "subject of " + string(id), BodyType: mail.BodyHTML, Received: at, Sent: at, Created: at,
		From: &mail.Address{Name: "A", Address: "a@example.com"}, To: []mail.Address{{Address: "b@example.com"}},
		HasAttachments: slices.ContainsFunc(attachments, func(a boxAttachment) bool { return !a.Inline }),
	}}
	b.messages[id] = m
	b.note(f, id, false)
	b.touch(m)
	return m
}

// state changes what a reader changes.
func (b *box) state(id mail.MessageID, change func(*mail.Message)) {
	m := b.messages[id]
	change(&m.m)
	b.note(m.m.Folder, id, b.partial)
	b.touch(m)
}

// edit changes anything.
func (b *box) edit(id mail.MessageID, change func(*boxMessage)) {
	m := b.messages[id]
	change(m)
	b.note(m.m.Folder, id, false)
	b.touch(m)
}

func (b *box) move(id mail.MessageID, to mail.FolderID) {
	m := b.messages[id]
	from := m.m.Folder
	b.note(from, id, false)
	back := slices.ContainsFunc(b.folder(to).log, func(e boxEvent) bool { return e.id == id })
	m.m.Folder = to
	b.note(to, id, false)
	if back && b.silent {
		log := b.folder(to).log
		log[len(log)-1].removed = true
	}
	b.touch(m)
}

func (b *box) remove(id mail.MessageID) {
	b.note(b.messages[id].m.Folder, id, false)
	delete(b.messages, id)
}

func (b *box) call(ctx context.Context, name string) (func(), error) {
	b.mu.Lock()
	b.calls[name]++
	err := b.hook(ctx, name)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		b.mu.Unlock()
		return nil, err
	}
	return b.mu.Unlock, nil
}

func (b *box) Folders(ctx context.Context) ([]mail.Folder, error) {
	leave, err := b.call(ctx, "Folders")
	if err != nil {
		return nil, err
	}
	defer leave()
	var list []mail.Folder
	for _, f := range b.folders {
		n := 0
		for _, m := range b.messages {
			if m.m.Folder == f.ID {
				n++
			}
		}
		f.Total = n
		list = append(list, f.Folder)
	}
	return list, nil
}

// Changes answers cursors "full:SEQ:ID" (SEQ at the beginning, ID the last one listed) and "delta:SEQ:OFFSET".
func (b *box) Changes(ctx context.Context, id mail.FolderID, cursor mail.Cursor) (backup.Page, error) {
	leave, err := b.call(ctx, "Changes")
	if err != nil {
		return backup.Page{}, err
	}
	defer leave()
	f := b.folder(id)
	if f == nil {
		return backup.Page{}, fault.New(fault.NotFound, "folder %s is gone", id)
	}
	kind, seq, offset, after := "full", b.seq, 0, ""
	if cursor != "" {
		parts := strings.Split(string(cursor), ":")
		kind = parts[0]
		seq, _ = strconv.Atoi(parts[1])
		offset, _ = strconv.Atoi(parts[2])
		after = parts[2]
		if b.expired[id] {
			delete(b.expired, id)
			return backup.Page{}, fault.New(fault.Conflict, "the sync state is not found")
		}
	}
	if kind == "again" {
		kind, seq, after = "full", b.seq, ""
	}
	if kind == "delta" {
		return b.delta(f, seq, offset), nil
	}
	page := backup.Page{Full: b.full}
	more := false
	for _, next := range slices.Sorted(maps.Keys(b.messages)) {
		switch m := b.messages[next]; {
		case string(next) <= after || m.m.Folder != id:
		case len(page.Changes) == b.pageSize:
			more = true
		case !more:
			f.reported[m.m.ID] = true
			page.Changes = append(page.Changes, b.entry(m, false))
		}
	}
	last := ""
	if n := len(page.Changes); n > 0 {
		last = string(page.Changes[n-1].Message.ID)
	}
	b.disturb(&page, id)
	switch {
	case more:
		page.Next = mail.Cursor(fmt.Sprintf("full:%d:%s", seq, last))
	case b.full:
		page.Next, page.Done = "again:0:", true
	default:
		page.Next, page.Done = mail.Cursor(fmt.Sprintf("delta:%d:0", seq)), true
	}
	return page, nil
}

func (b *box) delta(f *boxFolder, seq, offset int) backup.Page {
	page := backup.Page{}
	last := map[mail.MessageID]int{}
	for i, e := range f.log {
		last[e.id] = i
	}
	rest := f.log[offset:]
	for len(rest) > 0 && len(page.Changes) < b.pageSize {
		e := rest[0]
		i := len(f.log) - len(rest)
		rest = rest[1:]
		if e.seq <= seq || last[e.id] != i {
			continue
		}
		m := b.messages[e.id]
		switch {
		case b.shy && !f.reported[e.id] && (m == nil || m.m.Folder != f.ID):
		case m == nil || m.m.Folder != f.ID || e.removed:
			page.Changes = append(page.Changes, mail.Change{Removed: true, Message: mail.Message{ID: e.id}})
		default:
			f.reported[e.id] = true
			page.Changes = append(page.Changes, b.entry(m, e.partial))
		}
	}
	b.disturb(&page, f.ID)
	if len(rest) == 0 {
		page.Done, page.Next = true, mail.Cursor(fmt.Sprintf("delta:%d:0", b.seq))
	} else {
		page.Next = mail.Cursor(fmt.Sprintf("delta:%d:%d", seq, len(f.log)-len(rest)))
	}
	return page
}

func (b *box) entry(m *boxMessage, partial bool) mail.Change {
	if partial {
		return mail.Change{Partial: true, Message: mail.Message{ID: m.m.ID}}
	}
	return mail.Change{Message: m.m, Body: m.body}
}

// disturb adds what contract 4.5 allows: the same again, and removals in the first round.
func (b *box) disturb(p *backup.Page, f mail.FolderID) {
	if !b.replays {
		return
	}
	if n := len(p.Changes); n > 0 && b.rng.IntN(3) == 0 {
		p.Changes = append(p.Changes, p.Changes[b.rng.IntN(n)])
	}
	if b.rng.IntN(4) == 0 {
		p.Changes = append([]mail.Change{{Removed: true, Message: mail.Message{ID: "never seen"}}}, p.Changes...)
	}
	if ids := slices.Sorted(maps.Keys(b.messages)); len(ids) > 0 && b.rng.IntN(5) == 0 {
		id := ids[b.rng.IntN(len(ids))] // a removal that is long undone
		if !slices.ContainsFunc(p.Changes, func(c mail.Change) bool { return c.Message.ID == id }) {
			p.Changes = append(p.Changes, mail.Change{Removed: true, Message: mail.Message{ID: id}})
		}
	}
}

func (b *box) Message(ctx context.Context, id mail.MessageID) (mail.Change, error) {
	leave, err := b.call(ctx, "Message")
	if err != nil {
		return mail.Change{}, err
	}
	defer leave()
	m := b.messages[id]
	if m == nil {
		return mail.Change{}, fault.New(fault.NotFound, "no message %s", id)
	}
	if err := b.poison[id]; err != nil {
		return mail.Change{}, err
	}
	return b.entry(m, false), nil
}

func (b *box) Locate(ctx context.Context, ids []mail.MessageID) ([]backup.Location, error) {
	leave, err := b.call(ctx, "Locate")
	if err != nil {
		return nil, err
	}
	defer leave()
	where := make([]backup.Location, len(ids))
	for i, id := range ids {
		if err := b.locating[id]; err != nil {
			where[i].Err = err
		} else if m := b.messages[id]; m != nil {
			where[i] = backup.Location{Exists: true, Folder: m.m.Folder, ChangeKey: m.m.ChangeKey}
		}
	}
	return where, nil
}

func (b *box) Attachments(ctx context.Context, id mail.MessageID, visit func(backup.Attachment) error) error {
	leave, err := b.call(ctx, "Attachments")
	if err != nil {
		return err
	}
	b.fetched[id]++
	m := b.messages[id]
	poison := b.poison[id]
	var list []boxAttachment
	if m != nil {
		list = slices.Clone(m.attachments)
	}
	leave()
	switch {
	case m == nil:
		return fault.New(fault.NotFound, "no message %s", id)
	case poison != nil:
		return poison
	case id == b.bomb:
		panic("index out of range")
	}
	for _, a := range list {
		if err := visit(a.visited()); err != nil {
			return err
		}
	}
	return nil
}

func (a boxAttachment) visited() backup.Attachment {
	v := backup.Attachment{Attachment: a.Attachment, Err: a.err}
	switch {
	case a.err != nil:
	case a.item != nil:
		v.Item = &backup.Item{Message: a.item.m, Body: a.item.body}
		for _, inner := range a.item.attachments {
			v.Item.Attachments = append(v.Item.Attachments, inner.visited())
		}
	case a.broken != nil:
		v.Content = io.MultiReader(bytes.NewReader(a.content), brokenReader{a.broken})
	case a.Kind != mail.AttachmentReference:
		v.Content = bytes.NewReader(a.content)
	}
	return v
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

func (b *box) MIME(ctx context.Context, id mail.MessageID) (io.ReadCloser, error) {
	leave, err := b.call(ctx, "MIME")
	if err != nil {
		return nil, err
	}
	defer leave()
	m := b.messages[id]
	if m == nil {
		return nil, fault.New(fault.NotFound, "no message %s", id)
	}
	if err := b.poison[id]; err != nil {
		return nil, err
	}
	return io.NopCloser(strings.NewReader(m.mime)), nil
}

func (b *box) Requests() map[string]int64 { return map[string]int64{"all": 1} }
func (b *box) Waiting() string            { return "" }

var _ backup.Source = (*box)(nil)
