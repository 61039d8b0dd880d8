package graph

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"holdfast/pkg/mail"
)

// maxMember bounds one member of an attachment or attached message that is held in memory: the text of a body at most.
const maxMember = 64 << 20

type wireAttachment struct {
	Type        given[string]  `json:"@odata.type"`
	ID          given[string]  `json:"id"`
	Name        given[string]  `json:"name"`
	ContentType given[*string] `json:"contentType"`
	Size        given[int64]   `json:"size"`
	Inline      given[bool]    `json:"isInline"`
	ContentID   given[*string] `json:"contentId"`
	Location    *string        `json:"contentLocation"`
	Modified    stamp          `json:"lastModifiedDateTime"`
}

// described reports whether all that a file attachment is described by has come.
func (w *wireAttachment) described() bool {
	return w.Type.is && w.ID.is && w.Name.is && w.ContentType.is && w.Size.is && w.Inline.is && w.ContentID.is
}

func (w *wireAttachment) attachment() mail.Attachment {
	return mail.Attachment{
		ID: mail.AttachmentID(w.ID.v), Kind: attachmentKind(w.Type.v), Name: w.Name.v, ContentType: deref(w.ContentType.v),
		Size: w.Size.v, Inline: w.Inline.v, ContentID: deref(w.ContentID.v), ContentLocation: deref(w.Location), Modified: w.Modified.Time,
	}
}

func attachmentKind(odata string) mail.AttachmentKind {
	switch strings.ToLower(strings.TrimPrefix(odata, "#microsoft.graph.")) {
	case "itemattachment":
		return mail.AttachmentItem
	case "referenceattachment":
		return mail.AttachmentReference
	}
	return mail.AttachmentFile
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// parser reads one attachment, with all that is nested in it, from a stream.
type parser struct {
	a       *attachmentReader
	s       *scanner
	body    io.Closer // the answer, to be given up when a content breaks off
	visited bool      // the attachment was visited while it was being read
	deep    bool      // it holds messages deeper than were asked for
}

// members collects the members of an object that are held in memory.
type members struct{ limited }

func (m *members) add(s *scanner, name string) error {
	if m.Len() == 0 {
		m.left = maxMember
		_ = m.WriteByte('{')
	} else {
		_ = m.WriteByte(',')
	}
	quoted, err := json.Marshal(name)
	if err != nil {
		return err
	}
	m.Write(quoted)
	_ = m.WriteByte(':')
	return s.copy(&m.limited)
}

// decode reads the members collected so far into v.
func (m *members) decode(v any) error {
	if m.Len() == 0 {
		return nil
	}
	return json.Unmarshal(append(m.Bytes()[:m.Len():m.Len()], '}'), v)
}

// attachment reads an attachment at a level: 0 for the message's own.
func (p *parser) attachment(level int) (Attachment, error) {
	var m members
	var got Attachment
	if level > maxNesting {
		return got, fmt.Errorf("%w: messages nested deeper than Graph expands them", errScan)
	}
	nested := false
	err := p.s.object(func(name string) error {
		switch name {
		case "contentBytes":
			if null, err := p.s.null(); null || err != nil {
				return err
			}
			return p.content(level, &m, &got)
		case "item":
			if null, err := p.s.null(); null || err != nil {
				return err
			}
			nested = true
			item, err := p.item(level)
			got.Item = item
			return err
		}
		return m.add(p.s, name)
	})
	if err != nil {
		return got, err
	}
	var w wireAttachment
	if err := m.decode(&w); err != nil {
		return got, err
	}
	got.Attachment = w.attachment()
	switch {
	case level == 0:
	case got.Kind == mail.AttachmentItem && !nested:
		got.Err = p.a.errDeep()
		p.deep = true
	case got.Kind == mail.AttachmentItem && got.Item == nil:
		got.Err = errNoMessage
	case got.Kind == mail.AttachmentFile && got.Content == nil:
		got.Err = errNoContent
	}
	return got, nil
}

// content reads contentBytes. At the top, when the attachment is fully described by now (Graph writes contentBytes last),
// it is visited at once and the bytes pass straight through; else they are kept.
func (p *parser) content(level int, m *members, got *Attachment) error {
	text, err := p.s.open()
	if err != nil {
		return err
	}
	bytes := base64.NewDecoder(base64.StdEncoding, text)
	var w wireAttachment
	if err := m.decode(&w); err != nil {
		return err
	}
	if level > 0 || !w.described() {
		if got.Content, err = p.a.keep(bytes); err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, text)
		return err
	}
	now := Attachment{Attachment: w.attachment()}
	if p.a.done[now.ID] {
		p.visited = true
		_, err := io.Copy(io.Discard, text)
		return err
	}
	content := &resumed{a: p.a, id: now.ID, now: bytes, list: p.body}
	now.Content = content
	p.visited = true
	if err := p.a.hand(now); err != nil {
		content.close()
		return err
	}
	content.close()
	if content.broken {
		return &stopError{errRest}
	}
	_, err = io.Copy(io.Discard, text)
	return err
}

// item reads an attached item; nil when it is no message.
func (p *parser) item(level int) (*Item, error) {
	var m members
	item := &Item{}
	listed := false
	err := p.s.object(func(name string) error {
		if name != "attachments" {
			return m.add(p.s, name)
		}
		if null, err := p.s.null(); null || err != nil {
			return err
		}
		listed = true
		return p.s.array(func() error {
			got, err := p.attachment(level + 1)
			if err == nil {
				item.Attachments = append(item.Attachments, got)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	var w wireMessage
	if err := m.decode(&w); err != nil {
		return nil, err
	}
	switch strings.ToLower(strings.TrimPrefix(w.Type, "#microsoft.graph.")) {
	case "event", "contact":
		return nil, nil //nolint:nilnil // an item that is no message is read by its rendering
	}
	item.Message, item.Body = w.message()
	if !listed && item.Message.HasAttachments {
		p.deep = true
		item.Attachments = append(item.Attachments, Attachment{Err: p.a.errDeep()})
	}
	return item, nil
}
