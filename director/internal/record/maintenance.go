package record

import "time"

// SelfBackup is how the Director's own state is backed up.
type SelfBackup struct {
	// Folder on the Director's machine; empty when the Director is not backed up.
	Folder    string
	Keep      int
	Schedules []Schedule
	// Considered is up to when starts were considered.
	Considered time.Time
	Derivation BackupDerivation
	// Key is what the derivation made of the passphrase; empty when none was set.
	Key BackupKey
	// LastTried, LastSucceeded: when backups began. LastFile is the newest that succeeded, LastError why the last did not.
	LastTried, LastSucceeded time.Time
	LastFile, LastError      string
}

// Defaults and bounds of a SelfBackup.
const (
	DefaultBackupsKept = 14
	MaxBackupsKept     = 1000
)

// BackupDerivation is how a passphrase becomes a key.
type BackupDerivation struct {
	Salt              []byte
	Passes, MemoryKiB uint32
	Threads           uint8
}

// BackupKey is a key that prints as a placeholder.
type BackupKey []byte

// String hides the secret.
func (BackupKey) String() string { return "[backup key]" }

// GoString hides the secret.
func (k BackupKey) GoString() string { return k.String() }

// History says how long what happened is kept.
type History struct {
	Days int
	// Swept is when it was last looked through, Removed how many runs went then.
	Swept   time.Time
	Removed int64
}

// SpaceSample is what a repository took at a time.
type SpaceSample struct {
	Repository                                           RepositoryID
	At                                                   time.Time
	LogicalBytes, UniqueBytes, StoredBytes, GarbageBytes int64
	FreeBytes, TotalBytes                                int64
	Points, Backups                                      int64
}

// Day names the day of a sample, which is the only one of it.
func (s *SpaceSample) Day() string { return s.At.UTC().Format(time.DateOnly) }

// MaxSpaceSamples is of how many days samples of a repository are kept.
const MaxSpaceSamples = 400

// Defaults and bounds of a History.
const (
	DefaultHistoryDays = 400
	MaxHistoryDays     = 36_500
)
