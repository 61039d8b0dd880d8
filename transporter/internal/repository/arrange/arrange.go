// Package arrange sorts and filters the messages of a folder by other things than their time of receipt, which is the order
// in which they are kept. It knows a message by its place in that order, and makes of a folder lists of places: four bytes a
// message and order. What they are made from is dropped again.
package arrange

import (
	"bytes"
	"cmp"
	"slices"
	"unicode"
	"unicode/utf8"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/search/words"
)

// Order is by what a list is sorted.
type Order uint8

// The orders. Received is that in which messages are kept, and needs no Arrangement.
const (
	Received Order = iota
	Sent
	Subject
	From
	Size
	orders
)

// MostMessages bounds the messages of a folder that can be arranged: while that is done each takes some 130 bytes.
const MostMessages = 1_000_000

// keyBytes is how much of a subject or a name counts, in bytes of its normal form. What agrees so far is equal.
const keyBytes = 40

// TooMany is the error for a folder with more messages than can be arranged.
func TooMany(messages int64) error {
	return fault.New(fault.Exhausted, "the folder has %d messages; more than %d are listed by time of receipt only, and without a filter", messages, MostMessages)
}

// Arrangement is the orders of one folder, which never change. Lists of places are ascending: what is equal is by time of
// receipt.
type Arrangement struct {
	by [orders][]uint32
	// gaps are the places of messages that cannot be read. They are in no order.
	gaps []uint32
}

// Places returns the places of the messages that can be read in an order, the smallest first; it must not be changed.
func (a *Arrangement) Places(o Order) []uint32 { return a.by[o] }

// Gaps returns the places of the messages that cannot be read; it must not be changed.
func (a *Arrangement) Gaps() []uint32 { return a.gaps }

// Size is how much memory it takes, in bytes.
func (a *Arrangement) Size() int {
	n := cap(a.gaps)
	for _, list := range a.by {
		n += cap(list)
	}
	return n * 4
}

// Builder makes an Arrangement of the messages of a folder, which it is given in the order of receipt.
type Builder struct {
	sent, size []int64
	subjects   texts
	froms      texts
	gaps       []uint32
	places     []uint32
	next       uint32
	normal     []byte
}

// NewBuilder returns a Builder for about so many messages.
func NewBuilder(messages int64) *Builder {
	n := int(min(messages, MostMessages))
	return &Builder{
		sent: make([]int64, 0, n), size: make([]int64, 0, n), subjects: newTexts(n), froms: newTexts(n), places: make([]uint32, 0, n),
	}
}

// Add adds the next message.
func (b *Builder) Add(g *message.Glance) {
	b.places = append(b.places, b.next)
	b.next++
	b.sent = append(b.sent, g.Sent)
	b.size = append(b.size, g.Size)
	b.subjects.add(b.text(WithoutPrefix(g.Subject)))
	from := g.FromName
	if len(from) == 0 {
		from = g.From
	}
	b.froms.add(b.text(from))
}

// text is the normal form of the beginning of a text, good until the next call.
func (b *Builder) text(s []byte) []byte {
	// A character takes up to four bytes in either form, and few normal forms are more than twice as long.
	if len(s) > 4*keyBytes {
		s = s[:4*keyBytes]
	}
	b.normal = words.Append(b.normal[:0], s)
	return b.normal[:min(len(b.normal), keyBytes)]
}

// Skip tells that the next n messages cannot be read.
func (b *Builder) Skip(n int64) {
	for ; n > 0; n-- {
		b.gaps = append(b.gaps, b.next)
		b.next++
	}
}

// Done sorts. The Builder is of no use any more.
func (b *Builder) Done() *Arrangement {
	a := &Arrangement{gaps: b.gaps}
	a.by[Received] = b.places
	a.by[Sent] = b.sorted(func(i, j uint32) int { return cmp.Compare(b.sent[i], b.sent[j]) })
	a.by[Size] = b.sorted(func(i, j uint32) int { return cmp.Compare(b.size[i], b.size[j]) })
	a.by[Subject] = b.sorted(b.subjects.compare)
	a.by[From] = b.sorted(b.froms.compare)
	return a
}

// sorted sorts the messages that were added and returns their places.
func (b *Builder) sorted(by func(i, j uint32) int) []uint32 {
	list := make([]uint32, len(b.places))
	for i := range list {
		list[i] = uint32(i)
	}
	slices.SortFunc(list, func(i, j uint32) int {
		if c := by(i, j); c != 0 {
			return c
		}
		return cmp.Compare(i, j)
	})
	for i, n := range list {
		list[i] = b.places[n]
	}
	return list
}

// texts are short texts in one piece of memory. The first bytes of each are a number as well, which decides most
// comparisons without a look at the text.
type texts struct {
	heads []uint64
	ends  []uint32
	data  []byte
}

func newTexts(n int) texts {
	return texts{heads: make([]uint64, 0, n), ends: make([]uint32, 0, n), data: make([]byte, 0, n*keyBytes/2)}
}

func (t *texts) add(s []byte) {
	var head uint64
	for i := range 8 {
		head <<= 8
		if i < len(s) {
			head |= uint64(s[i])
		}
	}
	t.data = append(t.data, s...)
	t.heads, t.ends = append(t.heads, head), append(t.ends, uint32(len(t.data)))
}

func (t *texts) at(i uint32) []byte {
	if i == 0 {
		return t.data[:t.ends[0]]
	}
	return t.data[t.ends[i-1]:t.ends[i]]
}

func (t *texts) compare(i, j uint32) int {
	if c := cmp.Compare(t.heads[i], t.heads[j]); c != 0 {
		return c
	}
	return bytes.Compare(t.at(i), t.at(j))
}

// WithoutPrefix returns a subject without what replies and forwards put before it: up to three characters that are no digits,
// a colon and a space (MS-OXCMSG 2.2.1.9), as often as there are.
func WithoutPrefix(s []byte) []byte {
	for {
		rest, ok := cutPrefix(bytes.TrimLeft(s, " \t"))
		if !ok {
			return s
		}
		s = rest
	}
}

func cutPrefix(s []byte) ([]byte, bool) {
	at := 0
	for n := 0; n <= 3 && at < len(s); n++ {
		r, size := utf8.DecodeRune(s[at:])
		if r == ':' {
			rest := s[at+1:]
			return bytes.TrimLeft(rest, " "), n > 0 && len(rest) > 0 && rest[0] == ' '
		}
		if unicode.IsDigit(r) || unicode.IsSpace(r) {
			return s, false
		}
		at += size
	}
	return s, false
}

// Only returns the orders of the messages at those places for which fits is set, which has one for each place. Those that
// cannot be read are left out.
func (a *Arrangement) Only(fits []bool) *Arrangement {
	n := 0
	for _, yes := range fits {
		if yes {
			n++
		}
	}
	out := &Arrangement{}
	for o := range a.by {
		list := make([]uint32, 0, n)
		for _, place := range a.by[o] {
			if fits[place] {
				list = append(list, place)
			}
		}
		out.by[o] = list
	}
	return out
}
