package overview

import (
	"cmp"
	"slices"
	"time"

	"holdfast/director/internal/record"
)

// leastGrace is how long a run may take before what it was to make is missed, however short it usually is.
const leastGrace = time.Hour

// maxChain bounds how many jobs are followed back that start after each other.
const maxChain = 20

// works reports whether a job backs anything up by itself or when it is told to.
func works(j *record.Job) bool { return j.Enabled && !j.Draft && j.Deletion == nil }

// grace is how long a run of the job may take: twice what it usually does, an hour at least.
func (s *Service) grace(id record.JobID) time.Duration {
	return max(leastGrace, 2*usual(s.runs.ofJob[id]))
}

// due returns the last start of a job from which all its mailboxes should have a point by now; zero when it promises none: it
// runs on demand, or is not enabled.
func (s *Service) due(j *record.Job, now time.Time) time.Time {
	return s.promised(j, now.Add(-s.grace(j.ID)), maxChain)
}

// promised returns the last start of a job that is not after a time. Of a job that follows another it is that one's start, with
// time for its run and the delay.
func (s *Service) promised(j *record.Job, by time.Time, deep int) time.Time {
	var last time.Time
	if j == nil || !works(j) || deep == 0 {
		return last
	}
	for i := range j.Schedules {
		one := &j.Schedules[i]
		at := time.Time{}
		if a := one.After; a != nil {
			if leader, ok := s.jobs.m[a.Job]; ok && a.Successful {
				at = s.promised(&leader, by.Add(-a.Delay-s.grace(a.Job)), deep-1)
			}
		} else {
			at = lastBefore(one, by)
		}
		if at.After(last) {
			last = at
		}
	}
	return last
}

// lookBack are how far back starts are looked for, so that few are passed over that are not the last: the rarest is once a year.
var lookBack = []time.Duration{time.Hour, 24 * time.Hour, 8 * 24 * time.Hour, 32 * 24 * time.Hour, 367 * 24 * time.Hour}

// lastBefore returns the last start of a schedule that is not after a time; zero when there is none within a year.
func lastBefore(one *record.Schedule, by time.Time) time.Time {
	c, err := one.Located()
	if err != nil {
		return time.Time{} // the zone is not known on this machine any more; the scheduler tells
	}
	var last time.Time
	for _, back := range lookBack {
		at := by.Add(-back)
		for {
			o, ok := c.Next(at)
			if !ok || o.Start.After(by) {
				break
			}
			last, at = o.Start, o.Start
		}
		if !last.IsZero() {
			break
		}
	}
	return last
}

// standing is what is known of one mailbox while protection is worked out.
type standing struct {
	job      int // the number of the last job that was looked at with it, counted from 1
	excluded bool
	late     bool
	waiting  bool
	good     bool
}

// protection counts the mailboxes and lists those that something is the matter with.
func (s *Service) protection(st *State) {
	st.Troubled = map[Trouble][]Mailbox{}
	list := s.mailboxes.list
	stands := make([]standing, len(list))
	late := make([]Mailbox, 0)
	for n := range st.Jobs {
		if j := &st.Jobs[n]; works(j) {
			late = append(late, s.judge(j, n+1, stands, st.At)...)
		}
	}
	for i := range list {
		m := &list[i]
		if m.Gone {
			if last := s.pasts.newest[place{m.Account, m.ID}]; !last.IsZero() {
				st.Gone++
				st.Troubled[Gone] = append(st.Troubled[Gone], Mailbox{Mailbox: *m, Last: last, Since: m.Since})
			}
			continue
		}
		if m.Absent != "" {
			continue
		}
		st.Mailboxes++
		one := Mailbox{Mailbox: *m, Last: s.pasts.newest[place{m.Account, m.ID}], Since: m.Since}
		switch f := stands[i]; {
		case f.late:
			st.Late++
		case f.good:
			st.Protected++
		case f.waiting:
			st.Waiting++
			st.Troubled[Waiting] = append(st.Troubled[Waiting], one)
		case f.excluded:
			st.Excluded++
			st.Troubled[Excluded] = append(st.Troubled[Excluded], one)
		default:
			st.Unprotected++
			st.Troubled[Unprotected] = append(st.Troubled[Unprotected], one)
		}
	}
	slices.SortStableFunc(late, func(a, b Mailbox) int {
		return cmp.Compare(s.mailboxes.at[place{a.Account, a.ID}], s.mailboxes.at[place{b.Account, b.ID}])
	})
	st.Troubled[Late] = late
	for i := range st.Jobs {
		j := &st.Jobs[i]
		if ends := s.runs.ofJob[j.ID]; works(j) && len(ends) > 0 {
			st.Failed += int64(ends[0].failed)
			st.Incomplete += int64(ends[0].incomplete)
		}
	}
}

// judge looks at the mailboxes of a job and returns those that are late with it.
func (s *Service) judge(j *record.Job, number int, stands []standing, now time.Time) []Mailbox {
	due := s.due(j, now)
	if due.Before(j.Created) {
		due = time.Time{}
	}
	var late []Mailbox
	points := s.pasts.m[j.ID]
	look := func(i int) {
		m, f := &s.mailboxes.list[i], &stands[i]
		if f.job == number {
			return
		}
		f.job = number
		last := points[place{m.Account, m.ID}]
		switch {
		case !due.IsZero() && last.Before(due) && (!last.IsZero() || m.Since.Before(due)):
			f.late = true
			late = append(late, Mailbox{Mailbox: *m, Job: j.ID, Last: last, Due: due, Since: due})
		case last.IsZero():
			f.waiting = true
		default:
			f.good = true
		}
	}
	out := make(map[string]bool, len(j.Excluded))
	for _, id := range j.Excluded {
		out[string(id)] = true
	}
	for _, item := range j.Items {
		if item.Mailbox != "" {
			if i, ok := s.mailboxes.at[place{item.Account, item.Mailbox}]; ok && s.mailboxes.list[i].Absent == "" && !s.mailboxes.list[i].Gone {
				if out[string(item.Mailbox)] {
					stands[i].excluded = true
				} else {
					look(i)
				}
			}
			continue
		}
		span := s.mailboxes.of[item.Account]
		for i := span[0]; i < span[1]; i++ {
			switch m := &s.mailboxes.list[i]; {
			case m.Absent != "" || m.Gone:
			case len(out) > 0 && out[string(m.ID)]:
				stands[i].excluded = true
			default:
				look(i)
			}
		}
	}
	return late
}
