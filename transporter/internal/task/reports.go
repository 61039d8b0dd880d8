package task

import "time"

// ReclaimReport is what reclaiming the space of a repository did.
type ReclaimReport struct {
	// Freed is how many bytes the packs take less, Blobs how many blobs are gone.
	Freed, Blobs int64
	// Packs that held nothing but garbage, that were rewritten, and that took what was needed of those.
	Dropped, Rewritten, Written int64
	// Garbage is how many bytes of it stay.
	Garbage int64
	// Left are packs that should have gone and did not, with the reason.
	Left []string
}

// RepairReport is what the repair of a repository found and did.
type RepairReport struct {
	Points, Blobs, Bytes int64
	// Repaired is what was put right, Damage what stays lost, in sentences.
	Repaired, Damage []string
}

// CopyReport is what a copy to another repository did.
type CopyReport struct {
	// Points that are in the target now, that were there before, and that were deleted there.
	Copied, Present, Deleted int64
	// LeftOut points could not be copied whole; Reasons say why, in sentences.
	LeftOut int64
	Reasons []string
	// Blobs that the target lacked, and their plain length.
	Blobs, Bytes int64
}

// SurveyReport is what a walk over a repository found.
type SurveyReport struct {
	Taken time.Time
	// Needed and Garbage are stored bytes: of what points and sessions need, and of what nothing needs.
	Needed, Garbage int64
	// Unreadable parts of points were met.
	Unreadable int64
}
