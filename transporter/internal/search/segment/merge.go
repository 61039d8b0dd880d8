package segment

import (
	"bytes"
	"container/heap"
	"context"
	"slices"

	"holdfast/pkg/fault"
)

// Merge writes one segment of several that follow each other, without the documents that keep does not want, durably.
// chapters calls its argument for those that take the place of theirs. keep gets the number in the whole index. It hears its
// context. It reads block by block, and has one of each kind and segment in memory, and a bit for each document.
func (p Place) Merge(ctx context.Context, name string, from []*Segment, keep func(doc uint32) bool, chapters func(fn func(*Chapter) error) error) error {
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
	if err := m.mailboxes(); err != nil {
		return err
	}
	return p.write(name, &content{
		base: m.base, docs: uint32(width), mailboxes: m.list, eachChapter: chapters, eachDoc: m.eachDoc, eachWord: m.eachWord,
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
func (m *merge) mailboxes() error {
	for _, s := range m.from {
		has := make([]bool, len(s.Mailboxes))
		err := s.columns(func(doc uint32, d *Doc) error {
			if has[d.Mailbox] || !m.kept.Has(s.Base-m.base+doc) {
				return nil
			}
			has[d.Mailbox] = true
			box := s.Mailboxes[d.Mailbox]
			if _, ok := m.numbers[box]; !ok {
				m.numbers[box] = uint32(len(m.list))
				m.list = append(m.list, box)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
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
		err := s.docs(func(doc uint32, d *Doc) error {
			number := s.Base + doc
			if !m.kept.Has(number - m.base) {
				return nil
			}
			if err := gap(number); err != nil {
				return err
			}
			d.Mailbox = m.numbers[s.Mailboxes[d.Mailbox]]
			next = number + 1
			return fn(d)
		})
		if err != nil {
			return err
		}
		if err := gap(s.Base + s.Docs); err != nil {
			return err
		}
	}
	return nil
}

// docs calls fn for every document that was not dropped, with all that is kept of it.
func (s *Segment) docs(fn func(doc uint32, d *Doc) error) error {
	r := reading{s: s}
	list := make([]Doc, columnDocs)
	for b := range s.blocks[columnBlock] {
		from := uint32(b * columnDocs)
		if err := r.columns(b, func(doc uint32, d *Doc) error { list[doc-from] = *d; return nil }); err != nil {
			return err
		}
		const per = columnDocs / nameDocs
		for n := b * per; n < min(len(s.blocks[nameBlock]), (b+1)*per); n++ {
			data, err := r.block(nameBlock, n)
			if err != nil {
				return err
			}
			var inner error
			err = s.names(n, data, func(doc uint32, key Key, id []byte) {
				if inner == nil {
					d := &list[doc-from]
					d.Key, d.ID = key, string(id)
					inner = fn(doc, d)
				}
			})
			if err != nil || inner != nil {
				return firstOf(err, inner)
			}
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

// rising are the segments' cursors: a heap, the one with the least word first, of equal words that of the first segment.
type rising []*cursor

func (r rising) Len() int      { return len(r) }
func (r rising) Swap(i, j int) { r[i], r[j] = r[j], r[i] }
func (r rising) Less(i, j int) bool {
	if c := bytes.Compare(r[i].word, r[j].word); c != 0 {
		return c < 0
	}
	return r[i].words.s.Base < r[j].words.s.Base
}
func (r *rising) Push(any) {} // nothing comes in later
func (r *rising) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}

func (m *merge) eachWord(fn func(word []byte, docs []uint32) error) error {
	var list rising
	for _, s := range m.from {
		c := newCursor(s)
		word, _, err := c.next()
		if err != nil {
			return err
		}
		if word != nil {
			list = append(list, c)
		}
	}
	heap.Init(&list)
	var docs, some []uint32
	var key []byte
	for n := 0; len(list) > 0; n++ {
		if n%perCheck == 0 {
			if err := m.ctx.Err(); err != nil {
				return err
			}
		}
		key = append(key[:0], list[0].word...)
		docs = docs[:0]
		for len(list) > 0 && bytes.Equal(list[0].word, key) {
			c := list[0]
			var err error
			if some, err = c.documents(some); err != nil {
				return err
			}
			docs = slices.Grow(docs, len(some))
			from := c.words.s.Base - m.base
			for _, d := range some {
				if m.kept.Has(from + d) {
					docs = append(docs, from+d)
				}
			}
			word, _, err := c.next()
			switch {
			case err != nil:
				return err
			case word == nil:
				heap.Pop(&list)
			default:
				heap.Fix(&list, 0)
			}
		}
		if err := fn(key, docs); err != nil {
			return err
		}
	}
	return nil
}
