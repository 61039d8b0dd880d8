package repository

import (
	"context"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

// ChangeKind is what a Difference is.
type ChangeKind uint8

// The kinds of difference.
const (
	FolderAdded ChangeKind = iota + 1
	FolderRemoved
	FolderChanged // renamed, moved, hidden: Aspects says what
	MessageAdded
	MessageRemoved
	MessageMoved   // to another folder; what else changed is in Aspects
	MessageChanged // Aspects says what
	Unreadable     // a part of a folder of either point cannot be read
)

// Difference is one thing that two points of a mailbox do not have in common. Old is how the older point has it, New how the
// newer one has it.
type Difference struct {
	Kind ChangeKind
	// OldFolder and NewFolder are the folder concerned, or that the message lies in; nil where the point has none.
	OldFolder, NewFolder *mail.Folder
	// Old and New are the message; nil where the point does not have it. They belong to the receiver.
	Old, New *record.Message
	Aspects  []Aspect
	// Damage is set with Unreadable.
	Damage *UnreadablePart
}

// UnreadablePart is a run of a folder's messages whose records cannot be read.
type UnreadablePart struct {
	InNew    bool // in the newer point
	Messages int64
	// Unsure counts messages of the other point of which nobody can tell whether they differ.
	Unsure int64
	Err    error
}

// Diff hands what differs between this point and a newer one to fn: folders first, then the messages folder by folder, those
// of removed folders last. Both must be points of this repository; points of different mailboxes have nothing in common.
//
// A message is known by its id: one that lies in another folder has moved, with MessageMoved in the place of its new folder.
// Time and memory are those of the difference: what both points share is not read, and of each message that came or went a
// hundred bytes are held. Damage does not end it (Unreadable); an error of fn does, and is returned. A message that moved out of
// a part that cannot be read counts as added, one that moved into it as removed.
func (p *Point) Diff(ctx context.Context, newer *Point, fn func(Difference) error) error {
	if p.r != newer.r {
		return fault.New(fault.Invalid, "two points can be compared within one repository only")
	}
	if err := p.r.usable(); err != nil {
		return err
	}
	c := &comparison{ctx: ctx, old: p, new: newer, fn: fn, gone: map[message.Hash]place{}, come: map[message.Hash]bool{}}
	if err := c.folders(); err != nil {
		return err
	}
	// A first walk finds what came and what went, so that the second can tell moved from both. Most pages that the second
	// needs are still in memory then.
	if err := c.walk(c.note, nil); err != nil {
		return err
	}
	for h := range c.gone {
		if !c.come[h] {
			delete(c.gone, h)
		}
	}
	return c.walk(c.tell, c.unreadable)
}

// comparison is one Diff.
type comparison struct {
	ctx      context.Context //nolint:containedctx // it lives as long as the call
	old, new *Point
	fn       func(Difference) error
	gone     map[message.Hash]place // where the older point has what is no more in its place
	come     map[message.Hash]bool  // what the newer point has at a place where it was not
}

// place is where the older point has a message.
type place struct {
	folder int
	sec    int64
}

// pair is a folder as the two points have it; nil where it is not.
type pair struct{ old, new *folder }

// pairs calls fn for the folders of the newer point, then for those that only the older one has.
func (c *comparison) pairs(fn func(pair) error) error {
	for i := range c.new.root.folders {
		f := pair{new: &c.new.root.folders[i]}
		if at, ok := c.old.root.byID[f.new.ID]; ok {
			f.old = &c.old.root.folders[at]
		}
		if err := fn(f); err != nil {
			return err
		}
	}
	for i := range c.old.root.folders {
		f := &c.old.root.folders[i]
		if _, ok := c.new.root.byID[f.ID]; ok {
			continue
		}
		if err := fn(pair{old: f}); err != nil {
			return err
		}
	}
	return nil
}

func (c *comparison) folders() error {
	return c.pairs(func(f pair) error {
		d := f.difference()
		switch {
		case f.old == nil:
			d.Kind = FolderAdded
		case f.new == nil:
			d.Kind = FolderRemoved
		default:
			d.Kind, d.Aspects = FolderChanged, folderAspects(&f.old.Folder, &f.new.Folder)
			if len(d.Aspects) == 0 {
				return nil
			}
		}
		return c.fn(d)
	})
}

// difference names the folders of the pair, in memory of their own.
func (f pair) difference() Difference {
	var d Difference
	if f.old != nil {
		folder := f.old.Folder
		d.OldFolder = &folder
	}
	if f.new != nil {
		folder := f.new.Folder
		d.NewFolder = &folder
	}
	return d
}

// walk compares the messages of all folders.
func (c *comparison) walk(each func(pair, tree.Pair) error, damaged func(pair, tree.Damage) error) error {
	return c.pairs(func(f pair) error {
		var before, after *tree.Ref
		if f.old != nil {
			before = f.old.tree
		}
		if f.new != nil {
			after = f.new.tree
		}
		return tree.Diff(c.ctx, loader{c.old, c.new}, before, after, func(p tree.Pair) error { return each(f, p) }, func(d tree.Damage) error {
			if damaged == nil {
				return nil
			}
			return damaged(f, d)
		})
	})
}

func (c *comparison) note(f pair, p tree.Pair) error {
	switch {
	case p.New == nil:
		c.gone[p.Old.Key.ID] = place{folder: c.old.root.byID[f.old.ID], sec: p.Old.Key.Sec}
	case p.Old == nil:
		c.come[p.New.Key.ID] = true
	}
	return nil
}

func (c *comparison) tell(f pair, p tree.Pair) error {
	d := f.difference()
	var err error
	if p.Old != nil {
		if _, moved := c.gone[p.Old.Key.ID]; moved && p.New == nil {
			return nil // told where it came to
		}
		if d.Old, err = p.Old.Message(f.old.ID); err != nil {
			return c.unreadable(f, tree.Damage{Messages: 1, Err: err})
		}
	}
	if p.New != nil {
		if d.New, err = p.New.Message(f.new.ID); err != nil {
			return c.unreadable(f, tree.Damage{New: true, Messages: 1, Err: err})
		}
	}
	switch {
	case p.New == nil:
		d.Kind, d.NewFolder = MessageRemoved, nil
	case p.Old == nil:
		d.Kind, d.OldFolder = MessageAdded, nil
		if at, moved := c.gone[p.New.Key.ID]; moved {
			return c.moved(d, at)
		}
	default:
		d.Kind, d.Aspects = MessageChanged, messageAspects(d.Old, d.New)
	}
	return c.fn(d)
}

// moved tells of a message that lay at another place: in another folder, or in this one with another time of receipt.
func (c *comparison) moved(d Difference, at place) error {
	from := &c.old.root.folders[at.folder]
	e, err := tree.Find(c.ctx, loader{c.old, c.new}, *from.tree, message.HashOf(d.New.ID), at.sec)
	if err == nil && e != nil {
		d.Old, err = e.Message(from.ID)
	}
	if err != nil {
		return c.unreadable(pair{old: from}, tree.Damage{Messages: 1, Err: err})
	}
	if e == nil {
		return fault.New(fault.Corrupt, "message %s is no more where it was found in folder %s", d.New.ID, from.ID)
	}
	folder := from.Folder
	d.OldFolder = &folder
	d.Kind, d.Aspects = MessageMoved, messageAspects(d.Old, d.New)
	if from.ID == d.New.Folder {
		d.Kind = MessageChanged
	}
	return c.fn(d)
}

func (c *comparison) unreadable(f pair, damage tree.Damage) error {
	d := f.difference()
	d.Kind = Unreadable
	d.Damage = &UnreadablePart{InNew: damage.New, Messages: damage.Messages, Unsure: damage.Unsure, Err: damage.Err}
	return c.fn(d)
}

// Walk hands the records of a folder to fn in the order of receipt, as All does, but goes on behind damage: damaged hears
// how many messages cannot be read and why. Records belong to fn. An error of either ends it and is returned.
func (p *Point) Walk(ctx context.Context, id mail.FolderID, fn func(*record.Message) error, damaged func(messages int64, err error) error) error {
	f, err := p.folder(id)
	if err != nil {
		return err
	}
	return tree.Diff(ctx, loader{p}, nil, f.tree, func(pair tree.Pair) error {
		m, err := pair.New.Message(id)
		if err != nil {
			return damaged(1, err)
		}
		return fn(m)
	}, func(d tree.Damage) error { return damaged(d.Messages, d.Err) })
}
