package store

import (
	"holdfast/director/internal/record"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeUndo(p *statev1.Task, r *record.Task) {
	if u := r.Undo; u != nil {
		p.Undo = &statev1.Undo{RecoveryTaskId: string(u.Of), PlanOnly: u.PlanOnly}
	}
	p.UndoReport = encodeUndoReport(r.UndoReport)
}

func decodeUndo(r *record.Task, p *statev1.Task) {
	if u := p.GetUndo(); u != nil {
		r.Undo = &record.Undo{Of: record.TaskID(u.GetRecoveryTaskId()), PlanOnly: u.GetPlanOnly()}
	}
	r.UndoReport = decodeUndoReport(p.GetUndoReport())
}

func encodeUndoReport(u *record.UndoReport) *statev1.UndoReport {
	if u == nil {
		return nil
	}
	return &statev1.UndoReport{
		Removed: u.Removed, Trashed: u.Trashed, PutBack: u.PutBack, Left: u.Left, FoldersRemoved: u.FoldersRemoved,
		FoldersLeft: u.FoldersLeft,
	}
}

func decodeUndoReport(u *statev1.UndoReport) *record.UndoReport {
	if u == nil {
		return nil
	}
	return &record.UndoReport{
		Removed: u.GetRemoved(), Trashed: u.GetTrashed(), PutBack: u.GetPutBack(), Left: u.GetLeft(),
		FoldersRemoved: u.GetFoldersRemoved(), FoldersLeft: u.GetFoldersLeft(),
	}
}
