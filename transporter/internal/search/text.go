package search

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"hash"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search/markup"
	"holdfast/transporter/internal/search/segment"
	"holdfast/transporter/internal/search/words"
)

// Limits of what is looked into of a message. What lies beyond is not found.
const (
	// MaxBody is how many bytes of a body count: more than any that a person wrote.
	MaxBody = 4 << 20
	// maxDepth is how many messages may be attached one to the other.
	maxDepth = 5
)

// reader makes texts of messages. It is used by one goroutine.
type reader struct {
	lib  Library
	text []byte
}

// texts appends the texts of a message, in normal form, to into. A body that cannot be read counts as empty: then it
// returns Corrupt, and all else is there.
func (r *reader) texts(ctx context.Context, m *record.Message, into *[segment.Fields][]byte) error {
	for f := range into {
		into[f] = into[f][:0]
	}
	put := func(f segment.Field, s string) { into[f] = words.Append(into[f], []byte(s)) }
	address := func(a *mail.Address, f segment.Field) {
		if a == nil {
			return
		}
		put(f, a.Name)
		put(f, a.Address)
		put(segment.Text, a.Name)
		put(segment.Text, a.Address)
	}
	address(m.From, segment.From)
	if m.Sender != nil && (m.From == nil || *m.Sender != *m.From) {
		address(m.Sender, segment.From)
	}
	for _, list := range [][]mail.Address{m.To, m.Cc, m.Bcc} {
		for i := range list {
			address(&list[i], segment.To)
		}
	}
	for i := range m.Attachments {
		put(segment.Attachment, m.Attachments[i].Name)
	}
	var damage error
	err := r.body(ctx, m, maxDepth, &into[segment.Text], &damage)
	if err == nil {
		err = damage
	}
	return err
}

// body appends subject and body of a message, and of those attached to it.
func (r *reader) body(ctx context.Context, m *record.Message, depth int, into *[]byte, damage *error) error {
	*into = words.Append(*into, []byte(m.Subject))
	if m.Body.Size > 0 {
		data, err := r.lib.Content(ctx, m.Body, MaxBody)
		switch {
		case fault.KindOf(err) == fault.Corrupt:
			*damage = err
		case err != nil:
			return err
		case m.BodyType == mail.BodyHTML:
			r.text = markup.AppendText(r.text[:0], data)
			*into = words.Append(*into, r.text)
		default:
			*into = words.Append(*into, data)
		}
	}
	for i := range m.Attachments {
		item := m.Attachments[i].Item
		if item == nil || depth == 0 {
			continue
		}
		for _, a := range append([]mail.Address{}, addresses(item)...) {
			*into = words.Append(words.Append(*into, []byte(a.Name)), []byte(a.Address))
		}
		if err := r.body(ctx, item, depth-1, into, damage); err != nil {
			return err
		}
	}
	return nil
}

func addresses(m *record.Message) []mail.Address {
	var list []mail.Address
	if m.From != nil {
		list = append(list, *m.From)
	}
	if m.Sender != nil && (m.From == nil || *m.Sender != *m.From) {
		list = append(list, *m.Sender)
	}
	return append(append(append(list, m.To...), m.Cc...), m.Bcc...)
}

// keyOf returns what a message goes by in the index: a hash of its id and of all that is searched and shown of it, so that
// one whose read state changes stays the same, and one whose text changes is another.
func keyOf(m *record.Message) segment.Key {
	h := sha256.New()
	hashMessage(h, m, maxDepth)
	var k segment.Key
	copy(k[:], h.Sum(nil))
	return k
}

func hashMessage(h hash.Hash, m *record.Message, depth int) {
	var buf []byte
	text := func(list ...string) {
		for _, s := range list {
			buf = append(binary.AppendUvarint(buf, uint64(len(s))), s...)
		}
	}
	number := func(list ...int64) {
		for _, n := range list {
			buf = binary.AppendVarint(buf, n)
		}
	}
	text(string(m.ID), m.Subject)
	list := addresses(m)
	number(m.Received.Unix(), int64(m.BodyType), sizeOf(m), int64(len(list)), int64(len(m.To)), int64(len(m.Attachments)))
	if hasAttachments(m) {
		number(1)
	}
	for i := range list {
		text(list[i].Name, list[i].Address)
	}
	for _, p := range m.Body.Pieces {
		buf = append(buf, p.Hash[:]...)
	}
	for i := range m.Attachments {
		text(m.Attachments[i].Name)
	}
	h.Write(buf)
	for i := range m.Attachments {
		if item := m.Attachments[i].Item; item != nil && depth > 0 {
			hashMessage(h, item, depth-1)
		}
	}
}

// sizeOf is the size of a message's content, as lists show it.
func sizeOf(m *record.Message) int64 {
	size := m.Body.Size
	for i := range m.Attachments {
		size += m.Attachments[i].Content.Size
		if m.Attachments[i].Item != nil {
			size += sizeOf(m.Attachments[i].Item)
		}
	}
	return size
}

// hasAttachments reports whether people see an attachment: pictures within the text are none.
func hasAttachments(m *record.Message) bool {
	for i := range m.Attachments {
		if !m.Attachments[i].Inline {
			return true
		}
	}
	return m.HasAttachments
}
