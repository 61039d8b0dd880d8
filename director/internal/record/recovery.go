package record

import (
	"slices"
	"time"

	"holdfast/pkg/mail"
)

// UndoOffered is for how long after its end a recovery can be undone. Transporters keep the notes of
// each of its mailboxes for twice as long after they were last written, since those may be done long before the whole.
const UndoOffered = 90 * 24 * time.Hour

// IfExists says what becomes of a message that is there already. Numbers are stored.
type IfExists int32

// The ways.
const (
	IfExistsSkip      IfExists = 1
	IfExistsRename    IfExists = 2
	IfExistsOverwrite IfExists = 3
)

// IfFolderExists says what becomes of a chosen folder that is there already. Numbers are stored; 0 leaves it to IfExists.
type IfFolderExists int32

// Recovery is what a recovery task does; the task names the account and mailbox written to.
type Recovery struct {
	Task       TaskID
	Point      PointID
	Folders    []mail.FolderID
	Messages   []MessageRef
	IfExists   IfExists
	IfFolder   IfFolderExists
	IntoFolder string
	PlanOnly   bool
	// Day is when it began, in UTC ("2026-11-22"); empty in old ones.
	Day string
	// UndoneBy is the last run that undoes it; empty for none.
	UndoneBy RunID
}

// MessageRef names a message in a point.
type MessageRef struct {
	Folder  mail.FolderID
	Message mail.MessageID
}

// TaskSource is the mailbox whose point a task recovers from.
type TaskSource struct {
	Account       mail.AccountID
	Mailbox       mail.MailboxID
	Name, Address string
	Point         PointID
	Time          time.Time
}

// RecoveryReport is what a recovery did, or would do.
type RecoveryReport struct {
	Created, Skipped, Renamed, Overwritten, Failed, FoldersCreated int64
	Notes                                                          []string
}

// maxNotes bounds the notes of a sum.
const maxNotes = 50

func (r *RecoveryReport) add(o *RecoveryReport) {
	r.Created += o.Created
	r.Skipped += o.Skipped
	r.Renamed += o.Renamed
	r.Overwritten += o.Overwritten
	r.Failed += o.Failed
	r.FoldersCreated += o.FoldersCreated
	for _, n := range o.Notes {
		if len(r.Notes) < maxNotes && !slices.Contains(r.Notes, n) {
			r.Notes = append(r.Notes, n)
		}
	}
}

func (r *UndoReport) add(o *UndoReport) {
	r.Removed += o.Removed
	r.Trashed += o.Trashed
	r.PutBack += o.PutBack
	r.Left += o.Left
	r.FoldersRemoved += o.FoldersRemoved
	r.FoldersLeft += o.FoldersLeft
}

// sum adds what an ended task reports to a run of several.
func (r *Run) sum(t *Task) {
	if r.Kind == KindBackup || r.Tasks < 2 {
		return
	}
	r.Losses += t.Losses + t.LossesMore
	if t.RecoveryReport != nil {
		if r.Recovery == nil {
			r.Recovery = &RecoveryReport{}
		}
		r.Recovery.add(t.RecoveryReport)
	}
	if t.UndoReport != nil {
		if r.Undo == nil {
			r.Undo = &UndoReport{}
		}
		r.Undo.add(t.UndoReport)
	}
	if t.DrillReport != nil {
		if r.Drill == nil {
			r.Drill = &DrillReport{}
		}
		r.Drill.add(t.DrillReport)
	}
}
