package selfbackup

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/datadir"
	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Dispatcher keeps activities.
type Dispatcher interface {
	Own(kind record.RunKind, title, cause string) (record.Run, error)
	EndOwn(tx *store.Tx, id record.RunID, status record.RunStatus, why string) error
	TellOwn(id record.RunID)
}

// Options of a Service. All are required but KeyFile.
type Options struct {
	Store      *store.Store
	Dir        datadir.Dir
	Dispatcher Dispatcher
	// KeyFile is where the key is that seals the secrets; empty for the one in Dir.
	KeyFile string
	Product string
	Now     func() time.Time
	Logger  hclog.Logger
}

// Service backs up the Director, on demand and by the clock. A start by the clock is written with its activity before it is
// acted on; one that the death of the Director cut short is told and made up for.
type Service struct {
	Options
	wake chan struct{}

	mu sync.Mutex
	// again is when one by the clock that failed is tried again; zero when none did.
	again time.Time
}

// New returns a service that has not begun.
func New(o Options) *Service { return &Service{Options: o, wake: make(chan struct{}, 1)} }

const (
	// longest is how long the service sleeps at most: a clock that is set is noticed by then.
	longest = 30 * time.Second
	// retry is when a backup by the clock that failed is tried again.
	retry = time.Hour
	// ahead is how far in the future what was considered may lie before the clock is taken to have been set back.
	ahead = time.Minute
)

// Run works until the context is done.
func (s *Service) Run(ctx context.Context) error {
	if err := s.takeUp(ctx); err != nil && ctx.Err() == nil {
		s.Logger.Error("backups of the Director that were cut short are not told", "error", err)
	}
	for {
		if err := s.Step(ctx); err != nil && ctx.Err() == nil {
			s.Logger.Error("backup of the Director could not be begun; trying again", "error", err)
		}
		timer := time.NewTimer(longest)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		case <-s.wake:
			timer.Stop()
		}
	}
}

// takeUp ends activities of an earlier life, and has one that was by the clock made up for.
func (s *Service) takeUp(ctx context.Context) error {
	again := false
	if err := sweep(string(s.Dir), verifyPrefix); err != nil {
		return err
	}
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		for _, id := range going(tx) {
			r, err := store.Runs.Get(tx, string(id))
			if err != nil {
				return err
			}
			if err := s.Dispatcher.EndOwn(tx, id, record.RunFailed, "the Director was ended while it was backed up"); err != nil {
				return err
			}
			again = again || r.Cause != ""
		}
		return nil
	})
	if again {
		s.failed(s.Now())
	}
	return err
}

// failed notes that one by the clock is to be tried at a time.
func (s *Service) failed(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = at
}

// going returns the backups that have not ended.
func going(tx *store.Tx) []record.RunID {
	var list []record.RunID
	for id := range store.RunsActive.All(tx, "") {
		if r, err := store.Runs.Get(tx, id); err == nil && r.Kind == record.KindDirectorBackup {
			list = append(list, r.ID)
		}
	}
	return list
}

// Step does what is due: a backup by the clock, or one that was asked for.
func (s *Service) Step(ctx context.Context) error {
	now := s.Now()
	var asked []record.RunID
	err := s.Store.View(func(tx *store.Tx) error { asked = going(tx); return nil })
	if err != nil {
		return err
	}
	if len(asked) == 0 {
		cause, err := s.due(ctx, now)
		if err != nil || cause == "" {
			return err
		}
		run, err := s.begin(ctx, cause, now)
		if err != nil {
			return err
		}
		asked = append(asked, run.ID)
	}
	for _, id := range asked {
		if err := s.carryOut(ctx, id, now); err != nil {
			return err
		}
	}
	return nil
}

// due returns why a backup is to be made now; empty when none is.
func (s *Service) due(ctx context.Context, now time.Time) (string, error) {
	b, err := s.Settings()
	if err != nil || b.Folder == "" || len(b.Key) == 0 {
		return "", err
	}
	if b.Considered.After(now.Add(ahead)) { // the clock was set back
		return "", s.edit(ctx, func(b *record.SelfBackup) { b.Considered = now })
	}
	for _, one := range b.Schedules {
		c, err := one.Located()
		if err != nil {
			continue // the zone is not known on this machine any more
		}
		if _, ok := c.Latest(b.Considered, now); ok {
			return "schedule: " + c.String(), nil
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.again.IsZero() && !now.Before(s.again) {
		return "schedule: again, because the last one failed", nil
	}
	return "", nil
}

// begin writes that a backup begins.
func (s *Service) begin(ctx context.Context, cause string, now time.Time) (record.Run, error) {
	run, err := s.Dispatcher.Own(record.KindDirectorBackup, "Back up the Director", cause)
	if err != nil {
		return run, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := settings(tx)
		if err != nil {
			return err
		}
		if len(going(tx)) > 0 {
			return fault.New(fault.Conflict, "the Director is being backed up already")
		}
		if b.Folder == "" || len(b.Key) == 0 {
			return fault.New(fault.Conflict, "where to back the Director up to is not set, or no passphrase; set them first")
		}
		b.LastTried = now
		if cause != "" {
			b.Considered = now
		}
		return errors.Join(store.SelfBackups.Put(tx, b), dispatch.BeginOwn(tx, run))
	})
	return run, err
}

// Start has a backup made now, as an activity. Conflict before it is set up, and while one is going on.
func (s *Service) Start(ctx context.Context) (record.Run, error) {
	run, err := s.begin(ctx, "", s.Now())
	if err == nil {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return run, err
}

// carryOut makes a backup that was begun and writes how it ended.
func (s *Service) carryOut(ctx context.Context, id record.RunID, now time.Time) error {
	b, err := s.Settings()
	if err != nil {
		return err
	}
	file, failure := s.make(ctx, &b, now)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // the next life tells
	}
	status, why := record.RunSucceeded, ""
	if failure != nil {
		status, why = record.RunFailed, failure.Error()
	}
	cause := ""
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		r, err := store.Runs.Get(tx, string(id))
		if err != nil {
			return err
		}
		cause = r.Cause
		b, err := settings(tx)
		if err != nil {
			return err
		}
		if b.LastError = why; why == "" {
			b.LastSucceeded, b.LastFile = now, filepath.Base(file)
		}
		return errors.Join(store.SelfBackups.Put(tx, b), s.Dispatcher.EndOwn(tx, id, status, why))
	})
	s.Dispatcher.TellOwn(id)
	switch {
	case failure != nil:
		s.Logger.Error("the Director was not backed up", "run", id, "kind", fault.KindOf(failure).Error(), "error", failure)
		if cause != "" {
			s.failed(s.Now().Add(retry))
		}
	default:
		s.Logger.Info("Director backed up", "run", id, "file", file)
		s.failed(time.Time{})
	}
	return err
}

// make writes a backup, reads it again, gives it its name, and removes those that are too many.
func (s *Service) make(ctx context.Context, b *record.SelfBackup, now time.Time) (string, error) {
	c, err := s.content()
	if err != nil {
		return "", err
	}
	if err := sweep(b.Folder, partialPrefix); err != nil {
		return "", err
	}
	head := Head{Made: now, Product: s.Product, Schema: store.Schema, Installation: s.installation(), derivation: b.Derivation}
	partial, err := writePartial(b.Folder, head, b.Key, c)
	if err != nil {
		return "", err
	}
	defer func() { _ = os.Remove(partial) }() // gone already when all went well
	if _, err := verify(partial, func(*Head) ([]byte, error) { return b.Key, nil }, string(s.Dir)); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	path := filepath.Join(b.Folder, fileName(now))
	if _, err := os.Stat(path); err == nil {
		return "", fault.New(fault.Conflict, "%s is there already", path)
	}
	if err := os.Rename(partial, path); err != nil {
		return "", fault.New(fault.Denied, "name the backup: %w", err)
	}
	if err := datadir.SyncFolder(b.Folder); err != nil {
		return "", fault.New(fault.Denied, "make the name of the backup last: %w", err)
	}
	if err := prune(b.Folder, head.Installation, b.Keep); err != nil {
		s.Logger.Warn("backups of the Director that are too many are not removed", "error", err)
	}
	return path, nil
}

// content reads what goes into a backup beside the database.
func (s *Service) content() (content, error) {
	c := content{store: s.Store, small: map[string][]byte{}}
	keyPath := s.KeyFile
	if keyPath == "" {
		keyPath = s.Dir.Path(datadir.SealKey)
	}
	var err error
	if c.small[datadir.SealKey], err = datadir.ReadFile(keyPath); err != nil {
		return c, err
	}
	for _, name := range []string{datadir.Certificate, datadir.PrivateKey} {
		data, err := s.Dir.Read(name)
		if fault.KindOf(err) == fault.NotFound {
			continue // the Director was given a certificate from elsewhere
		}
		if err != nil {
			return c, err
		}
		c.small[name] = data
	}
	return c, nil
}

// installation returns the name of this Director's certificate authority.
func (s *Service) installation() string {
	name := ""
	_ = s.Store.View(func(tx *store.Tx) error { // without one the files of all installations in a folder count alike
		for r, err := range store.Identities.All(tx, "") {
			if err == nil {
				name = r.Installation
			}
			return err
		}
		return nil
	})
	return name
}
