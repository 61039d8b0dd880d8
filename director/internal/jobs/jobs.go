// Package jobs keeps the backup jobs: what to back up, where to, how. It checks that what a job names is there, and
// expands its source to mailboxes in the user's order. Running is package dispatch's business.
package jobs

import (
	"context"
	"reflect"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Options of a Service.
type Options struct {
	Store *store.Store
	Now   func() time.Time
}

// Service keeps jobs. Its methods may be called by several goroutines.
type Service struct{ Options }

// New returns the service.
func New(o Options) *Service { return &Service{o} }

// Create stores a new job.
func (s *Service) Create(ctx context.Context, j record.Job) (record.Job, error) {
	id, err := record.NewID()
	if err != nil {
		return record.Job{}, err
	}
	j.ID, j.Created, j.LastRun = record.JobID(id), s.Now(), ""
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := check(tx, j, record.Job{}); err != nil {
			return err
		}
		return store.Jobs.Insert(tx, j)
	})
	return j, err
}

// Update changes a job. A run that is going on is not touched: it takes effect with the next.
func (s *Service) Update(ctx context.Context, j record.Job) (record.Job, error) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		old, err := store.Jobs.Get(tx, string(j.ID))
		if err != nil {
			return err
		}
		j.Created, j.LastRun = old.Created, old.LastRun
		if err := check(tx, j, old); err != nil {
			return err
		}
		if !reflect.DeepEqual(j.Schedules, old.Schedules) {
			// A new schedule begins with what comes: what it would have asked for earlier was not missed.
			if err := forgetPlan(tx, j.ID); err != nil {
				return err
			}
		}
		return store.Jobs.Put(tx, j)
	})
	return j, err
}

// Delete forgets a job. Its backups and the history of its runs stay. Conflict while it runs.
func (s *Service) Delete(ctx context.Context, id record.JobID) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		j, err := store.Jobs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if j.LastRun != "" && store.RunsActive.Has(tx, string(j.LastRun)) {
			return fault.New(fault.Conflict, "job %s is running; stop it first", j.Name)
		}
		if follower, err := followerOf(tx, id); err != nil {
			return err
		} else if follower != "" {
			return fault.New(fault.Conflict, "job %s starts after job %s; change its schedules first", follower, j.Name)
		}
		if err := forgetPlan(tx, id); err != nil {
			return err
		}
		return store.Jobs.Delete(tx, string(id))
	})
}

// forgetPlan makes the scheduler take a job for new.
func forgetPlan(tx *store.Tx, id record.JobID) error {
	if err := store.Plans.Delete(tx, string(id)); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return nil
}

// Listed is a job with its last run, which has no id when the job never ran.
type Listed struct {
	record.Job
	Last record.Run
}

// Get returns a job.
func (s *Service) Get(id record.JobID) (Listed, error) {
	var l Listed
	err := s.Store.View(func(tx *store.Tx) (err error) {
		if l.Job, err = store.Jobs.Get(tx, string(id)); err != nil {
			return err
		}
		l.Last, err = last(tx, l.Job)
		return err
	})
	return l, err
}

// List returns all jobs in the order in which they were made.
func (s *Service) List() ([]Listed, error) {
	var all []Listed
	err := s.Store.View(func(tx *store.Tx) error {
		for j, err := range store.Jobs.All(tx, "") {
			if err != nil {
				return err
			}
			run, err := last(tx, j)
			if err != nil {
				return err
			}
			all = append(all, Listed{Job: j, Last: run})
		}
		return nil
	})
	return all, err
}

func last(tx *store.Tx, j record.Job) (record.Run, error) {
	if j.LastRun == "" {
		return record.Run{}, nil
	}
	r, err := store.Runs.Get(tx, string(j.LastRun))
	if fault.KindOf(err) == fault.NotFound {
		return record.Run{}, nil
	}
	return r, err
}
