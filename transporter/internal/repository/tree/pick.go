package tree

import (
	"context"
	"sort"

	"holdfast/pkg/fault"
)

// Pick hands the entries at the given places, oldest first from 0, to fn, with their places; places are in ascending order,
// each once. Pages without any of them are not read. What cannot be read goes to gap, place by place. Entries are only
// valid during the call.
func Pick(ctx context.Context, s Loader, root Ref, places []int64, fn func(place int64, e *Entry) error, gap func(place int64, err error) error) error {
	p := picker{s: s, fn: fn, gap: gap}
	return p.pick(ctx, root, 0, places)
}

type picker struct {
	s   Loader
	fn  func(int64, *Entry) error
	gap func(int64, error) error
}

// pick goes through a subtree that begins at a place; all the places it is given are in it.
func (p *picker) pick(ctx context.Context, r Ref, begin int64, places []int64) error {
	if err := ctx.Err(); err != nil || len(places) == 0 {
		return err
	}
	if r.Level == 0 {
		return p.page(r, begin, places)
	}
	children, err := Children(p.s, r)
	if err != nil {
		return p.pass(places, err)
	}
	for i := range children {
		end := begin + children[i].Sums.Messages
		n := sort.Search(len(places), func(k int) bool { return places[k] >= end })
		if err := p.pick(ctx, children[i], begin, places[:n]); err != nil {
			return err
		}
		begin, places = end, places[n:]
	}
	return nil
}

func (p *picker) page(r Ref, begin int64, places []int64) error {
	entries, err := pageOf(p.s, r)
	if err != nil {
		return p.pass(places, err)
	}
	for _, place := range places {
		if err := p.fn(place, &entries[place-begin]); err != nil {
			return err
		}
	}
	return nil
}

// pass tells that a part with some of the places cannot be read.
func (p *picker) pass(places []int64, err error) error {
	if fault.KindOf(err) != fault.Corrupt {
		return err
	}
	for _, place := range places {
		if err := p.gap(place, err); err != nil {
			return err
		}
	}
	return nil
}
