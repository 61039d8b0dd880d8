package backup

import (
	"context"

	"holdfast/pkg/mail"
)

// commit makes the part durable, keeps the ledger, and empties the part for the next one of the same page.
func (e *engine) commit(ctx context.Context, p *part) error {
	if err := e.send.flush(ctx); err != nil {
		return err
	}
	e.commits.Lock()
	defer e.commits.Unlock()
	checkpoints, changed, deleted := e.checkpoints(p)
	for _, c := range checkpoints {
		if err := e.vault.commit(ctx, c); err != nil {
			return err
		}
	}
	lost := int64(e.ledger.size())
	e.progress.add(func(s *Snapshot) {
		s.Changed += changed
		s.Deleted += deleted
		s.Lost = lost
	})
	*p = part{c: Checkpoint{Folder: p.c.Folder, Full: p.c.Full}}
	return nil
}

// checkpoints returns what is to be committed, in order. Messages that were not read as part of a folder's stream are
// committed for the folder they are in all the same, so that they are forgotten with it when it is read from its beginning.
func (e *engine) checkpoints(p *part) (list []Checkpoint, changed, deleted int64) {
	main := p.c
	apart := map[mail.FolderID]*Checkpoint{}
	for _, out := range p.outs {
		if !out.gone && !e.order.admit(out.id, out.read) {
			continue // something newer is known
		}
		main.Losses = append(main.Losses, e.ledger.take(out)...)
		if out.gone {
			main.Gone = append(main.Gone, out.id)
		}
		if out.deleted {
			main.Deleted = append(main.Deleted, out.id)
			deleted++
		}
		if out.stage == nil {
			continue
		}
		if !out.restage {
			changed++
		}
		c := &main
		if main.Folder == "" {
			if c = apart[out.stage.Folder]; c == nil {
				c = &Checkpoint{Folder: out.stage.Folder}
				apart[c.Folder] = c
			}
		}
		c.Messages = append(c.Messages, *out.stage)
		if out.watch {
			c.Gone = append(c.Gone, out.id) // in the same checkpoint, which leaves it pending
		}
	}
	// Losses first: what is lost is never behind what is kept.
	if main.Folder != "" || len(main.Deleted)+len(main.Losses) > 0 {
		list = append(list, main)
	}
	for _, c := range apart {
		list = append(list, *c)
	}
	return list, changed, deleted
}
