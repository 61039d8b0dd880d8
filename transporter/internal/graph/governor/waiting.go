package governor

import (
	"slices"
	"time"
)

// Reason is why a request waits, in words for people.
type Reason string

// The reasons.
const (
	ReasonInFlight Reason = "requests in flight"
	ReasonRequests Reason = "requests per window"
	ReasonUpload   Reason = "upload per window"
	ReasonPaused   Reason = "asked to wait"
	ReasonBackoff  Reason = "trying again"
)

// Wait describes the requests that a lane holds back.
type Wait struct {
	Key    Key
	Reason Reason
	Since  time.Time // since when the longest of them waits
	Until  time.Time // when the next may go; zero when that depends on others ending
	Count  int
}

// Waiting returns the lanes that hold something back now, in no order.
func (r *Registry) Waiting() []Wait {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []Wait
	for key, l := range r.lanes {
		if w, ok := l.waiting(key); ok {
			all = append(all, w)
		}
	}
	return all
}

// WaitingFor returns what the key's lane holds back; false when nothing.
func (r *Registry) WaitingFor(key Key) (Wait, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l := r.lanes[key]; l != nil {
		return l.waiting(key)
	}
	return Wait{}, false
}

func (l *lane) waiting(key Key) (Wait, bool) {
	w := Wait{Key: key, Count: len(l.queue) + len(l.sleepers)}
	switch {
	case len(l.queue) > 0:
		head := l.queue[0]
		w.Reason, w.Since, w.Until = head.reason, head.since, head.until
	case len(l.sleepers) > 0:
		next := slices.MinFunc(l.sleepers, func(a, b *sleeper) int { return a.until.Compare(b.until) })
		w.Reason, w.Since, w.Until = ReasonBackoff, next.since, next.until
	}
	return w, w.Count > 0
}
