package repository

import (
	"context"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/arrange"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

// arrangedBytes bounds what a repository remembers of how folders are arranged: ten folders of 200,000 messages.
const arrangedBytes = 40 << 20

// Listing asks for a part of a folder's messages in an order.
type Listing struct {
	Folder mail.FolderID
	Order  arrange.Order
	// Ascending lists the oldest, A, or the smallest first.
	Ascending bool
	Filter    arrange.Filter
	// From is the place of the first in the list, Limit how many there are at most.
	From, Limit int
}

// Listed is one line of a list: a message, or why its record cannot be read.
type Listed struct {
	Message *record.Message
	Err     error
}

// List returns a part of a list and how many messages the whole of it has. Any part takes the same time, but for the first
// of an order other than that of receipt, or of a filter: that reads the folder, and what comes of it is remembered.
// Messages that cannot be read come last there, and fit no filter. Exhausted for folders of more than arrange.MostMessages.
func (p *Point) List(ctx context.Context, l Listing) ([]Listed, int64, error) {
	f, err := p.folder(l.Folder)
	if err != nil || f.tree == nil {
		return nil, 0, err
	}
	if l.Order == arrange.Received && l.Filter.None() {
		list, err := p.received(ctx, f, l)
		return list, f.tree.Sums.Messages, err
	}
	if f.tree.Sums.Messages > arrange.MostMessages {
		return nil, 0, arrange.TooMany(f.tree.Sums.Messages)
	}
	places, total, err := p.places(ctx, f, l)
	if err != nil {
		return nil, 0, err
	}
	list, err := p.pick(ctx, f, places)
	return list, total, err
}

// received lists in the order in which messages are kept.
func (p *Point) received(ctx context.Context, f *folder, l Listing) ([]Listed, error) {
	var list []Listed
	err := tree.Range(ctx, loader{p}, *f.tree, int64(l.From), int64(l.Limit), !l.Ascending, func(e *tree.Entry) error {
		m, err := e.Message(f.ID)
		list = append(list, Listed{m, err})
		return nil
	}, func(g tree.Gap) error {
		for range g.Count {
			list = append(list, Listed{Err: g.Err})
		}
		return nil
	})
	return list, err
}

// places returns the places of the messages of one part of a list, and how many the list has.
func (p *Point) places(ctx context.Context, f *folder, l Listing) ([]uint32, int64, error) {
	whole, err := p.r.arranged.Get(ctx, arrange.Key{Tree: f.tree.Hash}, func() (*arrange.Arrangement, error) { return p.arrange(ctx, f) })
	if err != nil {
		return nil, 0, err
	}
	list, gaps := whole.Places(l.Order), whole.Gaps()
	if !l.Filter.None() {
		match, err := l.Filter.Matcher()
		if err != nil {
			return nil, 0, err
		}
		fit, err := p.r.arranged.Get(ctx, arrange.Key{Tree: f.tree.Hash, Filter: l.Filter}, func() (*arrange.Arrangement, error) {
			return p.filter(ctx, f, whole, match)
		})
		if err != nil {
			return nil, 0, err
		}
		list, gaps = fit.Places(l.Order), nil
	}
	return cutOut(list, gaps, l), int64(len(list) + len(gaps)), nil
}

// cutOut cuts a part out of a list that has the gaps behind it in whatever direction it is read.
func cutOut(list, gaps []uint32, l Listing) []uint32 {
	out := make([]uint32, 0, max(0, min(l.Limit, len(list)+len(gaps)-l.From)))
	for i := l.From; i < len(list)+len(gaps) && len(out) < l.Limit; i++ {
		switch {
		case i >= len(list):
			out = append(out, gaps[i-len(list)])
		case l.Ascending:
			out = append(out, list[i])
		default:
			out = append(out, list[len(list)-1-i])
		}
	}
	return out
}

// arrange makes all orders of a folder in one reading.
func (p *Point) arrange(ctx context.Context, f *folder) (*arrange.Arrangement, error) {
	b := arrange.NewBuilder(f.tree.Sums.Messages)
	err := p.glance(ctx, f, func(g *message.Glance) { b.Add(g) }, b.Skip)
	if err != nil {
		return nil, err
	}
	return b.Done(), nil
}

// filter makes all orders of what fits in one reading.
func (p *Point) filter(ctx context.Context, f *folder, whole *arrange.Arrangement, match *arrange.Matcher) (*arrange.Arrangement, error) {
	fits := make([]bool, f.tree.Sums.Messages)
	at := 0
	err := p.glance(ctx, f, func(g *message.Glance) {
		fits[at] = match.Fits(g)
		at++
	}, func(n int64) { at += int(n) })
	if err != nil {
		return nil, err
	}
	return whole.Only(fits), nil
}

// glance looks at every message of a folder, oldest first; gap hears of those that cannot be read in their places.
func (p *Point) glance(ctx context.Context, f *folder, fn func(*message.Glance), gap func(messages int64)) error {
	return tree.Range(ctx, loader{p}, *f.tree, 0, f.tree.Sums.Messages, false, func(e *tree.Entry) error {
		g, err := message.GlanceAt(e.Record)
		if err != nil {
			gap(1)
			return nil //nolint:nilerr // a gap in its place
		}
		fn(&g)
		return nil
	}, func(g tree.Gap) error {
		gap(g.Count)
		return nil
	})
}

// pick reads the messages at some places and returns them in the order of the places.
func (p *Point) pick(ctx context.Context, f *folder, places []uint32) ([]Listed, error) {
	sorted := make([]int64, len(places))
	at := make(map[int64]int, len(places))
	for i, place := range places {
		sorted[i], at[int64(place)] = int64(place), i
	}
	slices.Sort(sorted)
	list := make([]Listed, len(places))
	err := tree.Pick(ctx, loader{p}, *f.tree, sorted, func(place int64, e *tree.Entry) error {
		m, err := e.Message(f.ID)
		if err != nil && fault.KindOf(err) != fault.Corrupt && fault.KindOf(err) != fault.Unsupported {
			return err
		}
		list[at[place]] = Listed{m, err}
		return nil
	}, func(place int64, err error) error {
		list[at[place]] = Listed{Err: err}
		return nil
	})
	return list, err
}
