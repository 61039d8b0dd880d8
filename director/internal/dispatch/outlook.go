package dispatch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"holdfast/director/internal/pace"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// WaitKind tells what somebody waits for. Numbers are those of the API.
type WaitKind int32

// The kinds.
const (
	WaitMicrosoft   WaitKind = 1
	WaitSlot        WaitKind = 2
	WaitTransporter WaitKind = 3
	WaitRepository  WaitKind = 4
	WaitMailbox     WaitKind = 5
	WaitRetry       WaitKind = 6
	WaitOther       WaitKind = 7
)

// Wait is something that holds tasks of a run up.
type Wait struct {
	Kind  WaitKind
	Text  string
	Tasks int
}

// maxWaits bounds the waits that are told of a run.
const maxWaits = 20

// Outlook is how a run or a task is coming along.
type Outlook struct {
	// Rate is known when Rated is set, Left when Foreseen is.
	Rate            pace.Rate
	Rated, Foreseen bool
	Left            time.Duration
	// Of a run: how many of its tasks are in hand and wait for their next try, and who waits for what.
	Running, Retrying int
	Waits             []Wait
	// Of a task: what its waiting is for.
	Wait WaitKind
	// Took is how long it took, or has taken so far.
	Took time.Duration
}

// course is what is measured of a run while it goes on. Dispatcher.mu guards it.
type course struct {
	meter pace.Meter
	calm  pace.Smoother
	// messages and bytes count up over all tasks.
	messages, bytes int64
	// begun is when this process took the run up, before how long it had taken by then.
	begun  time.Time
	before time.Duration
	// ended counts tasks of which no earlier run told how long they take, and took is what they took together.
	ended int
	took  time.Duration
}

// resume returns the course of a run that is taken up. One that was going on has taken as long as the clock says, and no less
// than was written.
func resume(r *record.Run, now time.Time) course {
	return course{begun: now, before: max(0, r.Took, now.Sub(r.Started))}
}

func (c *course) taken(now time.Time) time.Duration { return c.before + max(0, now.Sub(c.begun)) }

// usual returns how long the mailboxes of a job usually take, as far as earlier runs tell.
func usual(tx *store.Tx, job record.JobID) (map[mailboxKey]time.Duration, error) {
	known := map[mailboxKey]time.Duration{}
	if job == "" {
		return known, nil
	}
	for p, err := range store.Pasts.All(tx, store.PastKey(job, "", "")) {
		if err != nil {
			return nil, err
		}
		if e, ok := p.Next(); ok {
			known[mailboxKey{account: p.Account, mailbox: p.Mailbox}] = e.Took
		}
	}
	return known, nil
}

// learn keeps what a task took that made a point, for the runs that follow.
func learn(tx *store.Tx, job record.JobID, t *record.Task) error {
	if t.Kind != record.KindBackup || t.Status != record.TaskSucceeded && t.Status != record.TaskIncomplete {
		return nil
	}
	p, err := store.Pasts.Get(tx, store.PastKey(job, t.Account, t.Mailbox))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	p.Job, p.Account, p.Mailbox = job, t.Account, t.Mailbox
	p.Learn(t)
	return store.Pasts.Put(tx, p)
}

// measure takes in what a task said last; d.mu is held. What it says first is where it stands, not what it did now.
func (d *Dispatcher) measure(f *flight, p *record.Progress) {
	now := d.Now()
	if r := d.runs[f.run]; r != nil && f.live.set {
		c := &r.course
		c.messages += max(0, p.MessagesDone-f.live.progress.MessagesDone)
		c.bytes += max(0, p.BytesRead-f.live.progress.BytesRead)
		c.meter.Add(now, c.messages, c.bytes)
	} else if r != nil {
		r.course.meter.Add(now, r.course.messages, r.course.bytes)
	}
	f.meter.Add(now, p.MessagesDone, p.BytesRead)
}

// outlook returns how a task in hand is coming along; d.mu is held.
func (f *flight) outlook(now time.Time) Outlook {
	o := Outlook{Took: f.took(), Wait: waitKind(f.live.waiting)}
	o.Rate, o.Rated = f.meter.Rate(now)
	left, known := pace.Left(pace.Task{
		Done: f.live.progress.MessagesDone, Total: f.live.progress.MessagesTotal, Rate: o.Rate.Messages, Worked: o.Took, Usual: f.usual,
	})
	o.Left, o.Foreseen = f.calm.Next(now, left, known)
	return o
}

// outlook returns how a run is coming along, and what those of its pending tasks wait for that wait for something of their
// own; d.mu is held.
func (d *Dispatcher) outlook(r *activeRun, flights map[record.TaskID]spoken, now time.Time) (Outlook, map[record.TaskID]Wait) {
	o := Outlook{Running: r.flying, Took: r.course.taken(now)}
	o.Rate, o.Rated = r.course.meter.Rate(now)
	if r.kind != record.KindBackup {
		return o, nil
	}
	ahead := pace.Run{Slots: r.limit()}
	if r.waiting == waitRoom || r.stop {
		ahead.Slots = r.flying
	} else if r.waiting != "" && r.flying == 0 {
		ahead.Slots = 0
	}
	if r.course.ended > 0 {
		ahead.Mean = r.course.took / time.Duration(r.course.ended)
	}
	var waits waits
	for _, f := range flights {
		if f.run != r.id {
			continue
		}
		if f.Foreseen {
			ahead.Flying = append(ahead.Flying, f.Left)
		} else {
			ahead.Unknown++
		}
		if f.waiting != "" {
			waits.add(f.Wait, f.waiting, 1)
		}
	}
	own := map[record.TaskID]Wait{}
	ready, cut, soonest := 0, 0, time.Duration(0)
	for i := range r.pending {
		p := &r.pending[i]
		if p.usual > 0 {
			ahead.Pending += p.usual
			ahead.Longest = max(ahead.Longest, p.usual)
		} else {
			ahead.PendingUnknown++
		}
		switch other := d.busy[p.key]; {
		case p.at.After(now):
			o.Retrying++
			wait := p.at.Sub(now)
			ahead.Wait = max(ahead.Wait, wait+p.usual)
			if soonest == 0 || wait < soonest {
				soonest = wait
			}
			own[p.id] = Wait{Kind: WaitRetry, Text: "waiting for its next try", Tasks: 1}
		case p.key != (mailboxKey{}) && other != "" && other != p.id:
			text := d.occupied(other)
			own[p.id] = Wait{Kind: WaitMailbox, Text: text, Tasks: 1}
			waits.add(WaitMailbox, text, 1)
		case r.goals[p.repository] != nil && !r.goals[p.repository].unreached.IsZero():
			cut++
		default:
			ready++
		}
	}
	if o.Retrying > 0 {
		waits.add(WaitRetry, "waiting for the next try, the first in "+roughly(soonest), o.Retrying)
	}
	switch {
	case cut > 0 && r.waiting != "" && r.waiting != waitRoom:
		waits.add(waitKind(r.waiting), r.waiting, cut)
	case ready > 0 && r.waiting != "":
		waits.add(waitKind(r.waiting), r.waiting, ready)
	case ready > 0 && r.flying >= r.limit():
		waits.add(WaitSlot, fmt.Sprintf("waiting for their turn: the job works on %d at once", r.limit()), ready)
	}
	o.Waits = waits.list()
	left, known := ahead.Left()
	o.Left, o.Foreseen = r.course.calm.Next(now, left, known && !r.stop)
	return o, own
}

// occupied says who works on a mailbox; d.mu is held.
func (d *Dispatcher) occupied(by record.TaskID) string {
	if f := d.flights[by]; f != nil && d.runs[f.run] != nil {
		return fmt.Sprintf("waiting for run %s of %s, which works on the same mailbox", f.run, d.runs[f.run].name)
	}
	return "waiting for another run, which works on the same mailbox"
}

// waits gathers what is waited for: of Microsoft, one line for all.
type waits struct{ all []Wait }

func (w *waits) add(kind WaitKind, text string, tasks int) {
	for i := range w.all {
		if w.all[i].Kind == kind && (w.all[i].Text == text || kind == WaitMicrosoft) {
			w.all[i].Tasks += tasks
			w.all[i].Text = max(w.all[i].Text, text) // the same whatever the order
			return
		}
	}
	w.all = append(w.all, Wait{kind, text, tasks})
}

func (w *waits) list() []Wait {
	slices.SortFunc(w.all, func(a, b Wait) int {
		return cmp.Or(cmp.Compare(b.Tasks, a.Tasks), cmp.Compare(a.Kind, b.Kind), strings.Compare(a.Text, b.Text))
	})
	return w.all[:min(len(w.all), maxWaits)]
}

// waitRoom is what a run waits for whose Transporters all have as many tasks as they take.
const waitRoom = "waiting for a Transporter to have room"

// waitKind sorts what Transporters and this package say of a wait.
func waitKind(text string) WaitKind {
	switch {
	case text == "":
		return 0
	case strings.HasPrefix(text, "waiting for Microsoft"), strings.HasPrefix(text, "trying again in"):
		return WaitMicrosoft
	case text == waitRoom, strings.Contains(text, "room for more"):
		return WaitSlot
	case strings.Contains(text, "which works on the same"):
		return WaitMailbox
	case strings.HasPrefix(text, "Transporter "), strings.Contains(text, "no Transporter"):
		return WaitTransporter
	case strings.Contains(text, "repository"):
		return WaitRepository
	default:
		return WaitOther
	}
}

// roughly says a time as a person would.
func roughly(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int((d+time.Second-1)/time.Second))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Round(time.Minute)/time.Minute))
	default:
		return fmt.Sprintf("%d h", int(d.Round(time.Hour)/time.Hour))
	}
}
