package search

import (
	"context"

	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search/segment"
)

// sweepShare is from which share of dropped documents on a segment is written anew.
const sweepShare = 0.2

// join joins the newest segments while there are several of about the same size, so that their number grows with the
// logarithm of the mail. A document is copied once for each level. width is from how many on.
func (x *Index) join(ctx context.Context, width int) error {
	for {
		from := x.joinable(width)
		if from < 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := x.rewrite(ctx, from, len(x.segments)-from); err != nil {
			return err
		}
	}
}

// joinable returns from which segment on all are to be joined, as many as can be; -1 for none. The first of them is at most so
// many times as large as all after it as segments of a size are joined; of a backlog, as they are on average. Those between
// may have any size, so that a small one at the end keeps nothing from being joined.
func (x *Index) joinable(width int) int {
	from, sum, docs := -1, int64(0), uint64(0)
	for i := len(x.segments) - 1; i >= 0; i-- {
		s, after := x.segments[i], len(x.segments)-1-i
		if docs += uint64(s.Docs); docs > segment.MaxRange {
			break
		}
		most := sum * int64(x.opts.Segments-1)
		if width > x.opts.Segments {
			most /= int64(max(1, after))
		}
		if after+1 >= width && s.Size() <= most {
			from = i
		}
		sum += s.Size()
	}
	return from
}

// sweep writes segments anew of which enough is held by no point.
func (x *Index) sweep(ctx context.Context) error {
	x.mu.RLock()
	all, held := x.sweepAll, x.held()
	x.mu.RUnlock()
	for i := 0; i < len(x.segments); i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := x.segments[i]
		dropped := int64(s.Present) - held[s].Len()
		if dropped > 0 && (all || float64(dropped) >= sweepShare*float64(s.Present)) {
			if err := x.rewrite(ctx, i, 1); err != nil {
				return err
			}
		}
	}
	x.mu.Lock()
	x.sweepAll = false
	x.mu.Unlock()
	return nil
}

// held returns the documents of each segment that a point holds. The caller holds mu.
func (x *Index) held() map[*segment.Segment]segment.Set {
	sets := x.emptySets()
	for _, b := range x.backups {
		live := b.span(func(p *pointState) bool { return p.live })
		x.fill(sets, b, func(p *place) bool { return live.has(p.first, p.last) })
	}
	return sets
}

// rewrite puts one segment in the place of count from at on, without what no point holds.
func (x *Index) rewrite(ctx context.Context, at, count int) error {
	from := x.segments[at : at+count]
	x.mu.RLock()
	held := x.held()
	x.mu.RUnlock()
	r := &rewriting{x: x, opened: map[opening]bool{}, closed: map[record.BackupKey]map[place]bool{}}
	inHand := map[uint32]bool{} // documents of a point that is being indexed
	if x.keys != nil {
		for _, doc := range x.keys.docs {
			inHand[doc] = true
		}
	}
	keep := func(doc uint32) bool {
		for _, s := range from {
			if doc-s.Base < s.Docs {
				return held[s].Has(doc-s.Base) || inHand[doc]
			}
		}
		return false
	}
	name := newName()
	chapters := func(fn func(*segment.Chapter) error) error { return r.chapters(from, fn) }
	if err := x.place.Merge(ctx, name, from, keep, chapters); err != nil {
		return err
	}
	if err := x.publish(name, at, count, x.next); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r.forget()
	return nil
}

// rewriting is what becomes of chapters in rewrite.
type rewriting struct {
	x      *Index
	opened map[opening]bool // places that are dropped, with their ends
	closed map[record.BackupKey]map[place]bool
	// emptied backups have no points, and folders and tables no more.
	emptied []*backup
}

type opening struct {
	key         record.BackupKey
	doc, folder uint32
	first       uint32
}

// maxGathered is how many events are in memory before chapters are written: 16 bytes each.
const maxGathered = 200_000

// chapters calls fn for what segments say of backups, without what no point holds, as few chapters for each backup.
func (r *rewriting) chapters(from []*segment.Segment, fn func(*segment.Chapter) error) error {
	g := gathering{byKey: map[record.BackupKey]int{}, fn: fn}
	for _, s := range from {
		err := s.Chapters(func(c *segment.Chapter) error {
			key := keyOfChapter(c)
			r.x.mu.RLock()
			defer r.x.mu.RUnlock()
			b := r.x.backups[key]
			if b == nil {
				return nil
			}
			i, ok := g.byKey[key]
			if !ok {
				i = len(g.list)
				g.byKey[key] = i
				g.list = append(g.list, segment.Chapter{Account: c.Account, Mailbox: c.Mailbox, Job: c.Job})
			}
			before := len(g.list[i].Events)
			r.copy(&g.list[i], c, b)
			if g.events += len(g.list[i].Events) - before; g.events < maxGathered {
				return nil
			}
			return g.flush()
		})
		if err != nil {
			return err
		}
	}
	return g.flush()
}

// gathering puts chapters of a backup together.
type gathering struct {
	byKey  map[record.BackupKey]int
	list   []segment.Chapter
	events int
	fn     func(*segment.Chapter) error
}

func (g *gathering) flush() error {
	for i := range g.list {
		if c := &g.list[i]; len(c.Points)+len(c.Folders)+len(c.Tables)+len(c.Events) > 0 {
			if err := g.fn(c); err != nil {
				return err
			}
		}
	}
	clear(g.byKey)
	g.list, g.events = nil, 0
	return nil
}

// copy copies what of a chapter points hold. Only this goroutine changes the backup.
func (r *rewriting) copy(to, c *segment.Chapter, b *backup) {
	tables := map[uint32]bool{}
	for i := range b.points {
		if b.points[i].live {
			tables[b.points[i].Table] = true
		}
	}
	for _, p := range c.Points {
		if s := b.point(p.Seq); s != nil && s.live {
			to.Points = append(to.Points, p)
		}
	}
	// A new point may take up an old table, or the number of a folder, as long as the backup has any.
	if len(tables) > 0 || r.x.keys != nil && r.x.keys.box == b.box() {
		to.Folders = append(to.Folders, c.Folders...)
		to.Tables = append(to.Tables, c.Tables...)
	} else {
		r.emptied = append(r.emptied, b)
	}
	live := b.span(func(p *pointState) bool { return p.live })
	for _, e := range c.Events {
		if r.keeps(e, b, live) {
			to.Events = append(to.Events, e)
		}
	}
}

// keeps reports whether an event is still needed: not the beginning of a place that no point has, nor the end of one whose
// beginning is dropped as well.
func (r *rewriting) keeps(e segment.Event, b *backup, live span) bool {
	for _, p := range b.placesOf(e.Doc) {
		switch {
		case p.folder != e.Folder:
		case !e.Gone && p.first == e.Seq:
			if live.has(p.first, p.last) {
				return true
			}
			r.opened[opening{b.key, p.doc, p.folder, p.first}] = true
			return false
		case e.Gone && p.last != open && p.last+1 == e.Seq:
			return !r.opened[opening{b.key, p.doc, p.folder, p.first}]
		}
	}
	return false
}

// forget drops from memory what was dropped from the files. The caller holds mu.
func (r *rewriting) forget() {
	for _, b := range r.emptied {
		clear(b.folders)
		clear(b.byFolder)
		clear(b.tables)
	}
	for o := range r.opened {
		b := r.x.backups[o.key]
		if r.closed[o.key] == nil {
			r.closed[o.key] = map[place]bool{}
		}
		for _, p := range b.placesOf(o.doc) {
			if p.folder == o.folder && p.first == o.first {
				r.closed[o.key][p] = true
			}
		}
	}
	for key, dropped := range r.closed {
		b := r.x.backups[key]
		kept := b.places[:0]
		for _, p := range b.places {
			if !dropped[p] {
				kept = append(kept, p)
			}
		}
		b.places = kept
	}
}
