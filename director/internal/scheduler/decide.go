package scheduler

import (
	"fmt"
	"maps"
	"time"

	"holdfast/director/internal/record"
)

// due is a start, and what is considered with it.
type due struct {
	plan  record.Plan
	start bool
	// at is when it should have started.
	at     time.Time
	cause  string
	stopAt time.Time
	// next is when to look again.
	next time.Time
	// changed is set when the plan is to be written though nothing starts.
	changed bool
}

// take starts the job for what is due since a time. Of several starts the newest counts, with its cause and its end time; of
// those of one moment the first that is listed.
func (d *due) take(at time.Time, cause string, stopAt time.Time) {
	if !d.start || at.After(d.at) {
		d.start, d.at, d.cause, d.stopAt = true, at, cause, stopAt
	}
}

func (d *due) look(at time.Time) {
	if at.Before(d.next) {
		d.next = at
	}
}

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
		for _, l := range p.after {
			for _, r := range l.runs {
				if r.Status.Ended() {
					d.plan.Followed[l.job] = r.ID
				}
			}
		}
	case p.plan.Considered.After(now.Add(ahead)): // the clock was set back
		d.plan.Considered, d.changed = now, true
	}
	considered := d.plan.Considered
	for i := range p.job.Schedules {
		if s := &p.job.Schedules[i]; s.After == nil {
			byClock(s, considered, now, &d)
		}
	}
	if !p.fresh {
		for i := range p.after {
			follow(p.job.Schedules, &p.after[i], now, &d)
		}
	}
	if !p.job.Enabled {
		// What would have started is passed over: enabling a job starts nothing that is long past.
		passed := d.start
		d.start = false
		if passed {
			d.plan.Considered, d.changed = later(now, considered), true
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
			d.take(o.Start, "schedule: "+c.String(), o.Stop)
		} else if d.plan.Considered.Before(o.Start) {
			d.plan.Considered, d.changed = o.Start, true
		}
	}
	if o, ok := c.Next(later(considered, now)); ok {
		d.look(o.Start)
	}
}

// follow adds what the runs of a job have due by the schedules that follow it: a start for the newest whose time has come.
// Those before it have had theirs with it; those that end otherwise, or before the schedule is effective, have none.
func follow(schedules []record.Schedule, l *leader, now time.Time, d *due) {
	waiting := false
	for i := range l.runs {
		r := &l.runs[i]
		if !r.Status.Ended() {
			continue
		}
		at, ok := followedAt(schedules, l.job, r, now)
		switch {
		case ok && at.After(now):
			waiting = true
			d.look(at)
			continue
		case ok:
			d.take(at, "after job "+r.JobName, time.Time{})
		case waiting:
			continue // not to be considered before those that wait
		}
		d.plan.Followed[l.job], d.changed, waiting = r.ID, true, false
	}
}

// followedAt returns when a run that has ended is followed: at the earliest that a schedule asks for.
func followedAt(schedules []record.Schedule, leader record.JobID, r *record.Run, now time.Time) (time.Time, bool) {
	var first time.Time
	found := false
	for i := range schedules {
		s := &schedules[i]
		if s.After == nil || s.After.Job != leader || !s.After.Follows(r.Status) {
			continue
		}
		at := r.Ended.Add(s.After.Delay)
		if r.Ended.After(now.Add(ahead)) {
			at = now // the clock was set back since
		}
		if !effective(s, at) {
			continue
		}
		if !found || at.Before(first) {
			first, found = at, true
		}
	}
	return first, found
}

// effective reports whether a schedule after another job may start runs on the date that a time is of, in its zone or UTC.
func effective(s *record.Schedule, at time.Time) bool {
	zone := time.UTC
	if z, err := record.ZoneOf(s.Zone); err == nil {
		zone = z
	}
	y, m, day := at.In(zone).Date()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, day) >= s.Clock.From.String()
}
