package tree

import (
	"context"
	"encoding/binary"
	"slices"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

// Op is a change to one place of a folder: a record to keep there, or a place to vacate.
type Op struct {
	Key Key
	// At is what the loader is given to read the record; Vacate means that there is none.
	At int64
}

// Vacate is the At of an op that removes.
const Vacate = -1

// Build returns the tree that base becomes by the ops, which come sorted by key, each key once. Pages in whose range no op
// falls are shared without being read. Load reads the record of an op. Keep, if not nil, is asked for each entry of base whether it stays: then all pages are
// read. A nil result is an empty folder.
//
// A part of base that has to be read and cannot be is left out and handed to lost. Without lost (nil) it ends the building.
//
// What is saved has been read back, see witness. The records that load returns must not be changed afterwards.
func Build(ctx context.Context, s Store, base *Ref, ops []Op, load func(at int64) (Entry, error), keep func(e *Entry) bool, lost func(Ref, error)) (*Ref, error) {
	buf, ok := pageBuffers.Get().(*[]byte)
	if !ok {
		buf = new([]byte)
		*buf = make([]byte, 0, maxPage)
	}
	defer pageBuffers.Put(buf)
	b := &builder{s: s, load: load, lost: lost, page: *buf}
	return b.build(ctx, base, ops, keep)
}

// pageBuffers are for pages that are being filled: most changes of a mailbox make a page or two in each of many folders.
var pageBuffers sync.Pool

func (b *builder) build(ctx context.Context, base *Ref, ops []Op, keep func(e *Entry) bool) (*Ref, error) {
	var leaves []Ref
	if base != nil {
		var err error
		if leaves, err = leavesOf(ctx, b.s, *base, b.lost); err != nil {
			return nil, err
		}
	}
	for i := range leaves {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n := len(ops) // ops[:n] fall into this page's range
		if i+1 < len(leaves) {
			n = 0
			for n < len(ops) && ops[n].Key.Compare(leaves[i+1].First) < 0 {
				n++
			}
		}
		if n == 0 && keep == nil && len(b.page) == 0 {
			if err := b.leaf(leaves[i]); err != nil {
				return nil, err
			}
			continue
		}
		if err := b.merge(leaves[i], ops[:n], keep); err != nil {
			return nil, err
		}
		ops = ops[n:]
	}
	for i := range ops {
		if i%256 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err := b.apply(&ops[i]); err != nil {
			return nil, err
		}
	}
	return b.finish()
}

// builder writes pages and the levels above them from left to right.
type builder struct {
	s      Store
	load   func(at int64) (Entry, error)
	lost   func(Ref, error)
	page   []byte
	ref    Ref     // of page
	levels [][]Ref // children waiting for their node, by the node's level less one
	buf    []byte  // of an entry
	node   []byte  // apart from buf: a node may end while an entry waits for the next page
	saw    witness
	spoil  func(typ pack.Type, data []byte) []byte // for tests: what a broken builder would make of a page or node
}

func (b *builder) merge(leaf Ref, ops []Op, keep func(e *Entry) bool) error {
	entries, err := pageOf(b.s, leaf)
	if err != nil && (b.lost == nil || fault.KindOf(err) != fault.Corrupt) {
		return err
	}
	if err != nil {
		b.lost(leaf, err)
	}
	for i := range entries {
		if ops, err = b.mergeEntry(&entries[i], ops, keep); err != nil {
			return err
		}
	}
	for i := range ops {
		if err := b.apply(&ops[i]); err != nil {
			return err
		}
	}
	return nil
}

// mergeEntry takes over an entry with the ops that come before it or replace it, and returns those that are left.
func (b *builder) mergeEntry(e *Entry, ops []Op, keep func(e *Entry) bool) ([]Op, error) {
	for len(ops) > 0 {
		c := ops[0].Key.Compare(e.Key)
		if c > 0 {
			break
		}
		op := &ops[0]
		ops = ops[1:]
		if err := b.apply(op); err != nil {
			return ops, err
		}
		if c == 0 {
			return ops, nil // replaced or vacated
		}
	}
	if keep != nil && !keep(e) {
		return ops, nil
	}
	return ops, b.add(e)
}

func (b *builder) apply(op *Op) error {
	if op.At == Vacate {
		return nil
	}
	e, err := b.load(op.At)
	if err != nil {
		return err
	}
	if e.Key != op.Key {
		return fault.New(fault.Corrupt, "the staged record of message %s is not the one that was committed", e.ID)
	}
	return b.add(&e)
}

func (b *builder) add(e *Entry) error {
	b.buf = e.Append(b.buf[:0])
	size := len(b.buf)
	if len(b.page) > 1 && len(b.page)+size > maxPage {
		if err := b.endPage(); err != nil {
			return err
		}
	}
	if len(b.page) == 0 {
		b.page = append(slices.Grow(b.page, targetPage), version)
		b.ref = Ref{First: e.Key}
	}
	b.page = append(b.page, b.buf...)
	b.saw.entry(e)
	b.ref.Sums.add(Sums{Messages: 1, Weight: e.Weight})
	if len(b.page) >= minPage && uint64(binary.BigEndian.Uint32(e.Key.ID[:]))*targetPage < uint64(size)<<32 {
		return b.endPage()
	}
	return nil
}

func (b *builder) endPage() error {
	if b.spoil != nil {
		b.page = b.spoil(pack.Page, b.page)
	}
	if err := b.saw.page(b.page, &b.ref); err != nil {
		return err
	}
	b.ref.Hash = record.Sum(b.page)
	if err := b.s.Save(pack.Page, b.ref.Hash, b.page); err != nil {
		return err
	}
	b.page = b.page[:0]
	return b.child(0, b.ref)
}

// leaf adds a page that is kept already.
func (b *builder) leaf(r Ref) error {
	if err := b.saw.leaf(&r); err != nil {
		return err
	}
	return b.child(0, r)
}

func (b *builder) child(level int, r Ref) error {
	if level == len(b.levels) {
		if level == maxLevel {
			return fault.New(fault.Exhausted, "the folder has more messages than a tree can hold")
		}
		b.levels = append(b.levels, nil)
	}
	b.levels[level] = append(b.levels[level], r)
	n := len(b.levels[level])
	if n == maxNode || n >= minNode && binary.LittleEndian.Uint32(r.Hash[:])%meanNode == 0 {
		return b.endNode(level)
	}
	return nil
}

func (b *builder) endNode(level int) error {
	children := b.levels[level]
	r := Ref{Level: uint8(level + 1), First: children[0].First}
	data := append(b.node[:0], version, r.Level)
	for i := range children {
		data = appendChild(data, &children[i])
		r.Sums.add(children[i].Sums)
	}
	if b.spoil != nil {
		data = b.spoil(pack.Node, data)
	}
	b.node = data
	if err := b.saw.node(data, &r, children); err != nil {
		return err
	}
	r.Hash = record.Sum(data)
	if err := b.s.Save(pack.Node, r.Hash, data); err != nil {
		return err
	}
	b.levels[level] = children[:0]
	return b.child(level+1, r)
}

func (b *builder) finish() (*Ref, error) {
	if len(b.page) > 0 {
		if err := b.endPage(); err != nil {
			return nil, err
		}
	}
	for level := 0; level < len(b.levels); level++ {
		waiting := b.levels[level]
		if level == len(b.levels)-1 && len(waiting) == 1 {
			root := waiting[0]
			return &root, b.saw.root(&root)
		}
		if len(waiting) > 0 {
			if err := b.endNode(level); err != nil {
				return nil, err
			}
		}
	}
	return nil, b.saw.root(nil)
}
