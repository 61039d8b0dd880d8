package traffic

import (
	"sync"
	"time"
)

// Limits of contract 10.1. Zero is the documented number; Off turns all of them off.
type Limits struct {
	Off bool `json:"off"`

	// Per app and mailbox.
	Concurrent  int           `json:"concurrent"`  // default 4
	Requests    int           `json:"requests"`    // default 10,000 …
	Window      time.Duration `json:"window"`      // … in 10 minutes
	UploadBytes int64         `json:"uploadBytes"` // default 150 MB …
	UploadTime  time.Duration `json:"uploadTime"`  // … in 5 minutes

	// Per app, over all tenants and kinds of request.
	AppRequests int           `json:"appRequests"` // default 130,000 …
	AppWindow   time.Duration `json:"appWindow"`   // … in 10 seconds

	// Of the directory, per app and tenant: a bucket of resource units that fills up within ten seconds, and per app.
	DirectoryUnits    int `json:"directoryUnits"`    // default by the number of users: 3,500, 5,000 or 8,000
	DirectoryRequests int `json:"directoryRequests"` // default 150,000 in 20 seconds

	RetryAfter string `json:"retryAfter"` // for too many at once; default "1", "none" leaves the header out everywhere
	FloatRetry bool   `json:"floatRetry"` // Retry-After of the windows as a fraction (contract 9.3)
	DateRetry  bool   `json:"dateRetry"`  // Retry-After of the windows as an HTTP date (contract 9.3)
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		v *int
		n int
	}{{&l.Concurrent, 4}, {&l.Requests, 10_000}, {&l.AppRequests, 130_000}, {&l.DirectoryRequests, 150_000}} {
		if *d.v == 0 {
			*d.v = d.n
		}
	}
	for _, d := range []struct {
		v *time.Duration
		n time.Duration
	}{{&l.Window, 10 * time.Minute}, {&l.UploadTime, 5 * time.Minute}, {&l.AppWindow, 10 * time.Second}} {
		if *d.v == 0 {
			*d.v = d.n
		}
	}
	if l.UploadBytes == 0 {
		l.UploadBytes = 150 << 20
	}
	if l.RetryAfter == "" {
		l.RetryAfter = "1"
	}
	return l
}

// directoryTime is in how long the directory's bucket fills up, and directoryWindow that of the app's requests.
const (
	directoryTime   = 10 * time.Second
	directoryWindow = 20 * time.Second
)

// Throttle holds the limits to every app and mailbox.
type Throttle struct {
	mu        sync.Mutex
	limits    Limits
	own       map[string]Limits // of single mailboxes
	use       map[string]*usage
	apps      map[string]*window
	directory map[string]*bucket
}

type usage struct {
	inFlight int
	requests window
	uploads  window
}

type bucket struct {
	left     float64
	at       time.Time
	requests window
}

// NewThrottle begins with nothing used.
func NewThrottle(l Limits) *Throttle {
	return &Throttle{
		limits: l.withDefaults(), own: map[string]Limits{}, use: map[string]*usage{},
		apps: map[string]*window{}, directory: map[string]*bucket{},
	}
}

// Limits in force.
func (t *Throttle) Limits() Limits {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.limits
}

// LimitsOf a mailbox: its own, or those of all.
func (t *Throttle) LimitsOf(mailbox string) Limits {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.limitsOf(mailbox)
}

func (t *Throttle) limitsOf(mailbox string) Limits {
	if l, ok := t.own[mailbox]; ok {
		return l
	}
	return t.limits
}

// SetLimits changes the limits; what was used stays counted.
func (t *Throttle) SetLimits(l Limits) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limits = l.withDefaults()
}

// SetMailbox gives a mailbox limits of its own; nil takes them away.
func (t *Throttle) SetMailbox(mailbox string, l *Limits) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l == nil {
		delete(t.own, mailbox)
		return
	}
	t.own[mailbox] = l.withDefaults()
}

// Refusal is why a request is throttled. RetryAfter zero is for too many at once.
type Refusal struct {
	Concurrent bool
	RetryAfter time.Duration
}

// Enter takes a place of an app on a mailbox for a request with a body of n bytes. Refused requests count in the window too
// (contract 10.2). inFlight is how many there are now, this one included. Without a refusal, Leave must follow.
func (t *Throttle) Enter(app, mailbox string, now time.Time, n int64) (inFlight int, refused *Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := app + "|" + mailbox
	u := t.use[key]
	if u == nil {
		u = &usage{}
		t.use[key] = u
	}
	l := t.limitsOf(mailbox)
	u.requests.add(now, l.Window, 1)
	u.uploads.forget(now, l.UploadTime)
	if !l.Off {
		switch {
		case u.inFlight >= l.Concurrent:
			return u.inFlight + 1, &Refusal{Concurrent: true}
		case u.requests.sum > int64(l.Requests):
			return u.inFlight, &Refusal{RetryAfter: u.requests.until(now, l.Window, int64(l.Requests)-1)}
		case n > 0 && u.uploads.sum > 0 && u.uploads.sum+n > l.UploadBytes:
			return u.inFlight, &Refusal{RetryAfter: u.uploads.until(now, l.UploadTime, max(l.UploadBytes-n, 0))}
		}
	}
	if n > 0 {
		u.uploads.add(now, l.UploadTime, n)
	}
	u.inFlight++
	return u.inFlight, nil
}

// Leave gives the place back.
func (t *Throttle) Leave(app, mailbox string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.use[app+"|"+mailbox].inFlight--
}

// App counts a request of an app against what it may ask of everything together.
func (t *Throttle) App(app string, now time.Time) *Refusal {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.apps[app]
	if w == nil {
		w = &window{}
		t.apps[app] = w
	}
	w.add(now, t.limits.AppWindow, 1)
	if t.limits.Off || w.sum <= int64(t.limits.AppRequests) {
		return nil
	}
	return &Refusal{RetryAfter: w.until(now, t.limits.AppWindow, int64(t.limits.AppRequests)-1)}
}

// Directory takes resource units out of the bucket of an app. used is the share of the limit that is then spent, 1 being
// all of it.
func (t *Throttle) Directory(app string, now time.Time, units, users int) (used float64, refused *Refusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	limit := float64(t.limits.directoryUnits(users))
	b := t.directory[app]
	if b == nil {
		b = &bucket{left: limit, at: now}
		t.directory[app] = b
	}
	if passed := now.Sub(b.at); passed > 0 {
		b.left += limit * passed.Seconds() / directoryTime.Seconds()
	}
	b.left, b.at = min(b.left, limit), now
	b.requests.add(now, directoryWindow, 1)
	if t.limits.Off {
		return 0, nil
	}
	if n := int64(t.limits.DirectoryRequests); b.requests.sum > n {
		return 1, &Refusal{RetryAfter: b.requests.until(now, directoryWindow, n-1)}
	}
	if b.left < float64(units) {
		missing := (float64(units) - b.left) / limit * directoryTime.Seconds()
		return 1 - b.left/limit, &Refusal{RetryAfter: time.Duration(missing * float64(time.Second))}
	}
	b.left -= float64(units)
	return 1 - b.left/limit, nil
}

// directoryUnits by the size of the tenant: small, medium, large (contract 10.1).
func (l Limits) directoryUnits(users int) int {
	switch {
	case l.DirectoryUnits > 0:
		return l.DirectoryUnits
	case users < 50:
		return 3500
	case users <= 500:
		return 5000
	}
	return 8000
}
