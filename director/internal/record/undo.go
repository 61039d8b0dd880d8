package record

// Undo is what the undo of a recovery does. The task names the account and mailbox.
type Undo struct {
	// Of is the recovery's task, whose journal is on the Transporter that did it.
	Of       TaskID
	PlanOnly bool
}

// UndoReport is what an undo did, or as a plan would do.
type UndoReport struct {
	// Removed are messages that the recovery made; Trashed those of them that were changed since and went to Deleted Items.
	Removed, Trashed int64
	// PutBack are overwritten messages that lie where they were. Left are messages that stay, each with a loss.
	PutBack, Left               int64
	FoldersRemoved, FoldersLeft int64
}
