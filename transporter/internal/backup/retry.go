package backup

import (
	"context"
	"fmt"
	"slices"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// maxPending bounds the removals that are asked for at once.
const maxPending = 10_000

// retryBatch is how many messages are read between two looks at the vault.
const retryBatch = 200

// retry reads messages again that were lost, by an earlier run or earlier in this one.
func (e *engine) retry(ctx context.Context, ids []mail.MessageID) error {
	if len(ids) == 0 {
		return nil
	}
	e.progress.phase(PhaseRetrying)
	pending, err := e.vault.pending(ctx, maxPending)
	if err != nil {
		return err
	}
	doubtful := make(map[mail.MessageID]bool, len(pending))
	for _, g := range pending {
		doubtful[g.Message] = true
	}
	for batch := range slices.Chunk(ids, retryBatch) {
		// A message is watched from now on unless it is where a folder has reported it.
		err := e.again(ctx, batch, &part{}, func(id mail.MessageID, now mail.FolderID, old *record.Message) bool {
			return old == nil || old.Folder != now || doubtful[id] || e.ledger.unseen(id)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// again reads messages whole, wherever they are, and commits them with what is in p already. Those for which watch says so
// stay pending.
func (e *engine) again(ctx context.Context, ids []mail.MessageID, p *part,
	watch func(id mail.MessageID, now mail.FolderID, old *record.Message) bool,
) error {
	n := e.order.begin()
	defer e.order.end(n)
	olds, err := e.vault.lookup(ctx, ids)
	if err != nil {
		return err
	}
	err = e.each(ctx, len(ids), func(ctx context.Context, i int) (outcome, error) {
		old := olds[ids[i]]
		if e.placed(old) && whole(old) && e.ledger.unseen(ids[i]) {
			return outcome{id: ids[i], read: n}, nil // another folder has reported it since
		}
		out, err := e.reread(ctx, ids[i], place{}, old)
		out.watch = out.stage != nil && watch(ids[i], out.stage.Folder, old)
		if out.gone { // asked for by its id, so it is not merely elsewhere
			out.gone, out.deleted = false, true
		}
		if len(out.losses) > 0 && old != nil && old.ChangeKey == out.key {
			out.restage = true // no better than before
		}
		return out, err
	}, p)
	if err != nil {
		return err
	}
	return e.commit(ctx, p)
}

// reread reads one message whole and makes its record. A message that Microsoft places in no folder is in at's.
func (e *engine) reread(ctx context.Context, id mail.MessageID, at place, old *record.Message) (outcome, error) {
	at.read = e.order.within()
	change, err := e.message(ctx, id)
	if err != nil {
		return e.unread(ctx, id, at, old, err)
	}
	m := normal(change.Message)
	if m.Folder == "" {
		m.Folder = at.folder
	}
	if at.folder != "" && m.Folder != at.folder { // it moved meanwhile; where it is now, it is reported, or looked for
		return e.left(&mail.Message{ID: id, Folder: at.folder}, old), nil
	}
	e.tree.meet(m.Folder)
	if unchanged(old, &m) && whole(old) {
		return standing(old, at.restage, at), nil
	}
	return e.build(ctx, at, m, change.Body, old)
}

func (e *engine) message(ctx context.Context, id mail.MessageID) (mail.Change, error) {
	if err := acquire(ctx, e.requests); err != nil {
		return mail.Change{}, err
	}
	defer release(e.requests)
	return e.src.Message(ctx, id)
}

// unread says what becomes of a message that could not be read at all: the last record stays, marked.
func (e *engine) unread(ctx context.Context, id mail.MessageID, at place, old *record.Message, err error) (outcome, error) {
	v, end := e.examine(ctx, id, err)
	out := outcome{id: id, read: at.read}
	switch {
	case end != nil:
		return out, end
	case v == gone:
		out.gone = true
		return out, nil
	}
	err = fmt.Errorf("the message could not be read: %w", err)
	m := mail.Message{ID: id, Folder: at.folder}
	if old != nil {
		m = old.Message
	}
	out.losses, out.passing = []mail.Loss{loss(&m, "message", err)}, v == passing
	switch {
	case whole(old):
		marked := *old
		marked.Lost = []string{"a later version of this message could not be read; this is the one before"}
		out.stage, out.restage = &marked, true
	case old != nil && at.restage:
		out.stage, out.restage = old, true
	}
	return out, nil
}
