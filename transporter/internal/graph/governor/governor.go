// Package governor keeps Holdfast inside the limits that Microsoft sets for one app on one mailbox: requests in flight,
// requests per window, bytes uploaded per window, and the pauses that Microsoft asks for. It owns the waiting and nothing
// else: it does not know HTTP.
//
// A Registry is shared by everything in a process that may use the same app and mailbox. Each pair has a lane; lanes do
// not touch each other, so a throttled mailbox never delays another. Within a lane the order is first come, first
// served, except that a request which only waits for upload bytes lets those without an upload pass.
//
// The limits are those of contract 10.1. Counting starts when a request is let go, not when it ends.
package governor

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"holdfast/pkg/mail"
)

// Limits are what Microsoft allows one app on one mailbox. A zero field means its default.
type Limits struct {
	InFlight      int           // requests at the same time; default 4
	Requests      int           // requests per RequestWindow; default 10,000
	RequestWindow time.Duration // default 10 minutes
	Upload        int64         // request bytes sent per UploadWindow; default 150,000,000
	UploadWindow  time.Duration // default 5 minutes
}

func (l Limits) withDefaults() Limits {
	if l.InFlight <= 0 {
		l.InFlight = 4
	}
	if l.Requests <= 0 {
		l.Requests = 10_000
	}
	if l.RequestWindow <= 0 {
		l.RequestWindow = 10 * time.Minute
	}
	if l.Upload <= 0 {
		l.Upload = 150_000_000
	}
	if l.UploadWindow <= 0 {
		l.UploadWindow = 5 * time.Minute
	}
	return l
}

// Key names a lane. An empty Mailbox stands for the tenant's directory.
type Key struct {
	App     string
	Mailbox mail.MailboxID
}

// Cost is what a request takes from its lane. A batch counts each of its items.
type Cost struct {
	Requests int   // default 1
	Slots    int   // places in flight; default 1, never more than Limits.InFlight
	Upload   int64 // bytes of the request's body
}

// Registry holds the lanes. The zero value is not usable; see New.
type Registry struct {
	limits Limits
	mu     sync.Mutex
	lanes  map[Key]*lane
	swept  time.Time
}

// New returns an empty registry with these limits for every lane.
func New(l Limits) *Registry {
	return &Registry{limits: l.withDefaults(), lanes: map[Key]*lane{}}
}

// Limits returns the limits in force, defaults filled in.
func (r *Registry) Limits() Limits { return r.limits }

// Acquire waits until the request may be sent and returns the function that ends it, which must be called once the whole
// answer has been read; more calls do nothing. It hears ctx.
func (r *Registry) Acquire(ctx context.Context, key Key, cost Cost) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cost = r.clamp(cost)
	r.mu.Lock()
	now := time.Now()
	r.sweep(now)
	l := r.lane(key)
	w := &waiter{cost: cost, since: now, ready: make(chan struct{})}
	l.queue = append(l.queue, w)
	l.dispatch(now)
	r.mu.Unlock()

	if err := wait(ctx, w.ready); err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		if w.granted {
			l.inFlight -= cost.Slots
		} else {
			l.remove(w)
		}
		l.dispatch(time.Now())
		return nil, fmt.Errorf("wait for Microsoft's limits: %w", err)
	}
	var once sync.Once
	return func() {
		once.Do(func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			l.inFlight -= cost.Slots
			l.dispatch(time.Now())
		})
	}, nil
}

// Note counts requests that were sent without asking, such as probes of many mailboxes in one batch.
func (r *Registry) Note(key Key, requests int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lane(key).requests.add(time.Now(), int64(requests))
}

// Pause holds back everything in the lane for d from now, because Microsoft asked for it. A shorter pause never ends a
// longer one. Requests in flight go on.
func (r *Registry) Pause(key Key, d time.Duration) {
	if d <= 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lane(key)
	now := time.Now()
	if until := now.Add(d); until.After(l.paused) {
		l.paused = until
	}
	l.dispatch(now)
}

// Sleep waits for d between two tries of one request, visibly to Waiting. It hears ctx, and its stop (WithStop).
func (r *Registry) Sleep(ctx context.Context, key Key, d time.Duration) error {
	now := time.Now()
	s := &sleeper{since: now, until: now.Add(d)}
	r.mu.Lock()
	l := r.lane(key)
	l.sleepers = append(l.sleepers, s)
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		l.sleepers = slices.DeleteFunc(l.sleepers, func(x *sleeper) bool { return x == s })
	}()
	t := time.NewTimer(d)
	defer t.Stop()
	if err := wait(ctx, t.C); err != nil {
		return fmt.Errorf("wait to try again: %w", err)
	}
	return nil
}

func (r *Registry) clamp(c Cost) Cost {
	c.Requests = min(max(c.Requests, 1), r.limits.Requests)
	c.Slots = min(max(c.Slots, 1), r.limits.InFlight)
	c.Upload = min(max(c.Upload, 0), r.limits.Upload)
	return c
}

// lane returns the key's lane, making it if need be. The lock is held.
func (r *Registry) lane(key Key) *lane {
	l := r.lanes[key]
	if l == nil {
		l = &lane{registry: r}
		l.requests = window{width: r.limits.RequestWindow, limit: int64(r.limits.Requests)}
		l.upload = window{width: r.limits.UploadWindow, limit: r.limits.Upload}
		r.lanes[key] = l
	}
	return l
}

// sweep forgets lanes that have nothing to remember, at most once a minute, so that 50,000 mailboxes cost nothing once
// they are done. The lock is held.
func (r *Registry) sweep(now time.Time) {
	if now.Sub(r.swept) < time.Minute {
		return
	}
	r.swept = now
	for key, l := range r.lanes {
		if l.idle(now) {
			delete(r.lanes, key)
		}
	}
}
