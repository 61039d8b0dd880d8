package repository

import (
	"fmt"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Gap is a stretch of a folder's messages that cannot be read. Messages before and behind it keep their places.
type Gap struct {
	// From is the place of the first of them in the order of the reading, Count how many there are.
	From, Count int64
	Reason      string
}

// UnreadableError is the error that stands for messages whose records are damaged or missing; it is a fault of the kind Corrupt.
// Whatever returns it goes on behind them: damage to one blob does not hide another.
type UnreadableError struct {
	Folder mail.FolderID
	Gaps   []Gap
}

// Messages returns how many messages cannot be read.
func (u *UnreadableError) Messages() int64 {
	var n int64
	for _, g := range u.Gaps {
		n += g.Count
	}
	return n
}

// Error implements error.
func (u *UnreadableError) Error() string {
	if len(u.Gaps) == 0 {
		return fmt.Sprintf("messages of folder %s cannot be read", u.Folder)
	}
	return fmt.Sprintf("%d messages of folder %s cannot be read: %s; repair the repository", u.Messages(), u.Folder, u.Gaps[0].Reason)
}

// Unwrap makes it a fault.
func (u *UnreadableError) Unwrap() error { return fault.New(fault.Corrupt, "%s", u.Error()) }
