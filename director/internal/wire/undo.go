package wire

import (
	"holdfast/director/internal/record"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Undo returns what the undo of a recovery does.
func Undo(t *record.Task, a record.Account) *transporterv1.UndoWork {
	return &transporterv1.UndoWork{
		Account: Account(a), Mailbox: TaskMailbox(t), RecoveryTaskId: string(t.Undo.Of), PlanOnly: t.Undo.PlanOnly,
	}
}

// undo writes what an ended undo did into its record.
func undo(t *record.Task, s *transporterv1.TaskState) {
	if u := s.GetUndo(); u != nil {
		t.UndoReport = &record.UndoReport{
			Removed: u.GetRemoved(), Trashed: u.GetTrashed(), PutBack: u.GetPutBack(), Left: u.GetLeft(),
			FoldersRemoved: u.GetFoldersRemoved(), FoldersLeft: u.GetFoldersLeft(),
		}
	}
}
