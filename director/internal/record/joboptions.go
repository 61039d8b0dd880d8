package record

import "time"

// What an option means that a job leaves out.
const (
	// DefaultMaxTasks is how many tasks of a run work at once.
	DefaultMaxTasks = 3
	// DefaultRetries is how often a mailbox that failed is tried again within a run, and DefaultRetryWait how long after.
	DefaultRetries   = 1
	DefaultRetryWait = 5 * time.Minute
)

// JobOptions are how a job runs.
type JobOptions struct {
	// MaxTasks at once; zero means DefaultMaxTasks.
	MaxTasks int32
	// Transporters that may pull, the preferred one first; empty means any.
	Transporters     []TransporterID
	EvidenceCopy     bool
	RecoverableItems bool
	HiddenFolders    bool
	// Retries is how often mailboxes that failed are tried again within the run; nil means DefaultRetries. See RetryCount.
	Retries *int32
	// RetryMinutes is how long to wait before that; zero means DefaultRetryWait. See RetryWait.
	RetryMinutes int32
	WhenDetached WhenDetached
}

// RetryCount returns how often mailboxes that failed are tried again within a run.
func (o *JobOptions) RetryCount() int {
	if o.Retries == nil {
		return DefaultRetries
	}
	return int(*o.Retries)
}

// RetryWait returns how long a run waits before it tries again what failed.
func (o *JobOptions) RetryWait() time.Duration {
	if o.RetryMinutes == 0 {
		return DefaultRetryWait
	}
	return time.Duration(o.RetryMinutes) * time.Minute
}

// WhenDetached says what a run does that meets a detached repository. Numbers are stored.
type WhenDetached int32

// The ways. The zero value is DetachedFail.
const (
	// DetachedFail fails the mailboxes that go there.
	DetachedFail WhenDetached = 1
	// DetachedWait waits for the repository to be attached, up to the end of the run.
	DetachedWait WhenDetached = 2
)
