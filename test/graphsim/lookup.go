package graphsim

import (
	"strings"

	"holdfast/test/graphsim/internal/tenant"
)

// findFolder resolves a well-known name or an id; nil when there is none.
func findFolder(mb *tenant.Mailbox, name string) (*tenant.FolderInfo, *apiError) {
	if f := mb.Role(name); f != nil && f.Role != "root" {
		return f, nil
	}
	if isWellKnown(name) {
		return nil, fail(404, "ErrorItemNotFound", "The specified object was not found in the store., Default folder %s not found.", name)
	}
	ref, err := tenant.ParseID(name)
	if err != nil || ref.Kind != tenant.KindFolder {
		return nil, malformedID()
	}
	if strings.EqualFold(ref.Mailbox, mb.ID) {
		if f := mb.Folder(uint32(ref.Num)); f != nil {
			return f, nil
		}
	}
	return nil, itemNotFound()
}

// isWellKnown tells the names of contract 3.3, whether the mailbox has the folder or not.
func isWellKnown(name string) bool {
	return strings.Contains(" archive clutter conflicts conversationhistory deleteditems drafts inbox junkemail localfailures"+
		" msgfolderroot outbox recoverableitemsdeletions scheduled searchfolders sentitems serverfailures syncissues"+
		" recoverableitemsroot recoverableitemspurges recoverableitemsversions recoverableitemsdiscoveryholds ", " "+strings.ToLower(name)+" ")
}

// findMessage resolves either form of id. A regular id is good until the message is moved (contract 4.10).
func findMessage(mb *tenant.Mailbox, id string) (*tenant.Message, *apiError) {
	ref, err := tenant.ParseID(id)
	if err != nil || (ref.Kind != tenant.KindMessage && ref.Kind != tenant.KindImmutable) {
		return nil, malformedID()
	}
	m := mb.Message(ref.Num)
	if m == nil || !strings.EqualFold(ref.Mailbox, mb.ID) || (ref.Kind == tenant.KindMessage && ref.Moves != m.Moves) {
		return nil, fail(404, "ErrorItemNotFound", "The specified object was not found in the store., The process failed to get the correct properties.")
	}
	return m, nil
}

// message of the route's second key. The value stays as it is: writes replace messages.
func (c *call) message() (*tenant.Message, error) {
	var m *tenant.Message
	var aerr *apiError
	c.s.tenant.View(func(st *tenant.State) {
		mb := st.Mailbox(c.mailboxID())
		if mb == nil {
			aerr = itemNotFound()
			return
		}
		m, aerr = c.messageIn(mb, c.args[1])
	})
	if aerr != nil {
		return nil, aerr
	}
	return m, nil
}

// messageIn also checks that the message is in the folder of the path, when there is one.
func (c *call) messageIn(mb *tenant.Mailbox, id string) (*tenant.Message, *apiError) {
	m, aerr := findMessage(mb, id)
	if aerr != nil || c.folder == "" {
		return m, aerr
	}
	f, aerr := findFolder(mb, c.folder)
	if aerr != nil {
		return nil, aerr
	}
	if f.Num != m.Folder {
		return nil, itemNotFound()
	}
	return m, nil
}

// attachment of the route's third key; nil when there is none.
func (c *call) attachment(m *tenant.Message) *tenant.Attachment {
	ref, err := tenant.ParseID(c.args[2])
	if err != nil || (ref.Kind != tenant.KindAttachment && ref.Kind != tenant.KindImmutableAttachment) {
		return nil
	}
	if ref.Num != m.UID || (ref.Kind == tenant.KindAttachment && ref.Moves != m.Moves) {
		return nil
	}
	for i := range m.Attachments {
		if m.Attachments[i].Num == ref.Attachment {
			return &m.Attachments[i]
		}
	}
	return nil
}

// view runs fn on the mailbox, held still.
func (c *call) view(fn func(mb *tenant.Mailbox) *apiError) error {
	var aerr *apiError
	c.s.tenant.View(func(st *tenant.State) { aerr = fn(st.Mailbox(c.user.ID)) })
	if aerr != nil {
		return aerr
	}
	return nil
}

// update runs fn alone on the mailbox.
func (c *call) update(fn func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError) error {
	return c.s.tenant.Update(func(tx *tenant.Tx) error {
		if aerr := fn(tx, tx.Mailbox(c.user.ID)); aerr != nil {
			return aerr
		}
		return nil
	})
}
