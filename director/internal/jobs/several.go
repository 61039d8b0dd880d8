package jobs

import (
	"context"
	"errors"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Clone makes a job like another under a name of its own: disabled, and without a past. It starts after the jobs that the
// other starts after; what starts after the other does not start after it.
func (s *Service) Clone(ctx context.Context, id record.JobID, name string) (record.Job, error) {
	fresh, err := record.NewID()
	if err != nil {
		return record.Job{}, err
	}
	var j record.Job
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		old, err := store.Jobs.Get(tx, string(id))
		if err != nil {
			return err
		}
		if err := settled(old); err != nil {
			return err
		}
		j = old
		j.ID, j.Edition, j.Name, j.Created, j.Enabled = record.JobID(fresh), 1, name, s.Now(), false
		j.LastRun, j.Former = "", nil
		if err := checkName(tx, j); err != nil {
			var f *fault.Fault
			if errors.As(err, &f) && f.Field == "job.name" {
				return fault.InvalidField("name", "%s", f.Message)
			}
			return err
		}
		return store.Jobs.Insert(tx, j)
	})
	return j, err
}

// SetEnabled enables or disables jobs: all, or with an error none. Conflict for a draft, which cannot be enabled.
func (s *Service) SetEnabled(ctx context.Context, ids []record.JobID, enabled bool) ([]Listed, error) {
	var list []Listed
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		list = nil
		for _, id := range ids {
			j, err := store.Jobs.Get(tx, string(id))
			if err != nil {
				return err
			}
			if err := settled(j); err != nil {
				return err
			}
			if j.Draft && enabled {
				return fault.New(fault.Conflict, "job %s is a draft; complete it first, then enable it", j.Name)
			}
			if j.Enabled != enabled {
				j.Edition++
			}
			j.Enabled = enabled
			if err := store.Jobs.Put(tx, j); err != nil {
				return err
			}
			run, err := last(tx, j)
			if err != nil {
				return err
			}
			list = append(list, Listed{Job: j, Last: run})
		}
		return nil
	})
	return list, err
}
