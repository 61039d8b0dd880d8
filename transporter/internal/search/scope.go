package search

import (
	"sync"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search/segment"
)

// Scope is where to look. Empty fields match all.
type Scope struct {
	// Point is one recovery point; then Backup is not looked at.
	Point  record.PointID
	Backup record.BackupKey
	// Folder is a folder, with those below it as each point has them.
	Folder mail.FolderID
}

func (s *Scope) backup(key record.BackupKey) bool {
	k := s.Backup
	return (k.Account == "" || k.Account == key.Account) && (k.Mailbox == "" || k.Mailbox == key.Mailbox) && (k.Job == "" || k.Job == key.Job)
}

// point reports whether a point of the library is in the scope.
func (s *Scope) point(p *record.Point) bool {
	if s.Point != "" {
		return p.ID == s.Point
	}
	return s.backup(p.Key)
}

// shown returns which points of a backup are in the scope and can be found.
func (s *Scope) shown(b *backup) span {
	if s.Point == "" && !s.backup(b.key) {
		return span{}
	}
	return b.span(func(p *pointState) bool {
		return p.live && p.visible && (s.Point == "" || pointID(&p.Point) == s.Point)
	})
}

// part is the points of a backup that are in a scope and have the same folders.
type part struct {
	points  span
	folders map[uint32]bool // nil for all
}

// parts returns what of a backup is in the scope.
func (s *Scope) parts(b *backup) []part {
	shown := s.shown(b)
	if len(shown.seqs) == 0 {
		return nil
	}
	if s.Folder == "" {
		return []part{{points: shown}}
	}
	number, ok := b.byFolder[string(s.Folder)]
	if !ok {
		return nil
	}
	byTable := map[uint32]int{}
	var list []part
	for _, seq := range shown.seqs {
		table := b.point(seq).Table
		i, ok := byTable[table]
		if !ok {
			i = len(list)
			byTable[table] = i
			list = append(list, part{folders: b.below(table, number)})
		}
		list[i].points.seqs = append(list[i].points.seqs, seq)
	}
	return list
}

func (p *part) has(at *place) bool {
	return (p.folders == nil || p.folders[at.folder]) && p.points.has(at.first, at.last)
}

// scopeCache keeps the sets of the scope that was asked for last.
type scopeCache struct {
	mu      sync.Mutex
	version uint64
	scope   Scope
	sets    map[*segment.Segment]segment.Set
}

func (x *Index) emptySets() map[*segment.Segment]segment.Set {
	sets := map[*segment.Segment]segment.Set{}
	for _, s := range x.segments {
		sets[s] = segment.NewSet(s.Docs)
	}
	return sets
}

// fill adds the documents of a backup's places that want chooses to the sets. The caller holds mu.
func (x *Index) fill(sets map[*segment.Segment]segment.Set, b *backup, want func(*place) bool) {
	x.eachWritten(b, func(s *segment.Segment, doc uint32, p *place) {
		if want(p) {
			sets[s].Add(doc)
		}
	})
}

// eachWritten calls fn for a backup's places whose documents are in segments, with their number there. The caller holds mu.
func (x *Index) eachWritten(b *backup, fn func(s *segment.Segment, doc uint32, p *place)) {
	at := 0
	for i := range b.places {
		p := &b.places[i]
		for at < len(x.segments) && p.doc-x.segments[at].Base >= x.segments[at].Docs && p.doc >= x.segments[at].Base {
			at++
		}
		if at == len(x.segments) {
			return // not written yet
		}
		if s := x.segments[at]; p.doc >= s.Base && s.All().Has(p.doc-s.Base) {
			fn(s, p.doc-s.Base, p)
		}
	}
}

// scoped returns the documents of each segment that are in a scope. They must not be changed. The caller holds mu for reading.
func (x *Index) scoped(s Scope) map[*segment.Segment]segment.Set {
	x.scopes.mu.Lock()
	defer x.scopes.mu.Unlock()
	if x.scopes.sets != nil && x.scopes.version == x.version && x.scopes.scope == s {
		return x.scopes.sets
	}
	sets := x.emptySets()
	for _, b := range x.backups {
		parts := s.parts(b)
		if len(parts) == 0 {
			continue
		}
		x.fill(sets, b, func(at *place) bool {
			for i := range parts {
				if parts[i].has(at) {
					return true
				}
			}
			return false
		})
	}
	x.scopes.version, x.scopes.scope, x.scopes.sets = x.version, s, sets
	return sets
}

// behind counts the points in a scope that are not indexed yet. The caller holds mu.
func (x *Index) behind(s Scope) (n int64) {
	for _, p := range x.missing {
		if s.point(&p) {
			n++
		}
	}
	return n
}
