// Package jobs keeps the backup jobs: what to back up, where to, how. It checks that what a job names is there, and
// expands its source to mailboxes in the user's order. Running is package dispatch's business.
package jobs

import (
	"context"
	"reflect"
	"slices"
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
	j.ID, j.Edition, j.Created, j.LastRun, j.Former, j.Deletion = record.JobID(id), 1, s.Now(), "", nil, nil
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := check(tx, j, record.Job{}); err != nil {
			return err
		}
		return store.Jobs.Insert(tx, j)
	})
	return j, err
}

// Update changes a job. A run that is going on is not touched: it takes effect with the next. Conflict when the change began
// with another edition than the one that is stored; the same change once more, after a lost answer, is none.
func (s *Service) Update(ctx context.Context, j record.Job) (record.Job, error) {
	begun := j.Edition
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		old, err := store.Jobs.Get(tx, string(j.ID))
		if err != nil {
			return err
		}
		if err := settled(old); err != nil {
			return err
		}
		j.Edition, j.Created, j.LastRun, j.Former, j.Deletion = old.Edition, old.Created, old.LastRun, former(tx, old, j), nil
		if begun != 0 && begun != old.Edition {
			if reflect.DeepEqual(j, old) {
				return nil
			}
			return fault.New(fault.Conflict, "job %s was changed by somebody else since it was opened; open it again, and change it as it is now", old.Name)
		}
		j.Edition++
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

// former returns the repositories that a job leaves with an edit, and those that it left earlier and does not come back to.
func former(tx *store.Tx, old, now record.Job) []record.RepositoryID {
	if old.LastRun == "" {
		return nil // it has no points anywhere
	}
	used := now.Repositories()
	var left []record.RepositoryID
	for _, id := range old.AllRepositories() {
		if !slices.Contains(used, id) && store.Repositories.Has(tx, string(id)) {
			left = append(left, id)
		}
	}
	return left
}

// settled returns Conflict for a job that is being deleted.
func settled(j record.Job) error {
	if j.Deletion != nil {
		return fault.New(fault.Conflict, "job %s is being deleted with its backups", j.Name)
	}
	return nil
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
