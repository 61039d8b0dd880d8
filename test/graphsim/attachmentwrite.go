package graphsim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"holdfast/test/graphsim/internal/tenant"
)

// maxAttachment is the largest attachment in a POST, in raw bytes: the measured form of "under 3 MB" (contract 5.3).
const maxAttachment = 3_145_611

// maxDepth of items attached to items (contract 5.2).
const maxDepth = 30

// attachField is an attachment as a client sends it.
type attachField struct {
	Type        string          `json:"@odata.type"`
	Name        string          `json:"name"`
	ContentType *string         `json:"contentType"`
	Inline      bool            `json:"isInline"`
	ContentID   *string         `json:"contentId"`
	Location    *string         `json:"contentLocation"`
	Bytes       []byte          `json:"contentBytes"`
	Size        json.RawMessage `json:"size"` // taken, without effect
	Item        json.RawMessage `json:"item"`
}

// newAttachment makes an attachment of its fields.
func (c *call) newAttachment(f *attachField, depth int) (*tenant.Attachment, *apiError) {
	a := &tenant.Attachment{Name: f.Name, Inline: f.Inline, Modified: tenant.Second(c.s.tenant.Now())}
	for _, x := range []struct {
		in  *string
		out *string
	}{{f.ContentType, &a.ContentType}, {f.ContentID, &a.ContentID}, {f.Location, &a.Location}} {
		if x.in != nil {
			*x.out = *x.in
		}
	}
	switch kind := strings.TrimPrefix(f.Type, "#microsoft.graph."); {
	case f.Name == "":
		return nil, fail(400, "ErrorInvalidRequest", "The attachment's name is missing.")
	case kind == "fileAttachment" && f.Item == nil:
		if len(f.Bytes) > maxAttachment {
			return nil, fail(413, "RequestEntityTooLarge", "The attachment is larger than the limit for a single request.")
		}
		blob, err := c.s.tenant.Blobs.Put(f.Bytes)
		if err != nil {
			return nil, storeFailed(err)
		}
		a.Content = blob
	case kind == "itemAttachment" && f.Item != nil && depth < maxDepth:
		var aerr *apiError
		if a.Item, aerr = c.attachedItem(f.Item, depth+1); aerr != nil {
			return nil, aerr
		}
	default:
		// A reference attachment's target cannot be written in v1.0 (contract 6.4).
		return nil, undeserializable()
	}
	return a, nil
}

// attachedItem makes a message, an event or a contact.
func (c *call) attachedItem(p json.RawMessage, depth int) (*tenant.Message, *apiError) {
	switch itemKind(p) {
	case typeEvent:
		return c.newEvent(p)
	case typeContact:
		return c.newContact(p)
	}
	f, aerr := parseFields(p)
	if aerr != nil {
		return nil, aerr
	}
	return c.newItem(f, depth)
}

// createAttachment adds one attachment (contract 5.3).
func (c *call) createAttachment() error {
	if aerr := c.full(); aerr != nil {
		return aerr
	}
	f := new(attachField)
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(f); err != nil {
		return undeserializable()
	}
	a, aerr := c.newAttachment(f, 0)
	if aerr != nil {
		return aerr
	}
	m, made, err := c.attach(*a)
	if err != nil {
		return err
	}
	return c.replyAttachment(201, m, &made, nil, 0)
}

// attach adds an attachment to the message of the path.
func (c *call) attach(a tenant.Attachment) (*tenant.Message, tenant.Attachment, error) {
	var made *tenant.Message
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		m, aerr := c.messageIn(mb, c.args[1])
		if aerr != nil {
			return aerr
		}
		next := *m
		var changed tenant.Props
		a, changed = attachTo(&next, a)
		if next.Size() > c.set.maxMessage() {
			return fail(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
		}
		made = tx.PutMessage(mb.ID, next, changed)
		return nil
	})
	return made, a, err
}

func attachTo(m *tenant.Message, a tenant.Attachment) (tenant.Attachment, tenant.Props) {
	before := m.HasAttachments()
	a = m.Attach(a)
	if m.HasAttachments() != before {
		return a, tenant.PropHasAttachments
	}
	return a, 0
}

func (c *call) deleteAttachment() error {
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		m, aerr := c.messageIn(mb, c.args[1])
		if aerr != nil {
			return aerr
		}
		a := c.attachment(m)
		if a == nil {
			return itemNotFound()
		}
		next := *m
		next.Attachments = nil
		for i := range m.Attachments {
			if m.Attachments[i].Num != a.Num {
				next.Attachments = append(next.Attachments, m.Attachments[i])
			}
		}
		tx.PutMessage(mb.ID, next, tenant.PropHasAttachments)
		return nil
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

// minSession is the smallest attachment that a session takes: the measured floor (contract 5.4).
const minSession = 2 << 20

// maxSession is the largest (contract 5.4).
const maxSession = 150 << 20

// createUploadSession begins an upload of a large file (contract 5.4).
func (c *call) createUploadSession() error {
	if aerr := c.full(); aerr != nil {
		return aerr
	}
	var b struct {
		Item *struct {
			Type        string `json:"@odata.type"`
			Kind        string `json:"attachmentType"`
			Name        string `json:"name"`
			Size        int64  `json:"size"`
			Inline      bool   `json:"isInline"`
			ContentID   string `json:"contentId"`
			ContentType string `json:"contentType"`
		} `json:"AttachmentItem"`
	}
	if aerr := c.decode(&b); aerr != nil {
		return aerr
	}
	switch x := b.Item; {
	case x == nil || x.Name == "" || x.Kind == "" || x.Size <= 0:
		return fail(400, "ErrorInvalidRequest", "AttachmentItem needs attachmentType, name and size.")
	case !strings.EqualFold(x.Kind, "file"):
		return fail(405, "ErrorAttachmentSessionIsSupportedOnlyForFileAttachments", "Attachment sessions are supported only for file attachments.")
	case x.Size < minSession:
		return fail(400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize", "The attachment size should be greater than the minimum size for an upload session.")
	}
	var ses tenant.Session
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		m, aerr := c.messageIn(mb, c.args[1])
		if aerr != nil {
			return aerr
		}
		if m.Size()+b.Item.Size > min(c.set.maxMessage(), maxSession+(1<<20)) {
			return fail(413, "ErrorMessageSizeExceeded", "The message exceeds the maximum supported size.")
		}
		// A new session makes older ones of the message conflict: one at a time.
		ses = tenant.Session{
			ID: newGUID(), App: c.claims.App, Mailbox: mb.ID, UID: m.UID, Seq: m.Seq, Size: b.Item.Size,
			Expires: tx.Now.Add(c.set.sessionLifetime()),
			Meta: tenant.Attachment{
				Name: b.Item.Name, ContentType: b.Item.ContentType, Inline: b.Item.Inline, ContentID: b.Item.ContentID,
			},
		}
		for _, old := range tx.SessionsOf(mb.ID, m.UID) {
			lost := *old
			lost.Seq = 0
			tx.PutSession(lost)
		}
		tx.PutSession(ses)
		return nil
	})
	if err != nil {
		return err
	}
	writeJSON(c.w, http.StatusCreated, map[string]any{
		"@odata.context":     c.root() + "/$metadata#microsoft.graph.uploadSession",
		"uploadUrl":          c.s.sessionURL(c.r.Host, &ses),
		"expirationDateTime": ses.Expires.Format(timeLayout),
		"nextExpectedRanges": []string{"0-"},
	})
	return nil
}
