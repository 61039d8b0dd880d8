package tree

import (
	"bytes"
	"context"
	"math"

	"holdfast/pkg/fault"
)

// Pair is a place of a folder that two trees fill differently: Old is nil where only the new tree has an entry, New where
// only the old one has. Entries are good during the call only.
type Pair struct{ Old, New *Entry }

// Damage is a part of a tree that cannot be read. What the other tree has in its range is in no Pair: nobody can tell
// whether it differs.
type Damage struct {
	New      bool // in the new tree
	Messages int64
	Err      error
	// Unsure counts the other tree's entries that were passed over since the damage before this one, on either side.
	Unsure int64
}

// Diff hands every difference between two trees to fn, in the order of keys; a nil tree is empty. Subtrees that both have are
// not read, so that its time and memory are those of the difference. A page or node that is damaged (fault kinds Corrupt and
// Unavailable) goes to damaged, and the rest is compared all the same; with a nil damaged, and for any other error, Diff ends.
//
// With one tree nil it is a walk over the other that damage does not end.
func Diff(ctx context.Context, s Loader, before, after *Ref, fn func(Pair) error, damaged func(Damage) error) error {
	if before != nil && after != nil && before.Hash == after.Hash {
		return nil
	}
	d := &differ{s: s, fn: fn, damaged: damaged, sides: [2]side{newSide(before), newSide(after)}}
	for i := range d.sides {
		// A root does not say where it begins, so it cannot be compared as a whole.
		if d.sides[i].head() != nil {
			if err := d.expand(i); err != nil {
				return err
			}
		}
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if done, err := d.step(); done || err != nil {
			return err
		}
	}
}

// item is what stands at one place of a side: a subtree that has not been looked into, or an entry of a page.
type item struct {
	ref   Ref
	entry *Entry
}

func (it *item) key() Key {
	if it.entry != nil {
		return it.entry.Key
	}
	return it.ref.First
}

// height orders what begins at the same key: an entry is 0, a page 1, a node more.
func (it *item) height() int {
	if it.entry != nil {
		return 0
	}
	return int(it.ref.Level) + 1
}

// side is a walk through one tree: for each level what is left of the node or page that it is in.
type side struct {
	stack [][]item
	// blind is set from damage on to the next thing that can be read.
	blind bool
}

func newSide(root *Ref) side {
	if root == nil {
		return side{}
	}
	return side{stack: [][]item{{{ref: *root}}}}
}

// head returns where the walk stands; nil at the end.
func (s *side) head() *item {
	for n := len(s.stack); n > 0; n = len(s.stack) {
		if len(s.stack[n-1]) > 0 {
			return &s.stack[n-1][0]
		}
		s.stack = s.stack[:n-1]
	}
	return nil
}

func (s *side) next() {
	last := &s.stack[len(s.stack)-1]
	*last = (*last)[1:]
	s.blind = false
}

// into replaces the subtree at the head by what is in it.
func (s *side) into(items []item) {
	blind := s.blind
	s.next()
	s.blind = blind && len(items) == 0
	s.stack = append(s.stack, items)
}

type differ struct {
	s       Loader
	fn      func(Pair) error
	damaged func(Damage) error
	sides   [2]side
	unsure  int64
	pending *Damage // told when it is known how much of the other tree it hides
}

// step goes one step on; done at the end of both trees.
func (d *differ) step() (done bool, err error) {
	a, b := d.sides[0].head(), d.sides[1].head()
	switch {
	case a == nil && b == nil:
		return true, d.tell()
	case b == nil:
		return false, d.alone(0)
	case a == nil:
		return false, d.alone(1)
	}
	switch c := a.key().Compare(b.key()); {
	case c < 0:
		return false, d.alone(0)
	case c > 0:
		return false, d.alone(1)
	}
	switch ha, hb := a.height(), b.height(); {
	case ha > hb:
		return false, d.expand(0)
	case ha < hb:
		return false, d.expand(1)
	case ha > 0 && a.ref.Hash == b.ref.Hash:
		d.sides[0].next()
		d.sides[1].next()
		return false, nil
	case ha > 0:
		if err := d.expand(0); err != nil {
			return false, err
		}
		return false, d.expand(1)
	}
	if a.entry.ID != b.entry.ID || !bytes.Equal(a.entry.Record, b.entry.Record) {
		err = d.fn(Pair{a.entry, b.entry})
	}
	d.sides[0].next()
	d.sides[1].next()
	return false, err
}

// alone takes what only one side has at this place.
func (d *differ) alone(i int) error {
	s, other := &d.sides[i], &d.sides[1-i]
	it := s.head()
	if it.entry == nil {
		return d.expand(i)
	}
	e := it.entry
	s.next()
	if other.blind { // what the other side has here, or had, cannot be read
		d.unsure++
		return nil
	}
	if i == 0 {
		return d.fn(Pair{Old: e})
	}
	return d.fn(Pair{New: e})
}

// expand looks into the subtree at the head of a side. One that is damaged is told and passed over.
func (d *differ) expand(i int) error {
	s := &d.sides[i]
	ref := s.head().ref
	items, err := d.load(ref)
	if err == nil {
		s.into(items)
		return nil
	}
	switch fault.KindOf(err) {
	case fault.Corrupt, fault.Unavailable:
	default:
		return err
	}
	if d.damaged == nil {
		return err
	}
	if err := d.tell(); err != nil {
		return err
	}
	d.pending = &Damage{New: i == 1, Messages: ref.Sums.Messages, Err: err}
	s.next()
	s.blind = true
	return nil
}

// tell tells of the last damage.
func (d *differ) tell() error {
	if d.pending == nil {
		return nil
	}
	told := *d.pending
	told.Unsure, d.unsure, d.pending = d.unsure, 0, nil
	return d.damaged(told)
}

func (d *differ) load(r Ref) ([]item, error) {
	if r.Level > 0 {
		children, err := Children(d.s, r)
		if err != nil {
			return nil, err
		}
		items := make([]item, len(children))
		for i := range children {
			items[i].ref = children[i]
		}
		return items, nil
	}
	items := make([]item, 0, min(r.Sums.Messages, math.MaxUint8))
	err := Page(d.s, r, func(e *Entry) error { items = append(items, item{entry: e}); return nil })
	if err == nil && int64(len(items)) != r.Sums.Messages {
		err = errDamaged()
	}
	return items, err
}
