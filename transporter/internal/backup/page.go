package backup

import (
	"context"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// part gathers what the next checkpoint commits.
type part struct {
	c       Checkpoint
	changed int64
	bytes   int64
}

// enter adds what became of a message, and keeps the ledger.
func (p *part) enter(l *ledger, out outcome) {
	switch {
	case len(out.losses) > 0:
		l.enter(out.id, entry{losses: out.losses, changeKey: out.key, passing: out.passing, unseen: out.unseen})
		p.c.Losses = append(p.c.Losses, out.losses...)
	case out.gone, out.untouched:
	default:
		l.strike(out.id)
	}
	if out.gone {
		p.c.Gone = append(p.c.Gone, out.id)
	}
	if out.deleted {
		p.c.Deleted = append(p.c.Deleted, out.id)
	}
	if out.stage != nil {
		p.c.Messages = append(p.c.Messages, *out.stage)
		if !out.restage {
			p.changed++
		}
	}
	p.bytes += out.bytes
}

// place is where in a folder's stream a page lies; without folder, it is in none.
type place struct {
	folder   mail.FolderID
	full     bool
	restart  bool
	returned bool // messages are known to have left a folder before
}

// page keeps what a page of changes brings, and commits it with the cursor behind it. Where the page is heavy, checkpoints
// without the cursor come in between.
func (e *engine) page(ctx context.Context, at place, page Page) error {
	changes := latest(page.Changes)
	olds, err := e.vault.lookup(ctx, idsOf(changes))
	if err != nil {
		return err
	}
	p := &part{c: Checkpoint{Folder: at.folder, Full: at.full, Restart: at.restart}}
	err = e.each(ctx, len(changes), func(ctx context.Context, i int) (outcome, error) {
		return e.change(ctx, at, changes[i], olds[changes[i].Message.ID])
	}, p)
	if err != nil {
		return err
	}
	p.c.Cursor, p.c.Done = page.Next, page.Done
	return e.commit(ctx, p)
}

// each runs n readings, several at a time, and gathers their outcomes in p, which it commits whenever it is heavy. When
// the run is to stop, or ends by a fault of the source, what was read till then is committed.
func (e *engine) each(ctx context.Context, n int, read func(ctx context.Context, i int) (outcome, error), p *part) error {
	results := make(chan outcome)
	cancelable, cancel := context.WithCancel(ctx)
	defer cancel()
	workers, inner := errgroup.WithContext(cancelable)
	workers.SetLimit(e.opts.Parallel)
	stopped := false
	failed := make(chan error, 1)
	go func() {
		defer close(results)
		for i := 0; i < n && inner.Err() == nil && !stopped; i++ {
			if stopped = e.stopping(); stopped {
				break
			}
			workers.Go(func() error {
				out, err := read(inner, i)
				if err != nil {
					return err
				}
				results <- out // the loop below takes all that come
				return nil
			})
		}
		failed <- workers.Wait()
	}()
	var commitErr error
	for out := range results {
		p.enter(e.ledger, out)
		if p.bytes >= e.opts.CommitBytes && commitErr == nil {
			if commitErr = e.commit(ctx, p); commitErr != nil {
				cancel()
			}
		}
	}
	err := <-failed
	switch {
	case commitErr != nil:
		return commitErr
	case err == nil && !stopped:
		return nil
	case err == nil:
		err = errStopped()
	}
	if ctx.Err() == nil && e.send.broken() == nil {
		if commitErr := e.commit(ctx, p); commitErr != nil {
			return commitErr
		}
	}
	return err
}

// commit makes the part durable and empties it for the next one of the same page.
func (e *engine) commit(ctx context.Context, p *part) error {
	if err := e.send.flush(ctx); err != nil {
		return err
	}
	for _, c := range p.checkpoints() {
		if err := e.vault.commit(ctx, c); err != nil {
			return err
		}
	}
	changed, deleted, lost := p.changed, int64(len(p.c.Deleted)), int64(e.ledger.size())
	e.progress.add(func(s *Snapshot) {
		s.Changed += changed
		s.Deleted += deleted
		s.Lost = lost
	})
	*p = part{c: Checkpoint{Folder: p.c.Folder, Full: p.c.Full}}
	return nil
}

// checkpoints returns what is to be committed. Messages that were not read as part of a folder's stream are committed for
// the folder they are in all the same, so that they are forgotten with it when it is read from its beginning.
func (p *part) checkpoints() []Checkpoint {
	if p.c.Folder != "" {
		return []Checkpoint{p.c}
	}
	var list []Checkpoint
	rest := p.c
	rest.Messages = nil
	index := map[mail.FolderID]int{}
	for i := range p.c.Messages {
		f := p.c.Messages[i].Folder
		n, ok := index[f]
		if !ok {
			n = len(list)
			index[f] = n
			list = append(list, Checkpoint{Folder: f})
		}
		list[n].Messages = append(list[n].Messages, p.c.Messages[i])
	}
	if len(rest.Deleted)+len(rest.Losses) > 0 {
		list = append([]Checkpoint{rest}, list...) // losses first: what is lost is never behind what is kept
	}
	return list
}

// change decides about one entry of a page.
func (e *engine) change(ctx context.Context, at place, c mail.Change, old *record.Message) (outcome, error) {
	m := normal(c.Message)
	m.Folder = at.folder // the stream is of this folder, whatever the message says
	switch {
	case c.Removed && old != nil && old.Folder == at.folder:
		return outcome{id: m.ID, gone: true}, nil
	case c.Removed && !e.placed(old):
		return unseen(&m), nil
	case c.Removed:
		e.elsewhere.note(m.ID, old.Folder)
		return outcome{id: m.ID, gone: true}, nil
	case c.Partial:
		return e.reread(ctx, m.ID, at, old)
	case unchanged(old, &m):
		if whole(old) || e.ledger.tried(m.ID, m.ChangeKey) {
			return standing(old, at.full), nil
		}
	}
	return e.build(ctx, at, m, c.Body, old)
}

// placed reports whether the last record lies in a folder that would report it gone: one that exists, and is not being
// read from its beginning.
func (e *engine) placed(old *record.Message) bool {
	return old != nil && e.tree.has(old.Folder) && !e.elsewhere.doubted(old.Folder)
}

// unseen notes a message that is gone before it was there. The note goes into the checkpoint with the losses, because no
// folder may ever report the message again (contract 4.10, A→B→A).
func unseen(m *mail.Message) outcome {
	err := fault.New(fault.Unavailable, "it was reported gone before it was ever read, and not looked for yet")
	return outcome{
		id: m.ID, gone: true, unseen: true, passing: true, losses: []mail.Loss{loss(m, "message", err)},
	}
}

// standing keeps the last record. In a full enumeration it is named again.
func standing(old *record.Message, name bool) outcome {
	out := outcome{id: old.ID, untouched: !whole(old)}
	if name {
		out.stage, out.restage = old, true
	}
	return out
}

// latest returns the last change of each message, in the order in which those came (contract 4.5: the last one counts).
func latest(changes []mail.Change) []mail.Change {
	last := make(map[mail.MessageID]int, len(changes))
	for i := range changes {
		last[changes[i].Message.ID] = i
	}
	if len(last) == len(changes) {
		return changes
	}
	kept := changes[:0:0]
	for i := range changes {
		if last[changes[i].Message.ID] == i {
			kept = append(kept, changes[i])
		}
	}
	return kept
}

func idsOf(changes []mail.Change) []mail.MessageID {
	ids := make([]mail.MessageID, len(changes))
	for i := range changes {
		ids[i] = changes[i].Message.ID
	}
	return ids
}
