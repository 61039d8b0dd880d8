package depot

import (
	"context"
	"slices"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// SetSchedules replaces what is done to a repository by the clock. With schedules that delete everything, confirm must be
// the repository's name. Also is done in the same transaction, with the repository as it is now.
func (s *Service) SetSchedules(ctx context.Context, id record.RepositoryID, to record.RepositorySchedules, confirm string, also func(*store.Tx, record.Repository) error) (record.Repository, error) {
	var r record.Repository
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if r, err = store.Repositories.Get(tx, string(id)); err != nil {
			return err
		}
		if to.Recreate && confirm != r.Name {
			return fault.InvalidField("confirm_name", "each attach by schedule would delete every backup in the repository, for ever; to have that, give the repository's name, %s", r.Name)
		}
		r.Schedules = to
		if err := store.Repositories.Put(tx, r); err != nil {
			return err
		}
		return also(tx, r)
	})
	if err == nil && to.Recreate {
		s.Logger.Warn("repository is set to be deleted and made anew at each attach by schedule", "repository", id)
	}
	return r, err
}

// OnlyHere returns the names of the jobs that keep their backups in the repository.
func (s *Service) OnlyHere(id record.RepositoryID) ([]string, error) {
	var names []string
	err := s.Store.View(func(tx *store.Tx) error {
		for j, err := range store.Jobs.All(tx, "") {
			if err != nil {
				return err
			}
			if slices.Contains(j.Repositories(), id) {
				names = append(names, j.Name)
			}
		}
		return nil
	})
	return names, err
}

// Close asks the Transporter of a detached repository to let go of it, which it has perhaps done already.
func (s *Service) Close(ctx context.Context, id record.RepositoryID) error {
	r, err := s.Get(id)
	if err != nil {
		return err
	}
	client, err := s.Fleet.Client(r.Transporter)
	if err == nil {
		_, err = client.DetachRepository(ctx, &transporterv1.DetachRepositoryRequest{RepositoryId: string(id)})
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return s.reach(r, err)
	}
	return nil
}

// Busy returns Conflict while a task uses the repository.
func (s *Service) Busy(id record.RepositoryID) error {
	return s.Store.View(func(tx *store.Tx) error { return busy(tx, id) })
}

// forget removes a repository from the store, with what its schedules had begun.
func forget(tx *store.Tx, id record.RepositoryID) error {
	if err := store.RepositoryPlans.Delete(tx, string(id)); err != nil {
		return err
	}
	return store.Repositories.Delete(tx, string(id))
}
