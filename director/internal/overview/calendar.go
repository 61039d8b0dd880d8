package overview

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"holdfast/director/internal/record"
	"holdfast/director/internal/schedule"
	"holdfast/director/internal/store"
)

// Entry of a calendar: something that was begun, or will be.
type Entry struct {
	// Coming is set for what is not begun yet; Run is empty then, and Kind says what it will be.
	Coming     bool
	Kind       record.RunKind
	Full       bool
	Start, End time.Time
	// Expected is how long it takes; 0 when not known.
	Expected time.Duration
	// Stop is when its schedule ends it.
	Stop       time.Time
	Title      string
	Job        record.JobID
	JobName    string
	Repository record.RepositoryID
	Run        record.RunID
	Status     record.RunStatus
	Cause      string
	Zone       string
	Waiting    string
	// Estimated: it follows another job, and its time is when that one is expected to have ended.
	Estimated bool
}

// Span chooses entries of a calendar.
type Span struct {
	From, To         time.Time
	Job              record.JobID
	Repository       record.RepositoryID
	NoPast, NoComing bool
	Limit            int
}

// Calendar returns what was begun and what will be, soonest first. Cut is from when on entries are left out, because there are
// more than the limit; zero when none are.
func (s *Service) Calendar(q Span) (list []Entry, cut time.Time, err error) {
	st, err := s.Look()
	if err != nil {
		return nil, time.Time{}, err
	}
	now := s.Now()
	if !q.NoPast && q.From.Before(now) {
		if list, err = s.begun(st, q); err != nil {
			return nil, time.Time{}, err
		}
	}
	if !q.NoComing && q.To.After(now) {
		list = append(list, s.coming(st, q, now)...)
	}
	slices.SortStableFunc(list, func(a, b Entry) int { return a.Start.Compare(b.Start) })
	if len(list) > q.Limit {
		cut = list[q.Limit].Start
		list = list[:q.Limit]
	}
	return list, cut, nil
}

// begun reads what started in the span, and what was started before and goes on.
func (s *Service) begun(st *State, q Span) ([]Entry, error) {
	var list []Entry
	seen := map[record.RunID]bool{}
	add := func(tx *store.Tx, r *record.Run, waiting string) {
		if seen[r.ID] || q.Job != "" && r.Job != q.Job {
			return
		}
		seen[r.ID] = true
		e := Entry{
			Kind: r.Kind, Start: r.Started, End: r.Ended, Stop: r.StopAt, Title: r.Title, Job: r.Job, JobName: r.JobName, Run: r.ID,
			Status: r.Status, Cause: r.Cause, Waiting: waiting,
		}
		if r.Kind == record.KindBackup {
			e.Title = r.JobName
		} else if !r.Kind.Own() {
			if t, err := store.Tasks.Get(tx, string(record.TaskOf(r.ID, 1))); err == nil {
				e.Repository, e.Full = t.Repository, t.Full
			}
		}
		if q.Repository != "" && e.Repository != q.Repository {
			return
		}
		if !r.Status.Ended() {
			if e.Expected = s.expected(&e); e.Expected > 0 {
				e.End = later(r.Started.Add(e.Expected), st.At)
			}
		}
		list = append(list, e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Store.View(func(tx *store.Tx) error {
		for i := range st.Running {
			if r := &st.Running[i]; r.Started.Before(q.To) {
				add(tx, &r.Run, r.Waiting)
			}
		}
		for r, err := range store.Runs.From(tx, "", idAt(q.From)) {
			switch {
			case err != nil:
				return err
			case !r.Started.Before(q.To) || len(list) > q.Limit+len(st.Running):
				return nil
			case !r.Started.Before(q.From):
				add(tx, &r, r.Held)
			}
		}
		return nil
	})
	return list, err
}

// idAt is the least id that is made at a time (RFC 9562, 5.7).
func idAt(t time.Time) string {
	var id uuid.UUID
	ms := max(0, t.UnixMilli())
	for i := range 6 {
		id[i] = byte(ms >> (40 - 8*i))
	}
	return id.String()
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// expected is how long something usually takes; s.mu is held.
func (s *Service) expected(e *Entry) time.Duration {
	if e.Kind == record.KindBackup {
		return usual(s.runs.ofJob[e.Job])
	}
	return usual(s.runs.ofWork[workOf{e.Repository, e.Kind, e.Full}])
}

// coming lists what will start by the clock.
func (s *Service) coming(st *State, q Span, now time.Time) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	from := later(q.From, now)
	var list []Entry
	add := func(e Entry, c *schedule.Schedule, o schedule.Occurrence) {
		e.Coming, e.Start, e.Stop, e.Cause, e.Zone = true, o.Start, o.Stop, c.String(), c.Zone.String()
		s.expect(&e)
		list = append(list, e)
	}
	// walk calls add for each start of a schedule within the span, at most as many as are asked for.
	walk := func(one *record.Schedule, e Entry) {
		c, err := one.Located()
		if err != nil {
			return
		}
		at := from.Add(-time.Second)
		if !from.After(now) {
			at = now
		}
		for range q.Limit + 1 {
			o, ok := c.Next(at)
			if !ok || !o.Start.Before(q.To) {
				return
			}
			add(e, &c, o)
			at = o.Start
		}
	}
	if q.Repository == "" {
		for i := range st.Jobs {
			if j := &st.Jobs[i]; works(j) && (q.Job == "" || q.Job == j.ID) {
				for n := range j.Schedules {
					if j.Schedules[n].After == nil {
						walk(&j.Schedules[n], Entry{Kind: record.KindBackup, Title: j.Name, Job: j.ID, JobName: j.Name})
					}
				}
			}
		}
		list = s.followers(st, q, now, once(list))
	}
	if q.Job != "" {
		return list
	}
	for i := range st.Repositories {
		r := &st.Repositories[i]
		if q.Repository != "" && q.Repository != r.ID {
			continue
		}
		for _, d := range st.plans[r.ID].Due {
			if kind, full := kindOf(d.Work); !q.From.After(now) && d.Run == "" {
				list = append(list, Entry{Coming: true, Kind: kind, Full: full, Start: d.Start, Title: d.Work.String() + " " + r.Name, Repository: r.ID, Cause: d.Cause, Waiting: d.Waiting})
			}
		}
		for _, w := range record.RepositoryWorks {
			kind, full := kindOf(w)
			for _, one := range r.Schedules.Of(w) {
				walk(&one, Entry{Kind: kind, Full: full, Title: w.String() + " " + r.Name, Repository: r.ID})
			}
		}
	}
	if q.Repository == "" && st.selfBackup.Folder != "" {
		for n := range st.selfBackup.Schedules {
			walk(&st.selfBackup.Schedules[n], Entry{Kind: record.KindDirectorBackup, Title: "Backup of the Director"})
		}
	}
	return list
}

// expect adds how long it takes, and when it ends; s.mu is held.
func (s *Service) expect(e *Entry) {
	if e.Expected = s.expected(e); e.Expected == 0 {
		return
	}
	e.End = e.Start.Add(e.Expected)
	if !e.Stop.IsZero() && e.Stop.Before(e.End) {
		e.End = e.Stop
	}
}

// once leaves out starts of one job at the same moment.
func once(list []Entry) []Entry {
	slices.SortStableFunc(list, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Job, b.Job), a.Start.Compare(b.Start)) })
	return slices.CompactFunc(list, func(a, b Entry) bool { return a.Job == b.Job && a.Start.Equal(b.Start) })
}

// followers adds the starts of jobs that follow others, as far as is known when those end. With a job asked for that follows
// others, the starts of its leaders are not in the list, and so neither are its own.
func (s *Service) followers(st *State, q Span, now time.Time, list []Entry) []Entry {
	behind := map[record.JobID][]*record.Job{}
	for i := range st.Jobs {
		j := &st.Jobs[i]
		if !works(j) || q.Job != "" && q.Job != j.ID {
			continue
		}
		for n := range j.Schedules {
			if a := j.Schedules[n].After; a != nil && a.Successful {
				behind[a.Job] = append(behind[a.Job], j)
			}
		}
	}
	if len(behind) == 0 {
		return list
	}
	for at, deep := 0, len(list)+q.Limit+1; at < len(list) && len(list) < deep; at++ {
		lead := list[at]
		for _, j := range behind[lead.Job] {
			for n := range j.Schedules {
				a := j.Schedules[n].After
				if a == nil || a.Job != lead.Job || !a.Successful || lead.End.IsZero() {
					continue
				}
				e := Entry{
					Coming: true, Kind: record.KindBackup, Title: j.Name, Job: j.ID, JobName: j.Name, Start: lead.End.Add(a.Delay),
					Cause: "after " + lead.JobName, Estimated: true,
				}
				if e.Start.Before(q.To) && e.Start.After(now) {
					s.expect(&e)
					list = append(list, e)
				}
			}
		}
	}
	return list
}

// kindOf returns what a repository's work is as a run.
func kindOf(w record.RepositoryWork) (kind record.RunKind, full bool) {
	switch w {
	case record.WorkDetach:
		return record.KindDetach, false
	case record.WorkAttach:
		return record.KindAttach, false
	case record.WorkReclaim:
		return record.KindReclaim, false
	case record.WorkVerifyFull:
		return record.KindVerify, true
	default:
		return record.KindVerify, false
	}
}
