package segment

import (
	"bytes"
	"context"

	"holdfast/pkg/fault"
)

// Merge writes one segment of several that follow each other, without the documents that keep does not want, durably.
// chapters take the place of theirs. keep gets the number in the whole index. It hears its context.
func (p Place) Merge(ctx context.Context, name string, from []*Segment, keep func(doc uint32) bool, chapters []Chapter) error {
	first, last := from[0], from[len(from)-1]
	width := uint64(last.Base) + uint64(last.Docs) - uint64(first.Base)
	if width > MaxRange {
		return fault.New(fault.Exhausted, "segments of the search index are too large to be joined")
	}
	m := &merge{ctx: ctx, from: from, base: first.Base, kept: NewSet(uint32(width)), numbers: map[Mailbox]uint32{}}
	for _, s := range from {
		s.present.Each(func(doc uint32) {
			if keep(s.Base + doc) {
				m.kept.Add(s.Base - m.base + doc)
			}
		})
	}
	m.mailboxes()
	return p.write(name, &content{
		base: m.base, docs: uint32(width), mailboxes: m.list, chapters: chapters, eachDoc: m.eachDoc, eachWord: m.eachWord,
	})
}

type merge struct {
	ctx     context.Context //nolint:containedctx // it lives as long as the call
	from    []*Segment
	base    uint32
	kept    Set
	list    []Mailbox
	numbers map[Mailbox]uint32
}

// mailboxes numbers the mailboxes anew.
func (m *merge) mailboxes() {
	for _, s := range m.from {
		s.present.Each(func(doc uint32) {
			box := s.Mailboxes[s.mailbox[doc]]
			if _, ok := m.numbers[box]; !ok && m.kept.Has(s.Base-m.base+doc) {
				m.numbers[box] = uint32(len(m.list))
				m.list = append(m.list, box)
			}
		})
	}
}

func (m *merge) eachDoc(fn func(*Doc) error) error {
	next := m.base
	gap := func(to uint32) error {
		for ; next < to; next++ {
			if err := fn(nil); err != nil {
				return err
			}
		}
		return nil
	}
	for _, s := range m.from {
		for b := range s.blocks[nameBlock] {
			var inner error
			err := s.eachName(b, s.block, func(doc uint32, key Key, id []byte) {
				number := s.Base + doc
				if inner != nil || !m.kept.Has(number-m.base) {
					return
				}
				if inner = gap(number); inner != nil {
					return
				}
				d := s.column(doc)
				d.Key, d.ID, d.Mailbox = key, string(id), m.numbers[s.Mailboxes[d.Mailbox]]
				inner = fn(&d)
				next = number + 1
			})
			if err != nil || inner != nil {
				return firstOf(err, inner)
			}
		}
		if err := gap(s.Base + s.Docs); err != nil {
			return err
		}
	}
	return nil
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func (m *merge) eachWord(fn func(word []byte, docs []uint32) error) error {
	at := make([]cursor, len(m.from))
	for i, s := range m.from {
		at[i] = cursor{s: s}
	}
	var docs, some []uint32
	var key []byte
	for n := 0; ; n++ {
		if n%perCheck == 0 {
			if err := m.ctx.Err(); err != nil {
				return err
			}
		}
		least := -1
		for i := range at {
			if at[i].done() {
				continue
			}
			if least < 0 || at[i].compare(&at[least]) < 0 {
				least = i
			}
		}
		if least < 0 {
			return nil
		}
		key = append(append(key[:0], byte(at[least].field)), at[least].word()...)
		docs = docs[:0]
		for i := range at {
			c := &at[i]
			if c.done() || byte(c.field) != key[0] || !bytes.Equal(c.word(), key[1:]) {
				continue
			}
			var err error
			if some, err = c.posting(some); err != nil {
				return err
			}
			for _, d := range some {
				if n := c.s.Base - m.base + d; m.kept.Has(n) {
					docs = append(docs, n)
				}
			}
			c.at++
		}
		if err := fn(key, docs); err != nil {
			return err
		}
	}
}

// cursor is a place in a segment's dictionary.
type cursor struct {
	s     *Segment
	at    int
	field Field
	block int // of postings, in data
	data  []byte
}

// done reports whether there are no more words; else field is that of the word at hand.
func (c *cursor) done() bool {
	for c.field < Fields && c.at >= c.s.dict.fields[c.field+1] {
		c.field++
	}
	return c.field >= Fields
}

func (c *cursor) word() []byte { return c.s.dict.word(c.at) }

func (c *cursor) compare(o *cursor) int {
	if c.field != o.field {
		return int(c.field) - int(o.field)
	}
	return bytes.Compare(c.word(), o.word())
}
