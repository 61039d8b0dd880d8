// Package estimate foretells how long runs of a job take: pure calculations over what mailboxes hold, what earlier runs took,
// and what Microsoft allows. Where nothing is known of a mailbox it is taken to be like the others; where nothing is known of
// any, it says so. It keeps no clock and asks nobody.
package estimate

import (
	"cmp"
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
)

// Mailbox is what is known of one mailbox.
type Mailbox struct {
	Account mail.AccountID
	ID      mail.MailboxID
	Name    string
	// Known is set when Messages is; Folders are then 0 when only a run told.
	Known             bool
	Messages, Folders int64
	// Full is a run that read all of it, of whatever job, Usual what the runs of this job after the first take. Either may
	// be unknown.
	Full, Usual record.Effort
	// Limits of its account; zero means Microsoft's documented numbers.
	Limits record.Limits
}

// Work is what a run is to do.
type Work struct {
	Mailboxes []Mailbox
	// Slots is how many are worked on at once; at least one.
	Slots int
	// Evidence asks for the original of every message: a request more for each.
	Evidence bool
}

// Run is the estimate of one run.
type Run struct {
	// Least is when all goes well, within Microsoft's limits; Most when all goes slowly and the longest mailbox comes last.
	Least, Likely, Most       time.Duration
	Messages, Bytes, Requests int64
	// Slowest are those known, the longest first, at most maxSlowest.
	Slowest []Slow
}

// Slow is a mailbox that takes long.
type Slow struct {
	Mailbox  *Mailbox
	Likely   time.Duration
	Messages int64
}

const maxSlowest = 10

// Result is the estimate of a job. Runs are nil when nothing is known of any mailbox.
type Result struct {
	// First reads every mailbox whole, Next is one of those that follow.
	First, Next *Run
	Slots       int
	// Assumed are sentences.
	Assumed []string
}

// Of estimates the runs of a job.
func Of(w Work) Result {
	r := Result{Slots: max(1, min(w.Slots, len(w.Mailboxes)))}
	k := learn(w)
	if k.known == 0 {
		return r
	}
	first, next := newSum(r.Slots), newSum(r.Slots)
	for i := range w.Mailboxes {
		m := &w.Mailboxes[i]
		first.add(m, k.full(m))
		next.add(m, k.usual(m))
	}
	r.First, r.Next, r.Assumed = first.run(), next.run(), k.assumed(len(w.Mailboxes))
	return r
}

// sum adds the mailboxes of a run up.
type sum struct {
	slots   int
	all     span // of all together
	longest span
	out     Run
}

func newSum(slots int) *sum { return &sum{slots: slots} }

func (s *sum) add(m *Mailbox, t task) {
	for i := range t.took {
		s.all[i] += t.took[i]
		s.longest[i] = max(s.longest[i], t.took[i])
	}
	s.out.Messages += t.messages
	s.out.Bytes += t.bytes
	s.out.Requests += t.requests
	if !m.Known {
		return
	}
	one := Slow{m, wait(t.took[likely]), t.messages}
	at, _ := slices.BinarySearchFunc(s.out.Slowest, one, func(a, b Slow) int {
		return cmp.Or(cmp.Compare(b.Likely, a.Likely), cmp.Compare(a.Mailbox.ID, b.Mailbox.ID))
	})
	if s.out.Slowest = slices.Insert(s.out.Slowest, at, one); len(s.out.Slowest) > maxSlowest {
		s.out.Slowest = s.out.Slowest[:maxSlowest]
	}
}

// run spreads the mailboxes over the slots. No run is shorter than its longest mailbox; at worst that one begins when all
// others have ended, which is how long no order of them can exceed.
func (s *sum) run() *Run {
	n := float64(s.slots)
	s.out.Least = wait(max(s.all[least]/n, s.longest[least]))
	s.out.Likely = wait(max(s.all[likely]/n, s.longest[likely]))
	s.out.Most = wait((s.all[most]-s.longest[most])/n + s.longest[most])
	return &s.out
}

// longestWait is what is told of what takes longer.
const longestWait = 10 * 365 * 24 * time.Hour

// wait turns seconds into a time.
func wait(s float64) time.Duration {
	if s >= longestWait.Seconds() {
		return longestWait
	}
	return time.Duration(s * float64(time.Second))
}
