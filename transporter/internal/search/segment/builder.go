package segment

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/search/words"
)

// Builder collects documents for a segment. What it keeps has hardly any pointers, so that collecting garbage costs little.
type Builder struct {
	base      uint32
	docs      []Doc
	mailboxes []Mailbox
	numbers   map[Mailbox]uint32
	chapters  []Chapter
	size      int

	seeds   [Fields]maphash.Seed
	arena   []byte   // the words, one behind the other, each behind its field
	entries []entry  // of the words, as they came
	table   []slot   // open addressing
	words   []uint32 // of all documents, one behind the other: numbers of entries
	starts  []uint32 // where each document's words begin
}

// slot is a place of the table: an entry's number and 1, or 0. The hash says which words need not be compared.
type slot struct{ hash, entry uint32 }

type entry struct {
	at     uint32 // in the arena
	length uint16 // with the field
	last   uint32 // document that had it last, and 1
	count  uint32 // documents
}

// NewBuilder returns a builder whose first document has the number base.
func NewBuilder(base uint32) *Builder {
	b := &Builder{base: base, numbers: map[Mailbox]uint32{}, table: make([]slot, 1<<12)}
	for f := range b.seeds {
		b.seeds[f] = maphash.MakeSeed()
	}
	return b
}

// Size returns how many bytes of memory the builder takes, about; writing it takes half as much again.
func (b *Builder) Size() int {
	return b.size + cap(b.arena) + 16*cap(b.entries) + 8*cap(b.table) + 4*(cap(b.words)+cap(b.starts))
}

// Len returns how many documents it has.
func (b *Builder) Len() int { return len(b.docs) }

// Empty reports whether there is nothing in it.
func (b *Builder) Empty() bool { return len(b.docs)+len(b.chapters) == 0 }

// Mailbox returns the number of a mailbox.
func (b *Builder) Mailbox(m Mailbox) uint32 {
	n, ok := b.numbers[m]
	if !ok {
		n = uint32(len(b.mailboxes))
		b.numbers[m] = n
		b.mailboxes = append(b.mailboxes, m)
	}
	return n
}

// Doc returns a document that was added.
func (b *Builder) Doc(number uint32) (Doc, bool) {
	if number < b.base || number-b.base >= uint32(len(b.docs)) {
		return Doc{}, false
	}
	return b.docs[number-b.base], true
}

// Add adds a document with its texts in normal form, and returns its number.
func (b *Builder) Add(d Doc, texts *[Fields][]byte) (uint32, error) {
	if len(b.docs) >= MaxRange || len(b.arena) > 1<<31 {
		return 0, fault.New(fault.Exhausted, "a segment of the search index is full")
	}
	if len(d.ID) > maxName {
		return 0, fault.New(fault.Invalid, "the id of a message has %d bytes, more than any has", len(d.ID))
	}
	b.docs = append(b.docs, d)
	b.size += 80 + len(d.ID)
	b.starts = append(b.starts, uint32(len(b.words)))
	for f := range Fields {
		words.Each(texts[f], func(w []byte) { b.word(f, w) })
	}
	return b.base + uint32(len(b.docs)) - 1, nil
}

func (b *Builder) word(f Field, w []byte) {
	if len(w) > maxWord {
		return
	}
	h := maphash.Bytes(b.seeds[f], w)
	mask := uint64(len(b.table) - 1)
	doc := uint32(len(b.docs))
	for i := h & mask; ; i = (i + 1) & mask {
		at := &b.table[i]
		if at.entry == 0 {
			*at = slot{uint32(h >> 32), b.newEntry(f, w, doc)}
			if len(b.entries)*2 > len(b.table) {
				b.grow()
			}
			return
		}
		if at.hash != uint32(h>>32) {
			continue
		}
		e := &b.entries[at.entry-1]
		if key := b.wordOf(e); key[0] != byte(f) || !bytes.Equal(key[1:], w) {
			continue
		}
		if e.last != doc {
			e.last = doc
			e.count++
			b.words = append(b.words, at.entry-1)
		}
		return
	}
}

func (b *Builder) newEntry(f Field, w []byte, doc uint32) uint32 {
	b.words = append(b.words, uint32(len(b.entries)))
	b.entries = append(b.entries, entry{at: uint32(len(b.arena)), length: uint16(len(w) + 1), last: doc, count: 1})
	b.arena = append(append(b.arena, byte(f)), w...)
	return uint32(len(b.entries))
}

// wordOf returns a word behind its field.
func (b *Builder) wordOf(e *entry) []byte { return b.arena[e.at : e.at+uint32(e.length)] }

func (b *Builder) grow() {
	b.table = make([]slot, len(b.table)*2)
	mask := uint64(len(b.table) - 1)
	for n := range b.entries {
		key := b.wordOf(&b.entries[n])
		h := maphash.Bytes(b.seeds[key[0]], key[1:])
		i := h & mask
		for b.table[i].entry != 0 {
			i = (i + 1) & mask
		}
		b.table[i] = slot{uint32(h >> 32), uint32(n) + 1}
	}
}

// AddChapter adds what was indexed of a backup.
func (b *Builder) AddChapter(c Chapter) {
	b.chapters = append(b.chapters, c)
	b.size += 16*len(c.Events) + 80*len(c.Points) + 160*len(c.Folders) + 512
	for _, t := range c.Tables {
		b.size += 8 * len(t.Folders)
	}
}

// content implements the source of a segment.
func (b *Builder) content() *content {
	return &content{
		base: b.base, docs: uint32(len(b.docs)), mailboxes: b.mailboxes,
		eachChapter: func(fn func(*Chapter) error) error {
			for i := range b.chapters {
				if err := fn(&b.chapters[i]); err != nil {
					return err
				}
			}
			return nil
		},
		eachDoc: func(fn func(*Doc) error) error {
			for i := range b.docs {
				if err := fn(&b.docs[i]); err != nil {
					return err
				}
			}
			return nil
		},
		eachWord: b.eachWord,
	}
}

// ranked is a word in a sort: its first bytes decide nearly always.
type ranked struct {
	first uint64 // eight bytes, the field among them
	entry uint32
}

// order returns the words in order.
func (b *Builder) order() []ranked {
	list := make([]ranked, len(b.entries))
	for i := range b.entries {
		var first [8]byte
		copy(first[:], b.wordOf(&b.entries[i]))
		list[i] = ranked{binary.BigEndian.Uint64(first[:]), uint32(i)}
	}
	slices.SortFunc(list, func(x, y ranked) int {
		if x.first != y.first {
			return cmp.Compare(x.first, y.first)
		}
		return bytes.Compare(b.wordOf(&b.entries[x.entry]), b.wordOf(&b.entries[y.entry]))
	})
	return list
}

// eachWord calls fn for the words in order, with their documents.
func (b *Builder) eachWord(fn func(word []byte, docs []uint32) error) error {
	order := b.order()
	// The documents of each word, one word behind the other.
	ends := make([]uint32, len(b.entries))
	sum := uint32(0)
	for _, r := range order {
		ends[r.entry] = sum // for now where they begin
		sum += b.entries[r.entry].count
	}
	docs := make([]uint32, sum)
	for i := range b.docs {
		for _, n := range b.wordsOf(i) {
			docs[ends[n]] = uint32(i)
			ends[n]++
		}
	}
	for _, r := range order {
		n := r.entry
		if err := fn(b.wordOf(&b.entries[n]), docs[ends[n]-b.entries[n].count:ends[n]]); err != nil {
			return err
		}
	}
	return nil
}

func (b *Builder) wordsOf(doc int) []uint32 {
	end := len(b.words)
	if doc+1 < len(b.starts) {
		end = int(b.starts[doc+1])
	}
	return b.words[b.starts[doc]:end]
}
