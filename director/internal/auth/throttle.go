package auth

import (
	"strings"
	"sync"
	"time"

	"holdfast/pkg/fault"
)

// How many wrong passwords are free, and how the wait grows behind them.
const (
	freePerPair   = 5  // of one user from one host
	freePerRemote = 20 // from one host, whatever the user
	maxWait       = 5 * time.Minute
	forgetAfter   = time.Hour
	maxKeys       = 10_000
)

// throttle slows down guessing of passwords. It forgets at a restart.
type throttle struct {
	now  func() time.Time
	mu   sync.Mutex
	keys map[string]*guesses
}

type guesses struct {
	wrong int
	last  time.Time
	until time.Time
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, keys: map[string]*guesses{}}
}

func pairKey(user, remote string) string { return strings.ToLower(user) + "\x00" + remote }

// reserve counts an attempt as wrong before it is checked, so that many at once do not all pass while the first is being
// checked. Throttled, with the time to wait, when there were too many.
func (t *throttle) reserve(user, remote string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, key := range []string{pairKey(user, remote), remote} {
		if g := t.keys[key]; g != nil && now.Before(g.until) {
			wait := g.until.Sub(now)
			f := fault.New(fault.Throttled, "too many wrong passwords; try again in %d seconds", int(wait/time.Second)+1)
			f.RetryAfter = wait
			return f
		}
	}
	t.count(pairKey(user, remote), freePerPair)
	t.count(remote, freePerRemote)
	return nil
}

// count adds a wrong password; t.mu is held.
func (t *throttle) count(key string, free int) {
	now := t.now()
	g := t.keys[key]
	if g == nil || now.Sub(g.last) > forgetAfter {
		if g == nil && len(t.keys) >= maxKeys {
			t.forget(now)
		}
		g = &guesses{}
		t.keys[key] = g
	}
	g.wrong++
	g.last = now
	if over := g.wrong - free; over >= 0 {
		g.until = now.Add(min(maxWait, time.Second<<min(over, 16)))
	}
}

// forget makes room: first what is old, then whatever comes.
func (t *throttle) forget(now time.Time) {
	for key, g := range t.keys {
		if now.Sub(g.last) > forgetAfter {
			delete(t.keys, key)
		}
	}
	for key := range t.keys {
		if len(t.keys) < maxKeys {
			return
		}
		delete(t.keys, key)
	}
}

// passed takes a reserved attempt back: the password was right, or was not checked.
func (t *throttle) passed(user, remote string, right bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.uncount(pairKey(user, remote), freePerPair)
	t.uncount(remote, freePerRemote)
	if right {
		delete(t.keys, pairKey(user, remote))
	}
}

// uncount takes back what count added; t.mu is held.
func (t *throttle) uncount(key string, free int) {
	g := t.keys[key]
	if g == nil {
		return
	}
	if g.wrong--; g.wrong < free {
		g.until = time.Time{}
	}
	if g.wrong <= 0 {
		delete(t.keys, key)
	}
}
