package tree

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/message"
)

// errStop ends a walk early.
var errStop = errors.New("tree: stop")

// Gap is a part of a tree that cannot be read. Its place and its length are known all the same, because nodes count.
type Gap struct {
	From, Count int64 // places, in the order of the reading
	Ref         Ref   // the page or node
	Err         error // Corrupt
}

// Range hands up to limit entries to fn, beginning with the one at place from, oldest first or newest first. Pages before
// it are skipped unread by their counts. Entries are only valid during the call.
//
// A part that cannot be read is handed to gap in its place, and reading goes on behind it; its places count to from and
// limit like those of entries. Without gap (nil) the first such part ends the reading.
func Range(ctx context.Context, s Loader, root Ref, from, limit int64, newestFirst bool, fn func(e *Entry) error, gap func(Gap) error) error {
	if from < 0 || from >= root.Sums.Messages || limit <= 0 {
		return nil
	}
	w := walker{s: s, skip: from, left: limit, reverse: newestFirst, fn: fn, gap: gap}
	err := w.walk(ctx, root)
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

type walker struct {
	s          Loader
	at         int64 // place of the next entry
	skip, left int64
	reverse    bool
	fn         func(e *Entry) error
	gap        func(Gap) error
}

func (w *walker) walk(ctx context.Context, r Ref) error {
	if w.skip >= r.Sums.Messages {
		w.skip -= r.Sums.Messages
		w.at += r.Sums.Messages
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if r.Level == 0 {
		return w.page(r)
	}
	children, err := Children(w.s, r)
	if err != nil {
		return w.pass(r, err)
	}
	if w.reverse {
		slices.Reverse(children)
	}
	for i := range children {
		if err := w.walk(ctx, children[i]); err != nil {
			return err
		}
	}
	return nil
}

// pass goes on behind a part that could not be read.
func (w *walker) pass(r Ref, err error) error {
	if w.gap == nil || fault.KindOf(err) != fault.Corrupt {
		return err
	}
	g := Gap{From: w.at + w.skip, Count: min(r.Sums.Messages-w.skip, w.left), Ref: r, Err: err}
	w.at += r.Sums.Messages
	w.skip = 0
	w.left -= g.Count
	if err := w.gap(g); err != nil {
		return err
	}
	if w.left == 0 {
		return errStop
	}
	return nil
}

func (w *walker) page(r Ref) error {
	entries, err := pageOf(w.s, r)
	if err != nil {
		return w.pass(r, err)
	}
	if w.reverse {
		slices.Reverse(entries)
	}
	for i := range entries {
		w.at++
		if w.skip > 0 {
			w.skip--
			continue
		}
		if err := w.fn(&entries[i]); err != nil {
			return err
		}
		if w.left--; w.left == 0 {
			return errStop
		}
	}
	return nil
}

// pageOf returns the entries of a page, of which there must be as many as its node says.
func pageOf(s Loader, r Ref) ([]Entry, error) {
	var entries []Entry
	if err := Page(s, r, func(e *Entry) error { entries = append(entries, *e); return nil }); err != nil {
		return nil, err
	}
	if int64(len(entries)) != r.Sums.Messages {
		return nil, errDamaged()
	}
	return entries, nil
}

// Find returns the entry of a message that was received in the given second, or nil. Parts that cannot be read are passed
// over; where the message is in no other and may be in one of them, the answer is Corrupt.
func Find(ctx context.Context, s Loader, root Ref, id message.Hash, sec int64) (*Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if root.Level == 0 {
		var found *Entry
		err := Page(s, root, func(e *Entry) error {
			if e.Key.Sec == sec && e.Key.ID == id {
				found = e
			}
			return nil
		})
		return found, err
	}
	children, err := Children(s, root)
	if err != nil {
		return nil, err
	}
	var damage error
	for i := range children {
		// The child may hold the second if it does not begin behind it and the next does not begin before it.
		if children[i].First.Sec > sec {
			break
		}
		if i+1 < len(children) && children[i+1].First.Sec < sec {
			continue
		}
		found, err := Find(ctx, s, children[i], id, sec)
		if found != nil || err != nil && fault.KindOf(err) != fault.Corrupt {
			return found, err
		}
		damage = cmp.Or(damage, err)
	}
	return nil, damage
}
