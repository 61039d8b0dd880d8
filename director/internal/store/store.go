// Package store is the Director's memory: one bbolt file of protobuf records (proto/holdfast/state/v1). It owns the file,
// its schema and the sealing of secrets; what records mean is not its business. Its interface (get, range, compare-and-set
// transaction, watch) is one that a replicated store offers too, so nothing outside may depend on bbolt.
//
//	director.db
//	├── meta            schema → "2" · revision → uint64 · sealed → a known text under director.key
//	├── identity        INSTALLATION → Identity              (keys sealed)
//	├── accounts        ID → Account                         (credential sealed)
//	├── mailboxes       ACCOUNT/ID → Mailbox
//	├── transporters    ID → Transporter
//	├── repositories    ID → Repository                      (key sealed)
//	├── repository-plans REPOSITORY → RepositoryPlan         (how far its schedules were followed)
//	├── jobs            ID → Job                             (scripts sealed, since schema 2)
//	├── runs            ID → Run                             (backups, recoveries, verifies; ids sort by time)
//	├── tasks           RUN-POSITION → Task
//	├── losses          RUN-POSITION → Losses
//	├── recoveries      RUN-POSITION → Recovery              (what a recovery task does)
//	├── run-scripts     RUN → RunScripts                     (before and after it; scripts sealed)
//	├── notifications   "settings" → NotificationSettings    (passwords and signing secrets sealed)
//	├── deliveries      ID → Delivery                        (reports to be sent, sent, given up; ids sort by time)
//	├── pasts           JOB/ACCOUNT/MAILBOX → Past           (what earlier runs took for it)
//	├── users           NAME → User
//	├── tokens          SHA-256 of the secret → Token
//	├── self-backup     "settings" → SelfBackup               (key sealed)
//	├── history         "settings" → History
//	├── drills          id → Drill
//	├── space-samples   REPOSITORY/DAY → SpaceSample          (what it took on each day)
//	├── audit           ID → AuditEntry                      (ids sort by time)
//	├── runs-of-job     JOB/RUN → nothing
//	├── runs-active     RUN → nothing                        (not ended yet)
//	└── tasks-unsettled RUN-POSITION → nothing               (ended; transfers to be closed, Transporter to be told)
//
// Every value begins with the revision, 8 bytes big-endian, of the transaction that wrote it; the record follows. A
// secret is AES-256-GCM under director.key with the record's place ("accounts/ID") as additional data, so that sealed
// bytes cannot be moved to another record.
package store

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
)

// Schema is the version of the tree above. A store of a greater one is refused.
const Schema = 2

// lockWait is how long Open waits for another process to let go of the file.
const lockWait = 500 * time.Millisecond

var (
	metaBucket  = []byte("meta")
	schemaKey   = []byte("schema")
	revisionKey = []byte("revision")
	sealedKey   = []byte("sealed")
)

// Store is an open store. Its methods may be called by several goroutines.
type Store struct {
	db      *bbolt.DB
	path    string
	seal    *sealer
	watches watches
	// failpoint, in tests, is asked before and after each commit ("commit", "committed"); its error ends the transaction
	// there, as the death of the process does.
	failpoint func(point string) error
}

// Open opens the store at path, making it when it is not there, with the key that unlock returns for sealing. Unlock is
// told whether the store is new: only then may it make a key. Another process's store is Conflict, a newer schema
// Unsupported, a key that is not this store's Unauthorized; in none of these cases is anything changed.
func Open(path string, unlock func(fresh bool) ([]byte, error)) (*Store, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: lockWait, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType,
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fault.New(fault.Conflict, "another Director is running on %s; stop it first, or use another data folder", path)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, fault.New(fault.Corrupt, "%s is not a Director's database, or is damaged: %w", path, err)
	case err != nil:
		return nil, fault.New(fault.Denied, "open %s: %w", path, err)
	}
	s := &Store{db: db, path: path}
	if err := s.start(unlock); err != nil {
		_ = db.Close()
		return nil, err
	}
	return s, nil
}

func (s *Store) start(unlock func(bool) ([]byte, error)) error {
	have, proof, err := s.readMeta()
	if err != nil {
		return err
	}
	if have > Schema {
		return fault.New(fault.Unsupported, "%s was written by a newer Director (schema %d, this one knows %d); install that version or a later one", s.path, have, Schema)
	}
	key, err := unlock(have == 0)
	if err != nil {
		return err
	}
	if s.seal, err = newSealer(key); err != nil {
		return err
	}
	if have > 0 {
		if plain, err := s.seal.open(proof, "meta"); err != nil || string(plain) != sealedText {
			return fault.New(fault.Unauthorized, "the key does not open the secrets in %s: put back the director.key that belongs to it", s.path)
		}
	}
	if have == Schema && s.whole() {
		return nil
	}
	if err := s.db.Update(func(tx *bbolt.Tx) error { return s.migrate(tx, have) }); err != nil {
		return s.failed("prepare", err)
	}
	return nil
}

// sealedText is what the key must open.
const sealedText = "holdfast director"

// readMeta returns the schema, 0 for a new file, and the text that only the right key opens.
func (s *Store) readMeta() (schema int, proof []byte, err error) {
	err = s.db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		if meta == nil {
			return nil
		}
		schema, err = strconv.Atoi(string(meta.Get(schemaKey)))
		if err != nil || schema < 1 {
			return fault.New(fault.Corrupt, "%s names no schema version", s.path)
		}
		proof = append(proof, meta.Get(sealedKey)...)
		return nil
	})
	return schema, proof, err
}

// whole reports whether all buckets are there. A table that is added needs no schema of its own: an older Director does not
// look for it, and its absence is that of records.
func (s *Store) whole() bool {
	all := true
	_ = s.db.View(func(tx *bbolt.Tx) error { // it cannot fail: fn does not
		for _, name := range buckets {
			all = all && tx.Bucket([]byte(name)) != nil
		}
		return nil
	})
	return all
}

// migrate brings the file from a schema to this one, in one transaction. Schema 0 is a new file.
func (s *Store) migrate(tx *bbolt.Tx, from int) error {
	meta, err := tx.CreateBucketIfNotExists(metaBucket)
	if err != nil {
		return err
	}
	for _, name := range buckets {
		if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
			return err
		}
	}
	if from == 0 {
		proof, err := s.seal.seal([]byte(sealedText), "meta")
		if err != nil {
			return err
		}
		if err := meta.Put(sealedKey, proof); err != nil {
			return err
		}
		if err := meta.Put(revisionKey, make([]byte, 8)); err != nil {
			return err
		}
	}
	if from == 1 {
		if err := s.sealScripts(tx); err != nil {
			return err
		}
	}
	return meta.Put(schemaKey, []byte(strconv.Itoa(Schema)))
}

// sealScripts writes the jobs with scripts anew, which lay open in schema 1.
func (s *Store) sealScripts(b *bbolt.Tx) error {
	tx := &Tx{tx: b, s: s}
	tx.revision = tx.current()
	var list []record.Job
	for j, err := range Jobs.All(tx, "") {
		if err != nil {
			return err
		}
		if j.Before != nil || j.After != nil {
			list = append(list, j)
		}
	}
	for _, j := range list {
		if err := Jobs.Put(tx, j); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the store when all transactions are done. Watches end too.
func (s *Store) Close() error {
	s.watches.close()
	return s.db.Close()
}

// Path returns the file's path.
func (s *Store) Path() string { return s.path }

// View calls fn with a snapshot. It does not block writers, and is not blocked by them.
func (s *Store) View(fn func(*Tx) error) error {
	return s.db.View(func(tx *bbolt.Tx) error { return fn(&Tx{tx: tx, s: s}) })
}

// Update calls fn with a transaction that is durable as a whole once Update returned nil, and without effect otherwise.
// What fn reads is what it is compared with: no other transaction comes between. Fn may be called more than once, so it
// must have no other effects. Watches hear of it after it is durable.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var t *Tx
	var own error
	err := s.db.Update(func(tx *bbolt.Tx) error {
		t = &Tx{tx: tx, s: s}
		t.revision = t.current() + 1
		if own = fn(t); own != nil || len(t.changed) == 0 {
			return own
		}
		if own = s.fail("commit"); own != nil {
			return own
		}
		return tx.Bucket(metaBucket).Put(revisionKey, binary.BigEndian.AppendUint64(nil, t.revision))
	})
	switch {
	case own != nil:
		return own
	case err != nil:
		return s.failed("write", err)
	}
	s.watches.notify(t.changed)
	if len(t.changed) > 0 {
		return s.fail("committed")
	}
	return nil
}

// SetFailpoint is for tests of what survives a crash. It must be set before the store is shared.
func (s *Store) SetFailpoint(fn func(point string) error) { s.failpoint = fn }

func (s *Store) fail(point string) error {
	if s.failpoint == nil {
		return nil
	}
	return s.failpoint(point)
}

func (s *Store) failed(what string, err error) error {
	if fault.KindOf(err) != fault.Unknown {
		return err
	}
	kind := fault.Unknown
	if diskFull(err) {
		kind = fault.Exhausted
	}
	return fault.New(kind, "%s %s: %w", what, s.path, err)
}

// Size returns how many bytes the file has.
func (s *Store) Size() int64 {
	var n int64
	_ = s.db.View(func(tx *bbolt.Tx) error { n = tx.Size(); return nil })
	return n
}

// Snapshot calls fn with the size of a consistent copy of the store, in bytes, and a function that writes it: exactly as
// many bytes as said, once. Nobody is held up meanwhile; what others write makes the file grow until fn returns.
func (s *Store) Snapshot(fn func(size int64, write func(io.Writer) error) error) error {
	return s.db.View(func(tx *bbolt.Tx) error {
		return fn(tx.Size(), func(w io.Writer) error {
			_, err := tx.WriteTo(w)
			return err
		})
	})
}
