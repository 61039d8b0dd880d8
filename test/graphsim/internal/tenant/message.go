package tenant

import (
	"encoding/json"
	"time"
)

// Message is a message of a mailbox, or an item attached to one. Body and headers are blobs: most requests need neither.
type Message struct {
	UID    uint64 `json:"uid,omitempty"`
	Moves  uint32 `json:"mv,omitempty"` // part of the regular id, which changes with every move
	Folder uint32 `json:"f,omitempty"`
	Seq    uint64 `json:"-"` // event of the newest write: the change key

	Type     string    `json:"type,omitempty"` // "eventMessageRequest" and its like; empty for a message
	Subject  string    `json:"subject,omitempty"`
	Preview  string    `json:"preview,omitempty"`
	BodyHTML bool      `json:"html,omitempty"`
	Body     Blob      `json:"body,omitzero"`
	Headers  Blob      `json:"headers,omitzero"` // "Name: value\n" lines, unfolded
	From     *Address  `json:"from,omitempty"`
	Sender   *Address  `json:"sender,omitempty"`
	To       []Address `json:"to,omitempty"`
	Cc       []Address `json:"cc,omitempty"`
	Bcc      []Address `json:"bcc,omitempty"`
	ReplyTo  []Address `json:"replyTo,omitempty"`

	Received time.Time `json:"received,omitzero"`
	Sent     time.Time `json:"sent,omitzero"`
	Created  time.Time `json:"created,omitzero"`
	Modified time.Time `json:"modified,omitzero"`

	InternetMessageID string `json:"imid,omitempty"`
	ConversationID    string `json:"conv,omitempty"`
	ConversationIndex []byte `json:"convIndex,omitempty"`

	Importance      string   `json:"importance,omitempty"` // "low", "high"; empty for normal
	Categories      []string `json:"categories,omitempty"`
	Flag            Flag     `json:"flag,omitzero"`
	Read            bool     `json:"read,omitempty"`
	Draft           bool     `json:"draft,omitempty"`
	ReadReceipt     bool     `json:"readReceipt,omitempty"`
	DeliveryReceipt bool     `json:"deliveryReceipt,omitempty"`
	Other           bool     `json:"other,omitempty"` // inferenceClassification "other"

	Attachments []Attachment        `json:"att,omitempty"`
	NextAtt     uint32              `json:"nextAtt,omitempty"`
	Single      map[string]string   `json:"single,omitempty"` // extended properties by canonical id
	Multi       map[string][]string `json:"multi,omitempty"`
	Extensions  []json.RawMessage   `json:"ext,omitempty"`
}

// Address is a name and an address.
type Address struct {
	Name    string `json:"name,omitempty"`
	Address string `json:"address,omitempty"`
}

// Flag is the follow-up flag.
type Flag struct {
	Status    string   `json:"status,omitempty"` // "flagged", "complete"; empty for notFlagged
	Start     DateTime `json:"start,omitzero"`
	Due       DateTime `json:"due,omitzero"`
	Completed DateTime `json:"completed,omitzero"`
}

// DateTime is a wall-clock time in a named zone.
type DateTime struct {
	DateTime string `json:"dateTime,omitempty"`
	TimeZone string `json:"timeZone,omitempty"`
}

// Attachment of a message. Item is set for an attached item, Reference for a link, else it is a file.
type Attachment struct {
	Num         uint32    `json:"num"`
	Name        string    `json:"name,omitempty"`
	ContentType string    `json:"type,omitempty"`
	Inline      bool      `json:"inline,omitempty"`
	ContentID   string    `json:"cid,omitempty"`
	Location    string    `json:"loc,omitempty"`
	Modified    time.Time `json:"modified,omitzero"`
	Content     Blob      `json:"content,omitzero"`
	Item        *Message  `json:"item,omitempty"`
	Reference   string    `json:"ref,omitempty"`
}

// HasAttachments is Graph's hasAttachments: inline ones do not count (contract 4.1).
func (m *Message) HasAttachments() bool {
	for i := range m.Attachments {
		if !m.Attachments[i].Inline {
			return true
		}
	}
	return false
}

// Attach adds an attachment and gives it its number. The slice is a new one: others may be reading the old.
func (m *Message) Attach(a Attachment) Attachment {
	m.NextAtt++
	a.Num = m.NextAtt
	m.Attachments = append(m.Attachments[:len(m.Attachments):len(m.Attachments)], a)
	return a
}

// Size of the message as the mailbox counts it: contents plus an overhead.
func (m *Message) Size() int64 {
	n := m.Body.Size + m.Headers.Size + int64(len(m.Subject)) + 2048
	for i := range m.Attachments {
		n += m.Attachments[i].Size()
	}
	return n
}

// Size of the attachment as Graph reports it: with overhead (contract 5.1).
func (a *Attachment) Size() int64 {
	n := int64(len(a.Name)+len(a.ContentType)+len(a.Reference)) + 128
	if a.Item != nil {
		return n + a.Item.Size()
	}
	return n + a.Content.Size
}

// Session is an attachment upload in progress (contract 5.4).
type Session struct {
	ID      string     `json:"id"`
	App     string     `json:"app"`
	Mailbox string     `json:"mailbox"`
	UID     uint64     `json:"uid"`
	Seq     uint64     `json:"seq"` // the message's write at the session's start: another write since is a conflict
	Size    int64      `json:"size"`
	Expires time.Time  `json:"expires"`
	Meta    Attachment `json:"meta"`
	Chunks  []Blob     `json:"chunks,omitempty"`
}

// Got is how many bytes the session has.
func (s *Session) Got() int64 {
	var n int64
	for _, c := range s.Chunks {
		n += c.Size
	}
	return n
}
