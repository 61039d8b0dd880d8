package graph

import (
	"sync"
	"time"

	"holdfast/pkg/mail"
)

// fullFor is how long a mailbox that is too full for delta is listed without asking again: about a run, in which each of
// its folders would spend a request to be refused.
const fullFor = 30 * time.Minute

// fullMailboxes remembers mailboxes that cannot hold the state of a delta (contract 4.7).
type fullMailboxes struct {
	now func() time.Time

	mu    sync.Mutex
	until map[mail.MailboxID]time.Time
}

func (f *fullMailboxes) note(m mail.MailboxID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.until == nil {
		f.until = map[mail.MailboxID]time.Time{}
	}
	f.until[m] = f.now().Add(fullFor)
}

func (f *fullMailboxes) has(m mail.MailboxID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	until, ok := f.until[m]
	if ok && !f.now().Before(until) {
		delete(f.until, m)
		ok = false
	}
	return ok
}
