package graphsim

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"holdfast/test/graphsim/corpus"
	"holdfast/test/graphsim/internal/tenant"
)

// createMessage makes a message from JSON in the folder of the path (contract 6.1), or from MIME in Drafts (6.2).
func (c *call) createMessage() error {
	if aerr := c.full(); aerr != nil {
		return aerr
	}
	kind, _, _ := strings.Cut(c.r.Header.Get("Content-Type"), ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "text/plain":
		return c.createFromMIME()
	case "application/json":
		return c.createFromJSON()
	}
	return fail(415, "RequestBodyRead", "The content type '%s' is not supported.", kind)
}

func (c *call) full() *apiError {
	if c.user.Full || c.overQuota() {
		return quotaExceeded()
	}
	return nil
}

func quotaExceeded() *apiError {
	return fail(403, "ErrorQuotaExceeded", "Mailbox has exceeded maximum mailbox size.")
}

// overQuota tells whether the mailbox holds more than it may.
func (c *call) overQuota() bool {
	if c.user.Quota == 0 {
		return false
	}
	over := false
	c.s.tenant.View(func(st *tenant.State) {
		if mb := st.Mailbox(c.user.ID); mb != nil {
			over = mb.Size() > c.user.Quota
		}
	})
	return over
}

func (c *call) createFromJSON() error {
	f, aerr := parseFields(c.body)
	if aerr != nil {
		return aerr
	}
	m, aerr := c.newItem(f, 0)
	if aerr != nil {
		return aerr
	}
	return c.store(m, c.targetFolder())
}

func (c *call) targetFolder() string {
	if len(c.args) > 1 {
		return c.args[1]
	}
	return "drafts"
}

// newItem makes a message, or an item attached to one, of its fields. It is a draft unless PR_MESSAGE_FLAGS says
// otherwise, and its times are now unless the MAPI ones are given (contract 6.3).
func (c *call) newItem(f *draftFields, depth int) (*tenant.Message, *apiError) {
	now := tenant.Second(c.s.tenant.Now())
	m := &tenant.Message{Draft: true, Received: now, Sent: now, Created: now, Modified: now}
	m.Read = f.Read == nil && !setsFlags(f) // own drafts are read
	if _, aerr := c.fill(m, f, true); aerr != nil {
		return nil, aerr
	}
	if f.Read != nil && *f.Read {
		m.Read = true
	}
	if f.Attachments != nil {
		for i := range *f.Attachments {
			a, aerr := c.newAttachment(&(*f.Attachments)[i], depth)
			if aerr != nil {
				return nil, aerr
			}
			m.Attach(*a)
		}
	}
	return m, nil
}

func setsFlags(f *draftFields) bool {
	if f.Single == nil {
		return false
	}
	for _, p := range *f.Single {
		if id, ok := canonicalID(p.ID); ok && id == tagFlags {
			return true
		}
	}
	return false
}

// store puts a new message into a folder and answers 201 with it.
func (c *call) store(m *tenant.Message, folder string) error {
	if m.Size() > c.set.maxMessage() {
		return fail(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
	}
	var made *tenant.Message
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		to, aerr := findFolder(mb, folder)
		if aerr != nil {
			return aerr
		}
		if to.Search || to.Role == "searchfolders" {
			return fail(400, "ErrorInvalidRequest", "Items cannot be created in a search folder.")
		}
		m.Folder = to.Num
		if m.InternetMessageID == "" {
			m.InternetMessageID = "<" + strconv.FormatUint(tx.Seq+1, 36) + "." + mb.ID[:8] + "@" + c.s.opts.Domain + ">"
		}
		m.ConversationID, m.ConversationIndex = tenant.Conversation(mb.ID, m.Subject)
		made = tx.PutMessage(mb.ID, *m, tenant.PropAll)
		return nil
	})
	if err != nil {
		return err
	}
	return c.replyMessage(201, made, newView(nil))
}

// createFromMIME takes base64 of a whole message, into Drafts only (contract 6.2, 14.19).
func (c *call) createFromMIME() error {
	if len(c.args) > 1 {
		return undeserializable()
	}
	raw, err := base64.StdEncoding.DecodeString(strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == ' ' {
			return -1
		}
		return r
	}, string(c.body)))
	if err != nil || len(raw) == 0 {
		return fail(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.")
	}
	in, err := corpus.ParseEML(raw, corpus.ImportOptions{})
	if err != nil {
		return fail(400, "ErrorMimeContentInvalid", "The MIME content is invalid.")
	}
	m, err := c.s.message(&in, newContents(c.s.tenant.Blobs))
	if err != nil {
		return err
	}
	m.Draft, m.Read, m.Received = true, true, tenant.Second(c.s.tenant.Now())
	return c.store(m, "drafts")
}

// sensitive are the properties of sent and received mail that need Mail-Advanced from 2026-12-31 (contract 6.7).
const sensitive = tenant.PropSubject | tenant.PropBody | tenant.PropFrom | tenant.PropSender | tenant.PropTo |
	tenant.PropCc | tenant.PropBcc | tenant.PropReplyTo | tenant.PropInternetMessageID

func (c *call) guardSensitive(m *tenant.Message, changed tenant.Props) *apiError {
	due := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	if m.Draft || changed&sensitive == 0 || c.s.tenant.Now().Before(due) ||
		c.claims.has("Mail-Advanced.ReadWrite.All", "Mail-Advanced.ReadWrite") {
		return nil
	}
	return fail(403, "ErrorAccessDenied", "Access is denied. Updating sensitive properties of a message that is not a draft needs Mail-Advanced.ReadWrite.")
}

// updateMessage is PATCH (contract 6.8).
func (c *call) updateMessage() error {
	f, aerr := parseFields(c.body)
	if aerr != nil {
		return aerr
	}
	if f.Attachments != nil {
		return undeserializable()
	}
	var made *tenant.Message
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		m, aerr := c.messageIn(mb, c.args[1])
		if aerr != nil {
			return aerr
		}
		if aerr := c.ifMatch(m); aerr != nil {
			return aerr
		}
		next := *m
		changed, aerr := c.fill(&next, f, false)
		if aerr != nil {
			return aerr
		}
		if aerr := c.guardSensitive(m, changed); aerr != nil {
			return aerr
		}
		made = tx.PutMessage(mb.ID, next, changed)
		return nil
	})
	if err != nil {
		return err
	}
	return c.replyMessage(200, made, newView(nil))
}

func (c *call) ifMatch(m *tenant.Message) *apiError {
	if want := c.r.Header.Get("If-Match"); want != "" && want != "*" && want != `W/"`+changeKey(m)+`"` {
		return conflict()
	}
	return nil
}

func conflict() *apiError {
	return fail(412, "ErrorIrresolvableConflict", "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.")
}
