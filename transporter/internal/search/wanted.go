package search

import (
	"slices"
	"time"

	"holdfast/transporter/internal/record"
)

// Points that somebody waits for are indexed before all others. A search that does not say how long it waits does so for a
// moment where little is missing, so that mail which was just backed up is found.
const (
	// moment is how long; some thousand messages are indexed in a second.
	moment = 2 * time.Second
	// fewPoints and fewMessages are what is little: points, and messages of mailboxes that have no indexed point at all. Of
	// other mailboxes only what changed is read.
	fewPoints   = 8
	fewMessages = 5000
)

// patience is how long a search waits for points that are not indexed.
func (x *Index) patience(q *Query) time.Duration {
	if q.Patience > 0 || q.Cursor != "" {
		return q.Patience
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if !x.running || x.trouble != nil {
		return 0
	}
	points, messages := 0, int64(0)
	for _, p := range x.missing {
		if !q.Scope.point(&p) {
			continue
		}
		points++
		if b := x.backups[p.Key]; b == nil || len(b.points) == 0 {
			messages += p.Counts.Messages
		}
	}
	if points > fewPoints || messages > fewMessages {
		return 0
	}
	return moment
}

// want notes a scope that somebody waits for, until the function that it returns is called.
func (x *Index) want(s Scope) (done func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	w := &s
	x.wanted = append(x.wanted, w)
	return func() {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.wanted = slices.DeleteFunc(x.wanted, func(o *Scope) bool { return o == w })
	}
}

// nextOf returns which of the points is to be indexed first: of one that somebody waits for the oldest of its backup, else the
// first.
func (x *Index) nextOf(todo []*record.Point) int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for _, s := range x.wanted {
		at := slices.IndexFunc(todo, s.point)
		if at < 0 {
			continue
		}
		key := todo[at].Key
		return slices.IndexFunc(todo, func(p *record.Point) bool { return p.Key == key })
	}
	return 0
}

// awaited reports whether somebody waits for nothing but that what is built is written.
func (x *Index) awaited(todo []*record.Point) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return slices.ContainsFunc(x.wanted, func(s *Scope) bool { return x.behind(*s) > 0 && !slices.ContainsFunc(todo, s.point) })
}
