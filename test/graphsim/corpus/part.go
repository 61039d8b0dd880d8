package corpus

import (
	"bytes"
	"strings"
)

// part is one MIME entity.
type part struct {
	headers     []Header
	kind        mediaType // Content-Type
	disposition mediaType
	encoding    string
	body        []byte // as sent
	data        []byte // headers and body as sent; nil for the root
}

// newPart reads the MIME headers. implied is the type of a part that names none.
func newPart(headers []Header, body []byte, implied string) *part {
	p := &part{headers: headers, body: body}
	p.kind = parseMediaType(get(headers, "Content-Type"))
	p.disposition = parseMediaType(get(headers, "Content-Disposition"))
	p.encoding = get(headers, "Content-Transfer-Encoding")
	switch {
	case p.kind.value == "":
		p.kind.value = implied
	case p.kind.value == "text" || p.kind.value == "html":
		p.kind.value = map[string]string{"text": "text/plain", "html": "text/html"}[p.kind.value]
	case !isType(p.kind.value):
		p.kind.value = "application/octet-stream"
	}
	return p
}

func isType(s string) bool {
	top, sub, ok := strings.Cut(s, "/")
	if !ok || top == "" || sub == "" || len(s) > 127 {
		return false
	}
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || i != len(top) && strings.IndexByte(`()<>@,;:\"/[]?=`, s[i]) >= 0 {
			return false
		}
	}
	return true
}

// content is the decoded body, in memory of its own.
func (p *part) content() []byte {
	b := decodeTransfer(p.body, p.encoding)
	if len(b) > 0 && len(p.body) > 0 && &b[0] == &p.body[0] {
		b = bytes.Clone(b) // a small file must not keep the whole message in memory
	}
	return b
}

func (p *part) isMultipart() bool { return strings.HasPrefix(p.kind.value, "multipart/") }

// name is what the sender calls the file; empty if nothing.
func (p *part) name() string {
	name := p.disposition.params["filename"]
	if name == "" {
		name = p.kind.params["name"]
	}
	return strings.TrimSpace(cut(cleanLine(name), 255))
}

func (p *part) contentID() string {
	return strings.Join(strings.Fields(strings.Trim(get(p.headers, "Content-ID"), "<> \t")), "")
}

// children splits a multipart at its boundaries: at most limit of them, the rest staying in the last. A part without any
// boundary line has none.
func (p *part) children(o ImportOptions, limit int) []*part {
	boundary := p.kind.params["boundary"]
	body := p.body
	if isEncoded(p.encoding) { // RFC 2045 forbids it; some do it
		body = p.content()
	}
	if boundary == "" {
		boundary = guessBoundary(body)
	}
	implied := "text/plain"
	if p.kind.value == "multipart/digest" {
		implied = "message/rfc822"
	}
	var list []*part
	_, rest, _, found := cutBoundary(body, boundary)
	for closed := false; found && !closed && len(list) < limit; {
		var data []byte
		data, rest, closed, found = cutBoundary(rest, boundary)
		fields, content, err := splitHeaders(data, o)
		if err != nil {
			fields, content = nil, data
		}
		child := newPart(decodeHeaders(fields), content, implied)
		child.data = data
		if !found && len(bytes.TrimSpace(data)) == 0 {
			break // nothing after the last boundary line
		}
		list = append(list, child)
	}
	return list
}

func isEncoded(encoding string) bool {
	e := strings.ToLower(encoding)
	return strings.HasPrefix(e, "base64") || strings.HasPrefix(e, "quoted-printable")
}

// cutBoundary cuts at the next boundary line. The line end before the boundary belongs to it. closed says that it was the
// last one, by its two hyphens; without any, all is before it.
func cutBoundary(b []byte, boundary string) (before, after []byte, closed, found bool) {
	delimiter := []byte("--" + boundary)
	for at := 0; ; {
		i := bytes.Index(b[at:], delimiter)
		if i < 0 || boundary == "" {
			return b, nil, false, false
		}
		i += at
		at = i + len(delimiter)
		if i > 0 && b[i-1] != '\n' {
			continue
		}
		line, rest := nextLine(b[at:])
		line = bytes.TrimRight(line, " \t")
		closed = bytes.HasPrefix(line, []byte("--"))
		if len(line) > 0 && !closed {
			continue // a longer boundary, of another multipart
		}
		before = bytes.TrimSuffix(bytes.TrimSuffix(b[:i], []byte("\n")), []byte("\r"))
		return before, rest, closed, true
	}
}

// guessBoundary takes the first line that looks like a boundary's and comes again.
func guessBoundary(body []byte) string {
	for rest := body; len(rest) > 0; {
		var line []byte
		line, rest = nextLine(rest)
		if len(line) > 4 && len(line) <= 72 && bytes.HasPrefix(line, []byte("--")) && bytes.Contains(rest, line) {
			return string(line[2:])
		}
	}
	return ""
}
