package message

import (
	"slices"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// scanner goes through the fields of a protobuf.
type scanner struct {
	n      protowire.Number
	kind   protowire.Type
	value  []byte // of BytesType
	number uint64 // of VarintType
	rest   []byte // behind the field
	bad    bool   // what came next is no field
}

// next goes to the next field, if there is one.
func (s *scanner) next() bool {
	if len(s.rest) == 0 {
		return false
	}
	var n int
	if s.n, s.kind, n = protowire.ConsumeTag(s.rest); n < 0 {
		s.bad = true
		return false
	}
	s.rest = s.rest[n:]
	switch s.kind {
	case protowire.BytesType:
		s.value, n = protowire.ConsumeBytes(s.rest)
	case protowire.VarintType:
		s.number, n = protowire.ConsumeVarint(s.rest)
	default:
		n = protowire.ConsumeFieldValue(s.n, s.kind, s.rest)
	}
	if n < 0 {
		s.bad = true
		return false
	}
	s.rest = s.rest[n:]
	return true
}

// roomFor returns a list with room for the field and those of the same number right behind it.
func roomFor[T any](list []T, f *scanner) []T {
	if len(list) < cap(list) {
		return list
	}
	run := 1
	for ahead := *f; ahead.next() && ahead.n == f.n && ahead.kind == f.kind; {
		run++
	}
	return slices.Grow(list, run)
}

// timeParts is a time that is being read.
type timeParts struct {
	there bool
	sec   int64
	nanos int32
}

func (t *timeParts) read(data []byte) bool {
	t.there = true
	f := scanner{rest: data}
	for f.next() {
		switch {
		case f.kind == protowire.VarintType && f.n == fieldSeconds:
			t.sec = int64(f.number)
		case f.kind == protowire.VarintType && f.n == fieldNanos:
			t.nanos = int32(f.number)
		}
	}
	return !f.bad
}

func (t *timeParts) time() time.Time {
	if !t.there {
		return time.Time{}
	}
	return time.Unix(t.sec, int64(t.nanos)).UTC()
}

// contentParts is content that is being read.
type contentParts struct {
	hashes []byte
	sizes  []uint32
}

func (c *contentParts) read(data []byte) bool {
	f := scanner{rest: data}
	for f.next() {
		switch {
		case f.n == fieldHashes && f.kind == protowire.BytesType:
			c.hashes = f.value
		case f.n == fieldSizes && f.kind == protowire.VarintType:
			c.sizes = append(c.sizes, uint32(f.number))
		case f.n == fieldSizes && f.kind == protowire.BytesType:
			for rest := f.value; len(rest) > 0; {
				size, n := protowire.ConsumeVarint(rest)
				if n < 0 {
					return false
				}
				c.sizes, rest = append(c.sizes, uint32(size)), rest[n:]
			}
		}
	}
	return !f.bad
}

func (c *contentParts) content() (record.Content, error) {
	if len(c.hashes) != 32*len(c.sizes) {
		return record.Content{}, errContent
	}
	if len(c.sizes) == 0 {
		return record.Content{}, nil
	}
	out := record.Content{Pieces: make([]record.Piece, len(c.sizes))}
	for i, size := range c.sizes {
		if size == 0 || size > record.MaxPiece {
			return record.Content{}, errContent
		}
		out.Pieces[i] = record.Piece{Hash: record.Hash(c.hashes[32*i:]), Size: int64(size)}
		out.Size += int64(size)
	}
	return out, nil
}

func text(f *scanner, to *string) bool {
	if !utf8.Valid(f.value) {
		return false
	}
	*to = string(f.value)
	return true
}

func texts(f *scanner, to *[]string) bool {
	var s string
	ok := text(f, &s)
	*to = append(roomFor(*to, f), s)
	return ok
}

// pair reads a message of two texts, which share their memory.
func pair(data []byte, first, second *string) bool {
	whole := ""
	f := scanner{rest: data}
	for f.next() {
		to := first
		switch {
		case f.kind != protowire.BytesType || f.n > fieldSecond:
			continue
		case f.n == fieldSecond:
			to = second
		}
		if !utf8.Valid(f.value) {
			return false
		}
		if whole == "" {
			whole = string(data)
		}
		end := len(data) - len(f.rest)
		*to = whole[end-len(f.value) : end]
	}
	return !f.bad
}

func readAddress(f *scanner, to **mail.Address) bool {
	if *to == nil {
		*to = &mail.Address{}
	}
	return pair(f.value, &(*to).Name, &(*to).Address)
}

func readAddresses(f *scanner, to *[]mail.Address) bool {
	*to = append(roomFor(*to, f), mail.Address{})
	a := &(*to)[len(*to)-1]
	return pair(f.value, &a.Name, &a.Address)
}

func readFlag(data []byte, to *mail.Flag) bool {
	f := scanner{rest: data}
	for f.next() {
		ok := true
		switch {
		case f.kind == protowire.VarintType && f.n == fieldStatus:
			to.Status = mail.FlagStatus(f.number)
		case f.kind != protowire.BytesType:
		case f.n == fieldStart:
			ok = pair(f.value, &to.Start.DateTime, &to.Start.TimeZone)
		case f.n == fieldDue:
			ok = pair(f.value, &to.Due.DateTime, &to.Due.TimeZone)
		case f.n == fieldCompleted:
			ok = pair(f.value, &to.Completed.DateTime, &to.Completed.TimeZone)
		}
		if !ok {
			return false
		}
	}
	return !f.bad
}
