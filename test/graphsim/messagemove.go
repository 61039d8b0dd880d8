package graphsim

import (
	"holdfast/test/graphsim/internal/tenant"
)

// moveMessage: the regular id changes, the immutable one stays (contract 6.8).
func (c *call) moveMessage() error { return c.relocate(false) }

// copyMessage makes a new message with new ids.
func (c *call) copyMessage() error { return c.relocate(true) }

func (c *call) relocate(dup bool) error {
	var b folderBody
	if aerr := c.decode(&b); aerr != nil {
		return aerr
	}
	var made *tenant.Message
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		m, aerr := c.messageIn(mb, c.args[1])
		if aerr != nil {
			return aerr
		}
		to, aerr := findFolder(mb, b.destination())
		if aerr != nil {
			return aerr
		}
		next := *m
		next.Folder = to.Num
		if dup {
			if c.user.Full || c.user.Quota > 0 && mb.Size() > c.user.Quota {
				return quotaExceeded()
			}
			next.UID, next.Moves = 0, 0
		}
		made = tx.PutMessage(mb.ID, next, tenant.PropParentFolder)
		return nil
	})
	if err != nil {
		return err
	}
	return c.replyMessage(201, made, newView(nil))
}

// deleteMessage moves to Deleted Items, from there to the recoverable items, where nothing can be deleted (contract 6.8).
func (c *call) deleteMessage() error {
	return c.dropMessage(func(mb *tenant.Mailbox, m *tenant.Message) (string, *apiError) {
		switch trash := mb.Role("deleteditems"); {
		case mb.Within(m.Folder, mb.Role("recoverableitemsroot").Num):
			return "", fail(400, "ErrorCannotDeleteObject", "Object cannot be deleted.")
		case c.set.DeleteToRecoverable, mb.Within(m.Folder, trash.Num):
			return "recoverableitemsdeletions", nil
		}
		return "deleteditems", nil
	})
}

// purgeMessage is permanentDelete: it goes to Purges.
func (c *call) purgeMessage() error {
	return c.dropMessage(func(*tenant.Mailbox, *tenant.Message) (string, *apiError) {
		return "recoverableitemspurges", nil
	})
}

func (c *call) dropMessage(where func(*tenant.Mailbox, *tenant.Message) (string, *apiError)) error {
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		m, aerr := c.messageIn(mb, c.args[1])
		if aerr != nil {
			return aerr
		}
		if aerr := c.ifMatch(m); aerr != nil {
			return aerr
		}
		role, aerr := where(mb, m)
		if aerr != nil {
			return aerr
		}
		next := *m
		next.Folder = mb.Role(role).Num
		tx.PutMessage(mb.ID, next, tenant.PropParentFolder)
		return nil
	})
	if err != nil {
		return err
	}
	return c.noContent()
}
