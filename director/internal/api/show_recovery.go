package api

import (
	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// showTaskRecovery adds to a task what those of recoveries, undos and drills have.
func showTaskRecovery(out *directorv1.Task, v *dispatch.TaskView) {
	out.Undo, out.Drill = showUndo(v.UndoReport), showDrillReport(v.DrillReport)
	if s := v.Source; s != nil {
		out.Source = &directorv1.TaskSource{
			AccountId: string(s.Account), MailboxId: string(s.Mailbox), MailboxName: s.Name, MailboxAddress: s.Address,
			PointId: string(s.Point), PointTime: stamp(s.Time),
		}
	}
}

// showSeveral adds to an activity what those of recoveries, undos and drills have.
func showSeveral(out *directorv1.Activity, v *dispatch.RunView) {
	out.PlanOnly, out.DrillId, out.Drill = v.PlanOnly, string(v.DrillOf), showDrillReport(v.Drill)
	if v.Kind == record.KindRecovery && v.Status.Ended() && !v.PlanOnly {
		out.UndoUntil = stamp(v.Ended.Add(record.UndoOffered))
	}
	if v.Kind != record.KindBackup && v.Tasks > 1 {
		out.Tasks, out.TasksDone, out.TasksFailed, out.TasksIncomplete = v.Tasks, v.Done(), v.Failed, v.Incomplete
	}
}

func showUndo(u *record.UndoReport) *directorv1.UndoReport {
	if u == nil {
		return nil
	}
	return &directorv1.UndoReport{
		Removed: u.Removed, Trashed: u.Trashed, PutBack: u.PutBack, Left: u.Left, FoldersRemoved: u.FoldersRemoved,
		FoldersLeft: u.FoldersLeft,
	}
}

func showDrillReport(r *record.DrillReport) *directorv1.DrillReport {
	if r == nil {
		return nil
	}
	out := &directorv1.DrillReport{
		Mailboxes: r.Mailboxes, Messages: r.Messages, Same: r.Same, Different: r.Different, Missing: r.Missing, Compared: r.Compared,
		DifferencesMore: r.DifferencesMore, Left: r.Left,
	}
	for _, d := range r.Differences {
		out.Differences = append(out.Differences, &directorv1.DrillDifference{
			RepositoryId: string(d.Repository), PointId: string(d.Point), FolderId: string(d.Folder), MessageId: string(d.Message),
			Field: d.Field, Text: d.Text,
		})
	}
	return out
}
