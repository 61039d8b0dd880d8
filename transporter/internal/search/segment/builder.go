package segment

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
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

	seed    maphash.Seed
	salts   [2]uint64
	arena   []byte   // the words, one behind the other, each behind its field
	entries []entry  // of the words, as they came
	table   []slot   // open addressing
	words   []uint32 // of all documents, one behind the other: numbers of entries
	starts  []uint32 // where each document's words begin
}

// slot is a place of the table. A short word is all in its key, so that most words cost one look at memory.
type slot struct {
	key
	entry uint32 // and 1, or 0
	last  uint32 // document that had it last, and 1
}

// key tells words apart: a short one is in it, with its field and length.
type key struct{ first, last uint64 }

// entry is where a word is in the arena, with its field.
type entry struct {
	at     uint32
	length uint16
}

// shortWord is how many bytes of a word fit into a key.
const shortWord = 15

// keyOf returns the key of a word. That of a long one has a hash, and lacks the mark of a short one.
func (b *Builder) keyOf(f Field, w []byte) key {
	const mark, seven = 0x80, 1<<56 - 1
	n := len(w)
	if n > shortWord {
		return key{maphash.Bytes(b.seed, w) >> 1, uint64(n)<<8 | uint64(f)}
	}
	k := key{first: uint64(mark|n<<2|int(f)) << 56}
	switch {
	case n > 7: // the middle is read twice
		k.first |= binary.LittleEndian.Uint64(w) & seven
		k.last = binary.LittleEndian.Uint64(w[n-8:])
	case n >= 4:
		k.first |= uint64(binary.LittleEndian.Uint32(w)) | uint64(binary.LittleEndian.Uint32(w[n-4:]))<<(8*(n-4))
	default:
		for i, c := range w {
			k.first |= uint64(c) << (8 * i)
		}
	}
	return k
}

// home is where the search for a key begins in the table. The salts keep mail from being made to fall on one place.
func (b *Builder) home(k key) uint64 {
	hi, lo := bits.Mul64(k.first^b.salts[0], k.last^b.salts[1])
	return (hi ^ lo) & uint64(len(b.table)-1)
}

// NewBuilder returns a builder whose first document has the number base.
func NewBuilder(base uint32) *Builder {
	return &Builder{
		base: base, numbers: map[Mailbox]uint32{}, seed: maphash.MakeSeed(), salts: [2]uint64{rand.Uint64(), rand.Uint64()}, table: make([]slot, 1<<12),
	}
}

// Size returns how many bytes of memory the builder takes, about; writing it takes half as much again.
func (b *Builder) Size() int {
	return b.size + cap(b.arena) + 8*cap(b.entries) + 24*cap(b.table) + 4*(cap(b.words)+cap(b.starts))
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
	k := b.keyOf(f, w)
	doc := uint32(len(b.docs))
	mask := uint64(len(b.table) - 1)
	for i := b.home(k); ; i = (i + 1) & mask {
		at := &b.table[i]
		if at.entry == 0 {
			*at = slot{k, b.newEntry(f, w), doc}
			if len(b.entries)*3 > 2*len(b.table) {
				b.grow()
			}
			return
		}
		if at.key != k || len(w) > shortWord && !b.same(at, f, w) {
			continue
		}
		if at.last != doc {
			at.last = doc
			b.words = append(b.words, at.entry-1)
		}
		return
	}
}

// same compares a word with that of a slot.
func (b *Builder) same(at *slot, f Field, w []byte) bool {
	word := b.wordOf(&b.entries[at.entry-1])
	return word[0] == byte(f) && bytes.Equal(word[1:], w)
}

func (b *Builder) newEntry(f Field, w []byte) uint32 {
	b.words = append(b.words, uint32(len(b.entries)))
	b.entries = append(b.entries, entry{at: uint32(len(b.arena)), length: uint16(len(w) + 1)})
	b.arena = append(append(b.arena, byte(f)), w...)
	return uint32(len(b.entries))
}

// wordOf returns a word behind its field.
func (b *Builder) wordOf(e *entry) []byte { return b.arena[e.at : e.at+uint32(e.length)] }

func (b *Builder) grow() {
	old := b.table
	b.table = make([]slot, 2*len(old))
	mask := uint64(len(b.table) - 1)
	for _, s := range old {
		if s.entry == 0 {
			continue
		}
		i := b.home(s.key)
		for b.table[i].entry != 0 {
			i = (i + 1) & mask
		}
		b.table[i] = s
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
	counts, ends := make([]uint32, len(b.entries)), make([]uint32, len(b.entries))
	for _, n := range b.words {
		counts[n]++
	}
	sum := uint32(0)
	for _, r := range order {
		ends[r.entry] = sum // for now where they begin
		sum += counts[r.entry]
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
		if err := fn(b.wordOf(&b.entries[n]), docs[ends[n]-counts[n]:ends[n]]); err != nil {
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
