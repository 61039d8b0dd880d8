package depot

import (
	"context"
	"slices"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Create makes a repository on its Transporter and stores it: both, or neither.
func (s *Service) Create(ctx context.Context, r record.Repository) (record.Repository, error) {
	id, err := record.NewID()
	if err != nil {
		return record.Repository{}, err
	}
	r.ID, r.Created, r.Attached, r.Encrypted = record.RepositoryID(id), s.Now(), true, !r.Key.Empty()
	r.Switched = r.Created
	if err := s.Store.View(func(tx *store.Tx) error { return free(tx, r) }); err != nil {
		return record.Repository{}, err
	}
	client, err := s.Fleet.Client(r.Transporter)
	if err != nil {
		return record.Repository{}, err
	}
	folder, err := client.CheckFolder(ctx, &transporterv1.CheckFolderRequest{Path: r.Path})
	if err != nil {
		return record.Repository{}, s.reach(r, err)
	}
	if folder.GetIsRepository() {
		return record.Repository{}, fault.InvalidField("path", "%s holds a repository already; attach it instead, or choose another folder", r.Path)
	}
	made, err := client.CreateRepository(ctx, &transporterv1.CreateRepositoryRequest{
		RepositoryId: string(r.ID), Name: r.Name, Path: r.Path, Codec: transporterv1.Codec(r.Codec), Key: wire.Key(r.Key),
	})
	if err != nil {
		// Whether it was made is not known when the answer was lost; the id makes sure that it is ours.
		if fault.Temporary(err) || fault.KindOf(err) == fault.Canceled {
			s.undo(ctx, client, r)
		}
		return record.Repository{}, s.reach(r, err)
	}
	r.Statistics = statistics(made.GetRepository(), s.Now())
	if p := made.GetRepository().GetPath(); p != "" {
		r.Path = p
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := free(tx, r); err != nil {
			return err
		}
		return store.Repositories.Insert(tx, r)
	})
	if err != nil {
		s.undo(ctx, client, r)
		return record.Repository{}, err
	}
	s.Logger.Info("repository created", "repository", r.ID, "transporter", r.Transporter)
	return r, nil
}

// undo removes a repository that was just made and has nothing in it.
func (s *Service) undo(ctx context.Context, client transporterv1.ControlServiceClient, r record.Repository) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	_, err := client.DeleteRepository(ctx, &transporterv1.DeleteRepositoryRequest{RepositoryId: string(r.ID), Path: r.Path})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		s.Logger.Warn("unfinished repository not removed", "repository", r.ID, "transporter", r.Transporter, "kind", fault.KindOf(err).Error())
	}
}

// Adopt attaches a folder that the Director does not know and stores it.
func (s *Service) Adopt(ctx context.Context, r record.Repository) (record.Repository, error) {
	if err := s.Store.View(func(tx *store.Tx) error { return free(tx, r) }); err != nil {
		return record.Repository{}, err
	}
	client, err := s.Fleet.Client(r.Transporter)
	if err != nil {
		return record.Repository{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attachWait)
	defer cancel()
	answer, err := client.AttachRepository(ctx, &transporterv1.AttachRepositoryRequest{Path: r.Path, Key: wire.Key(r.Key)})
	if err != nil {
		return record.Repository{}, s.reach(r, err)
	}
	a := answer.GetRepository()
	r.ID, r.Codec, r.Encrypted = record.RepositoryID(a.GetId()), record.Codec(a.GetCodec()), a.GetEncrypted()
	r.Created, r.Attached, r.Statistics = a.GetCreated().AsTime(), true, statistics(a, s.Now())
	r.Switched = s.Now()
	if r.Name == "" {
		r.Name = a.GetName()
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if known, err := store.Repositories.Get(tx, string(r.ID)); err == nil {
			return fault.New(fault.Conflict, "the folder holds repository %s, which is known already; remove that entry first to bring it in from another place", known.Name)
		}
		if err := free(tx, r); err != nil {
			return err
		}
		return store.Repositories.Insert(tx, r)
	})
	if err != nil {
		// A known one stays attached for its own entry.
		if _, kerr := s.Get(r.ID); fault.KindOf(kerr) == fault.NotFound {
			_, _ = client.DetachRepository(ctx, &transporterv1.DetachRepositoryRequest{RepositoryId: string(r.ID)})
		}
		return record.Repository{}, err
	}
	return r, nil
}

// Attach attaches a known repository again. A key replaces the stored one when it opens the repository. With recreate all
// that is in it is deleted first; then it must be detached.
func (s *Service) Attach(ctx context.Context, id record.RepositoryID, key record.RepositoryKey, recreate bool) (record.Repository, error) {
	r, err := s.Get(id)
	if err != nil {
		return record.Repository{}, err
	}
	if recreate && r.Attached {
		return record.Repository{}, fault.New(fault.Conflict, "repository %s is attached; detach it first, then attach it anew", r.Name)
	}
	if !key.Empty() {
		r.Key, r.NextKey = key, record.RepositoryKey{}
	}
	client, err := s.Fleet.Client(r.Transporter)
	if err != nil {
		return record.Repository{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attachWait)
	defer cancel()
	answer, key, err := s.attach(ctx, client, r, recreate)
	if err != nil {
		return record.Repository{}, s.reach(r, err)
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := store.Repositories.Get(tx, string(id))
		if err != nil {
			return err
		}
		if !now.Attached {
			now.Switched = s.Now()
		}
		now.Attached, now.Error, now.Key, now.NextKey = true, "", key, record.RepositoryKey{}
		now.Statistics = statistics(answer, s.Now())
		r = now
		return store.Repositories.Put(tx, now)
	})
	return r, err
}

// Detach closes a repository cleanly: its folder may then be copied. Conflict while something uses it.
func (s *Service) Detach(ctx context.Context, id record.RepositoryID) (record.Repository, error) {
	var r, before record.Repository
	// It is marked first, so that nothing begins to use it while it is being closed.
	err := s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		if r, err = store.Repositories.Get(tx, string(id)); err != nil {
			return err
		}
		if err := busy(tx, id); err != nil {
			return err
		}
		if before = r; r.Attached {
			r.Switched = s.Now()
		}
		r.Attached, r.Error = false, ""
		return store.Repositories.Put(tx, r)
	})
	if err != nil {
		return record.Repository{}, err
	}
	s.Doubt(id)
	client, err := s.Fleet.Client(r.Transporter)
	if err == nil {
		_, err = client.DetachRepository(ctx, &transporterv1.DetachRepositoryRequest{RepositoryId: string(id)})
	}
	if err != nil {
		s.edit(context.WithoutCancel(ctx), id, func(r *record.Repository) { r.Attached, r.Switched = before.Attached, before.Switched })
		return record.Repository{}, s.reach(r, err)
	}
	return r, nil
}

// Remove forgets a repository, and deletes its data when told to. Conflict while a job or a task uses it.
func (s *Service) Remove(ctx context.Context, id record.RepositoryID, data bool) error {
	r, err := s.Get(id)
	if err != nil {
		return err
	}
	unused := func(tx *store.Tx) error {
		for j, err := range store.Jobs.All(tx, "") {
			if err != nil {
				return err
			}
			if slices.Contains(j.Repositories(), id) {
				return fault.New(fault.Conflict, "job %s keeps its backups in this repository; change or delete the job first", j.Name)
			}
		}
		return busy(tx, id)
	}
	if err := s.Store.View(unused); err != nil {
		return err
	}
	client, err := s.Fleet.Client(r.Transporter)
	if err != nil {
		return err
	}
	if data {
		_, err = client.DeleteRepository(ctx, &transporterv1.DeleteRepositoryRequest{RepositoryId: string(id), Path: r.Path})
		if fault.KindOf(err) == fault.NotFound {
			return fault.New(fault.Conflict, "nothing was deleted: %w; if it is gone for good, remove the repository without its data", err)
		}
		if err != nil {
			return s.reach(r, err)
		}
	} else if _, err = client.DetachRepository(ctx, &transporterv1.DetachRepositoryRequest{RepositoryId: string(id)}); err != nil {
		s.Logger.Warn("repository removed without being detached", "repository", id, "transporter", r.Transporter, "kind", fault.KindOf(err).Error())
	}
	s.Doubt(id)
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := unused(tx); err != nil {
			return err
		}
		return forget(tx, id)
	})
}

// busy returns Conflict while a task uses the repository.
func busy(tx *store.Tx, id record.RepositoryID) error {
	for run := range store.RunsActive.All(tx, "") {
		for t, err := range store.Tasks.All(tx, store.TaskPrefix(record.RunID(run))) {
			if err != nil {
				return err
			}
			if (t.Repository == id || t.Copy != nil && t.Copy.Target == id) && !t.Status.Ended() {
				return fault.New(fault.Conflict, "a run, a recovery or another activity is using this repository; stop it or wait for its end")
			}
		}
	}
	return nil
}
