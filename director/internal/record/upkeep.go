package record

import (
	"time"

	"holdfast/pkg/mail"
)

// Copy is what a copy between repositories does. Empty fields match all.
type Copy struct {
	Target  RepositoryID
	Account mail.AccountID
	Mailbox mail.MailboxID
	Job     JobID
	Points  []PointID
	// Newest takes only the last point of each backup.
	Newest bool
	// Thorough asks for every blob of points that the target has as well.
	Thorough bool
}

// ReclaimReport is what reclaiming space did.
type ReclaimReport struct {
	Freed, Blobs                               int64
	PacksDropped, PacksRewritten, PacksWritten int64
	// Garbage is how many bytes of it stay.
	Garbage int64
	// Left are packs that should have gone and did not, with the reason.
	Left []string
}

// RepairReport is what a repair found and did.
type RepairReport struct {
	Points, Blobs, Bytes int64
	// Repaired is what was put right, Damage what stays lost.
	Repaired, Damage []string
}

// CopyReport is what a copy between repositories did.
type CopyReport struct {
	Copied, Present, Deleted, LeftOut int64
	// Blobs that the target lacked, and their plain length.
	Blobs, Bytes int64
	// Reasons tell why points were left out.
	Reasons []string
}

// Survey is what a walk over a repository found.
type Survey struct {
	Taken time.Time
	// Needed and Garbage are stored bytes: of what points and sessions need, and of what nothing needs.
	Needed, Garbage int64
	// Unreadable parts of points were met; what only they name counts as garbage.
	Unreadable int64
}
