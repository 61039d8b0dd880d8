// Package tenant is the state of a simulated Microsoft 365 tenant: users, mailboxes, folders, messages and open upload
// sessions. Every change is an event with a number; with a state directory the events are journaled before the change is
// answered, so that a tenant killed at any moment goes on exactly where it was: same ids, same numbers, same tokens.
//
// It knows nothing of HTTP. Values handed out (User, Folder, Message) are never changed afterwards: a change replaces them.
package tenant

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a tenant.
type Options struct {
	// Dir keeps the journal and the contents. Empty: nothing survives.
	Dir string
	// Now is the clock before the settable offset is added. Default: time.Now.
	Now func() time.Time
}

// Tenant is the state and its journal. Its methods may be called from any goroutine.
type Tenant struct {
	Blobs *Blobs

	mu      sync.RWMutex
	state   *State
	journal *journal // nil without a state directory
	now     func() time.Time
	broken  error // set when the journal could not be written: no further change is taken
}

// State is everything the tenant holds. It is reached through View and Update only.
type State struct {
	Seq       uint64 // number of the newest event
	users     map[string]*User
	userOrder []string
	byName    map[string]string   // lower-case principal names and addresses to ids
	mailboxes map[string]*Mailbox // those in which something happened
	pristine  pristine            // some of the others
	directory []UserChange        // log of the users, oldest first
	sessions  map[string]*Session
	offset    atomic.Int64 // of the clock, in nanoseconds
}

// Open replays what the directory holds, or starts empty.
func Open(opts Options) (*Tenant, error) {
	now := opts.Now
	if now == nil {
		now = time.Now
	}
	t := &Tenant{now: now, state: newState()}
	var err error
	if opts.Dir == "" {
		t.Blobs, err = tempBlobs()
		return t, err
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, err
	}
	if t.Blobs, err = openBlobs(filepath.Join(opts.Dir, "blobs.dat")); err != nil {
		return nil, fmt.Errorf("open contents: %w", err)
	}
	t.journal, err = openJournal(filepath.Join(opts.Dir, "journal.jsonl"), t.state.apply)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("replay journal: %w", err), t.Blobs.Close())
	}
	return t, nil
}

func newState() *State {
	return &State{
		users:     map[string]*User{},
		byName:    map[string]string{},
		mailboxes: map[string]*Mailbox{},
		sessions:  map[string]*Session{},
	}
}

// Close releases the files. What was answered is already in them.
func (t *Tenant) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var err error
	if t.journal != nil {
		err = t.journal.close()
	}
	return errors.Join(err, t.Blobs.Close())
}

// Now is the tenant's time, UTC. It takes no lock: it may be asked inside View and Update.
func (t *Tenant) Now() time.Time {
	return t.now().Add(time.Duration(t.state.offset.Load())).UTC()
}

// Wall is the clock without the offset.
func (t *Tenant) Wall() time.Time { return t.now().UTC() }

// View runs fn with the state held still. fn must not keep Mailbox values after it returned.
func (t *Tenant) View(fn func(*State)) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	fn(t.state)
}

// Update runs fn alone. What fn changed through tx is journaled in one write before Update returns, also when fn fails:
// fn checks first and changes afterwards.
func (t *Tenant) Update(fn func(*Tx) error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.broken != nil {
		return t.broken
	}
	tx := &Tx{State: t.state, tenant: t, Now: t.Now()}
	err := fn(tx)
	if t.journal != nil {
		if jerr := t.journal.flush(); jerr != nil {
			t.broken = fmt.Errorf("write journal: %w", jerr)
			return t.broken
		}
	}
	return err
}
