package record

import (
	"time"

	"holdfast/pkg/mail"
)

// DrillID names a recovery drill.
type DrillID string

// Drill recovers a sample into a test mailbox, now and then, to prove that it can be done.
type Drill struct {
	ID   DrillID
	Name string
	// Job made the backups that are sampled; Of, unless empty, are the only mailboxes.
	Job JobID
	Of  []mail.MailboxID
	// Mailboxes and Messages are how many: of the job, and of each mailbox.
	Mailboxes, Messages int
	// Account and Mailbox are where to.
	Account   mail.AccountID
	Mailbox   mail.MailboxID
	Schedules []Schedule
	Enabled   bool
	// Considered is up to when starts by the clock were considered.
	Considered time.Time
	LastRun    RunID
	// LastError is why it could not be started by the clock the last time.
	LastError string
}

// Defaults of a Drill.
const (
	DefaultDrillMailboxes = 3
	DefaultDrillMessages  = 20
)

// DrillTask is the part of a drill for one mailbox.
type DrillTask struct {
	// Messages is how many are taken, Folder what they are put into.
	Messages int
	Folder   string
}

// DrillReport is how a drill went.
type DrillReport struct {
	Mailboxes, Messages                int64
	Same, Different, Missing, Compared int64
	Differences                        []DrillDifference
	DifferencesMore                    int64
	// Left is what is still in the test mailbox.
	Left int64
}

// DrillDifference is a part of a message that did not come back as it is kept.
type DrillDifference struct {
	Repository RepositoryID
	Point      PointID
	Folder     mail.FolderID
	Message    mail.MessageID
	// Field names the part, Text says what is wrong, without content.
	Field, Text string
}

// maxDrillDifferences bounds the differences of a sum.
const maxDrillDifferences = 200

func (r *DrillReport) add(o *DrillReport) {
	r.Mailboxes += o.Mailboxes
	r.Messages += o.Messages
	r.Same += o.Same
	r.Different += o.Different
	r.Missing += o.Missing
	r.Compared += o.Compared
	r.DifferencesMore += o.DifferencesMore
	r.Left += o.Left
	n := min(len(o.Differences), maxDrillDifferences-len(r.Differences))
	r.Differences = append(r.Differences, o.Differences[:n]...)
	r.DifferencesMore += int64(len(o.Differences) - n)
}
