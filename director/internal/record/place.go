package record

import "time"

// Transporter is a paired Transporter, with what it last said of itself.
type Transporter struct {
	ID   TransporterID
	Name string
	// Address is "host:port" of its control service.
	Address string
	// TransferHost is where other Transporters dial it; empty takes the host of Address.
	TransferHost string
	// MaxTasks at once; zero leaves it to the Transporter.
	MaxTasks           int32
	Paired             time.Time
	Seen               time.Time
	Version            string
	Hostname           string
	OS                 string
	Arch               string
	CertificateExpires time.Time
}

// Codec is how a repository compresses. Numbers are stored.
type Codec int32

// The codecs.
const (
	CodecNone     Codec = 1
	CodecFast     Codec = 2
	CodecBalanced Codec = 3
	CodecBest     Codec = 4
)

// Repository is a folder on a Transporter that keeps backups.
type Repository struct {
	ID          RepositoryID
	Name        string
	Transporter TransporterID
	Path        string
	Codec       Codec
	Encrypted   bool
	Key         RepositoryKey
	// NextKey is set while the key is being changed: either may be the one that opens it.
	NextKey RepositoryKey
	// Attached is whether it is meant to be attached, Switched when it was last attached or detached.
	Attached   bool
	Switched   time.Time
	Schedules  RepositorySchedules
	Created    time.Time
	Statistics RepositoryStatistics
	// Error is why it could not be attached; empty when it could.
	Error string
}

// RepositoryKey opens an encrypted repository. It prints as a placeholder.
type RepositoryKey struct {
	Passphrase string
	// KeyFile is a path on the Transporter.
	KeyFile string
}

// Empty reports whether there is none.
func (k RepositoryKey) Empty() bool { return k == RepositoryKey{} }

// String hides the secret.
func (k RepositoryKey) String() string { return "[repository key]" }

// GoString hides the secret.
func (k RepositoryKey) GoString() string { return k.String() }

// RepositoryStatistics are of the time At.
type RepositoryStatistics struct {
	Backups, Points, Blobs                 int64
	StoredBytes, UniqueBytes, LogicalBytes int64
	IndexBytes, FreeBytes, TotalBytes      int64
	At                                     time.Time
	// Survey is the last one; nil when there was none.
	Survey *Survey
}
