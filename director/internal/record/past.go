package record

import (
	"time"

	"holdfast/pkg/mail"
)

// MaxNotes bounds the notes of a run.
const MaxNotes = 20

// Try is a try at a task that failed and was followed by another.
type Try struct {
	Attempt     int32
	Ended       time.Time
	Transporter TransporterID
	Error       string
	RequestID   string
}

// Balance compares a mailbox with its point, in messages: what the folders that are backed up held at the end of the run,
// what the point holds, how many folders differ, and how much of that nothing explains.
type Balance struct {
	Tenant, Kept, Folders, Unexplained int64
}

// Past is what earlier runs of a job took for one mailbox.
type Past struct {
	Job     JobID
	Account mail.AccountID
	Mailbox mail.MailboxID
	// Full is the last run that read most of the mailbox, Usual what the runs after it take. Either may never have been.
	Full, Usual Effort
}

// Effort is what one run, or a run on average, took for a mailbox.
type Effort struct {
	// Ended is zero when there was none.
	Ended                                  time.Time
	Took                                   time.Duration
	Messages, Changed, BytesRead, Requests int64
}

// Known reports whether there was one.
func (e *Effort) Known() bool { return !e.Ended.IsZero() }

// fewMessages is up to how many messages a mailbox is too small to tell a full run from another by what changed.
const fewMessages = 50

// Learn takes a task in that made a point. Usual efforts are averages in which each run counts as much as all before it.
func (p *Past) Learn(t *Task) {
	e := Effort{
		Ended: t.Ended, Took: t.Took, Messages: t.Progress.MessagesDone, Changed: t.Progress.MessagesChanged,
		BytesRead: t.Progress.BytesRead, Requests: t.Progress.Requests,
	}
	full := !p.Full.Known() || e.Messages > fewMessages && e.Changed > e.Messages/2
	switch {
	case full:
		p.Full = e
	case !p.Usual.Known():
		p.Usual = e
	default:
		half := func(a, b int64) int64 { return a/2 + b/2 + a%2*(b%2) }
		p.Usual = Effort{
			Ended: e.Ended, Took: time.Duration(half(int64(p.Usual.Took), int64(e.Took))), Messages: e.Messages,
			Changed: half(p.Usual.Changed, e.Changed), BytesRead: half(p.Usual.BytesRead, e.BytesRead), Requests: half(p.Usual.Requests, e.Requests),
		}
	}
}

// Next returns what the next run will take, as far as earlier ones tell: the usual effort, or unknown.
func (p *Past) Next() (Effort, bool) { return p.Usual, p.Usual.Known() }

// Note adds a note that is not there yet, up to MaxNotes.
func (r *Run) Note(text string) {
	for _, n := range r.Notes {
		if n == text {
			return
		}
	}
	if len(r.Notes) < MaxNotes {
		r.Notes = append(r.Notes, text)
	}
}
