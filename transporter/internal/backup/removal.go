package backup

import (
	"context"
	"fmt"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// removalBatch is how many messages are verified at once.
const removalBatch = 400

// removals decides about every message that left its folder and was found in no other: is it deleted, or was it only not
// reported where it went (contract 4.10, A→B→A)?
func (e *engine) removals(ctx context.Context) error {
	e.progress.phase(PhaseRemovals)
	// Messages that the vault may go on naming, because nothing could be found out about them.
	open := map[mail.MessageID]bool{}
	for {
		pending, err := e.vault.pending(ctx, removalBatch+len(open))
		if err != nil {
			return err
		}
		var batch []Gone
		for _, g := range pending {
			if !open[g.Message] {
				batch = append(batch, g)
			}
		}
		if len(batch) == 0 {
			return nil
		}
		if e.stopping() {
			return errStopped()
		}
		if err := e.verify(ctx, batch, open); err != nil {
			return err
		}
	}
}

// verify asks where the messages are, and commits the answer.
func (e *engine) verify(ctx context.Context, batch []Gone, open map[mail.MessageID]bool) error {
	ids := make([]mail.MessageID, len(batch))
	for i, g := range batch {
		ids[i] = g.Message
	}
	where, err := e.src.Locate(ctx, ids)
	if err != nil {
		return wrap(err, "verify removals")
	}
	if len(where) != len(ids) {
		return fault.New(fault.Unknown, "verify removals: %d answers to %d questions", len(where), len(ids))
	}
	if err := e.learn(ctx, where); err != nil {
		return err
	}
	olds, err := e.vault.lookup(ctx, ids)
	if err != nil {
		return err
	}
	p := &part{}
	var reread []mail.MessageID
	for i, id := range ids {
		old, at := olds[id], where[i]
		switch {
		case at.Err != nil:
			open[id] = true
			m := mail.Message{ID: id, Folder: batch[i].Folder}
			if old != nil {
				m = old.Message
			}
			p.enter(e.ledger, outcome{id: id, losses: []mail.Loss{
				loss(&m, "message", fmt.Errorf("it left its folder, and whether it is deleted could not be found out: %w", at.Err)),
			}})
		case !at.Exists, !e.tree.has(at.Folder):
			// Where no folder is backed up (Recoverable Items, say) it is as good as deleted.
			p.enter(e.ledger, outcome{id: id, deleted: true})
		case whole(old) && at.ChangeKey != "" && old.ChangeKey == at.ChangeKey:
			p.enter(e.ledger, outcome{id: id, stage: inFolder(old, at.Folder), restage: old.Folder == at.Folder})
			open[id] = true
		default:
			reread = append(reread, id)
			open[id] = true
		}
	}
	return e.again(ctx, reread, place{returned: true}, p)
}

// learn lists the folders again, once, when messages are in one that is not known.
func (e *engine) learn(ctx context.Context, where []Location) error {
	for _, at := range where {
		if at.Exists && !e.tree.has(at.Folder) {
			return e.list(ctx)
		}
	}
	return nil
}

func inFolder(m *record.Message, folder mail.FolderID) *record.Message {
	moved := *m
	moved.Folder = folder
	return &moved
}
