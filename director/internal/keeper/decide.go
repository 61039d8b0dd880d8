package keeper

import (
	"slices"
	"time"

	"holdfast/director/internal/record"
)

// decision is what has become due for a repository.
type decision struct {
	considered time.Time
	// due are new; replaced are those whose place they take.
	due, replaced []record.DueWork
	// next is when to look again.
	next time.Time
	// changed is set when the plan is to be written.
	changed bool
}

// decide says what is due: a pure function of what is stored and the time.
func decide(r *kept, now time.Time) decision {
	d := decision{considered: r.plan.Considered, next: now.Add(24 * time.Hour)}
	if r.fresh || d.considered.After(now.Add(ahead)) { // new, or the clock was set back: begin with what comes
		d.considered, d.changed = now, true
	}
	for _, w := range record.RepositoryWorks {
		var last record.DueWork
		for _, s := range r.Schedules.Of(w) {
			c, err := s.Located()
			if err != nil {
				continue // the zone is not known on this machine any more
			}
			if o, ok := c.Latest(d.considered, now); ok && o.Start.After(last.Start) {
				last = record.DueWork{Work: w, Start: o.Start, Cause: "schedule: " + c.String()}
			}
			if o, ok := c.Next(now); ok && o.Start.Before(d.next) {
				d.next = o.Start
			}
		}
		if !last.Start.IsZero() {
			d.due = append(d.due, last)
		}
	}
	d.due = lastSwitch(d.due)
	if len(d.due) > 0 {
		d.considered, d.changed = now, true
	}
	for _, old := range r.plan.Due {
		if slices.ContainsFunc(d.due, func(n record.DueWork) bool { return replaces(&n, &old) }) {
			d.replaced = append(d.replaced, old)
		}
	}
	return d
}

// replaces reports whether a start takes the place of one that waits: the same again, or the other of attach and detach.
func replaces(n, old *record.DueWork) bool {
	return n.Work == old.Work || n.Work.Switches() && old.Work.Switches()
}

// lastSwitch leaves of a detach and an attach only the later; of two at the same moment the attach.
func lastSwitch(due []record.DueWork) []record.DueWork {
	var detach, attach time.Time
	for _, d := range due {
		switch d.Work {
		case record.WorkDetach:
			detach = d.Start
		case record.WorkAttach:
			attach = d.Start
		default:
		}
	}
	if detach.IsZero() || attach.IsZero() {
		return due
	}
	out := record.WorkDetach
	if detach.After(attach) {
		out = record.WorkAttach
	}
	return slices.DeleteFunc(due, func(d record.DueWork) bool { return d.Work == out })
}
