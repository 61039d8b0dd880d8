// Package eml reads folders of .eml files as a mailbox, so that a backup can be measured on the very files that other
// programs are given. It decodes what the product gets decoded from Microsoft: text, headers, addresses, attachments.
//
// It trusts its input, which the benchmark made: mail of unknown origin is read by nothing in the product.
package eml

import (
	"bytes"
	"errors"
	"io"
	"mime"
	netmail "net/mail"
	"strings"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
)

// part is a message or a part of one: its headers, and its bytes as they are in the file.
type part struct {
	headers  []mail.Header
	raw      []byte
	kind     string
	params   map[string]string
	encoding string
}

var words = &mime.WordDecoder{}

// newPart reads the headers of what begins at data.
func newPart(data []byte) (part, error) {
	p := part{kind: "text/plain"}
	var err error
	if p.headers, p.raw, err = readHeaders(data); err != nil {
		return p, err
	}
	if v := p.header("Content-Type"); v != "" {
		if p.kind, p.params, err = mime.ParseMediaType(v); err != nil {
			return p, err
		}
	}
	p.encoding = strings.ToLower(p.header("Content-Transfer-Encoding"))
	return p, nil
}

// readHeaders reads headers, unfolded, up to the empty line.
func readHeaders(data []byte) ([]mail.Header, []byte, error) {
	list := make([]mail.Header, 0, 24)
	for {
		line, rest, ok := bytes.Cut(data, []byte("\r\n"))
		if !ok {
			return nil, nil, errShort
		}
		data = rest
		if len(line) == 0 {
			return list, data, nil
		}
		if line[0] == ' ' || line[0] == '\t' {
			if len(list) == 0 {
				return nil, nil, errors.New("the headers begin with a continuation")
			}
			list[len(list)-1].Value += string(line)
			continue
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return nil, nil, errors.New("a header has no colon")
		}
		list = append(list, mail.Header{Name: string(name), Value: string(bytes.TrimLeft(value, " \t"))})
	}
}

func (p *part) header(name string) string {
	for i := range p.headers {
		if strings.EqualFold(p.headers[i].Name, name) {
			return p.headers[i].Value
		}
	}
	return ""
}

// parts cuts a multipart. Where its end is not in the data (whole is false), the parts that are there in full come back.
func (p *part) parts() (list [][]byte, whole bool) {
	rest, ok := p.opened()
	delimiter := []byte("\r\n--" + p.params["boundary"])
	for ok {
		var one []byte
		if one, rest, ok = bytes.Cut(rest, delimiter); !ok {
			return list, false
		}
		list = append(list, one)
		if bytes.HasPrefix(rest, []byte("--")) {
			return list, true
		}
		_, rest, ok = bytes.Cut(rest, []byte("\r\n"))
	}
	return list, false
}

// opened returns what is behind the first boundary of a multipart.
func (p *part) opened() ([]byte, bool) {
	_, rest, ok := bytes.Cut(p.raw, []byte("--"+p.params["boundary"]+"\r\n"))
	return rest, ok
}

// errShort says that more of the message has to be read.
var errShort = errors.New("the message is longer than what was read of it")

// body returns the text of a message. Where the part is cut short, what lies behind the text may be missing.
func (p *part) body(short bool) (text []byte, html bool, err error) {
	if !strings.HasPrefix(p.kind, "multipart/") {
		if short {
			return nil, false, errShort
		}
		return decode(p.encoding, p.raw), p.kind == "text/html", nil
	}
	var data []byte
	if list, whole := p.parts(); len(list) > 0 {
		data, short = list[0], false
	} else if data, _ = p.opened(); whole || !short {
		return nil, false, errors.New("a multipart has no parts")
	}
	first, err := newPart(data)
	if err != nil {
		return nil, false, err
	}
	return first.body(short)
}

// file reports whether the part is an attachment, and not text to be shown.
func (p *part) file() bool { return p.header("Content-Disposition") != "" }

// attachments visits the attachments of a message.
func (p *part) attachments(visit func(a *part) error) error {
	if !strings.HasPrefix(p.kind, "multipart/") {
		return nil
	}
	list, whole := p.parts()
	if !whole {
		return errShort
	}
	for _, data := range list {
		a, err := newPart(data)
		if err != nil {
			return err
		}
		if a.file() {
			err = visit(&a)
		} else {
			err = a.attachments(visit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// attachment describes an attachment with its content, decoded as it is read.
func (p *part) attachment(id string) (backup.Attachment, error) {
	disposition, params, err := mime.ParseMediaType(p.header("Content-Disposition"))
	if err != nil {
		return backup.Attachment{}, err
	}
	a := backup.Attachment{Attachment: mail.Attachment{
		ID: mail.AttachmentID(id), Name: params["filename"], ContentType: p.kind, Size: int64(len(p.raw)), Inline: disposition == "inline",
		ContentID: strings.Trim(p.header("Content-ID"), "<>"),
	}}
	if p.kind != "message/rfc822" {
		a.Content = p.content()
		return a, nil
	}
	a.Kind = mail.AttachmentItem
	inner, err := newPart(p.raw)
	if err != nil {
		return a, err
	}
	item := &backup.Item{}
	text, html, err := inner.body(false)
	if err != nil {
		return a, err
	}
	item.Body = string(text)
	item.Message = inner.message(text, html)
	err = inner.attachments(func(q *part) error {
		b, err := q.attachment(id + "0")
		item.Attachments = append(item.Attachments, b)
		return err
	})
	a.Item = item
	return a, err
}

func (p *part) content() io.Reader {
	if p.encoding == "base64" {
		return &base64Reader{rest: p.raw}
	}
	return bytes.NewReader(decode(p.encoding, p.raw))
}

// message returns what the headers say of a message.
func (p *part) message(text []byte, html bool) mail.Message {
	m := mail.Message{Headers: p.headers, BodyPreview: preview(text, html)}
	if html {
		m.BodyType = mail.BodyHTML
	}
	for _, h := range p.headers {
		switch strings.ToLower(h.Name) {
		case "subject":
			m.Subject = text8(h.Value)
		case "from":
			if list := addresses(h.Value); len(list) > 0 {
				m.From = &list[0]
				m.Sender = m.From
			}
		case "to":
			m.To = addresses(h.Value)
		case "cc":
			m.Cc = addresses(h.Value)
		case "bcc":
			m.Bcc = addresses(h.Value)
		case "reply-to":
			m.ReplyTo = addresses(h.Value)
		case "message-id":
			m.InternetMessageID = h.Value
		case "date":
			m.Sent, _ = netmail.ParseDate(h.Value) // without one it is absent
			m.Sent = m.Sent.UTC()
			m.Received = m.Sent.Add(12 * time.Second)
		}
	}
	m.HasAttachments = p.kind == "multipart/mixed"
	return m
}

func text8(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	if out, err := words.DecodeHeader(s); err == nil {
		return out
	}
	return s
}

func addresses(s string) []mail.Address {
	list, err := netmail.ParseAddressList(s)
	if err != nil {
		return []mail.Address{{Name: text8(s)}}
	}
	out := make([]mail.Address, len(list))
	for i, a := range list {
		out[i] = mail.Address{Name: a.Name, Address: a.Address}
	}
	return out
}

// preview is the beginning of the text as people read it, 255 characters at most.
func preview(text []byte, html bool) string {
	var b strings.Builder
	inside, n := false, 0
	for _, r := range string(text[:min(len(text), 4096)]) {
		switch {
		case html && r == '<':
			inside = true
		case html && r == '>':
			inside = false
		case !inside && r >= ' ' && n < 255:
			b.WriteRune(r)
			n++
		}
	}
	return b.String()
}
