// Package task runs what the Director asks of a Transporter: backups, recoveries, verifications, each under the Director's
// id, a bounded number at once, never two on the same mailbox. It owns queueing, stopping, watching and draining, and does
// not know what a task does (Work).
//
// Tasks live in memory. That is enough because work is idempotent and keeps its own checkpoints: a task that is unknown
// after a restart is simply started again and goes on where its last checkpoint was.
package task

import (
	"context"
	"maps"
	"reflect"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/drill"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
)

// ID is the Director's name for a task.
type ID string

// Status is where a task stands. Numbers are those of the control API.
type Status uint8

// The statuses.
const (
	Queued     Status = 1
	Running    Status = 2
	Succeeded  Status = 3
	Incomplete Status = 4 // ended with losses
	Failed     Status = 5
	Stopped    Status = 6
)

// Over reports whether the task has ended.
func (s Status) Over() bool { return s >= Succeeded }

// String returns the status in a word, for logs and metrics.
func (s Status) String() string {
	switch s {
	case Queued:
		return "queued"
	case Running:
		return "running"
	case Succeeded:
		return "succeeded"
	case Incomplete:
		return "incomplete"
	case Failed:
		return "failed"
	case Stopped:
		return "stopped"
	}
	return "unknown"
}

// MaxLosses is how many losses a state lists; the rest are counted.
const MaxLosses = 1000

// Spec is a task to be started.
type Spec struct {
	ID      ID
	Attempt int
	Run     record.RunID
	// Kind names the work in logs and metrics: "backup", "recovery", "verify", "copy".
	Kind string
	// Exclusive tasks with the same non-empty value never run at the same time: the mailbox, the repository.
	Exclusive string
	// Urgent tasks go before others that wait: a person waits for them.
	Urgent bool
	// Light tasks start at once and do not count against the limit: they only look.
	Light bool
	Work  Work
}

// Work is what a task does.
type Work interface {
	// Do works until it is done, ctx ends (stop now: give up at once), or stop is closed (finish the current message,
	// make what was done durable, return fault.Canceled). It reports through r and returns what it made also beside an
	// error. It may be called again for the same task, also in a later process, and then goes on where it was.
	Do(ctx context.Context, stop <-chan struct{}, r *Reporter) (Outcome, error)
}

// Outcome is what a task made; all of it may be absent.
type Outcome struct {
	Point    *record.Point
	Recovery *recovery.Report
	Undo     *recovery.UndoReport
	Drill    *drill.Report
	Verify   *VerifyReport
	Reclaim  *ReclaimReport
	Repair   *RepairReport
	Copy     *CopyReport
	Survey   *SurveyReport
}

// VerifyReport is what the verification of a repository found.
type VerifyReport struct {
	Points int64
	Blobs  int64
	Bytes  int64
	Damage []string
}

// Progress is how far a task is. Totals are as far as known.
type Progress struct {
	FoldersDone     int64
	FoldersTotal    int64
	MessagesDone    int64
	MessagesTotal   int64
	MessagesChanged int64
	MessagesDeleted int64
	Attachments     int64
	BytesRead       int64
	BytesNew        int64
	Requests        int64
	RequestsByKind  map[string]int64
}

func (p Progress) equal(q Progress) bool {
	same := maps.Equal(p.RequestsByKind, q.RequestsByKind)
	p.RequestsByKind, q.RequestsByKind = nil, nil
	return same && reflect.DeepEqual(p, q)
}

// State is a task at one moment. Maps and slices in it are never changed after it was handed out.
type State struct {
	ID         ID
	Attempt    int
	Run        record.RunID
	Kind       string
	Status     Status
	Phase      string
	Progress   Progress
	Waiting    string
	Started    time.Time
	Ended      time.Time
	Err        error // with Failed
	Losses     []mail.Loss
	LossesMore int64
	Outcome    Outcome
}

// errShutdown is what tasks end with that a shutdown interrupted: temporary, so that they are started again.
var errShutdown = fault.New(fault.Unavailable, "the Transporter was shut down; the task goes on at its last checkpoint "+
	"when it is started again")
