package scheduler

import (
	"fmt"
	"maps"
	"time"

	"holdfast/director/internal/record"
)

// decide says what is due for a job: a pure function of what is stored and the time.
func decide(p *planned, now time.Time) due {
	d := due{plan: p.plan, next: now.Add(24 * time.Hour)}
	d.plan.Followed = maps.Clone(p.plan.Followed)
	if d.plan.Followed == nil {
		d.plan.Followed = map[record.JobID]record.RunID{}
	}
	switch {
	case p.fresh:
		// A new job begins with what comes, not with what was.
		d.plan.Considered, d.changed = now, true
		for id, r := range p.after {
			if r.Status.Ended() {
				d.plan.Followed[id] = r.ID
			}
		}
	case p.plan.Considered.After(now.Add(ahead)): // the clock was set back
		d.plan.Considered, d.changed = now, true
	}
	considered := d.plan.Considered
	for _, s := range p.job.Schedules {
		if s.After != nil {
			follow(p, s.After, now, &d)
		} else {
			byClock(&s, considered, now, &d)
		}
	}
	if !p.job.Enabled {
		// What would have started is passed over: enabling a job starts nothing that is long past.
		passed := d.start
		d.start = false
		if passed {
			d.plan.Considered, d.changed = now, true
		}
		return d
	}
	if d.start {
		d.plan.Considered = later(now, considered)
	}
	return d
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// byClock adds what a schedule by the clock has due: the last start that was not considered yet.
func byClock(s *record.Schedule, considered, now time.Time, d *due) {
	c, err := s.Located()
	if err != nil {
		return // the zone is not known on this machine any more: it never starts, and the list of starts says so
	}
	if o, ok := c.Latest(considered, now); ok {
		// A run that would have been over by now is not begun.
		if o.Stop.IsZero() || o.Stop.After(now) {
			d.start, d.cause, d.stopAt = true, "schedule: "+c.String(), o.Stop
		} else if d.plan.Considered.Before(o.Start) {
			d.plan.Considered, d.changed = o.Start, true
		}
	}
	if o, ok := c.Next(later(considered, now)); ok && o.Start.Before(d.next) {
		d.next = o.Start
	}
}

// follow adds what a schedule after another job has due.
func follow(p *planned, a *record.AfterJob, now time.Time, d *due) {
	r, ok := p.after[a.Job]
	if !ok || !r.Status.Ended() || d.plan.Followed[a.Job] == r.ID {
		return
	}
	if !a.Follows(r.Status) {
		d.plan.Followed[a.Job], d.changed = r.ID, true
		return
	}
	at := r.Ended.Add(a.Delay)
	if at.After(now.Add(ahead + a.Delay)) {
		at = now // the clock was set back since
	}
	if at.After(now) {
		if at.Before(d.next) {
			d.next = at
		}
		return
	}
	d.plan.Followed[a.Job] = r.ID
	d.start, d.cause = true, fmt.Sprintf("after job %s", r.JobName)
	d.changed = true
}
