package dispatch

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// idle is how long Run sleeps when nothing tells it to wake.
const idle = time.Minute

// fill starts what may be started now and returns how long until something else may be.
func (d *Dispatcher) fill(ctx context.Context, wg *sync.WaitGroup) time.Duration {
	places, err := d.places()
	if err != nil {
		d.Logger.Error("read where tasks may be placed", "error", err)
		return storeRetry
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.Now()
	next := idle
	for list := d.inOrder(); len(list) > 0; list = d.inOrder(list...) {
		r := list[0]
		c := choice{index: -1}
		if r.phase == 0 && (r.stop || r.flying < r.limit()) { // else its script comes first
			c = d.choose(r, places, now)
		}
		if c.wait > 0 {
			next = min(next, c.wait)
		}
		if c.index < 0 {
			list = slices.Delete(list, 0, 1)
			continue
		}
		p := r.pending[c.index]
		if c.index == 0 {
			r.pending = r.pending[1:]
		} else {
			r.pending = slices.Delete(r.pending, c.index, c.index+1)
		}
		d.launch(ctx, wg, r, p, c)
	}
	return next
}

// inOrder returns all runs, or those given, in the order of their turns: recoveries before what can wait; of backups the one
// that has least in hand, so that runs share Transporters evenly whichever began first; then as they were started. d.mu is
// held.
func (d *Dispatcher) inOrder(list ...*activeRun) []*activeRun {
	if list == nil {
		for _, r := range d.runs {
			list = append(list, r)
		}
	}
	class := func(r *activeRun) int {
		switch r.kind {
		case record.KindRecovery, record.KindUndo:
			return 0
		case record.KindBackup:
			return 2
		default:
			return 1
		}
	}
	slices.SortFunc(list, func(a, b *activeRun) int {
		return cmp.Or(cmp.Compare(class(a), class(b)), cmp.Compare(a.flying, b.flying), strings.Compare(string(a.id), string(b.id)))
	})
	return list
}

// waitWriter is what a run waits for whose mailboxes others write to.
const waitWriter = "waiting for the end of another recovery, undo or drill that writes to the same mailbox"

// choice is the task of a run to take up next.
type choice struct {
	// index in pending; -1 when none may be taken up.
	index int
	on    record.TransporterID
	// refused is why the task cannot be started at all, and is to end.
	refused error
	// wait is how long until another choice may be made; 0 when not known.
	wait time.Duration
}

// choose returns the first pending task of a run that may be taken up now, and where. A repository that cannot be reached
// holds up only the tasks that use it. d.mu is held.
func (d *Dispatcher) choose(r *activeRun, places places, now time.Time) choice {
	none := choice{index: -1}
	later := func(wait time.Duration) {
		if none.wait == 0 || wait < none.wait {
			none.wait = wait
		}
	}
	r.waiting = ""
	blocked := map[record.RepositoryID]bool{}
	for i, p := range r.pending {
		switch {
		case r.stop && p.on == "":
			continue // ended with others like it, not one by one
		case r.stop:
			return choice{index: i, on: p.on}
		case p.at.After(now):
			later(p.at.Sub(now))
			continue
		case p.key != (mailboxKey{}) && d.busy[p.key] != "":
			if p.key.writes && r.flying == 0 && r.waiting == "" {
				r.waiting = waitWriter
			}
			continue
		case p.on != "":
			return choice{index: i, on: p.on}
		case blocked[p.repository]:
			continue
		}
		if why, waits := r.detached(places.repositories[p.repository], now); waits {
			if r.waiting == "" {
				r.waiting = why
			}
			if blocked[p.repository] = true; len(blocked) == len(r.goals) {
				return none
			}
			continue
		} else if why != "" {
			return choice{index: i, refused: errDetached(why)}
		}
		on, err := d.place(r, p.repository, places)
		switch {
		case err == nil && on != "":
			r.goal(p.repository).unreached = time.Time{}
			return choice{index: i, on: on}
		case err == nil: // all are at their limit, for whatever repository: an end wakes us
			r.goal(p.repository).unreached = time.Time{}
			r.waiting = waitRoom
			return none
		case fault.KindOf(err) != fault.Unavailable:
			return choice{index: i, refused: err}
		}
		left := d.patience(r.goal(p.repository), now)
		if left <= 0 {
			return choice{index: i, refused: err}
		}
		later(left)
		if r.waiting == "" {
			r.waiting = err.Error()
		}
		if blocked[p.repository] = true; len(blocked) == len(r.goals) {
			return none
		}
	}
	return none
}

// patience returns for how long tasks that use a repository still wait for a Transporter to be reached, counted from when it
// was first in vain.
func (d *Dispatcher) patience(g *goal, now time.Time) time.Duration {
	if g.unreached.IsZero() {
		g.unreached = now
	}
	if g.begun {
		return d.LostAfter - now.Sub(g.unreached)
	}
	return d.StartWait - now.Sub(g.unreached)
}

// launch begins a flight; d.mu is held.
func (d *Dispatcher) launch(ctx context.Context, wg *sync.WaitGroup, r *activeRun, p pending, c choice) {
	f := &flight{
		d: d, id: p.id, run: r.id, on: c.on, refused: c.refused, stop: make(chan struct{}), stopNow: make(chan struct{}),
		begun: d.Now(), usual: p.usual,
	}
	if r.stop {
		close(f.stop)
	}
	if r.now {
		close(f.stopNow)
	}
	d.flights[f.id] = f
	r.flying++
	if c.on != "" {
		d.load[c.on]++
		r.goal(p.repository).begun = true
	}
	if p.key != (mailboxKey{}) && d.busy[p.key] == "" {
		d.busy[p.key] = p.id
	}
	wg.Go(func() {
		again := f.fly(ctx)
		d.land(f, p, again)
	})
}

// land ends a flight. Again, when set, is when and where the task is to be taken up next.
func (d *Dispatcher) land(f *flight, p pending, again *pending) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.flights, f.id)
	if f.on != "" {
		if d.load[f.on]--; d.load[f.on] <= 0 {
			delete(d.load, f.on)
		}
	}
	if d.busy[p.key] == p.id {
		delete(d.busy, p.key)
	}
	r := d.runs[f.run]
	if r == nil {
		d.poke()
		return
	}
	r.flying--
	if again == nil && p.usual == 0 {
		r.course.ended++
		r.course.took += f.took()
	}
	if again != nil {
		again.id, again.key, again.repository, again.usual = p.id, p.key, p.repository, p.usual
		at, _ := slices.BinarySearchFunc(r.pending, again.id, func(p pending, id record.TaskID) int {
			return strings.Compare(string(p.id), string(id))
		})
		r.pending = slices.Insert(r.pending, at, *again)
	}
	d.poke()
}
