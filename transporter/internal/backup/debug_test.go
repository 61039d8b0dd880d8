package backup_test

import (
	"context"
	"fmt"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
)

type loggedBox struct {
	*box
	h *history
}

func (l loggedBox) Changes(ctx context.Context, f mail.FolderID, c mail.Cursor) (backup.Page, error) {
	p, err := l.box.Changes(ctx, f, c)
	l.box.mu.Lock()
	defer l.box.mu.Unlock()
	s := ""
	for _, c := range p.Changes {
		s += fmt.Sprint(" ", c.Message.ID, c.Removed, c.Partial, c.Message.ChangeKey)
	}
	l.h.ops = append(l.h.ops, fmt.Sprint("  changes ", f, " ", c, "->", p.Next, p.Done, s, err))
	return p, err
}
func (l loggedBox) Message(ctx context.Context, id mail.MessageID) (mail.Change, error) {
	c, err := l.box.Message(ctx, id)
	l.box.mu.Lock()
	defer l.box.mu.Unlock()
	l.h.ops = append(l.h.ops, fmt.Sprint("  message ", id, c.Message.Folder, err))
	return c, err
}

func logCommit(h *history, c backup.Checkpoint) {
	s := ""
	for _, m := range c.Messages {
		s += fmt.Sprint(" ", m.ID, m.Folder, m.ChangeKey)
	}
	h.ops = append(h.ops, fmt.Sprint("  commit ", c.Folder, " ", c.Cursor, c.Full, c.Restart, c.Done, s, " gone ", c.Gone, " deleted ", c.Deleted, " losses ", len(c.Losses)))
}

type loggedVault struct {
	*memVault
	h *history
}

func (l loggedVault) Commit(ctx context.Context, c backup.Checkpoint) error {
	err := l.memVault.Commit(ctx, c)
	l.h.b.mu.Lock()
	defer l.h.b.mu.Unlock()
	logCommit(l.h, c)
	l.h.ops = append(l.h.ops, fmt.Sprint("  -> ", err))
	return err
}
