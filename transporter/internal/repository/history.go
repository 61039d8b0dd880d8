package repository

import (
	"cmp"
	"context"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

// Span is a run of points of a backup, one behind the other, that have a message in the same form and place, or do not have it.
type Span struct {
	First, Last record.Point
	Points      int
	// Folder and Message are where the message is and how; nil where the points do not have it, or Err says why that is not
	// known.
	Folder  *mail.Folder
	Message *record.Message
	Err     error
	// Aspects are what differs from the span before this one that has the message, and Moved whether the folder does.
	Aspects []Aspect
	Moved   bool
}

// History follows a message of a point through all points of its backup, and returns the spans, oldest first and without a
// gap. NotFound when the point does not have the message there.
//
// Folders that two points share are looked at once, so that its time is that of the changes. A message whose time of receipt
// changed, as that of a draft does when it is sent, is looked for in the difference of the two points between which it was
// lost; one that comes back after it was gone from a point is found if it was received at a time that was met before.
func (p *Point) History(ctx context.Context, folder mail.FolderID, id mail.MessageID) ([]Span, error) {
	m, err := p.Message(ctx, folder, id)
	if err != nil {
		return nil, err
	}
	infos, err := p.r.Points(ctx, p.info.Key)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(infos, func(a, b record.Point) int { return a.Time.Compare(b.Time) })
	sec, _ := message.Seconds(m.Received)
	f := &follower{ctx: ctx, r: p.r, hash: message.HashOf(id), secs: []int64{sec}, seen: map[record.Hash]sighting{}}
	at := slices.IndexFunc(infos, func(i record.Point) bool { return i.ID == p.info.ID })
	if at < 0 {
		return nil, fault.New(fault.NotFound, "recovery point %s was deleted meanwhile", p.info.ID)
	}
	// From the point where it is known to be to both ends, so that it is not lost on the way.
	seen := make([]sighting, len(infos))
	if seen[at], err = f.look(p, nil, sighting{}); err != nil {
		return nil, err
	}
	for _, step := range []int{-1, 1} {
		before, last := p, seen[at]
		for i := at + step; i >= 0 && i < len(infos); i += step {
			next, err := p.r.Point(ctx, infos[i].ID)
			if err == nil {
				last, err = f.look(next, before, last)
				before = next
			}
			if fault.KindOf(err) == fault.Corrupt {
				last, err = sighting{err: err}, nil
			}
			if err != nil {
				return nil, err
			}
			seen[i] = last
		}
	}
	return spans(infos, seen), nil
}

// sighting is how one point has the message: nothing set means that it does not.
type sighting struct {
	folder *mail.Folder
	entry  *tree.Entry
	err    error
}

// same reports whether nothing about the message is different.
func (s *sighting) same(o *sighting) bool {
	if (s.err != nil) != (o.err != nil) || (s.entry == nil) != (o.entry == nil) {
		return false
	}
	return s.entry == nil || s.folder.ID == o.folder.ID && s.folder.Name == o.folder.Name && s.entry.Key == o.entry.Key &&
		slices.Equal(s.entry.Record, o.entry.Record)
}

type follower struct {
	ctx  context.Context //nolint:containedctx // it lives as long as the call
	r    *Repository
	hash message.Hash
	// secs are the times of receipt that the message was met with.
	secs []int64
	// seen is what was found in the trees of folders. What is not in one may be found with another time of receipt later.
	seen map[record.Hash]sighting
}

// look finds the message in a point. Before is the point beside it, which has it as last says.
func (f *follower) look(p, before *Point, last sighting) (sighting, error) {
	got, err := f.find(p)
	if err != nil || got.entry != nil || got.err != nil || before == nil || last.entry == nil {
		return got, err
	}
	// Gone, or received at another time: then it is in what differs.
	sec, found, err := f.come(before, p)
	if err != nil || !found {
		return got, err
	}
	f.secs = append(f.secs, sec)
	clear(f.seen)
	return f.find(p)
}

// find looks into all folders of a point at the known times of receipt.
func (f *follower) find(p *Point) (sighting, error) {
	var damage error
	for i := range p.root.folders {
		fo := &p.root.folders[i]
		if fo.tree == nil {
			continue
		}
		s, known := f.seen[fo.tree.Hash]
		if !known {
			var err error
			if s, err = f.findIn(p, fo); err != nil {
				return s, err
			}
			f.seen[fo.tree.Hash] = s
		}
		if s.entry != nil {
			folder := fo.Folder
			s.folder = &folder
			return s, nil
		}
		damage = cmp.Or(damage, s.err)
	}
	return sighting{err: cmp.Or(damage, p.Damage())}, nil
}

func (f *follower) findIn(p *Point, fo *folder) (sighting, error) {
	var damage error
	for _, sec := range f.secs {
		e, err := tree.Find(f.ctx, loader{p}, *fo.tree, f.hash, sec)
		if err != nil && fault.KindOf(err) != fault.Corrupt {
			return sighting{}, err
		}
		damage = cmp.Or(damage, err)
		if e != nil {
			kept := *e // the page is not held for the sake of one message
			kept.Record = slices.Clone(e.Record)
			return sighting{entry: &kept}, nil
		}
	}
	return sighting{err: damage}, nil
}

// come looks for the message among those that a point has and the one beside it has not in that place, and returns when it
// was received.
func (f *follower) come(beside, p *Point) (sec int64, found bool, err error) {
	c := &comparison{ctx: f.ctx, old: beside, new: p}
	err = c.walk(func(_ pair, d tree.Pair) error {
		if d.New != nil && d.New.Key.ID == f.hash {
			sec, found = d.New.Key.Sec, true
		}
		return nil
	}, func(pair, tree.Damage) error { return nil })
	return sec, found, err
}

// spans joins the points that have the message in the same way.
func spans(infos []record.Point, seen []sighting) []Span {
	var list []Span
	var last *Span // that has the message
	for i := range infos {
		s := &seen[i]
		if n := len(list); n > 0 && s.same(&seen[i-1]) {
			list[n-1].Last = infos[i]
			list[n-1].Points++
			continue
		}
		span := Span{First: infos[i], Last: infos[i], Points: 1, Err: s.err}
		if s.entry != nil {
			span.Folder = s.folder
			if span.Message, span.Err = s.entry.Message(s.folder.ID); span.Err != nil {
				span.Folder = nil
			}
		}
		if span.Message != nil && last != nil {
			span.Moved = span.Folder.ID != last.Folder.ID
			span.Aspects = messageAspects(last.Message, span.Message)
		}
		list = append(list, span)
		if span.Message != nil {
			last = &Span{Folder: span.Folder, Message: span.Message}
		}
	}
	return list
}
