package work

import (
	"context"
	"errors"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/graph/governor"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/task"
)

// Undo returns the work of taking a recovery back, or of planning it.
func (b *Bench) Undo(req *transporterv1.UndoWork) (task.Work, error) {
	box, err := mailboxIn(req.GetMailbox())
	if err != nil {
		return nil, err
	}
	journal, err := b.journalPath(req.GetRecoveryTaskId())
	if err != nil {
		return nil, err
	}
	return &undoWork{bench: b, account: req.GetAccount(), mailbox: box, journal: journal, plan: req.GetPlanOnly()}, nil
}

type undoWork struct {
	bench   *Bench
	account *transporterv1.Account
	mailbox mail.Mailbox
	journal string
	plan    bool
}

// Do implements task.Work.
func (w *undoWork) Do(ctx context.Context, stop <-chan struct{}, r *task.Reporter) (task.Outcome, error) {
	client, err := w.bench.o.Accounts.Client(w.account)
	if err != nil {
		return task.Outcome{}, err
	}
	if err := w.bench.renew(w.journal); err != nil {
		return task.Outcome{}, err
	}
	w.bench.dropJournals(w.journal)
	box := mailbox{client: client, id: w.mailbox.ID, now: w.bench.o.Now}
	undo := recovery.NewUndo(recovery.UndoOptions{
		Journal: w.journal, Target: undoTarget{target{box}}, PlanOnly: w.plan, Observer: r,
		Parallel: int(w.account.GetLimits().GetRequestsInFlight()),
	})
	r.Poll(func() task.Live {
		p, requests := undo.Progress(), box.Requests()
		return task.Live{
			Waiting: box.Waiting(),
			Progress: task.Progress{
				FoldersDone: p.FoldersDone, FoldersTotal: p.FoldersTotal, MessagesDone: p.MessagesDone,
				MessagesTotal: p.MessagesTotal, MessagesDeleted: p.MessagesWritten, Requests: sum(requests), RequestsByKind: requests,
			},
		}
	})
	report, err := undo.Run(governor.WithStop(ctx, stop), stop)
	return task.Outcome{Undo: &report}, err
}

// undoTarget is a mailbox as an undo changes it.
type undoTarget struct{ target }

var _ recovery.UndoTarget = undoTarget{}

// Folders implements recovery.UndoTarget: Recoverable Items too, so that what lies there is known for thrown away.
func (t undoTarget) Folders(ctx context.Context) ([]mail.Folder, error) {
	return t.client.Folders(ctx, t.id, graph.FolderOptions{Hidden: true, RecoverableItems: true})
}

// Look implements recovery.UndoTarget.
func (t undoTarget) Look(ctx context.Context, ids []mail.MessageID) ([]recovery.Standing, error) {
	found, err := t.client.Exists(ctx, t.id, ids)
	if err != nil {
		return nil, err
	}
	all := make([]recovery.Standing, len(found))
	for i, f := range found {
		all[i] = recovery.Standing{Folder: f.Message.Folder, ChangeKey: f.Message.ChangeKey, Err: f.Err}
	}
	return all, nil
}

// Move implements recovery.UndoTarget.
func (t undoTarget) Move(ctx context.Context, id mail.MessageID, to mail.FolderID) error {
	err := t.client.MoveMessage(ctx, t.id, id, to)
	if errors.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "it was deleted for good since, or its folder is not there any more: %w", err)
	}
	return err
}

// RemoveFolder implements recovery.UndoTarget.
func (t undoTarget) RemoveFolder(ctx context.Context, id mail.FolderID) (bool, error) {
	return t.client.RemoveFolder(ctx, t.id, id)
}
