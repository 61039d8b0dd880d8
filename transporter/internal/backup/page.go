package backup

import (
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// part gathers what the next checkpoint commits.
type part struct {
	c     Checkpoint // without messages
	outs  []outcome
	bytes int64
}

func (p *part) add(out outcome) {
	p.outs = append(p.outs, out)
	p.bytes += out.bytes
}

// place is where in a folder's stream a page lies; without folder, it is in none.
type place struct {
	folder  mail.FolderID
	full    bool
	restart bool
	// restage names messages again that are unchanged: they may not be in the next point otherwise.
	restage bool
	read    int64 // when the page was, see order
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
	if n == 0 {
		return nil
	}
	width := min(n, e.opts.Parallel)
	results := make(chan outcome, width) // so that nobody waits for a loop that is about to take more than one
	cancelable, cancel := context.WithCancel(ctx)
	defer cancel()
	readers, inner := errgroup.WithContext(cancelable)
	var next atomic.Int64
	var stop atomic.Bool
	for range width { // and not one goroutine for each reading, whose stack would have to grow anew each time
		readers.Go(func() error {
			for inner.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if e.stopping() {
					stop.Store(true)
					return nil
				}
				var out outcome
				err := shielded(func() (err error) {
					out, err = read(inner, i)
					return err
				})
				if err != nil {
					return err
				}
				results <- out // the loop below takes all that come
			}
			return nil
		})
	}
	failed := make(chan error, 1)
	go func() {
		defer close(results)
		failed <- readers.Wait()
	}()
	var commitErr error
	for out := range results {
		p.add(out)
		if p.bytes >= e.opts.CommitBytes && commitErr == nil {
			if commitErr = e.commit(ctx, p); commitErr != nil {
				cancel()
			}
		}
	}
	err, stopped := <-failed, stop.Load()
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

// change decides about one entry of a page.
func (e *engine) change(ctx context.Context, at place, c mail.Change, old *record.Message) (outcome, error) {
	m := normal(c.Message)
	m.Folder = at.folder // the stream is of this folder, whatever the message says
	switch {
	case c.Removed:
		return e.left(&m, old), nil
	case unchanged(old, &m):
		if whole(old) {
			return standing(old, at.restage, at), nil
		}
		if losses := e.ledger.tried(m.ID, m.ChangeKey); losses != nil {
			out := standing(old, at.restage, at)
			out.known = losses
			return out, nil
		}
	}
	if c.Partial {
		return e.reread(ctx, m.ID, at, old)
	}
	return e.build(ctx, at, m, c.Body, old)
}

// left notes a message that is no more in its folder.
func (e *engine) left(m *mail.Message, old *record.Message) outcome {
	switch {
	case old != nil && old.Folder == m.Folder:
	case !e.placed(old):
		return unseen(m)
	default:
		e.elsewhere.note(m.ID, old.Folder)
	}
	return outcome{id: m.ID, gone: true}
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
func standing(old *record.Message, name bool, at place) outcome {
	out := outcome{id: old.ID, read: at.read}
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
