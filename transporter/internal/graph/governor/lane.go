package governor

import (
	"slices"
	"time"
)

// lane is the state of one app on one mailbox. The registry's lock guards it.
type lane struct {
	registry *Registry
	inFlight int
	requests window
	upload   window
	paused   time.Time // until when Microsoft asked to wait
	queue    []*waiter
	sleepers []*sleeper
	timer    *time.Timer
}

type waiter struct {
	cost    Cost
	since   time.Time
	ready   chan struct{} // closed when granted
	granted bool
	reason  Reason
	until   time.Time // when it may go, as far as is known
}

type sleeper struct{ since, until time.Time }

// dispatch lets go everything in the queue that may go, in order, and sets the timer for what must wait for a time. The
// first that waits holds up those behind it, except that uploads without bytes left hold up uploads alone.
func (l *lane) dispatch(now time.Time) {
	var blocked, blockedUpload Reason
	var wake time.Time
	stay := l.queue[:0]
	for _, w := range l.queue {
		reason, at := blocked, time.Time{}
		if reason == "" && w.cost.Upload > 0 {
			reason = blockedUpload
		}
		if reason == "" {
			reason, at = l.obstacle(now, w.cost)
		}
		if reason == "" {
			l.grant(now, w)
			continue
		}
		if reason == ReasonUpload {
			blockedUpload = reason
		} else {
			blocked = reason
		}
		w.reason, w.until = reason, at
		if !at.IsZero() && (wake.IsZero() || at.Before(wake)) {
			wake = at
		}
		stay = append(stay, w)
	}
	clear(l.queue[len(stay):])
	l.queue = stay
	l.setTimer(now, wake)
}

// obstacle returns why a request of this cost may not go now, and when it may if only time is in the way.
func (l *lane) obstacle(now time.Time, c Cost) (Reason, time.Time) {
	switch {
	case l.paused.After(now):
		return ReasonPaused, l.paused
	case l.inFlight+c.Slots > l.registry.limits.InFlight:
		return ReasonInFlight, time.Time{}
	}
	if at := l.requests.freeAt(now, int64(c.Requests)); at.After(now) {
		return ReasonRequests, at
	}
	if at := l.upload.freeAt(now, c.Upload); at.After(now) {
		return ReasonUpload, at
	}
	return "", time.Time{}
}

func (l *lane) grant(now time.Time, w *waiter) {
	l.inFlight += w.cost.Slots
	l.requests.add(now, int64(w.cost.Requests))
	l.upload.add(now, w.cost.Upload)
	w.granted = true
	close(w.ready)
}

func (l *lane) setTimer(now, wake time.Time) {
	if l.timer != nil {
		l.timer.Stop()
		l.timer = nil
	}
	if wake.IsZero() {
		return
	}
	l.timer = time.AfterFunc(wake.Sub(now), func() {
		l.registry.mu.Lock()
		defer l.registry.mu.Unlock()
		l.dispatch(time.Now())
	})
}

func (l *lane) remove(w *waiter) {
	l.queue = slices.DeleteFunc(l.queue, func(x *waiter) bool { return x == w })
}

func (l *lane) idle(now time.Time) bool {
	return l.inFlight == 0 && len(l.queue) == 0 && len(l.sleepers) == 0 && !l.paused.After(now) &&
		l.requests.sum(now) == 0 && l.upload.sum(now) == 0
}
