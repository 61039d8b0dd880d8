// Package depot is the repositories: which folder on which Transporter keeps backups, with which key, and that it is
// attached there whenever something needs it. What is in a repository is asked of its Transporter each time.
package depot

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/fleet"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// attachWait bounds opening a repository: a large index takes a while.
const attachWait = 10 * time.Minute

// Options of a Service.
type Options struct {
	Store  *store.Store
	Fleet  *fleet.Fleet
	Logger hclog.Logger
	Now    func() time.Time
}

// Service keeps repositories. Its methods may be called by several goroutines.
type Service struct {
	Options

	mu sync.Mutex
	// opened is when the Transporter began to run on which a repository was last attached: after a restart of it, the
	// repository must be attached again.
	opened map[record.RepositoryID]epoch

	backups remembered
	owners  owners
}

type epoch struct {
	transporter record.TransporterID
	started     time.Time
}

// New returns the service.
func New(o Options) *Service {
	return &Service{Options: o, opened: map[record.RepositoryID]epoch{}}
}

// Run attaches repositories again when their Transporter comes back or restarted, until ctx ends.
func (s *Service) Run(ctx context.Context) error {
	changes, cancel := s.Fleet.Changes()
	defer cancel()
	for {
		s.attachAll(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-changes:
		}
	}
}

// attachAll attaches what is meant to be attached, where the Transporter answers.
func (s *Service) attachAll(ctx context.Context) {
	all, err := s.List()
	if err != nil {
		s.Logger.Error("list repositories", "error", err)
		return
	}
	var wg sync.WaitGroup
	for _, r := range all {
		if !r.Attached || !s.Fleet.Status(r.Transporter).Reachable {
			continue
		}
		wg.Go(func() {
			if _, err := s.Ensure(ctx, r.ID); err != nil && ctx.Err() == nil {
				s.Logger.Warn("repository not attached", "repository", r.ID, "transporter", r.Transporter, "kind", fault.KindOf(err).Error())
			}
		})
	}
	wg.Wait()
}

// Get returns a repository with its key.
func (s *Service) Get(id record.RepositoryID) (record.Repository, error) {
	var r record.Repository
	err := s.Store.View(func(tx *store.Tx) (err error) {
		r, err = store.Repositories.Get(tx, string(id))
		return err
	})
	return r, err
}

// List returns all repositories in the order in which they were added.
func (s *Service) List() ([]record.Repository, error) {
	var all []record.Repository
	err := s.Store.View(func(tx *store.Tx) error {
		for r, err := range store.Repositories.All(tx, "") {
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	return all, err
}

// Ensure attaches a repository on its Transporter unless it is known to be, and returns it. Conflict when a person
// detached it.
func (s *Service) Ensure(ctx context.Context, id record.RepositoryID) (record.Repository, error) {
	r, err := s.Get(id)
	if err != nil {
		return record.Repository{}, err
	}
	if !r.Attached {
		return record.Repository{}, fault.New(fault.Conflict, "repository %s is detached; attach it first", r.Name)
	}
	status := s.Fleet.Status(r.Transporter)
	if s.isOpen(r, status.Started) {
		return r, nil
	}
	client, err := s.Fleet.Client(r.Transporter)
	if err != nil {
		return record.Repository{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attachWait)
	defer cancel()
	answer, key, err := s.attach(ctx, client, r, false)
	if err != nil {
		if fault.KindOf(err) != fault.Unavailable && fault.KindOf(err) != fault.Canceled {
			s.note(ctx, r.ID, err.Error())
		}
		return record.Repository{}, s.reach(r, err)
	}
	s.mu.Lock()
	s.opened[r.ID] = epoch{r.Transporter, status.Started}
	s.mu.Unlock()
	if !r.NextKey.Empty() { // now it is known which of the two it is
		err := s.put(ctx, r.ID, func(r *record.Repository) { r.Key, r.NextKey = key, record.RepositoryKey{} })
		if err != nil {
			return record.Repository{}, err
		}
		r.Key, r.NextKey = key, record.RepositoryKey{}
	}
	s.remember(ctx, r.ID, answer)
	return r, nil
}

func (s *Service) isOpen(r record.Repository, started time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.opened[r.ID]
	return ok && !started.IsZero() && e == epoch{r.Transporter, started}
}

// Doubt forgets that a repository is attached, so that Ensure asks its Transporter again.
func (s *Service) Doubt(id record.RepositoryID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.opened, id)
}

// reach names the Transporter in an error that is about not reaching it.
func (s *Service) reach(r record.Repository, err error) error {
	if fault.KindOf(err) == fault.Unavailable && !s.Fleet.Status(r.Transporter).Reachable {
		return s.Fleet.Unreachable(r.Transporter, err)
	}
	return err
}

// With calls fn with the Transporter of an attached repository. When the Transporter turns out to have restarted in
// between, the repository is attached and fn called once more, so fn must be safe to repeat.
func (s *Service) With(ctx context.Context, id record.RepositoryID, fn func(transporterv1.ControlServiceClient) error) error {
	for again := false; ; again = true {
		r, err := s.Ensure(ctx, id)
		if err != nil {
			return err
		}
		client, err := s.Fleet.Client(r.Transporter)
		if err != nil {
			return err
		}
		since := s.Fleet.Status(r.Transporter).Started
		err = fn(client)
		if err == nil || !s.Closed(ctx, r, since, err) {
			return s.reach(r, err)
		}
		if again {
			return fault.New(fault.Unavailable, "Transporter %s restarts again and again: %w", s.Fleet.Named(r.Transporter), err)
		}
	}
}

// Closed reports whether err may come from the repository not having been attached any more, because its Transporter
// restarted; the next Ensure then attaches it again. Since is when the Transporter had started that was asked, as far as
// known then.
func (s *Service) Closed(ctx context.Context, r record.Repository, since time.Time, err error) bool {
	if k := fault.KindOf(err); k != fault.NotFound && k != fault.Conflict {
		return false
	}
	status, err := s.Fleet.Refresh(ctx, r.Transporter)
	if err == nil && status.Has(r.ID) && status.Started.Equal(since) {
		return false
	}
	s.Doubt(r.ID)
	return true
}

// remember writes what a Transporter said of a repository.
func (s *Service) remember(ctx context.Context, id record.RepositoryID, a *transporterv1.Repository) {
	s.edit(ctx, id, func(r *record.Repository) {
		r.Error = ""
		if a == nil {
			return
		}
		r.Statistics = statistics(a, s.Now())
		r.Encrypted = a.GetEncrypted()
		if a.GetCodec() != 0 {
			r.Codec = record.Codec(a.GetCodec())
		}
	})
}

// note writes why a repository cannot be used.
func (s *Service) note(ctx context.Context, id record.RepositoryID, why string) {
	s.edit(ctx, id, func(r *record.Repository) { r.Error = why })
}

// edit changes a stored repository; that it could not is logged, because nothing depends on it.
func (s *Service) edit(ctx context.Context, id record.RepositoryID, change func(*record.Repository)) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Repositories.Get(tx, string(id))
		if err != nil {
			return err
		}
		change(&r)
		return store.Repositories.Put(tx, r)
	})
	if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.NotFound {
		s.Logger.Error("repository's state not written", "repository", id, "error", err)
	}
}

func statistics(a *transporterv1.Repository, at time.Time) record.RepositoryStatistics {
	return record.RepositoryStatistics{
		Backups: a.GetBackups(), Points: a.GetPoints(), Blobs: a.GetBlobs(), StoredBytes: a.GetStoredBytes(),
		UniqueBytes: a.GetUniqueBytes(), LogicalBytes: a.GetLogicalBytes(), IndexBytes: a.GetIndexBytes(),
		FreeBytes: a.GetFreeBytes(), TotalBytes: a.GetTotalBytes(), At: at, Survey: wire.Survey(a.GetSurvey()),
	}
}

// free reports whether name and folder are no other repository's, and the Transporter there.
func free(tx *store.Tx, r record.Repository) error {
	if !store.Transporters.Has(tx, string(r.Transporter)) {
		return fault.InvalidField("transporter_id", "there is no Transporter %q", r.Transporter)
	}
	for other, err := range store.Repositories.All(tx, "") {
		switch {
		case err != nil:
			return err
		case other.ID == r.ID:
		case strings.EqualFold(other.Name, r.Name):
			return fault.InvalidField("name", "another repository is called %s", other.Name)
		case other.Transporter == r.Transporter && other.Path == r.Path:
			return fault.InvalidField("path", "repository %s is in this folder already", other.Name)
		}
	}
	return nil
}
