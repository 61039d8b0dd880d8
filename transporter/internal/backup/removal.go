package backup

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// removalBatch is how many messages are verified at once.
const removalBatch = 400

// removals decides about every message that left its folder and was reported in no other: is it deleted, or was it only not
// reported where it went (contract 4.10, A→B→A)? One that exists is kept, and stays pending until a folder reports it.
func (e *engine) removals(ctx context.Context) error {
	e.progress.phase(PhaseRemovals)
	for batch := range slices.Chunk(e.elsewhere.doubtful(&e.tree), removalBatch) {
		if err := e.verify(ctx, batch, map[mail.MessageID]bool{}); err != nil {
			return err
		}
	}
	// Messages that the vault goes on naming.
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
			p.add(outcome{id: id, read: e.order.within(), losses: []mail.Loss{
				loss(&m, "message", fmt.Errorf("it left its folder, and whether it is deleted could not be found out: %w", at.Err)),
			}})
		case !at.Exists, !e.tree.has(at.Folder):
			// Where no folder is backed up (Recoverable Items, say) it is as good as deleted.
			p.add(outcome{id: id, deleted: true, read: e.order.within()})
		case whole(old) && at.ChangeKey != "" && old.ChangeKey == at.ChangeKey:
			open[id] = true
			if old.Folder != at.Folder {
				p.add(outcome{id: id, stage: inFolder(old, at.Folder), watch: true, read: e.order.within()})
			}
		default:
			reread = append(reread, id)
			open[id] = true
		}
	}
	return e.again(ctx, reread, p, func(mail.MessageID, mail.FolderID, *record.Message) bool { return true })
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

// maxElsewhere bounds the messages remembered; more than that never left folders that are in doubt.
const maxElsewhere = 100_000

// elsewhere remembers messages that one folder reported gone although they were last seen in another: they have moved,
// and the other folder will say when they leave it. It will not when it is read from its beginning, or vanishes: then they
// are looked for.
type elsewhere struct {
	mu   sync.Mutex
	seen map[mail.MessageID]mail.FolderID
	anew map[mail.FolderID]bool
}

func (e *elsewhere) note(id mail.MessageID, last mail.FolderID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seen == nil {
		e.seen = map[mail.MessageID]mail.FolderID{}
	}
	if len(e.seen) < maxElsewhere {
		e.seen[id] = last
	}
}

// doubt notes a folder that does not report what left it, because it is read from its beginning.
func (e *elsewhere) doubt(f mail.FolderID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.anew == nil {
		e.anew = map[mail.FolderID]bool{}
	}
	e.anew[f] = true
}

func (e *elsewhere) doubted(f mail.FolderID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.anew[f]
}

func (e *elsewhere) doubtful(t *tree) []Gone {
	e.mu.Lock()
	defer e.mu.Unlock()
	var list []Gone
	for id, f := range e.seen {
		if e.anew[f] || !t.has(f) {
			list = append(list, Gone{Message: id, Folder: f})
		}
	}
	return list
}
