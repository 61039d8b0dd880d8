package jobs

import (
	"context"
	"errors"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Delete forgets a job. Its backups and the history of its runs stay; where they were being deleted, what is left of them.
// Conflict while it runs.
func (s *Service) Delete(ctx context.Context, id record.JobID) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := deletable(tx, id); err != nil {
			return err
		}
		if err := errors.Join(forgetPlan(tx, id), store.ForgetPasts(tx, id)); err != nil {
			return err
		}
		return store.Jobs.Delete(tx, string(id))
	})
}

// DeleteWithBackups has a job and its points in every repository deleted, which package eraser does, and returns what is
// left of the job till then. Asked again, it changes nothing. Conflict while it runs, or points are copied.
func (s *Service) DeleteWithBackups(ctx context.Context, id record.JobID) (record.Job, error) {
	var j record.Job
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if j, err = deletable(tx, id); err != nil || j.Deletion != nil {
			return err
		}
		if err := uncopied(tx); err != nil {
			return err
		}
		d := &record.Deletion{Asked: s.Now()}
		for r, err := range store.Repositories.All(tx, "") {
			if err != nil {
				return err
			}
			d.Places = append(d.Places, record.DeletionPlace{Repository: r.ID, Name: r.Name})
		}
		j = record.Job{ID: j.ID, Name: j.Name, Group: j.Group, Created: j.Created, LastRun: j.LastRun, Deletion: d}
		if err := errors.Join(forgetPlan(tx, id), store.ForgetPasts(tx, id)); err != nil {
			return err
		}
		return store.Jobs.Put(tx, j)
	})
	return j, err
}

// deletable returns a job that may be deleted now.
func deletable(tx *store.Tx, id record.JobID) (record.Job, error) {
	j, err := store.Jobs.Get(tx, string(id))
	if err != nil {
		return record.Job{}, err
	}
	if j.LastRun != "" && store.RunsActive.Has(tx, string(j.LastRun)) {
		return record.Job{}, fault.New(fault.Conflict, "job %s is running; stop it first", j.Name)
	}
	follower, err := followerOf(tx, id)
	if err == nil && follower != "" {
		err = fault.New(fault.Conflict, "job %s starts after job %s; change its schedules first", follower, j.Name)
	}
	return j, err
}

// uncopied returns Conflict while points are copied: they would come back where they are copied to.
func uncopied(tx *store.Tx) error {
	for id := range store.RunsActive.All(tx, "") {
		r, err := store.Runs.Get(tx, id)
		if err != nil {
			return err
		}
		if r.Kind == record.KindCopy {
			return fault.New(fault.Conflict, "recovery points are being copied (%s); stop that or wait for its end", r.Title)
		}
	}
	return nil
}
