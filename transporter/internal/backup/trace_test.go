package backup_test

import (
	"context"
	"fmt"
	"strings"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
)

// trace notes what happens in a history, to be printed when it ends wrong. The box's lock is held, or nobody else is there.
func (h *history) trace(format string, args ...any) {
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

// tracedBox traces what the mailbox says.
type tracedBox struct {
	*box
	h *history
}

func (b tracedBox) Changes(ctx context.Context, f mail.FolderID, from mail.Cursor) (backup.Page, error) {
	p, err := b.box.Changes(ctx, f, from)
	b.mu.Lock()
	defer b.mu.Unlock()
	var list strings.Builder
	for _, c := range p.Changes {
		fmt.Fprintf(&list, " %s(%s removed=%v partial=%v)", c.Message.ID, c.Message.ChangeKey, c.Removed, c.Partial)
	}
	b.h.trace("  changes of %s: %q to %q done=%v%s %v", f, from, p.Next, p.Done, &list, err)
	return p, err
}

func (b tracedBox) Message(ctx context.Context, id mail.MessageID) (mail.Change, error) {
	c, err := b.box.Message(ctx, id)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.h.trace("  message %s in %s: %v", id, c.Message.Folder, err)
	return c, err
}

// tracedVault traces what is committed.
type tracedVault struct {
	backup.Vault
	h *history
}

func (v tracedVault) Commit(ctx context.Context, c backup.Checkpoint) error {
	err := v.Vault.Commit(ctx, c)
	v.h.b.mu.Lock()
	defer v.h.b.mu.Unlock()
	var list strings.Builder
	for i := range c.Messages {
		fmt.Fprintf(&list, " %s(%s in %s)", c.Messages[i].ID, c.Messages[i].ChangeKey, c.Messages[i].Folder)
	}
	v.h.trace("  commit %s %q full=%v restart=%v done=%v%s gone=%v deleted=%v losses=%d: %v",
		c.Folder, c.Cursor, c.Full, c.Restart, c.Done, &list, c.Gone, c.Deleted, len(c.Losses), err)
	return err
}
