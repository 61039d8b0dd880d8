// Package shelf holds the repositories that the Director has attached to this Transporter, open. A repository goes by the id
// that the Director made it with, which lies in its folder; so it is known wherever it is brought, and two copies of one
// cannot be on a shelf at the same time. A repository that something uses is not taken off the shelf. Keys are handed on to
// the repository and not kept.
package shelf

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository"
)

// Shelf is a set of open repositories. Its methods may be called by many goroutines.
type Shelf struct {
	transporter func() string
	now         func() time.Time

	mu      sync.Mutex
	entries map[repoID]*entry
	deleted map[repoID]string // the folders of those that were deleted, in case an answer is lost and the order repeated
	closed  bool
}

// repoID is a repository's id as bytes, of which there is more than one spelling.
type repoID [16]byte

// entry is one repository on its way in, open, or on its way out. mu of the shelf guards it.
type entry struct {
	id      string                 // as it was asked for
	repo    *repository.Repository // nil while it is being opened
	search  *searcher              // with repo
	err     error                  // why it could not be opened
	opened  chan struct{}
	uses    int
	leaving bool
	idle    chan struct{} // made by who waits for the last use to end
}

// New returns an empty shelf. transporter names this Transporter in the locks.
func New(transporter func() string, now func() time.Time) *Shelf {
	return &Shelf{transporter: transporter, now: now, entries: map[repoID]*entry{}, deleted: map[repoID]string{}}
}

// Request names a repository, its folder and the secret that opens it.
type Request struct {
	ID     string
	Path   string
	Secret repository.Secret
}

// Create makes a repository and keeps it open. Creating one again with the same id and path returns it.
func (s *Shelf) Create(ctx context.Context, r Request, name string, level repository.Level) (string, error) {
	own, err := repository.ParseID(r.ID)
	if err != nil {
		return "", err
	}
	options := s.options(r)
	options.ID, options.Name, options.Level = own, name, level
	return s.open(ctx, own, r, func() (*repository.Repository, error) {
		repo, err := repository.Create(ctx, options)
		if errors.Is(err, fault.Conflict) {
			// The answer to an earlier call may have been lost: what lies there is then ours.
			if is, _, identifyErr := repository.Identify(r.Path); identifyErr == nil && same(is, own) {
				return repository.Open(ctx, options)
			}
		}
		return repo, err
	})
}

// Attach opens a repository and keeps it open; attaching an attached one returns it. An empty id takes whatever lies
// there. It returns the id that it goes by. Another repository than the one that is meant is a Conflict, and so is a copy of
// one that is attached from elsewhere.
func (s *Shelf) Attach(ctx context.Context, r Request) (string, error) {
	if r.ID == "" {
		is, _, err := repository.Identify(r.Path)
		if err != nil {
			return "", err
		}
		r.ID = spelled(is)
	}
	own, err := repository.ParseID(r.ID)
	if err != nil {
		return "", err
	}
	return s.open(ctx, own, r, func() (*repository.Repository, error) {
		is, name, err := repository.Identify(r.Path)
		if err != nil {
			return nil, err
		}
		if !same(is, own) {
			return nil, fault.New(fault.Conflict, "in %s lies another repository (%q) than the one to be attached", r.Path, name)
		}
		return repository.Open(ctx, s.options(r))
	})
}

// same reports whether an id in the descriptor's notation is the one meant.
func same(is string, own repoID) bool {
	id, err := repository.ParseID(is)
	return err == nil && id == own
}

// spelled returns an id in the descriptor's notation as a UUID, which is how the Director makes them.
func spelled(is string) string {
	if len(is) != 32 {
		return is
	}
	return is[:8] + "-" + is[8:12] + "-" + is[12:16] + "-" + is[16:20] + "-" + is[20:]
}

func (s *Shelf) options(r Request) repository.Options {
	return repository.Options{Path: r.Path, Secret: r.Secret, Transporter: s.transporter(), Now: s.now}
}

// open puts a repository on the shelf unless it is there. Callers at the same time wait for the first one's opening.
func (s *Shelf) open(ctx context.Context, own repoID, r Request, open func() (*repository.Repository, error)) (string, error) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return "", fault.New(fault.Unavailable, "the Transporter is shutting down")
	}
	if e, ok := s.entries[own]; ok {
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
		return e.id, s.samePlace(e, r)
	}
	e := &entry{id: r.ID, opened: make(chan struct{})}
	s.entries[own] = e
	delete(s.deleted, own)
	s.mu.Unlock()
	repo, err := open()
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.repo, e.err = repo, err; err != nil {
		delete(s.entries, own)
	} else {
		e.search = startSearch(repo)
	}
	close(e.opened)
	return r.ID, err
}

// samePlace reports whether an attached repository is the one asked for.
func (s *Shelf) samePlace(e *entry, r Request) error {
	if e.repo.Path() == cleaned(r.Path) {
		return nil
	}
	return fault.New(fault.Conflict, "the repository %q is attached from %s already, and what lies in %s is a copy of it; only one of them can be attached: detach the other first", e.repo.Name(), e.repo.Path(), r.Path)
}

// at returns the id of the repository that is attached from a folder.
func (s *Shelf) at(path string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.repo != nil && e.repo.Path() == cleaned(path) {
			return e.id, true
		}
	}
	return "", false
}

// Use returns an attached repository and the function that ends its use. NotFound when it is not attached.
func (s *Shelf) Use(id string) (*repository.Repository, func(), error) {
	e, done, err := s.use(id)
	if err != nil {
		return nil, nil, err
	}
	return e.repo, done, nil
}

// use returns an entry that is open.
func (s *Shelf) use(id string) (*entry, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own, err := repository.ParseID(id)
	e, ok := s.entries[own]
	if err != nil || !ok || e.repo == nil || e.leaving {
		return nil, nil, fault.New(fault.NotFound, "repository %s is not attached to this Transporter", id)
	}
	e.uses++
	var once sync.Once
	return e, func() { once.Do(func() { s.release(e) }) }, nil
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
	own, err := repository.ParseID(id)
	if err != nil {
		return nil // nothing is attached under it
	}
	s.mu.Lock()
	e, ok := s.entries[own]
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
	err = e.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.entries, own)
	return err
}

// close closes an open repository, having ended what reads it for search.
func (e *entry) close() error {
	e.search.stop()
	return e.repo.Close()
}

// Attached returns the ids of the attached repositories.
func (s *Shelf) Attached() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := []string{}
	for _, e := range s.entries {
		if e.repo != nil && !e.leaving {
			ids = append(ids, e.id)
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
			errs = append(errs, e.close())
		}
	}
	return errors.Join(errs...)
}

func cleaned(path string) string {
	abs, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return abs
}
