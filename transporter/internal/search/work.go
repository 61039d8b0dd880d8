package search

import (
	"context"
	"errors"
	"maps"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search/segment"
)

// sync indexes the points that are not, and forgets those that are gone.
func (x *Index) sync(ctx context.Context) error {
	points, err := x.lib.Points(ctx)
	if err != nil {
		return err
	}
	there := map[record.PointID]bool{}
	for i := range points {
		there[points[i].ID] = true
	}
	x.mu.Lock()
	x.forget(func(id record.PointID) bool { return !there[id] })
	var todo []*record.Point
	for i := range points {
		if p := &points[i]; !x.indexed[p.ID] {
			x.missing[p.ID] = *p
			todo = append(todo, p)
		}
	}
	x.synced = true
	x.announce()
	x.mu.Unlock()
	for done := 0; len(todo) > 0; done++ {
		x.opts.Progress(done, done+len(todo))
		at := x.nextOf(todo)
		p := todo[at]
		if at == 0 {
			todo = todo[1:]
		} else {
			todo = slices.Delete(todo, at, at+1)
		}
		if err := x.point(ctx, p); err != nil {
			return err
		}
		if x.builder.Size() >= x.opts.Build || x.awaited(todo) {
			if err := x.flush(ctx); err != nil {
				return err
			}
		}
	}
	x.keys = nil
	if err := x.flush(ctx); err != nil {
		return err
	}
	return x.join(ctx, x.opts.Segments)
}

// point indexes a point. Its documents may be written on the way; it is in the next segment that is.
func (x *Index) point(ctx context.Context, p *record.Point) error {
	id, ok := rawPointID(p.ID)
	if !ok {
		return fault.New(fault.Invalid, "%q is not the id of a recovery point", p.ID)
	}
	opened, err := x.lib.Open(ctx, p.ID)
	if gone(err) { // deleted since, or its root is damaged: there is nothing that could be found
		x.mu.Lock()
		delete(x.missing, p.ID)
		x.mu.Unlock()
		return nil
	}
	if err != nil {
		return err
	}
	x.mu.Lock()
	b := x.backupOf(p.Key)
	x.mu.Unlock()
	if err := x.know(b.box()); err != nil {
		return err
	}
	c := &segment.Chapter{Account: string(p.Key.Account), Mailbox: string(p.Key.Mailbox), Job: string(p.Key.Job)}
	state := segment.Point{Seq: b.next, ID: id, Time: p.Time.Unix(), Sealed: p.Sealed.Unix()}
	x.mu.Lock()
	state.Table = b.tableOf(opened.Folders(), c)
	x.mu.Unlock()
	w := &pointWork{x: x, b: b, chapter: c, state: &state}
	if err := w.collect(ctx, opened); err != nil {
		return err
	}
	c.Points = []segment.Point{state}
	x.mu.Lock()
	b.apply(c, false)
	x.mu.Unlock()
	x.builder.AddChapter(*c)
	return nil
}

func gone(err error) bool {
	return errors.Is(err, fault.NotFound) || errors.Is(err, fault.Corrupt)
}

// pointWork is the indexing of one point.
type pointWork struct {
	x       *Index
	b       *backup
	chapter *segment.Chapter
	state   *segment.Point
	texts   [segment.Fields][]byte
}

// collect finds what the point has, by what differs from the newest one before where that is there, else by all of it.
func (w *pointWork) collect(ctx context.Context, p Point) error {
	if n := len(w.b.points); n > 0 && w.b.points[n-1].live && w.b.points[n-1].Seq+1 == w.b.next {
		before, err := w.x.lib.Open(ctx, pointID(&w.b.points[n-1].Point))
		if err == nil {
			return w.differences(ctx, before, p)
		}
		if !gone(err) {
			return err
		}
	}
	return w.whole(ctx, p)
}

func (w *pointWork) differences(ctx context.Context, before, p Point) error {
	unreadable, err := before.Diff(ctx, p, func(old, now *record.Message) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		var was, is place
		var had, has bool
		if old != nil {
			if was.doc, had = w.x.keys.docs[keyOf(old)]; had {
				was.folder, had = w.b.byFolder[string(old.Folder)]
			}
			had = had && w.b.openPlace(was.doc, was.folder, w.state.Seq) != nil
		}
		if now != nil {
			var err error
			if is, err = w.place(ctx, now); err != nil {
				return err
			}
			has = w.b.openPlace(is.doc, is.folder, w.state.Seq) == nil || had && was == is
		}
		if had && has && was == is {
			return nil
		}
		if had {
			w.event(was, true)
		}
		if has {
			w.event(is, false)
		}
		return nil
	})
	w.state.Unreadable += uint64(unreadable)
	return err
}

func (w *pointWork) whole(ctx context.Context, p Point) error {
	left := map[place]bool{} // places that are open
	for _, o := range w.b.places {
		if o.last == open {
			left[place{doc: o.doc, folder: o.folder}] = true
		}
	}
	unreadable, err := p.Each(ctx, func(m *record.Message) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		at, err := w.place(ctx, m)
		if err != nil {
			return err
		}
		if left[at] {
			delete(left, at)
		} else {
			w.event(at, false)
		}
		return nil
	})
	w.state.Unreadable += uint64(unreadable)
	if err != nil {
		return err
	}
	for _, at := range slices.SortedFunc(maps.Keys(left), comparePlaces) {
		w.event(at, true)
	}
	return nil
}

func (w *pointWork) event(at place, gone bool) {
	w.chapter.Events = append(w.chapter.Events, segment.Event{Seq: w.state.Seq, Doc: at.doc, Folder: at.folder, Gone: gone})
}

// place returns where a message is, and adds it to the index if it is new.
func (w *pointWork) place(ctx context.Context, m *record.Message) (place, error) {
	x := w.x
	at := place{}
	var ok bool
	if at.folder, ok = w.b.byFolder[string(m.Folder)]; !ok { // a folder whose entry cannot be read
		x.mu.Lock()
		at.folder = w.b.folderNumber(string(m.Folder), w.chapter)
		x.mu.Unlock()
	}
	key := keyOf(m)
	if at.doc, ok = x.keys.docs[key]; ok {
		return at, nil
	}
	if err := x.read.texts(ctx, m, &w.texts); err != nil {
		if fault.KindOf(err) != fault.Corrupt {
			return at, err
		}
		w.state.Unreadable++
	}
	if x.builder.Size() >= x.opts.Build {
		if err := x.flush(ctx); err != nil {
			return at, err
		}
	}
	doc, err := x.builder.Add(segment.Doc{
		Key: key, Mailbox: x.builder.Mailbox(w.b.box()), ID: string(m.ID), Received: m.Received.Unix(), Size: sizeOf(m), Attachments: hasAttachments(m),
	}, &w.texts)
	if err != nil {
		return at, err
	}
	x.keys.docs[key] = doc
	at.doc = doc
	return at, nil
}

// mailboxKeys are the documents of one mailbox, by key.
type mailboxKeys struct {
	box  segment.Mailbox
	docs map[segment.Key]uint32
}

// know fills keys with the documents of a mailbox.
func (x *Index) know(box segment.Mailbox) error {
	if x.keys != nil && x.keys.box == box {
		return nil
	}
	k := &mailboxKeys{box: box, docs: map[segment.Key]uint32{}}
	x.mu.RLock()
	sets := map[*segment.Segment]segment.Set{}
	for _, b := range x.boxes[box] {
		x.eachWritten(b, func(s *segment.Segment, doc uint32, _ *place) {
			if sets[s] == nil {
				sets[s] = segment.NewSet(s.Docs)
			}
			sets[s].Add(doc)
		})
	}
	x.mu.RUnlock()
	for _, s := range x.segments {
		mine := sets[s]
		if number := slices.Index(s.Mailboxes, box); number >= 0 && x.orphans[s] {
			var err error
			if mine, err = s.InMailbox(uint32(number)); err != nil {
				return err
			}
		}
		if mine == nil {
			continue
		}
		if err := s.Keys(mine, func(doc uint32, key segment.Key) { k.docs[key] = s.Base + doc }); err != nil {
			return err
		}
	}
	number := x.builder.Mailbox(box)
	for doc := x.next; doc < x.next+uint32(x.builder.Len()); doc++ {
		if d, ok := x.builder.Doc(doc); ok && d.Mailbox == number {
			k.docs[d.Key] = doc
		}
	}
	x.keys = k
	return nil
}

// backlog is how many times as many segments there may be while many points are indexed, so that their documents are copied
// once and not for each size on the way.
const backlog = 8

// flush writes what was built, after which its points are found.
func (x *Index) flush(ctx context.Context) error {
	if x.builder.Empty() {
		return nil
	}
	name := newName()
	next := uint64(x.next) + uint64(x.builder.Len())
	if next >= 1<<32-segment.MaxRange {
		return fault.New(fault.Corrupt, "the search index has given all numbers to documents; it is made anew")
	}
	if err := x.place.Write(name, x.builder); err != nil {
		return err
	}
	if err := x.publish(name, len(x.segments), 0, uint32(next)); err != nil {
		return err
	}
	x.next = uint32(next)
	x.builder = segment.NewBuilder(x.next)
	x.mu.Lock()
	for _, b := range x.backups {
		for i := len(b.points) - 1; i >= 0 && !b.points[i].visible; i-- {
			p := &b.points[i]
			p.visible = true
			delete(x.missing, pointID(&p.Point))
			if p.live {
				x.indexed[pointID(&p.Point)] = true
			}
		}
	}
	x.version++
	x.announce()
	x.mu.Unlock()
	return x.join(ctx, backlog*x.opts.Segments)
}
