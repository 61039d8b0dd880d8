package traffic

import (
	"sync"
	"time"
)

// Limits per app and mailbox (contract 10.1). Zero is the documented number; Off turns all of them off.
type Limits struct {
	Off         bool          `json:"off"`
	Concurrent  int           `json:"concurrent"`  // default 4
	Requests    int           `json:"requests"`    // default 10,000 …
	Window      time.Duration `json:"window"`      // … in 10 minutes
	UploadBytes int64         `json:"uploadBytes"` // default 150 MB …
	UploadTime  time.Duration `json:"uploadTime"`  // … in 5 minutes
	RetryAfter  string        `json:"retryAfter"`  // for too many at once; default "1", "none" leaves the header out
	FloatRetry  bool          `json:"floatRetry"`  // Retry-After of the windows as a fraction (contract 9.3)
}

func (l Limits) withDefaults() Limits {
	if l.Concurrent == 0 {
		l.Concurrent = 4
	}
	if l.Requests == 0 {
		l.Requests = 10_000
	}
	if l.Window == 0 {
		l.Window = 10 * time.Minute
	}
	if l.UploadBytes == 0 {
		l.UploadBytes = 150 << 20
	}
	if l.UploadTime == 0 {
		l.UploadTime = 5 * time.Minute
	}
	if l.RetryAfter == "" {
		l.RetryAfter = "1"
	}
	return l
}

// Throttle holds the limits to every app and mailbox.
type Throttle struct {
	mu     sync.Mutex
	limits Limits
	use    map[string]*usage
}

type usage struct {
	inFlight int
	requests []time.Time
	uploads  []upload
	uploaded int64
}

type upload struct {
	at time.Time
	n  int64
}

// NewThrottle begins with nothing used.
func NewThrottle(l Limits) *Throttle {
	return &Throttle{limits: l.withDefaults(), use: map[string]*usage{}}
}

// Limits in force.
func (t *Throttle) Limits() Limits {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.limits
}

// SetLimits changes the limits; what was used stays counted.
func (t *Throttle) SetLimits(l Limits) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limits = l.withDefaults()
}

// Refusal is why a request is throttled. RetryAfter zero is for too many at once.
type Refusal struct {
	Concurrent bool
	RetryAfter time.Duration
}

// Enter takes a place for a request with a body of n bytes. Refused requests count in the window too (contract 10.2).
// inFlight is how many there are now, this one included. Without a refusal, Leave must follow.
func (t *Throttle) Enter(key string, now time.Time, n int64) (inFlight int, refused *Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	u := t.use[key]
	if u == nil {
		u = &usage{}
		t.use[key] = u
	}
	u.forget(now, t.limits)
	u.requests = append(u.requests, now)
	if !t.limits.Off {
		switch {
		case u.inFlight >= t.limits.Concurrent:
			return u.inFlight + 1, &Refusal{Concurrent: true}
		case len(u.requests) > t.limits.Requests:
			return u.inFlight, &Refusal{RetryAfter: t.limits.Window - now.Sub(u.requests[len(u.requests)-t.limits.Requests])}
		case n > 0 && len(u.uploads) > 0 && u.uploaded+n > t.limits.UploadBytes:
			return u.inFlight, &Refusal{RetryAfter: t.limits.UploadTime - now.Sub(u.uploads[0].at)}
		}
	}
	if n > 0 {
		u.uploads = append(u.uploads, upload{now, n})
		u.uploaded += n
	}
	u.inFlight++
	return u.inFlight, nil
}

// Leave gives the place back.
func (t *Throttle) Leave(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.use[key].inFlight--
}

func (u *usage) forget(now time.Time, l Limits) {
	for len(u.requests) > 0 && now.Sub(u.requests[0]) >= l.Window {
		u.requests = u.requests[1:]
	}
	for len(u.uploads) > 0 && now.Sub(u.uploads[0].at) >= l.UploadTime {
		u.uploaded -= u.uploads[0].n
		u.uploads = u.uploads[1:]
	}
}
