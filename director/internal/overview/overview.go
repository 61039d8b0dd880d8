// Package overview knows how the whole installation is: what is unprotected, late, failed or about to be, and what mends it;
// what was done and what comes. It asks nobody: it follows the store with watches, keeps of the large tables what it needs in
// memory (about 300 bytes for each mailbox and job of it), and works the rest out when somebody asks, at most as often as
// costs a twentieth of a processor. What Transporters know beyond their state (search indexes, statistics) is asked by package
// growth now and then and handed in.
package overview

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/fleet"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
)

// Options of a Service. All but Search, Growth, Expires and Space are required.
type Options struct {
	Store      *store.Store
	Fleet      Fleet
	Dispatcher Dispatcher
	// Version is the Director's.
	Version string
	Now     func() time.Time
	Logger  hclog.Logger
	// Search tells how the search index of a repository was when it was last asked; Growth, what is foretold of its disk.
	Search func(record.RepositoryID) (SearchState, bool)
	Growth func(record.RepositoryID) (full time.Time, ok bool)
	// Expires is when the certificate ends that clients see, and whether the Director renews it.
	Expires func() (at time.Time, renewed bool)
	// Space is what the disk of the Director's data folder holds, and what of it is free, in bytes.
	Space func() (total, free int64, err error)
}

// Fleet tells how Transporters are.
type Fleet interface {
	Status(id record.TransporterID) fleet.Status
}

// Dispatcher tells what goes on.
type Dispatcher interface {
	List(f dispatch.Filter) ([]dispatch.RunView, error)
}

// SearchState is how the search index of a repository was.
type SearchState struct {
	Behind int64
	// Since is from when on it has been behind or in trouble.
	Since   time.Time
	Trouble string
}

// Service answers what a dashboard asks. Its methods may be called by several goroutines.
type Service struct {
	Options

	mu sync.Mutex // guards what follows, and that one works it out at a time
	tables
	state *State
	cost  time.Duration
	// waiting is since when runs have been waiting.
	waiting map[record.RunID]time.Time
}

// New returns the service. Close must be called when it is not needed any more.
func New(o Options) *Service {
	s := &Service{Options: o, waiting: map[record.RunID]time.Time{}}
	s.tables = openTables(o.Store)
	return s
}

// Run keeps what is known ready until ctx ends, so that the first who asks need not wait.
func (s *Service) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	defer s.tables.close()
	for {
		if _, err := s.Look(); err != nil && ctx.Err() == nil {
			s.Logger.Error("the overview cannot be worked out; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// restFactor is how many times as long as it took the overview is not worked out again.
const restFactor = 20

// Look returns how everything is. What is returned is never changed.
func (s *Service) Look() (*State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.Now()
	if s.state != nil {
		if age := now.Sub(s.state.At); age >= 0 && age < s.cost*restFactor {
			return s.state, nil
		}
	}
	begun := time.Now()
	state, err := s.work(now)
	if err != nil {
		return nil, err
	}
	s.state, s.cost = state, time.Since(begun)
	return state, nil
}

// work works everything out; s.mu is held.
func (s *Service) work(now time.Time) (*State, error) {
	running, err := s.Dispatcher.List(dispatch.Filter{Running: true, Limit: maxRunning})
	if err != nil {
		return nil, err
	}
	st := &State{At: now, Running: running}
	s.take()
	err = s.Store.View(func(tx *store.Tx) error {
		if err := s.tables.follow(tx, now); err != nil {
			return err
		}
		return s.small(tx, st)
	})
	if err != nil {
		return nil, err
	}
	s.protection(st)
	s.problems(st)
	return st, nil
}

// maxRunning bounds the activities that are looked at; more at once are not to be expected.
const maxRunning = 1000
