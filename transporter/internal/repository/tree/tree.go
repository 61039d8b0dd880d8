// Package tree is the shape in which a recovery point keeps the messages of a folder: pages of records sorted by the time of
// receipt, and index levels above them. Pages and nodes are blobs under their SHA-256, cut where the content says so, so that
// two points share every page in which nothing changed, and adding a message rewrites one page and its path.
//
// The order is (received, hash of the id): ids are opaque, so among messages of one instant any fixed order does.
//
//	page   = 0x01, entry…
//	entry  = uvarint length of id, id, varint seconds, uvarint nanoseconds,
//	         uvarint attachments, uvarint bytes, uvarint lost, uvarint length of record, record
//	node   = 0x01, level (1 byte), child…
//	child  = SHA-256 (32), varint seconds, uvarint nanoseconds, id hash (16) of its first entry,
//	         uvarint messages, uvarint attachments, uvarint bytes, uvarint lost
//
// Seconds are since 1970, or -2^63 where the message has no time of receipt. A record is as package message says.
//
// A page ends behind an entry of s bytes when it has 8 KiB and the first 32 bits of the entry's id hash, as a fraction of 2^32,
// are below s/24 KiB; and before an entry that would take it over 128 KiB. A node ends behind a child when it has 16 and the
// child's hash begins with a number (32 bits, little-endian) divisible by 64, or when it has 256. So what a folder's tree
// looks like depends on its messages alone, not on the way that led there.
package tree

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

const (
	version = 1

	minPage    = 8 << 10
	targetPage = 24 << 10
	maxPage    = 128 << 10

	minNode  = 16
	meanNode = 64
	maxNode  = 256
	maxLevel = 16
)

// Loader is where the blobs of trees are read.
type Loader interface {
	// Load returns the bytes of a blob; they are shared and must not be changed.
	Load(hash record.Hash) ([]byte, error)
}

// Store is where the blobs of trees are.
type Store interface {
	Loader
	// Save keeps the bytes of a blob, which it does not hold on to.
	Save(typ pack.Type, hash record.Hash, data []byte) error
}

// Key is where a message stands in the order of its folder.
type Key struct {
	Sec  int64
	Nano uint32
	ID   message.Hash
}

// KeyOf returns the key of a message.
func KeyOf(id mail.MessageID, received time.Time) Key {
	sec, nano := message.Seconds(received)
	return Key{sec, nano, message.HashOf(id)}
}

// Compare orders keys.
func (k Key) Compare(o Key) int {
	if c := cmp.Compare(k.Sec, o.Sec); c != 0 {
		return c
	}
	if c := cmp.Compare(k.Nano, o.Nano); c != 0 {
		return c
	}
	return slices.Compare(k.ID[:], o.ID[:])
}

// Sums are counts over a subtree.
type Sums struct {
	Messages int64
	message.Weight
}

func (s *Sums) add(o Sums) {
	s.Messages += o.Messages
	s.Attachments += o.Attachments
	s.Bytes += o.Bytes
	s.Lost += o.Lost
}

// Ref is a subtree: a page (level 0) or a node.
type Ref struct {
	Hash  record.Hash
	Level uint8
	Sums  Sums
	First Key
}

// Entry is one message of a page.
type Entry struct {
	Key    Key
	ID     mail.MessageID
	Weight message.Weight
	Record []byte
}

// Message decodes the entry's record.
func (e *Entry) Message(folder mail.FolderID) (*record.Message, error) {
	return message.Decode(e.ID, folder, message.Time(e.Key.Sec, e.Key.Nano), e.Record)
}

// Append appends the entry's stored form.
func (e *Entry) Append(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(e.ID)))
	b = append(b, e.ID...)
	b = binary.AppendVarint(b, e.Key.Sec)
	b = binary.AppendUvarint(b, uint64(e.Key.Nano))
	b = binary.AppendUvarint(b, uint64(e.Weight.Attachments))
	b = binary.AppendUvarint(b, uint64(e.Weight.Bytes))
	b = binary.AppendUvarint(b, uint64(e.Weight.Lost))
	b = binary.AppendUvarint(b, uint64(len(e.Record)))
	return append(b, e.Record...)
}

// maxSum bounds counts, so that sums of them cannot overflow.
const maxSum = 1 << 56

// DecodeEntry reads an entry from the beginning of b and returns what is behind it. The record shares b's memory.
func DecodeEntry(b []byte) (Entry, []byte, error) {
	d := decoder{b: b}
	var e Entry
	id := d.bytes(d.uvarint(4096))
	e.ID = mail.MessageID(id)
	e.Key.Sec = d.varint()
	e.Key.Nano = uint32(d.uvarint(999_999_999))
	e.Weight.Attachments = int64(d.uvarint(maxSum))
	e.Weight.Bytes = int64(d.uvarint(maxSum))
	e.Weight.Lost = int64(d.uvarint(1))
	e.Record = d.bytes(d.uvarint(message.MaxRecord))
	if d.bad || len(id) == 0 {
		return e, nil, errDamaged()
	}
	e.Key.ID = message.HashOf(e.ID)
	return e, d.b, nil
}

func errDamaged() error { return fault.New(fault.Corrupt, "a page of message records is damaged") }

// errVersion is about a page or node of another format. That it is no damage its hash has shown.
func errVersion(v byte) error {
	return fault.New(fault.Unsupported, "a page of message records has format %d, this version reads %d; upgrade the Transporter", v, version)
}

// decodePage hands the entries of a page to fn.
func decodePage(b []byte, fn func(e *Entry) error) error {
	if len(b) < 2 {
		return errDamaged()
	}
	if b[0] != version {
		return errVersion(b[0])
	}
	b = b[1:]
	var last Key
	for first := true; len(b) > 0; first = false {
		e, rest, err := DecodeEntry(b)
		if err != nil {
			return err
		}
		if !first && last.Compare(e.Key) >= 0 {
			return errDamaged()
		}
		last = e.Key
		if err := fn(&e); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// decodeNode returns the children of a node.
func decodeNode(b []byte, level uint8) ([]Ref, error) {
	if len(b) < 2 {
		return nil, errDamaged()
	}
	if b[0] != version {
		return nil, errVersion(b[0])
	}
	if b[1] != level {
		return nil, errDamaged()
	}
	d := decoder{b: b[2:]}
	var children []Ref
	for len(d.b) > 0 && !d.bad {
		r := Ref{Level: level - 1}
		copy(r.Hash[:], d.bytes(32))
		r.First.Sec = d.varint()
		r.First.Nano = uint32(d.uvarint(999_999_999))
		copy(r.First.ID[:], d.bytes(16))
		r.Sums.Messages = int64(d.uvarint(maxSum))
		r.Sums.Attachments = int64(d.uvarint(maxSum))
		r.Sums.Bytes = int64(d.uvarint(maxSum))
		r.Sums.Lost = int64(d.uvarint(maxSum))
		if d.bad || len(children) == maxNode || len(children) > 0 && children[len(children)-1].First.Compare(r.First) >= 0 {
			return nil, errDamaged()
		}
		children = append(children, r)
	}
	if d.bad || len(children) == 0 {
		return nil, errDamaged()
	}
	return children, nil
}

func appendChild(b []byte, r *Ref) []byte {
	b = append(b, r.Hash[:]...)
	b = binary.AppendVarint(b, r.First.Sec)
	b = binary.AppendUvarint(b, uint64(r.First.Nano))
	b = append(b, r.First.ID[:]...)
	b = binary.AppendUvarint(b, uint64(r.Sums.Messages))
	b = binary.AppendUvarint(b, uint64(r.Sums.Attachments))
	b = binary.AppendUvarint(b, uint64(r.Sums.Bytes))
	return binary.AppendUvarint(b, uint64(r.Sums.Lost))
}

// decoder takes numbers and bytes off a slice; bad is set when they are not there or beyond their limit.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > limit {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes(n uint64) []byte {
	if uint64(len(d.b)) < n {
		d.bad, d.b = true, nil
		return nil
	}
	out := d.b[:n:n]
	d.b = d.b[n:]
	return out
}

// Children returns the children of a node, having checked that they sum up to it.
func Children(s Loader, r Ref) ([]Ref, error) {
	if r.Level == 0 || r.Level > maxLevel {
		return nil, errDamaged()
	}
	data, err := s.Load(r.Hash)
	if err != nil {
		return nil, err
	}
	children, err := decodeNode(data, r.Level)
	if err != nil {
		return nil, err
	}
	var sums Sums
	for i := range children {
		sums.add(children[i].Sums)
	}
	if sums != r.Sums || !r.begins(children[0].First) {
		return nil, errDamaged()
	}
	return children, nil
}

// begins reports whether what a subtree begins with is what was said of it. A root says nothing. Because it does, no page or
// node is met twice in one tree, and reading a tree that somebody made up comes to an end.
func (r *Ref) begins(first Key) bool { return r.First == (Key{}) || r.First == first }

// Page hands the entries of a page to fn, having loaded it. Entries share the page's memory.
func Page(s Loader, r Ref, fn func(e *Entry) error) error {
	data, err := s.Load(r.Hash)
	if err != nil {
		return err
	}
	first := true
	return decodePage(data, func(e *Entry) error {
		if first && !r.begins(e.Key) {
			return errDamaged()
		}
		first = false
		return fn(e)
	})
}

// leavesOf returns the pages of a tree in order. What is below a node that cannot be read is left out and handed to lost;
// without lost (nil) it ends the walk.
func leavesOf(ctx context.Context, s Loader, r Ref, lost func(Ref, error)) ([]Ref, error) {
	if r.Level == 0 {
		return []Ref{r}, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	children, err := Children(s, r)
	if err != nil && lost != nil && fault.KindOf(err) == fault.Corrupt {
		lost(r, err)
		return nil, nil
	}
	if err != nil || r.Level == 1 {
		return children, err
	}
	var leaves []Ref
	for i := range children {
		part, err := leavesOf(ctx, s, children[i], lost)
		if err != nil {
			return nil, err
		}
		leaves = append(leaves, part...)
	}
	return leaves, nil
}
