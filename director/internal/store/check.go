package store

import (
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"holdfast/pkg/fault"
)

// tables are all that hold records; sets are all that do not. Together they are all buckets: a test says so.
var (
	tables = []interface {
		bucket() string
		check(tx *Tx) (int, error)
	}{
		Identities, Accounts, Mailboxes, Transporters, Repositories, RepositoryPlans, Jobs, Plans, Runs, Tasks, Losses, Recoveries, Users,
		Tokens, RunScripts, Notifications, Deliveries, Pasts, SelfBackups, Histories, Drills, SpaceSamples, Audit,
	}
	sets = []Set{RunsOfJob, RunsActive, TasksUnsettled, RunsToPrune}
)

func (t Table[R, P]) bucket() string { return t.name }

// check reads all records and returns how many there are.
func (t Table[R, P]) check(tx *Tx) (int, error) {
	n := 0
	if tx.tx.Bucket([]byte(t.name)) == nil {
		return 0, nil // of a Director that did not have the table yet
	}
	for _, err := range t.All(tx, "") {
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// Check opens the store at path with its key, changing nothing, and reads all of it: every page, every record, every secret.
// It returns how many records there are. Conflict while a Director has it open; Corrupt, Unauthorized and Unsupported as
// Open; a store of a newer schema is not read.
func Check(path string, key []byte) (records int, err error) {
	if _, err := os.Stat(path); err != nil {
		return 0, fault.New(fault.NotFound, "there is no database %s", path)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return 0, fault.New(fault.Conflict, "a Director is running on %s", path)
	case err != nil:
		return 0, fault.New(fault.Corrupt, "%s is not a Director's database, or is damaged: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	defer func() { // bbolt answers to pages that make no sense with panics
		if p := recover(); p != nil {
			err = fault.New(fault.Corrupt, "%s is damaged: %v", path, p)
		}
	}()
	s := &Store{db: db, path: path}
	schema, proof, err := s.readMeta()
	switch {
	case err != nil:
		return 0, err
	case schema == 0:
		return 0, fault.New(fault.Corrupt, "%s is empty", path)
	case schema > Schema:
		return 0, fault.New(fault.Unsupported, "%s was written by a newer Director (schema %d, this one knows %d); install that version or a later one", path, schema, Schema)
	}
	if s.seal, err = newSealer(key); err != nil {
		return 0, err
	}
	if plain, err := s.seal.open(proof, "meta"); err != nil || string(plain) != sealedText {
		return 0, fault.New(fault.Unauthorized, "the key does not open the secrets in %s", path)
	}
	return records, db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			return fault.New(fault.Corrupt, "%s is damaged: %w", path, err)
		}
		for _, t := range tables {
			n, err := t.check(&Tx{tx: tx, s: s})
			if records += n; err != nil {
				return fmt.Errorf("read %s: %w", t.bucket(), err)
			}
		}
		return nil
	})
}

// Idle returns Conflict while a Director has the store at path open. Nothing is changed.
func Idle(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fault.New(fault.Conflict, "a Director is running on %s; stop it first", path)
	}
	if err != nil {
		return nil //nolint:nilerr // a store that cannot be opened is nobody's
	}
	return db.Close()
}
