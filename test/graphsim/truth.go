package graphsim

import (
	"bytes"
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

// Truth is what a mailbox holds, sorted: folders by path, then messages by path, time and internet message id. It is all
// in memory: for very large mailboxes there is EachTruth.
func (s *Server) Truth(mailbox string, o TruthOptions) ([]TruthLine, error) {
	var out []TruthLine
	err := s.EachTruth(mailbox, o, func(l TruthLine) error { out = append(out, l); return nil })
	return out, err
}

// truthChunk is how many messages are looked at in one hold of the state.
const truthChunk = 512

// truthFolder is a folder whose messages are to be told.
type truthFolder struct {
	TruthFolder
	num uint32
}

// EachTruth tells the truth line by line, in the order of Truth. Changes that are made meanwhile may show in the lines to
// come.
func (s *Server) EachTruth(mailbox string, o TruthOptions, tell func(TruthLine) error) error {
	folders, err := s.truthFolders(mailbox, o)
	if err != nil {
		return err
	}
	for i := range folders {
		if err := tell(TruthLine{Folder: &folders[i].TruthFolder}); err != nil {
			return err
		}
	}
	for len(folders) > 0 {
		n := 1 // siblings may share a name, and so a path
		for n < len(folders) && folders[n].Path == folders[0].Path {
			n++
		}
		if err := s.truthOfFolders(mailbox, folders[:n], tell); err != nil {
			return err
		}
		folders = folders[n:]
	}
	return nil
}

func (s *Server) truthFolders(mailbox string, o TruthOptions) ([]truthFolder, error) {
	var out []truthFolder
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
				out = append(out, truthFolder{TruthFolder{path, f.Role, f.Hidden, f.Search, f.Total, f.Unread}, f.Num})
			}
		}
	})
	slices.SortFunc(out, func(a, b truthFolder) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Total, b.Total), cmp.Compare(a.num, b.num))
	})
	return out, err
}

// truthOfFolders tells the messages of folders of one path, oldest first. Their numbers and times alone are held.
func (s *Server) truthOfFolders(mailbox string, folders []truthFolder, tell func(TruthLine) error) error {
	var all []tenant.Entry
	s.tenant.View(func(st *tenant.State) {
		if mb, err := mailboxOf(st, mailbox); err == nil {
			for _, f := range folders {
				all = append(all, mb.Messages(f.num)...)
			}
		}
	})
	slices.SortFunc(all, func(a, b tenant.Entry) int { return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.UID, b.UID)) })
	for len(all) > 0 {
		n := min(truthChunk, len(all))
		for n < len(all) && all[n].Received.Equal(all[n-1].Received) {
			n++
		}
		lines, err := s.truthOfMessages(mailbox, folders[0].Path, all[:n])
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := tell(l); err != nil {
				return err
			}
		}
		all = all[n:]
	}
	return nil
}

func (s *Server) truthOfMessages(mailbox, path string, entries []tenant.Entry) ([]TruthLine, error) {
	var out []TruthLine
	var err error
	s.tenant.View(func(st *tenant.State) {
		var mb *tenant.Mailbox
		if mb, err = mailboxOf(st, mailbox); err != nil {
			return
		}
		for _, e := range entries {
			m := mb.Message(e.UID)
			if m == nil {
				continue // gone meanwhile
			}
			var t *TruthMessage
			if t, err = s.truthOf(m); err != nil {
				return
			}
			t.Path, t.ID = path, mb.MessageID(m, true)
			out = append(out, TruthLine{Message: t})
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

func (s *Server) truthOf(m *tenant.Message) (*TruthMessage, error) {
	t := &TruthMessage{
		Created: m.Created, Modified: m.Modified,
		InternetMessageID: m.InternetMessageID, Received: m.Received, Sent: m.Sent, Type: m.Type, Subject: m.Subject,
		BodyType: map[bool]string{true: "html", false: "text"}[m.BodyHTML], BodySize: m.Body.Size,
		From: m.From, Sender: m.Sender, To: m.To, Cc: m.Cc, Bcc: m.Bcc, ReplyTo: m.ReplyTo, Read: m.Read, Draft: m.Draft,
		Importance: orElse(m.Importance, "normal"), Categories: m.Categories, Flag: m.Flag,
		Classification: map[bool]string{true: "other", false: "focused"}[m.Other],
		ReadReceipt:    m.ReadReceipt, DeliveryReceipt: m.DeliveryReceipt, HasAttachments: m.HasAttachments(), Extended: m.Single,
	}
	t.Flag.Status = orElse(t.Flag.Status, "notFlagged")
	var err error
	if t.BodySHA256, err = s.tenant.Blobs.Hash(m.Body); err != nil {
		return nil, err
	}
	if m.Headers.Size > 0 {
		if t.HeadersSHA256, err = s.tenant.Blobs.Hash(m.Headers); err != nil {
			return nil, err
		}
	}
	for i := range m.Attachments {
		a := &m.Attachments[i]
		ta := TruthAttachment{
			Kind: strings.TrimSuffix(attachmentType(a), "Attachment"), Name: a.Name, ContentType: a.ContentType,
			Inline: a.Inline, ContentID: a.ContentID, Size: a.Content.Size, Reference: a.Reference,
		}
		if ta.SHA256, err = s.tenant.Blobs.Hash(a.Content); err != nil {
			return nil, err
		}
		if a.Item != nil {
			if ta.Item, err = s.truthOf(a.Item); err != nil {
				return nil, err
			}
		}
		t.Attachments = append(t.Attachments, ta)
	}
	return t, nil
}

// Hash is a digest of what a restored mailbox has in common with its original: everything but ids, Created and Modified.
func Hash(lines []TruthLine) string {
	h := newHasher()
	for _, l := range lines {
		h.add(l)
	}
	return h.sum().Hash
}

// hasher sums lines up in whatever order they come.
type hasher struct {
	MailboxHash
	lines [][sha256.Size]byte
}

func newHasher() *hasher { return &hasher{} }

func (h *hasher) add(l TruthLine) {
	var v any = l.Folder
	if l.Message != nil {
		v = stripped(l.Message)
		h.Messages++
		h.Bytes += l.Message.BodySize
		for _, a := range l.Message.Attachments {
			h.Bytes += a.Size
		}
	} else {
		h.Folders++
	}
	p, err := json.Marshal(v)
	if err != nil {
		p = nil // values only: cannot happen
	}
	h.lines = append(h.lines, sha256.Sum256(p))
}

func (h *hasher) sum() MailboxHash {
	slices.SortFunc(h.lines, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	all := sha256.New()
	for i := range h.lines {
		_, _ = all.Write(h.lines[i][:]) // a hash takes everything
	}
	h.Hash = hex.EncodeToString(all.Sum(nil))
	return h.MailboxHash
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
