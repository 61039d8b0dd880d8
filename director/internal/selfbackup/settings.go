package selfbackup

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
)

// Settings returns how the Director is backed up.
func (s *Service) Settings() (record.SelfBackup, error) {
	var b record.SelfBackup
	err := s.Store.View(func(tx *store.Tx) (err error) { b, err = settings(tx); return err })
	return b, err
}

func settings(tx *store.Tx) (record.SelfBackup, error) {
	if !store.SelfBackups.Has(tx, store.OnlyKey) {
		return record.SelfBackup{Keep: record.DefaultBackupsKept}, nil
	}
	return store.SelfBackups.Get(tx, store.OnlyKey)
}

func (s *Service) edit(ctx context.Context, change func(*record.SelfBackup)) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := settings(tx)
		if err != nil {
			return err
		}
		change(&b)
		return store.SelfBackups.Put(tx, b)
	})
}

// Set replaces folder, number and schedules, and, unless it is empty, the passphrase. Invalid, with the field, when the
// folder cannot be used or there is no passphrase. What schedules would have asked for earlier was not missed.
func (s *Service) Set(ctx context.Context, to record.SelfBackup, passphrase string) (record.SelfBackup, error) {
	if to.Folder != "" {
		if err := usable(to.Folder, string(s.Dir)); err != nil {
			return to, err
		}
	}
	var key record.BackupKey
	var d record.BackupDerivation
	if passphrase != "" {
		var err error
		if key, d, err = Derive(passphrase); err != nil {
			return to, err
		}
	}
	var out record.SelfBackup
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		b, err := settings(tx)
		if err != nil {
			return err
		}
		b.Folder, b.Keep, b.Schedules, b.Considered = to.Folder, to.Keep, to.Schedules, s.Now()
		if key != nil {
			b.Key, b.Derivation = key, d
		}
		if b.Folder != "" && len(b.Key) == 0 {
			return fault.InvalidField("passphrase", "the first time a passphrase is needed: backups of the Director are sealed under it")
		}
		out = b
		return store.SelfBackups.Put(tx, b)
	})
	if err == nil {
		s.failed(time.Time{})
		s.Logger.Info("where and when the Director is backed up was set", "folder", to.Folder, "schedules", len(to.Schedules), "passphrase", passphrase != "")
	}
	return out, err
}

// usable makes a folder if need be and tries it. One within the data folder is refused: it would be lost with it.
func usable(folder, data string) error {
	if absolute, err := filepath.Abs(data); err == nil {
		if rel, err := filepath.Rel(absolute, folder); err == nil && filepath.IsLocal(rel) {
			return fault.InvalidField("backup.folder", "%s is in the Director's data folder, and would be lost with it; choose a folder elsewhere, best on another disk", folder)
		}
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fault.InvalidField("backup.folder", "the folder cannot be made: %s", err)
	}
	probe, err := os.CreateTemp(folder, partialPrefix+"probe-*")
	if err != nil {
		return fault.InvalidField("backup.folder", "the folder cannot be written: %s", err)
	}
	_ = probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return fault.InvalidField("backup.folder", "the folder cannot be written: %s", err)
	}
	return nil
}

// Next returns when the next backup by the clock is; the zero time when none is.
func Next(b *record.SelfBackup, now time.Time) time.Time {
	var at time.Time
	for _, one := range b.Schedules {
		c, err := one.Located()
		if err != nil {
			continue
		}
		if o, ok := c.Next(now); ok && (at.IsZero() || o.Start.Before(at)) {
			at = o.Start
		}
	}
	return at
}
