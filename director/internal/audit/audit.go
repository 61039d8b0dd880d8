// Package audit keeps the log of who did what: each call that changes something or shows mail content, who signed in, and
// what was denied, in the order in which it ended. It keeps names and ids, never what was searched for, mail content or a
// secret; package api decides what is noted and with which objects.
//
// An entry is durable when Append returns. Entries that come at the same time are written together. Calls that repeat
// (a search that is refined letter by letter, a password that is guessed) are counted in one entry; the count, and nothing
// else, may be behind by what came since the last write when the process dies.
package audit

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// Bounds of the log.
const (
	// MaxEntries is how many stay at most: at some 250 bytes each they have the size of a few months of runs.
	MaxEntries = 250_000
	// MaxObjects is how many objects one entry names besides mailboxes, and MaxMailboxes how many of these: a recovery of many
	// is to be found by each.
	MaxObjects   = 20
	MaxMailboxes = 500
	// maxText bounds what is kept of one id or name, in characters.
	maxText = 200
	// window is for how long calls are counted in one entry.
	window = 10 * time.Minute
	// maxOpen is how many entries may be counting at once.
	maxOpen = 10_000
	// maxStrangers is how many of these may be of callers that nobody knows: whoever guesses passwords from many hosts
	// must not push out what others did.
	maxStrangers = 500
	// maxWaiting bounds what waits for a disk that takes no writes.
	maxWaiting = 10_000
	// batch is how many entries one transaction removes.
	batch = 500
)

// ManyHosts stands for the hosts of strangers when they are too many to tell apart.
const ManyHosts = "many hosts"

// Options of a Log. All are required.
type Options struct {
	Store  *store.Store
	Now    func() time.Time
	Logger hclog.Logger
}

// Log is the audit log. Its methods may be called by several goroutines.
type Log struct {
	Options
	max int
	// writing is held by who writes for all that wait; it is taken before mu.
	writing sync.Mutex

	mu      sync.Mutex
	waiting []*counted
	// open are the entries that count what repeats.
	open      map[string]*counted
	strangers int
}

// counted is an entry on its way; Log.mu guards it.
type counted struct {
	entry record.AuditEntry
	// behind is set when the entry is stored with a smaller count.
	behind bool
}

// New returns a log.
func New(o Options) *Log { return &Log{Options: o, max: MaxEntries, open: map[string]*counted{}} }

// Append notes a call that ended now. With repeats it may be counted in an entry that is there. It does not hear the
// caller's context: who goes away is noted too. An entry that cannot be written is kept for the next attempt, and the error
// logged: what was done is done.
func (l *Log) Append(ctx context.Context, e record.AuditEntry, repeats bool) {
	e.Time, e.Count = l.Now(), 1
	e.Last = e.Time
	bound(&e)
	if !l.add(e, repeats) {
		return
	}
	if err := l.write(context.WithoutCancel(ctx)); err != nil {
		l.Logger.Error("audit log not written; trying again with the next entry", "error", err)
	}
}

// bound cuts an entry to what is kept.
func bound(e *record.AuditEntry) {
	if len(e.Objects) > MaxObjects {
		var kept []record.AuditObject
		left := map[bool]int{true: MaxMailboxes, false: MaxObjects}
		for _, o := range e.Objects {
			if mailbox := o.Kind == "mailbox"; left[mailbox] > 0 {
				left[mailbox]--
				kept = append(kept, o)
			}
		}
		e.More += len(e.Objects) - len(kept)
		e.Objects = kept
	}
	cut := func(s *string) {
		*s = strings.ToValidUTF8(*s, "�")
		if r := []rune(*s); len(r) > maxText {
			*s = string(r[:maxText]) + "…"
		}
	}
	for i := range e.Objects {
		cut(&e.Objects[i].ID)
		cut(&e.Objects[i].Name)
	}
	for _, s := range []*string{&e.User, &e.TokenName, &e.Remote, &e.Method} {
		cut(s)
	}
}

// add puts an entry among those that wait, and reports whether it must be written: not when it is counted elsewhere.
func (l *Log) add(e record.AuditEntry, repeats bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &counted{entry: e}
	if repeats {
		stranger := e.User == ""
		if stranger && l.strangers >= maxStrangers {
			c.entry.Remote = ManyHosts
		}
		key := keyOf(&c.entry)
		if o := l.open[key]; o != nil {
			if since := e.Time.Sub(o.entry.Time); since >= 0 && since < window {
				o.entry.Count++
				o.entry.Last, o.behind = e.Time, true
				return false
			}
			l.shut(key)
		}
		if len(l.open) >= maxOpen {
			l.tidy(e.Time)
		}
		l.open[key] = c
		if stranger {
			l.strangers++
		}
	}
	l.waiting = append(l.waiting, c)
	return true
}

// keyOf is the same for calls that repeat each other.
func keyOf(e *record.AuditEntry) string {
	return fmt.Sprintf("%q %q %q %q %v %q %q %d", e.User, e.Session, e.Remote, e.Method, e.PlanOnly, e.Fault, e.Objects, e.More)
}

// shut ends the counting in an entry; what is behind waits to be written. L.mu is held.
func (l *Log) shut(key string) {
	o := l.open[key]
	delete(l.open, key)
	if o.entry.User == "" {
		l.strangers--
	}
	if o.behind && o.entry.ID != "" {
		l.waiting = append(l.waiting, o)
	}
}

// tidy ends the counting in old entries, and in all when there are too many still. L.mu is held.
func (l *Log) tidy(now time.Time) {
	for key, o := range l.open {
		if since := now.Sub(o.entry.Time); since < 0 || since >= window {
			l.shut(key)
		}
	}
	if len(l.open) < maxOpen {
		return
	}
	for key := range l.open {
		l.shut(key)
	}
}

// Flush writes counts that are behind.
func (l *Log) Flush(ctx context.Context) error {
	l.mu.Lock()
	l.tidy(l.Now())
	l.mu.Unlock()
	return l.write(ctx)
}

// write writes what waits and what is behind. Who comes while another writes finds that it was written for them, or is the
// next to write for all.
func (l *Log) write(ctx context.Context) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	todo := l.take()
	if len(todo) == 0 {
		return nil
	}
	copies := make([]record.AuditEntry, len(todo))
	l.mu.Lock()
	for i, c := range todo {
		copies[i] = c.entry
	}
	l.mu.Unlock()
	err := l.Store.Update(ctx, func(tx *store.Tx) error {
		last := ""
		for e, err := range store.Audit.Backward(tx, "") {
			if err != nil {
				return err
			}
			last = e.ID
			break
		}
		for i := range copies {
			if todo[i].entry.ID == "" {
				copies[i].ID = idAfter(last, copies[i].Time)
				last = copies[i].ID
			} else if !store.Audit.Has(tx, copies[i].ID) {
				continue // it is too old, and was removed
			}
			if err := store.Audit.Put(tx, copies[i]); err != nil {
				return err
			}
		}
		return nil
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.waiting = append(todo, l.waiting...)
		if over := len(l.waiting) - maxWaiting; over > 0 {
			l.waiting = l.waiting[over:]
		}
		return err
	}
	for i, c := range todo {
		c.entry.ID = copies[i].ID
		c.behind = c.entry.Count != copies[i].Count
	}
	return nil
}

// take returns what is to be written, each once.
func (l *Log) take() []*counted {
	l.mu.Lock()
	defer l.mu.Unlock()
	todo := l.waiting
	l.waiting = nil
	there := make(map[*counted]bool, len(todo))
	for _, c := range todo {
		there[c] = true
	}
	for _, o := range l.open {
		if o.behind && o.entry.ID != "" && !there[o] {
			todo = append(todo, o)
		}
	}
	return todo
}

// idAfter returns an id that sorts by time, and behind the last one also when the clock was set back.
func idAfter(last string, t time.Time) string {
	id := fmt.Sprintf("%016x", uint64(max(0, t.UnixNano())))
	if id > last {
		return id
	}
	var n uint64
	if _, err := fmt.Sscanf(last, "%016x", &n); err != nil {
		return last + "0"
	}
	return fmt.Sprintf("%016x", n+1)
}
