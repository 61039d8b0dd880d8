package store

import (
	"holdfast/director/internal/record"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeUndo(p *statev1.Task, r *record.Task) {
	if u := r.Undo; u != nil {
		p.Undo = &statev1.Undo{RecoveryTaskId: string(u.Of), PlanOnly: u.PlanOnly}
	}
	if u := r.UndoReport; u != nil {
		p.UndoReport = &statev1.UndoReport{
			Removed: u.Removed, Trashed: u.Trashed, PutBack: u.PutBack, Left: u.Left, FoldersRemoved: u.FoldersRemoved,
			FoldersLeft: u.FoldersLeft,
		}
	}
}

func decodeUndo(r *record.Task, p *statev1.Task) {
	if u := p.GetUndo(); u != nil {
		r.Undo = &record.Undo{Of: record.TaskID(u.GetRecoveryTaskId()), PlanOnly: u.GetPlanOnly()}
	}
	if u := p.GetUndoReport(); u != nil {
		r.UndoReport = &record.UndoReport{
			Removed: u.GetRemoved(), Trashed: u.GetTrashed(), PutBack: u.GetPutBack(), Left: u.GetLeft(),
			FoldersRemoved: u.GetFoldersRemoved(), FoldersLeft: u.GetFoldersLeft(),
		}
	}
}
