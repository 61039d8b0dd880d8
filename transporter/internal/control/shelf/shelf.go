// Package shelf holds the repositories that the Director has attached to this Transporter, open, under the Director's ids.
// A repository that something uses is not taken off the shelf. Keys are handed on to the repository and not kept.
package shelf

import (
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository"
)

// Shelf is a set of open repositories. Its methods may be called by many goroutines.
type Shelf struct {
	transporter func() string
	now         func() time.Time
	names       *names

	mu      sync.Mutex
	entries map[string]*entry
	closed  bool
}

// entry is one repository on its way in, open, or on its way out. mu of the shelf guards it.
type entry struct {
	repo    *repository.Repository // nil while it is being opened
	err     error                  // why it could not be opened
	opened  chan struct{}
	uses    int
	leaving bool
	idle    chan struct{} // made by who waits for the last use to end
}

// New returns an empty shelf. transporter names this Transporter in the locks; dir keeps which repository an id stands for.
func New(dir string, transporter func() string, now func() time.Time) (*Shelf, error) {
	n, err := openNames(dir)
	if err != nil {
		return nil, err
	}
	return &Shelf{transporter: transporter, now: now, names: n, entries: map[string]*entry{}}, nil
}

// Request names a repository, its folder and the secret that opens it.
type Request struct {
	ID     string
	Path   string
	Secret repository.Secret
}

// Create makes a repository and keeps it open. Creating one again with the same id and path returns it.
func (s *Shelf) Create(ctx context.Context, r Request, name string, level repository.Level) (string, error) {
	if r.ID == "" {
		return "", fault.InvalidField("repository_id", "the repository has no id")
	}
	return s.open(ctx, r, func() (*repository.Repository, error) {
		repo, err := repository.Create(ctx, s.options(r, name, level))
		if errors.Is(err, fault.Conflict) && s.names.known(r.ID) {
			// The answer to an earlier call may have been lost: what lies there is then ours.
			if again, openErr := repository.Open(ctx, s.options(r, "", 0)); openErr == nil {
				if s.names.mean(r.ID, again.ID()) {
					return again, nil
				}
				openErr = again.Close()
				return nil, errors.Join(err, openErr)
			}
		}
		if err != nil {
			return nil, err
		}
		if err := s.names.set(r.ID, repo.ID()); err != nil {
			return nil, errors.Join(err, repo.Close())
		}
		return repo, nil
	})
}

// Attach opens a repository and keeps it open; attaching an attached one returns it. An empty id takes whatever lies
// there, under its own id. It returns the id that it goes by.
func (s *Shelf) Attach(ctx context.Context, r Request) (string, error) {
	open := func() (*repository.Repository, error) {
		repo, err := repository.Open(ctx, s.options(r, "", 0))
		if err != nil {
			return nil, err
		}
		if r.ID != "" && !s.names.mean(r.ID, repo.ID()) {
			err := fault.New(fault.Conflict, "in %s lies another repository (%q) than the one to be attached", r.Path, repo.Name())
			return nil, errors.Join(err, repo.Close())
		}
		return repo, nil
	}
	if r.ID != "" {
		return s.open(ctx, r, open)
	}
	if id, ok := s.at(r.Path); ok {
		return id, nil
	}
	repo, err := open()
	if err != nil {
		return "", err
	}
	r.ID = repo.ID()
	taken := false
	id, err := s.open(ctx, r, func() (*repository.Repository, error) {
		taken = true
		return repo, nil
	})
	if !taken { // a copy of one that is attached, or the shelf is closed
		err = errors.Join(err, repo.Close())
	}
	return id, err
}

func (s *Shelf) options(r Request, name string, level repository.Level) repository.Options {
	return repository.Options{
		Path: r.Path, Name: name, Level: level, Secret: r.Secret, Transporter: s.transporter(), Now: s.now,
	}
}

// open puts a repository on the shelf unless it is there. Callers at the same time wait for the first one's opening.
func (s *Shelf) open(ctx context.Context, r Request, open func() (*repository.Repository, error)) (string, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return "", fault.New(fault.Unavailable, "the Transporter is shutting down")
	}
	if e, ok := s.entries[r.ID]; ok {
		leaving := e.leaving
		s.mu.Unlock()
		if leaving {
			return "", fault.New(fault.Conflict, "repository %s is being detached at this moment; try again", r.ID)
		}
		select {
		case <-e.opened:
		case <-ctx.Done():
			return "", fault.New(fault.Timeout, "repository %s is still being opened: %w", r.ID, ctx.Err())
		}
		if e.err != nil {
			return "", e.err
		}
		return r.ID, s.same(e, r)
	}
	e := &entry{opened: make(chan struct{})}
	s.entries[r.ID] = e
	s.mu.Unlock()
	repo, err := open()
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.repo, e.err = repo, err; err != nil {
		delete(s.entries, r.ID)
	}
	close(e.opened)
	return r.ID, err
}

// same reports whether an attached repository is the one asked for.
func (s *Shelf) same(e *entry, r Request) error {
	if e.repo.Path() == cleaned(r.Path) {
		return nil
	}
	return fault.New(fault.Conflict, "the repository is attached from %s already; detach it there first", e.repo.Path())
}

// at returns the id of the repository that is attached from a folder.
func (s *Shelf) at(path string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, e := range s.entries {
		if e.repo != nil && e.repo.Path() == cleaned(path) {
			return id, true
		}
	}
	return "", false
}

// Use returns an attached repository and the function that ends its use. NotFound when it is not attached.
func (s *Shelf) Use(id string) (*repository.Repository, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.entries[id]
	if !ok || e.repo == nil || e.leaving {
		return nil, nil, fault.New(fault.NotFound, "repository %s is not attached to this Transporter", id)
	}
	e.uses++
	var once sync.Once
	return e.repo, func() { once.Do(func() { s.release(e) }) }, nil
}

func (s *Shelf) release(e *entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.uses--; e.uses == 0 && e.idle != nil {
		close(e.idle)
		e.idle = nil
	}
}

// detachWait is how long the last readers of a repository may take before it is said to be in use.
const detachWait = 10 * time.Second

// Detach closes a repository cleanly once nothing uses it, and takes it off the shelf. Detaching a detached one is no
// error; one that stays in use for ten seconds is a Conflict and stays attached.
func (s *Shelf) Detach(ctx context.Context, id string) error {
	s.mu.Lock()
	e, ok := s.entries[id]
	if !ok {
		s.mu.Unlock()
		return nil
	}
	if e.repo == nil || e.leaving {
		s.mu.Unlock()
		return fault.New(fault.Conflict, "repository %s is being attached or detached at this moment; try again", id)
	}
	e.leaving = true
	if e.uses > 0 {
		idle := make(chan struct{})
		e.idle = idle
		s.mu.Unlock()
		timer := time.NewTimer(detachWait)
		select {
		case <-idle:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		s.mu.Lock()
	}
	if e.uses > 0 {
		e.leaving, e.idle = false, nil
		uses := e.uses
		s.mu.Unlock()
		return fault.New(fault.Conflict, "repository %s is in use by %d tasks or readers; stop them first", id, uses)
	}
	s.mu.Unlock()
	err := e.repo.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entries, id)
	return err
}

// Attached returns the ids of the attached repositories.
func (s *Shelf) Attached() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []string{}
	for id, e := range s.entries {
		if e.repo != nil && !e.leaving {
			ids = append(ids, id)
		}
	}
	return ids
}

// Close closes all repositories, whatever uses them, and keeps others from being attached. Tasks must have ended.
func (s *Shelf) Close() error {
	s.mu.Lock()
	s.closed = true
	var all []*entry
	for _, e := range s.entries {
		all = append(all, e)
	}
	s.mu.Unlock()
	var errs []error
	for _, e := range all {
		<-e.opened
		if e.err == nil {
			errs = append(errs, e.repo.Close())
		}
	}
	return errors.Join(errs...)
}
