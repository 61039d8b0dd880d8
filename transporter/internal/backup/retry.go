package backup

import (
	"context"
	"fmt"
	"slices"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// retryBatch is how many messages are read between two looks at the vault.
const retryBatch = 200

// retry reads messages again that were lost, by an earlier run or earlier in this one.
func (e *engine) retry(ctx context.Context, ids []mail.MessageID) error {
	if len(ids) == 0 {
		return nil
	}
	e.progress.phase(PhaseRetrying)
	for batch := range slices.Chunk(ids, retryBatch) {
		if err := e.again(ctx, batch, place{}, &part{}); err != nil {
			return err
		}
	}
	return nil
}

// again reads messages whole, wherever they are, and commits them with what is in p already.
func (e *engine) again(ctx context.Context, ids []mail.MessageID, at place, p *part) error {
	olds, err := e.vault.lookup(ctx, ids)
	if err != nil {
		return err
	}
	err = e.each(ctx, len(ids), func(ctx context.Context, i int) (outcome, error) {
		old := olds[ids[i]]
		if e.placed(old) && whole(old) && e.ledger.unseen(ids[i]) {
			return outcome{id: ids[i]}, nil // another folder has reported it since
		}
		out, err := e.reread(ctx, ids[i], at, old)
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
	change, err := e.message(ctx, id)
	if err != nil {
		return e.unread(ctx, id, at, old, err)
	}
	m := normal(change.Message)
	if m.Folder == "" {
		m.Folder = at.folder
	}
	e.tree.meet(m.Folder)
	if unchanged(old, &m) && whole(old) {
		return standing(old, at.full && m.Folder == at.folder), nil
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
	out := outcome{id: id}
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
	case old != nil && at.full:
		out.stage, out.restage = old, true
	}
	return out, nil
}
