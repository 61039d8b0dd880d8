// Package scheduler starts jobs by the clock and after one another, and ends runs at their end time. What it has considered
// is written in the transaction that starts a run, so that whenever the Director dies, a start is neither lost nor made
// twice:
//
//   - starts that were missed while the Director was off, or the job's last run went on, are made up for by one;
//   - a clock that is set back repeats nothing, and one that is set forward makes up for what it jumped over;
//   - a job that follows others starts once for the newest run of each that ended as it should.
package scheduler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Dispatcher starts and stops runs.
type Dispatcher interface {
	StartJob(ctx context.Context, id record.JobID, scope dispatch.Scope) (record.Run, error)
	StopBecause(ctx context.Context, id record.RunID, now bool, why string) error
}

// Options of a Scheduler. All are required.
type Options struct {
	Store      *store.Store
	Dispatcher Dispatcher
	Now        func() time.Time
	Logger     hclog.Logger
}

// Scheduler decides what is due.
type Scheduler struct {
	Options
	// refused are starts that failed, by job, to be tried again no sooner than at the time.
	refused map[record.JobID]time.Time
	// known is what was read of each job, so that a look costs little where nothing has changed.
	known map[record.JobID]*known
}

// New returns a scheduler that has not begun.
func New(o Options) *Scheduler {
	return &Scheduler{Options: o, refused: map[record.JobID]time.Time{}, known: map[record.JobID]*known{}}
}

const (
	// longest is how long the scheduler sleeps at most: a clock that is set is noticed by then.
	longest = 30 * time.Second
	// pause is how long after one look the next is at the earliest.
	pause = 250 * time.Millisecond
	// again is when a start that was refused for another reason than a run that goes on is tried again.
	again = time.Minute
	// ahead is how far in the future what was considered may lie before the clock is taken to have been set back.
	ahead = time.Minute
)

// Run works until the context is done.
func (s *Scheduler) Run(ctx context.Context) error {
	jobs := store.Jobs.Watch(s.Store, "")
	defer jobs.Close()
	runs := store.Runs.Watch(s.Store, "")
	defer runs.Close()
	changed := make(chan struct{}, 1)
	for _, w := range []*store.Watch{jobs, runs} {
		go func() {
			for {
				if _, err := w.Next(ctx); err != nil {
					return // the context or the store has ended, and with it the loop below
				}
				select {
				case changed <- struct{}{}:
				default:
				}
			}
		}()
	}
	for {
		next, err := s.Step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			s.Logger.Error("the schedule could not be looked through; trying again", "error", err)
			next = s.Now().Add(again)
		}
		// Runs are written often: what they change is looked at together.
		if !wait(ctx, pause, nil) || !wait(ctx, min(max(next.Sub(s.Now()), 0), longest), changed) {
			return nil
		}
	}
}

// wait returns after the time, or when something has changed; false when the context is done.
func wait(ctx context.Context, d time.Duration, changed <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
	case <-changed:
	}
	return true
}

// Step does what is due now and returns when something will be next, as far as that is known.
func (s *Scheduler) Step(ctx context.Context) (time.Time, error) {
	now := s.Now()
	next := now.Add(24 * time.Hour)
	sooner := func(t time.Time) {
		if t.Before(next) {
			next = t
		}
	}
	all, err := s.load()
	if err != nil {
		return next, err
	}
	for _, e := range all.ends {
		if e.StopAt.After(now) {
			sooner(e.StopAt)
			continue
		}
		why := fmt.Sprintf("it was stopped at its end time, %s; what was backed up until then is kept", e.StopAt.Format(time.RFC3339))
		if err := s.Dispatcher.StopBecause(ctx, e.ID, false, why); err != nil && fault.KindOf(err) != fault.Conflict {
			return next, err
		}
		s.Logger.Info("run reached its end time", "run", e.ID, "job", e.Job)
	}
	for i := range all.jobs {
		at, err := s.job(ctx, &all.jobs[i], now)
		if err != nil {
			return next, err
		}
		sooner(at)
	}
	return next, nil
}

// job does what is due for one job and returns when to look at it again.
func (s *Scheduler) job(ctx context.Context, p *planned, now time.Time) (time.Time, error) {
	if p.quiet(now) {
		return p.until, nil
	}
	d := decide(p, now)
	if !d.start {
		if !d.changed {
			p.rest(now, d.next)
			return d.next, nil
		}
		return d.next, s.Store.Update(ctx, func(tx *store.Tx) error { return store.Plans.Put(tx, d.plan) })
	}
	if p.busy {
		return d.next, nil // the end of the run wakes the scheduler
	}
	if at := s.refused[p.job.ID]; now.Before(at) {
		return at, nil
	}
	run, err := s.Dispatcher.StartJob(ctx, p.job.ID, dispatch.Scope{
		Cause: d.cause, StopAt: d.stopAt, Also: func(tx *store.Tx) error { return store.Plans.Put(tx, d.plan) },
	})
	switch {
	case err == nil:
		delete(s.refused, p.job.ID)
		s.Logger.Info("job started by its schedule", "job", p.job.ID, "run", run.ID)
		if !d.stopAt.IsZero() {
			d.look(d.stopAt)
		}
		return d.next, nil
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		return now, err
	}
	s.Logger.Warn("job could not be started by its schedule; trying again", "job", p.job.ID, "kind", fault.KindOf(err).Error())
	s.refused[p.job.ID] = now.Add(again)
	return now.Add(again), nil
}
