package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search/segment"
)

// errDamaged marks errors that come from the index's own files.
var errDamaged = errors.New("the search index is damaged")

// searching is one search.
type searching struct {
	x      *Index
	ctx    context.Context //nolint:containedctx // it lives as long as the call
	q      *prepared
	fn     func(*Hit) error
	points map[record.PointID]Point // opened; nil where it is gone
	read   reader
	texts  [segment.Fields][]byte
	looked int // messages read
	parts  map[*backup][]part
	// folders of the points that were opened.
	folders map[record.PointID]map[mail.FolderID]mail.Folder
}

// candidate is a document that may match.
type candidate struct {
	position
	doc    segment.Doc
	places []Place
}

func (s *searching) run() (*Answer, error) {
	answer := &Answer{}
	at := s.q.after
	found := 0
	for first := true; ; first = false {
		limit := s.q.Limit - found + 1
		if !s.q.sure { // many of them may not match in the end
			limit = max(limit, 256)
		}
		list, matching, err := s.page(at, limit, first, answer)
		if err != nil {
			return nil, err
		}
		if first {
			answer.Total = matching
		}
		for i := range list {
			c := &list[i]
			full := found == s.q.Limit
			if full && s.q.sure {
				answer.Next = s.cursor(*at)
				return answer, nil
			}
			if full || s.looked >= maxRead {
				s.unsure(answer, found)
				answer.Next = s.cursor(*at)
				return answer, nil
			}
			hit, err := s.hit(c)
			if err != nil {
				return nil, err
			}
			at = &c.position
			if hit != nil {
				hit.Cursor = s.cursor(*at)
				if err := s.fn(hit); err != nil {
					return nil, err
				}
				found++
			}
		}
		if len(list) == 0 {
			if !s.q.sure {
				answer.Total, answer.AtLeast = int64(found), s.q.after != nil
			}
			return answer, nil
		}
	}
}

// unsure says how many messages there are at least, where not all were looked at.
func (s *searching) unsure(a *Answer, found int) {
	if !s.q.sure {
		a.Total, a.AtLeast = int64(found), true
	}
}

func (s *searching) cursor(p position) string {
	s.x.mu.RLock()
	defer s.x.mu.RUnlock()
	return s.x.cursor(p)
}

// page returns the next documents that may match, newest first, and how many there are in all.
func (s *searching) page(after *position, limit int, first bool, answer *Answer) ([]candidate, int64, error) {
	x := s.x
	x.mu.RLock()
	defer x.mu.RUnlock()
	if !x.synced {
		return nil, 0, fault.New(fault.Unavailable, "the search index is being made anew; search again in a while")
	}
	if first {
		answer.Behind = x.behind(s.q.Scope)
		answer.Unreadable = x.unreadable(s.q.Scope)
	}
	scope := x.scoped(s.q.Scope)
	best := &newest{limit: limit}
	var total int64
	for _, g := range x.segments {
		columns, err := g.Columns()
		if err != nil {
			return nil, 0, ownFault(err)
		}
		set, err := s.matching(g, columns, scope[g])
		if err != nil {
			return nil, 0, err
		}
		if set == nil {
			continue
		}
		total += set.Len()
		set.Each(func(doc uint32) {
			p := position{columns.Received(doc), g.Base + doc}
			if after == nil || after.before(p) {
				best.add(p)
			}
		})
	}
	s.parts = map[*backup][]part{}
	var list []candidate
	for _, p := range best.take() {
		c, err := s.candidate(p)
		if err != nil {
			return nil, 0, err
		}
		list = append(list, c)
	}
	return list, total, nil
}

// matching returns the documents of a segment that fulfil all that can be told without the text; nil when there are none.
func (s *searching) matching(g *segment.Segment, columns *segment.Columns, scope segment.Set) (segment.Set, error) {
	set := slices.Clone(scope)
	if s.q.WithAttachments {
		set.And(columns.Attached())
	}
	for i := range s.q.conditions {
		c := &s.q.conditions[i]
		for _, n := range c.needs {
			some := segment.NewSet(g.Docs)
			if err := g.Match(s.ctx, c.field, n, some); err != nil {
				return nil, ownFault(err)
			}
			set.And(some)
		}
		if set.Len() == 0 {
			return nil, nil
		}
	}
	if s.plain() {
		return set, nil
	}
	since, before := s.q.Since.Unix(), s.q.Before.Unix()
	set.Each(func(doc uint32) {
		at, size := columns.Received(doc), columns.SizeOf(doc)
		if !s.q.Since.IsZero() && at < since || !s.q.Before.IsZero() && at >= before || s.q.Larger > 0 && size < s.q.Larger ||
			s.q.Smaller > 0 && size > s.q.Smaller || s.q.WithoutAttachments && columns.Attached().Has(doc) {
			set[doc>>6] &^= 1 << (doc & 63)
		}
	})
	return set, nil
}

// plain reports whether nothing has to be looked at document by document.
func (s *searching) plain() bool {
	return s.q.Since.IsZero() && s.q.Before.IsZero() && s.q.Larger == 0 && s.q.Smaller == 0 && !s.q.WithoutAttachments
}

// ownFault marks an error of the index's own files.
func ownFault(err error) error {
	if fault.KindOf(err) == fault.Corrupt {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return err
}

// unreadable counts messages in the scope that could not be read. The caller holds mu.
func (x *Index) unreadable(s Scope) (n int64) {
	for _, b := range x.backups {
		for _, seq := range s.shown(b).seqs {
			n += int64(b.point(seq).Unreadable)
		}
	}
	return n
}

// newest keeps the first positions in the order of answers.
type newest struct {
	limit int
	list  []position
	last  position // when full: what comes behind is of no use
	full  bool
}

func (n *newest) add(p position) {
	if n.full && n.last.before(p) {
		return
	}
	if n.list = append(n.list, p); len(n.list) >= 2*n.limit+64 {
		n.cut()
	}
}

func (n *newest) cut() {
	slices.SortFunc(n.list, func(a, b position) int { return cmp.Or(cmp.Compare(b.received, a.received), cmp.Compare(b.doc, a.doc)) })
	if len(n.list) >= n.limit {
		n.list = n.list[:n.limit]
		n.last, n.full = n.list[n.limit-1], true
	}
}

func (n *newest) take() []position {
	n.cut()
	return n.list
}

// candidate reads what the index has of a document. The caller holds mu.
func (s *searching) candidate(p position) (candidate, error) {
	x := s.x
	c := candidate{position: p}
	i, _ := slices.BinarySearchFunc(x.segments, p.doc, func(g *segment.Segment, doc uint32) int {
		switch {
		case doc < g.Base:
			return 1
		case doc-g.Base >= g.Docs: // also one without documents
			return -1
		}
		return 0
	})
	g := x.segments[i]
	var err error
	if c.doc, err = g.Doc(p.doc - g.Base); err != nil {
		return c, ownFault(err)
	}
	box := g.Mailboxes[c.doc.Mailbox]
	for _, b := range x.boxes[box] {
		parts, ok := s.parts[b]
		if !ok {
			parts = s.q.Scope.parts(b)
			s.parts[b] = parts
		}
		for _, at := range b.placesOf(p.doc) {
			if places := b.show(&at, parts); len(places.Points) > 0 {
				c.places = append(c.places, places)
			}
		}
	}
	slices.SortFunc(c.places, func(a, b Place) int { return newer(a.Points[0], b.Points[0]) })
	return c, nil
}

// newer orders points newest first.
func newer(a, b PointRef) int {
	return cmp.Or(b.Sealed.Compare(a.Sealed), b.Time.Compare(a.Time), cmp.Compare(a.ID, b.ID))
}

// show returns the points of a place that are in the scope.
func (b *backup) show(at *place, parts []part) Place {
	out := Place{Backup: b.key, Folder: mail.FolderID(b.folders[at.folder])}
	for i := range parts {
		p := &parts[i]
		if !p.has(at) {
			continue
		}
		for _, seq := range p.points.seqs {
			if seq >= at.first && seq <= at.last {
				s := b.point(seq)
				out.Points = append(out.Points, PointRef{pointID(&s.Point), time.Unix(s.Time, 0).UTC(), time.Unix(s.Sealed, 0).UTC()})
			}
		}
	}
	slices.SortFunc(out.Points, newer)
	if more := len(out.Points) - maxPoints; more > 0 {
		out.Points, out.More = out.Points[:maxPoints], more
	}
	return out
}

// hit reads the message of a candidate and looks into it where that is needed; nil when it does not match, or is gone.
func (s *searching) hit(c *candidate) (*Hit, error) {
	var m *record.Message
	var from PointRef
	for i := range c.places {
		for _, ref := range c.places[i].Points {
			var err error
			if m, err = s.message(ref.ID, c, c.places[i].Folder); err != nil {
				return nil, err
			}
			if m != nil {
				from = ref
				h := &Hit{Message: m, Point: from.ID, Backup: c.places[i].Backup, Size: c.doc.Size, Attachments: c.doc.Attachments, Places: c.places[i:]}
				h.Places[0].Points = h.Places[0].Points[slices.Index(h.Places[0].Points, ref):]
				h.Origin, h.Path = s.points[ref.ID].Info().Origin, s.path(ref.ID, c.places[i].Folder)
				ok, err := s.confirm(m)
				if err != nil || !ok {
					return nil, err
				}
				return h, nil
			}
		}
	}
	return nil, nil
}

// maxDepthOfFolders bounds a path: what is deeper has no end.
const maxDepthOfFolders = 64

// path returns the names of the folders around a message.
func (s *searching) path(id record.PointID, folder mail.FolderID) []string {
	byID := s.folders[id]
	if byID == nil {
		byID = map[mail.FolderID]mail.Folder{}
		for _, f := range s.points[id].Folders() {
			byID[f.ID] = f
		}
		s.folders[id] = byID
	}
	var path []string
	for f, ok := byID[folder]; ok && len(path) < maxDepthOfFolders; f, ok = byID[f.Parent] {
		path = append(path, f.Name)
	}
	slices.Reverse(path)
	return path
}

// message reads a message from a point; nil when it cannot be had there.
func (s *searching) message(id record.PointID, c *candidate, folder mail.FolderID) (*record.Message, error) {
	p, ok := s.points[id]
	if !ok {
		var err error
		if p, err = s.x.lib.Open(s.ctx, id); err != nil {
			if !gone(err) {
				return nil, err
			}
			p = nil
			if errors.Is(err, fault.NotFound) {
				s.x.Wake() // it was deleted, and nobody said so
			}
		}
		s.points[id] = p
	}
	if p == nil {
		return nil, nil
	}
	m, err := p.Message(s.ctx, &mail.Message{ID: mail.MessageID(c.doc.ID), Folder: folder, Received: time.Unix(c.received, 0).UTC()})
	if gone(err) {
		return nil, nil
	}
	return m, err
}

// confirm reports whether a message has what words alone do not tell.
func (s *searching) confirm(m *record.Message) (bool, error) {
	if s.q.sure {
		return true, nil
	}
	s.looked++
	if err := s.read.texts(s.ctx, m, &s.texts); err != nil && fault.KindOf(err) != fault.Corrupt {
		return false, err
	}
	for i := range s.q.conditions {
		if c := &s.q.conditions[i]; !c.sure && !c.term.In(s.texts[c.field]) {
			return false, nil
		}
	}
	return true, nil
}
