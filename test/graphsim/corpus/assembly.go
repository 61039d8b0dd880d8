package corpus

import (
	"bytes"
	"fmt"
	"net/url"
	"strings"
)

// assembly makes body and attachments out of a message's parts.
type assembly struct {
	parser  *parser
	message *Message
	html    *string
	text    *string
	unnamed int
}

// place is where in the tree of parts a part stands.
type place struct {
	depth       int
	related     bool // in a multipart/related, but not its root
	alternative bool // somewhere in a multipart/alternative
	direct      bool // itself one of the alternatives
}

func (a *assembly) add(p *part, at place) error {
	a.parser.parts++
	if a.parser.parts > a.parser.options.MaxParts {
		return fmt.Errorf("%w: more than %d parts", errTooLarge, a.parser.options.MaxParts)
	}
	if p.isMultipart() && !isFile(p) {
		return a.addMultipart(p, at)
	}
	switch p.kind.value {
	case "message/rfc822", "message/global", "message/news":
		return a.addMessage(p, at)
	case "message/external-body":
		if target := p.kind.params["url"]; target != "" {
			a.attach(p, at, Attachment{Reference: cleanURL(target)})
			return nil
		}
	case "text/plain", "text/html":
		if a.takeBody(p, at) {
			return nil
		}
	}
	content := p.content()
	if strings.HasPrefix(p.kind.value, "text/calendar") && a.message.Type == "" {
		a.message.Type = meetingType(content)
	}
	a.attach(p, at, Attachment{ContentType: p.kind.value, Content: content})
	return nil
}

// isFile says that a multipart is kept whole, as a signed one that was stored as a file is.
func isFile(p *part) bool {
	return p.disposition.value == "attachment" && strings.HasPrefix(strings.ToLower(p.encoding), "base64")
}

func (a *assembly) addMultipart(p *part, at place) error {
	at.depth++
	if at.depth > a.parser.options.MaxDepth {
		a.attach(p, at, Attachment{ContentType: p.kind.value, Content: p.content()})
		return nil
	}
	children := p.children(a.parser.options, a.parser.options.MaxParts+1)
	if len(children) == 0 { // no boundary: what there is, is text
		p.kind = mediaType{value: "text/plain", params: p.kind.params}
		return a.add(p, at)
	}
	inside := at
	inside.direct = false
	switch p.kind.value {
	case "multipart/alternative":
		inside.alternative = at.alternative || a.html == nil && a.text == nil
		inside.direct = inside.alternative
	case "multipart/related":
		root := rootOf(p, children)
		inside.direct = at.direct
		if err := a.add(children[root], inside); err != nil {
			return err
		}
		children = append(children[:root:root], children[root+1:]...)
		inside.related, inside.direct = true, false
	case "multipart/signed":
		if strings.Contains(strings.ToLower(p.kind.params["protocol"]), "pkcs7") {
			return a.addSigned(p, children[0], inside)
		}
	}
	for _, child := range children {
		if err := a.add(child, inside); err != nil {
			return err
		}
	}
	return nil
}

// rootOf is the index of the part that a multipart/related shows.
func rootOf(p *part, children []*part) int {
	start := strings.Trim(p.kind.params["start"], "<> ")
	for i, child := range children {
		if start != "" && child.contentID() == start {
			return i
		}
	}
	return 0
}

// addSigned does as Exchange: the text can be read, and the whole signed entity, byte for byte, is one file, with the
// attachments that are inside of it.
func (a *assembly) addSigned(p, signed *part, at place) error {
	inner := &assembly{parser: a.parser, message: &Message{}, html: a.html, text: a.text}
	if err := inner.add(signed, at); err != nil {
		return err
	}
	a.html, a.text = inner.html, inner.text
	content := append([]byte("Content-Type: "+get(p.headers, "Content-Type")+"\r\n\r\n"), p.body...)
	a.message.Attachments = append(a.message.Attachments,
		Attachment{Name: "smime.p7m", ContentType: "multipart/signed", Content: content})
	return nil
}

// addMessage attaches a message, or the file that it is if it cannot be read or lies too deep.
func (a *assembly) addMessage(p *part, at place) error {
	content := p.body
	if isEncoded(p.encoding) {
		content = p.content()
	}
	content = bytes.TrimLeft(content, "\r\n")
	if at.depth+1 <= a.parser.options.MaxDepth {
		item, err := a.parser.message(content, at.depth+1)
		if err == nil {
			if item.MessageID == "" {
				item.MessageID = contentID(content, 0)
			}
			a.attach(p, at, Attachment{Item: &item})
			return nil
		}
	}
	a.attach(p, at, Attachment{ContentType: p.kind.value, Content: bytes.Clone(content)})
	return nil
}

// takeBody takes the first text and the first HTML of an alternative, or the first of either elsewhere. Other texts are
// attachments, but for further alternatives, which are dropped.
func (a *assembly) takeBody(p *part, at place) bool {
	isRoot := p.data == nil
	if p.disposition.value == "attachment" || !isRoot && p.name() != "" || at.related && p.contentID() != "" {
		return false
	}
	isHTML := p.kind.value == "text/html"
	switch {
	case at.alternative && (isHTML && a.html != nil || !isHTML && a.text != nil):
		return at.direct
	case !at.alternative && (a.html != nil || a.text != nil):
		return false
	}
	content := p.content()
	charset := p.kind.params["charset"]
	if isHTML && charset == "" {
		charset = metaCharset(content)
	}
	text := canonicalLines(decodeText(content, charset))
	if isHTML {
		a.html = &text
	} else {
		a.text = &text
	}
	return true
}

// attach names and adds an attachment whose content is set.
func (a *assembly) attach(p *part, at place, f Attachment) {
	f.Name = p.name()
	if f.Name == "" && f.Item != nil {
		f.Name = f.Item.Subject
	}
	if f.Name == "" {
		a.unnamed++
		f.Name = fmt.Sprintf("ATT%05d%s", a.unnamed, extensionOf(p.kind.value))
	}
	f.ContentID = p.contentID()
	f.Inline = p.disposition.value == "inline" ||
		f.ContentID != "" && at.related && p.disposition.value != "attachment"
	if f.Item != nil || f.Reference != "" {
		f.Inline, f.ContentID = false, ""
	}
	a.message.Attachments = append(a.message.Attachments, f)
}

// finish chooses the body, and marks as inline what its HTML shows.
func (a *assembly) finish() {
	m := a.message
	switch {
	case a.html != nil:
		m.BodyHTML, m.Body = true, *a.html
	case a.text != nil:
		m.Body = *a.text
	}
	if m.BodyHTML && strings.Contains(m.Body, "cid:") {
		for i := range m.Attachments {
			f := &m.Attachments[i]
			if f.ContentID != "" && !f.Inline {
				f.Inline = strings.Contains(m.Body, "cid:"+f.ContentID) ||
					strings.Contains(m.Body, "cid:"+url.PathEscape(f.ContentID))
			}
		}
	}
}

// meetingType is the type of message that carries this calendar object.
func meetingType(calendar []byte) string {
	upper := bytes.ToUpper(calendar[:min(len(calendar), 4096)])
	switch {
	case bytes.Contains(upper, []byte("METHOD:REQUEST")):
		return "eventMessageRequest"
	case bytes.Contains(upper, []byte("METHOD:REPLY")):
		return "eventMessageResponse"
	case bytes.Contains(upper, []byte("METHOD:CANCEL")):
		return "eventMessage"
	}
	return ""
}

func cleanURL(s string) string { return strings.Join(strings.Fields(clean(s)), "") }

// metaCharset is the charset that an HTML page names itself.
func metaCharset(html []byte) string {
	head := strings.ToLower(string(html[:min(len(html), 2048)]))
	_, value, ok := strings.Cut(head, "charset=")
	if !ok {
		return ""
	}
	value = strings.TrimLeft(value, `"' `)
	if i := strings.IndexAny(value, "\"'>; /\r\n"); i >= 0 {
		value = value[:i]
	}
	return value
}

func extensionOf(kind string) string {
	switch kind {
	case "text/plain":
		return ".txt"
	case "text/html":
		return ".htm"
	case "text/calendar":
		return ".ics"
	case "image/png":
		return ".png"
	case "image/gif":
		return ".gif"
	case "image/jpeg":
		return ".jpg"
	case "message/rfc822":
		return ".eml"
	case "application/pgp-signature":
		return ".asc"
	}
	return ".dat"
}
