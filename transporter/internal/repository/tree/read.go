package tree

import (
	"context"
	"errors"
	"slices"

	"holdfast/transporter/internal/repository/message"
)

// errStop ends a walk early.
var errStop = errors.New("tree: stop")

// Range hands up to limit entries to fn, beginning with the one at place from, oldest first or newest first. Pages before
// it are skipped unread by their counts. Entries are only valid during the call.
func Range(ctx context.Context, s Store, root Ref, from, limit int64, newestFirst bool, fn func(e *Entry) error) error {
	if from < 0 || from >= root.Sums.Messages || limit <= 0 {
		return nil
	}
	w := walker{s: s, skip: from, left: limit, reverse: newestFirst, fn: fn}
	err := w.walk(ctx, root)
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}

type walker struct {
	s          Store
	skip, left int64
	reverse    bool
	fn         func(e *Entry) error
}

func (w *walker) walk(ctx context.Context, r Ref) error {
	if w.skip >= r.Sums.Messages {
		w.skip -= r.Sums.Messages
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
		return err
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

func (w *walker) page(r Ref) error {
	var entries []Entry
	if err := Page(w.s, r, func(e *Entry) error { entries = append(entries, *e); return nil }); err != nil {
		return err
	}
	if int64(len(entries)) != r.Sums.Messages {
		return errDamaged()
	}
	if w.reverse {
		slices.Reverse(entries)
	}
	for i := range entries {
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

// Find returns the entry of a message that was received in the given second, or nil.
func Find(ctx context.Context, s Store, root Ref, id message.Hash, sec int64) (*Entry, error) {
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
	for i := range children {
		// The child may hold the second if it does not begin behind it and the next does not begin before it.
		if children[i].First.Sec > sec {
			break
		}
		if i+1 < len(children) && children[i+1].First.Sec < sec {
			continue
		}
		found, err := Find(ctx, s, children[i], id, sec)
		if err != nil || found != nil {
			return found, err
		}
	}
	return nil, nil
}
