package graphsim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/tenant"
)

// TruthLine is one line of the truth about a mailbox: a folder or a message.
type TruthLine struct {
	Folder  *TruthFolder  `json:"folder,omitempty"`
	Message *TruthMessage `json:"message,omitempty"`
}

// TruthFolder is a folder as it is, whatever Graph shows of it. Path is display names joined by "\x1f": names may hold
// slashes.
type TruthFolder struct {
	Path   string `json:"path"`
	Role   string `json:"role,omitempty"`
	Hidden bool   `json:"hidden,omitempty"`
	Search bool   `json:"search,omitempty"`
	Total  int    `json:"total"`
	Unread int    `json:"unread"`
}

// PathSeparator joins display names.
const PathSeparator = "\x1f"

// TruthMessage is a message with everything that can be backed up. ID is the immutable id; it, Created and Modified
// differ in a restored copy.
type TruthMessage struct {
	ID       string    `json:"id,omitempty"`
	Created  time.Time `json:"created,omitzero"`
	Modified time.Time `json:"modified,omitzero"`

	Path              string            `json:"path,omitempty"`
	InternetMessageID string            `json:"internetMessageId"`
	Received          time.Time         `json:"received"`
	Sent              time.Time         `json:"sent"`
	Type              string            `json:"type,omitempty"`
	Subject           string            `json:"subject"`
	BodyType          string            `json:"bodyType"`
	BodySize          int64             `json:"bodySize"`
	BodySHA256        string            `json:"bodySha256"`
	From              *Person           `json:"from,omitempty"`
	Sender            *Person           `json:"sender,omitempty"`
	To                []Person          `json:"to,omitempty"`
	Cc                []Person          `json:"cc,omitempty"`
	Bcc               []Person          `json:"bcc,omitempty"`
	ReplyTo           []Person          `json:"replyTo,omitempty"`
	Read              bool              `json:"read"`
	Draft             bool              `json:"draft"`
	Importance        string            `json:"importance"`
	Categories        []string          `json:"categories,omitempty"`
	Flag              tenant.Flag       `json:"flag"`
	Classification    string            `json:"classification"`
	ReadReceipt       bool              `json:"readReceipt,omitempty"`
	DeliveryReceipt   bool              `json:"deliveryReceipt,omitempty"`
	HeadersSHA256     string            `json:"headersSha256,omitempty"`
	HasAttachments    bool              `json:"hasAttachments"`
	Attachments       []TruthAttachment `json:"attachments,omitempty"`
	Extended          map[string]string `json:"extended,omitempty"`
}

// Person is a name and an address.
type Person = tenant.Address

// TruthAttachment is an attachment; Size is that of its content, not what Graph reports.
type TruthAttachment struct {
	Kind        string        `json:"kind"` // file, item, reference
	Name        string        `json:"name"`
	ContentType string        `json:"contentType,omitempty"`
	Inline      bool          `json:"inline,omitempty"`
	ContentID   string        `json:"contentId,omitempty"`
	Size        int64         `json:"size"`
	SHA256      string        `json:"sha256,omitempty"`
	Item        *TruthMessage `json:"item,omitempty"`
	Reference   string        `json:"reference,omitempty"`
}

// TruthOptions says what belongs to the truth.
type TruthOptions struct {
	// Recoverable adds the recoverable items.
	Recoverable bool
}

// Truth is what a mailbox holds, sorted: folders by path, then messages by path, time and internet message id.
func (s *Server) Truth(mailbox string, o TruthOptions) ([]TruthLine, error) {
	var out []TruthLine
	var err error
	s.tenant.View(func(st *tenant.State) {
		var mb *tenant.Mailbox
		if mb, err = mailboxOf(st, mailbox); err != nil {
			return
		}
		tops := []string{"msgfolderroot"}
		if o.Recoverable {
			tops = append(tops, "recoverableitemsroot")
		}
		for _, role := range tops {
			for _, f := range mb.Tree(mb.Role(role).Num) {
				path := strings.Join(mb.Path(f.Num), PathSeparator)
				out = append(out, TruthLine{Folder: &TruthFolder{path, f.Role, f.Hidden, f.Search, f.Total, f.Unread}})
				for _, m := range mb.Messages(f.Num) {
					t := truthOf(m)
					t.Path, t.ID = path, mb.MessageID(m, true)
					out = append(out, TruthLine{Message: t})
				}
			}
		}
	})
	slices.SortFunc(out, compareLines)
	return out, err
}

func compareLines(a, b TruthLine) int {
	if (a.Folder == nil) != (b.Folder == nil) {
		return map[bool]int{true: -1, false: 1}[a.Folder != nil]
	}
	if a.Folder != nil {
		return cmp.Or(cmp.Compare(a.Folder.Path, b.Folder.Path), cmp.Compare(a.Folder.Total, b.Folder.Total))
	}
	x, y := a.Message, b.Message
	return cmp.Or(cmp.Compare(x.Path, y.Path), x.Received.Compare(y.Received), cmp.Compare(x.InternetMessageID, y.InternetMessageID),
		cmp.Compare(x.Subject, y.Subject), cmp.Compare(x.BodySHA256, y.BodySHA256), cmp.Compare(x.ID, y.ID))
}

func truthOf(m *tenant.Message) *TruthMessage {
	t := &TruthMessage{
		Created: m.Created, Modified: m.Modified,
		InternetMessageID: m.InternetMessageID, Received: m.Received, Sent: m.Sent, Type: m.Type, Subject: m.Subject,
		BodyType: map[bool]string{true: "html", false: "text"}[m.BodyHTML], BodySize: m.Body.Size, BodySHA256: m.Body.Hash,
		From: m.From, Sender: m.Sender, To: m.To, Cc: m.Cc, Bcc: m.Bcc, ReplyTo: m.ReplyTo, Read: m.Read, Draft: m.Draft,
		Importance: orElse(m.Importance, "normal"), Categories: m.Categories, Flag: m.Flag,
		Classification: map[bool]string{true: "other", false: "focused"}[m.Other],
		ReadReceipt:    m.ReadReceipt, DeliveryReceipt: m.DeliveryReceipt, HasAttachments: m.HasAttachments(), Extended: m.Single,
	}
	t.Flag.Status = orElse(t.Flag.Status, "notFlagged")
	if m.Headers.Size > 0 {
		t.HeadersSHA256 = m.Headers.Hash
	}
	for i := range m.Attachments {
		a := &m.Attachments[i]
		ta := TruthAttachment{
			Kind: strings.TrimSuffix(attachmentType(a), "Attachment"), Name: a.Name, ContentType: a.ContentType,
			Inline: a.Inline, ContentID: a.ContentID, Size: a.Content.Size, SHA256: a.Content.Hash, Reference: a.Reference,
		}
		if a.Item != nil {
			ta.Item = truthOf(a.Item)
		}
		t.Attachments = append(t.Attachments, ta)
	}
	return t
}

// Hash is a digest of what a restored mailbox has in common with its original: everything but ids, Created and Modified.
func Hash(lines []TruthLine) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	var keys []string
	for _, l := range lines {
		var b strings.Builder
		e := json.NewEncoder(&b)
		if l.Message != nil {
			if err := e.Encode(stripped(l.Message)); err != nil {
				return "" // values only: cannot happen
			}
		} else if err := e.Encode(l.Folder); err != nil {
			return ""
		}
		keys = append(keys, b.String())
	}
	slices.Sort(keys)
	for _, k := range keys {
		_ = enc.Encode(k) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// stripped is a message without what a copy cannot share.
func stripped(m *TruthMessage) *TruthMessage {
	c := *m
	c.ID, c.Created, c.Modified = "", time.Time{}, time.Time{}
	c.Attachments = slices.Clone(c.Attachments)
	for i := range c.Attachments {
		if c.Attachments[i].Item != nil {
			c.Attachments[i].Item = stripped(c.Attachments[i].Item)
		}
	}
	return &c
}

// WriteTruth writes lines as JSON, one each.
func WriteTruth(w io.Writer, lines []TruthLine) error {
	enc := json.NewEncoder(w)
	for i := range lines {
		if err := enc.Encode(&lines[i]); err != nil {
			return err
		}
	}
	return nil
}

// ReadTruth reads what WriteTruth wrote.
func ReadTruth(r io.Reader) ([]TruthLine, error) {
	var out []TruthLine
	dec := json.NewDecoder(r)
	for {
		var l TruthLine
		err := dec.Decode(&l)
		if err == io.EOF {
			return out, nil
		}
		if err != nil {
			return out, fmt.Errorf("truth, line %d: %w", len(out)+1, err)
		}
		out = append(out, l)
	}
}
