package record

import (
	"time"

	"holdfast/pkg/mail"
)

// DefaultMaxTasks is how many tasks of a run work at once when the job does not say.
const DefaultMaxTasks = 3

// Job is what to back up, where to, and how.
type Job struct {
	ID   JobID
	Name string
	// Items are in the order of processing.
	Items      []SourceItem
	Excluded   []mail.MailboxID
	Repository RepositoryID
	Options    JobOptions
	Enabled    bool
	Created    time.Time
	LastRun    RunID
}

// SourceItem is one mailbox, or a whole account when Mailbox is empty.
type SourceItem struct {
	Account mail.AccountID
	Mailbox mail.MailboxID
}

// JobOptions are how a job runs.
type JobOptions struct {
	// MaxTasks at once; zero means DefaultMaxTasks.
	MaxTasks int32
	// Transporters that may pull, the preferred one first; empty means any.
	Transporters     []TransporterID
	EvidenceCopy     bool
	RecoverableItems bool
	HiddenFolders    bool
}
