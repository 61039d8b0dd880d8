package scheduler

import (
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// known is a job with its plan as they were read last.
type known struct {
	job  record.Job
	plan record.Plan
	// jobRevision and planRevision are those of the records; planRevision is 0 while there is no plan.
	jobRevision, planRevision uint64
	// From since until until nothing is due by the clock, as long as neither record changes.
	since, until time.Time
}

// planned is a job with all that decides about it.
type planned struct {
	*known
	// fresh is set while the job has no plan.
	fresh bool
	busy  bool
	// after are the jobs that it follows and that have runs which were not considered yet, as its schedules list them.
	after []leader
}

// leader is a job that another follows, with its runs that were not considered yet, oldest first; for a fresh job they begin
// with the newest that has ended.
type leader struct {
	job  record.JobID
	runs []record.Run
}

// quiet reports whether nothing can be due: nothing has changed since nothing was.
func (p *planned) quiet(now time.Time) bool {
	return !p.fresh && len(p.after) == 0 && !now.Before(p.since) && now.Before(p.until)
}

// rest keeps that nothing is due by the clock until a time.
func (p *planned) rest(since, until time.Time) {
	if len(p.after) == 0 {
		p.since, p.until = since, until
	}
}

type loaded struct {
	jobs []planned
	ends []record.Run // that go on and have an end time
}

// load reads all that decides. Records that have not changed since the last time are not read again.
func (s *Scheduler) load() (l loaded, err error) {
	err = s.Store.View(func(tx *store.Tx) error {
		l = loaded{jobs: make([]planned, 0, len(s.known))}
		active := map[record.RunID]bool{}
		for id := range store.RunsActive.All(tx, "") {
			active[record.RunID(id)] = true
			r, err := store.Runs.Get(tx, id)
			if err != nil {
				return err
			}
			if !r.StopAt.IsZero() && !r.Stop {
				l.ends = append(l.ends, r)
			}
		}
		plans := make(map[string]uint64, len(s.known))
		for id, revision := range store.Plans.Revisions(tx, "") {
			plans[id] = revision
		}
		for id, revision := range store.Jobs.Revisions(tx, "") {
			k, err := s.know(tx, record.JobID(id), revision, plans[id])
			if err != nil {
				return err
			}
			l.jobs = append(l.jobs, planned{known: k, fresh: k.planRevision == 0, busy: active[k.job.LastRun]})
		}
		if len(l.jobs) < len(s.known) {
			s.forget(l.jobs)
		}
		for i := range l.jobs {
			if err := s.complete(tx, &l.jobs[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return l, err
}

// know returns a job with its plan, read again when either has changed.
func (s *Scheduler) know(tx *store.Tx, id record.JobID, revision, planRevision uint64) (*known, error) {
	k := s.known[id]
	if k != nil && k.jobRevision == revision && k.planRevision == planRevision {
		return k, nil
	}
	job, err := store.Jobs.Get(tx, string(id))
	if err != nil {
		return nil, err
	}
	k = &known{job: job, plan: record.Plan{Job: id}, jobRevision: revision, planRevision: planRevision}
	if planRevision != 0 {
		if k.plan, err = store.Plans.Get(tx, string(id)); err != nil {
			return nil, err
		}
	}
	s.known[id] = k
	return k, nil
}

// forget drops the jobs that are not listed.
func (s *Scheduler) forget(list []planned) {
	clear(s.known)
	for i := range list {
		s.known[list[i].job.ID] = list[i].known
	}
}

// complete adds the runs of other jobs that the job follows.
func (s *Scheduler) complete(tx *store.Tx, p *planned) error {
	for i := range p.job.Schedules {
		after := p.job.Schedules[i].After
		if after == nil || slices.ContainsFunc(p.after, func(l leader) bool { return l.job == after.Job }) {
			continue
		}
		other := s.known[after.Job]
		if other == nil || other.job.LastRun == "" || other.job.LastRun == p.plan.Followed[after.Job] {
			continue
		}
		runs, err := unconsidered(tx, &other.job, p.plan.Followed[after.Job], p.fresh)
		if err != nil {
			return err
		}
		p.after = append(p.after, leader{after.Job, runs})
	}
	return nil
}

// unconsidered returns the runs of a job behind one of them up to its last, oldest first; when only is set, not those before
// the newest that has ended. A last run that sorts before the one that was considered was made after the clock had been set
// back, and stands for all that were.
func unconsidered(tx *store.Tx, j *record.Job, behind record.RunID, only bool) ([]record.Run, error) {
	var runs []record.Run
	add := func(id record.RunID) error {
		r, err := store.Runs.Get(tx, string(id))
		if fault.KindOf(err) == fault.NotFound {
			return nil // history is not kept for ever
		}
		if err == nil {
			runs = append(runs, r)
		}
		return err
	}
	if err := add(j.LastRun); err != nil {
		return nil, err
	}
	prefix := store.JobRunKey(j.ID, "")
	for key := range store.RunsOfJob.Backward(tx, prefix) {
		id := record.RunID(key[len(prefix):])
		if id >= j.LastRun {
			continue
		}
		if id <= behind || only && len(runs) > 0 && runs[len(runs)-1].Status.Ended() {
			break
		}
		if err := add(id); err != nil {
			return nil, err
		}
	}
	slices.Reverse(runs)
	return runs, nil
}
