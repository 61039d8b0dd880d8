package corpus

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"mime/quotedprintable"
	"strconv"
	"strings"
)

// WriteEML writes m as an RFC 5322 message in canonical form: CRLF, and 7 bit but for addresses, and headers that were
// received otherwise. It keeps m.Headers where they agree with the fields and follows the fields where they do not. An
// import of what it wrote gives m again, but for what mail cannot say: folder, read state, flag, classification.
func WriteEML(w io.Writer, m Message) error {
	out := &emlWriter{bufio.NewWriterSize(w, 32<<10)}
	out.message(m)
	return out.buffer.Flush()
}

// emlWriter writes the parts of messages. The buffer keeps the first error until it is flushed.
type emlWriter struct{ buffer *bufio.Writer }

func (w *emlWriter) text(s string) { _, _ = w.buffer.WriteString(s) }

func (w *emlWriter) bytes(b []byte) { _, _ = w.buffer.Write(b) }

func (w *emlWriter) headers(hs []Header) {
	for _, h := range hs {
		w.bytes(foldHeader(w.buffer.AvailableBuffer(), h))
	}
	w.text("\r\n")
}

// Size is the number of bytes in m: text and attachments, before any encoding.
func Size(m Message) int64 {
	n := len(m.Subject) + len(m.Body) + len(m.MessageID)
	for _, list := range [][]Address{m.To, m.Cc, m.Bcc, m.ReplyTo} {
		for _, a := range list {
			n += len(a.Name) + len(a.Address)
		}
	}
	for _, h := range m.Headers {
		n += len(h.Name) + len(h.Value)
	}
	size := int64(n)
	for _, a := range m.Attachments {
		size += int64(len(a.Name) + len(a.Content) + len(a.Reference))
		if a.Item != nil {
			size += Size(*a.Item)
		}
	}
	return size
}

// layout is how the parts of a message are put together.
type layout struct {
	text     body
	inline   []Attachment // shown by the HTML: in a multipart/related with it
	files    []Attachment
	boundary string
}

func layoutOf(m Message) layout {
	l := layout{text: bodyOf(m), files: m.Attachments}
	for m.BodyHTML && len(l.files) > 0 && l.files[0].Inline && l.files[0].ContentID != "" {
		l.inline = m.Attachments[:len(l.inline)+1]
		l.files = l.files[1:]
	}
	// The height tells the boundaries of attached messages from those around them. Neither base64 nor quoted-printable
	// can contain "=_".
	sum := sha256.Sum256([]byte(m.MessageID))
	l.boundary = "=_" + strconv.Itoa(height(m)) + "_" + hex.EncodeToString(sum[:9])
	return l
}

// height is how deep messages are attached below m.
func height(m Message) int {
	n := 0
	for _, a := range m.Attachments {
		if a.Item != nil {
			n = max(n, height(*a.Item)+1)
		}
	}
	return n
}

func (l layout) contentType() (contentType, encoding string) {
	switch {
	case len(l.files) > 0:
		return `multipart/mixed; boundary="` + l.boundary + `m"`, ""
	case len(l.inline) > 0:
		return l.related(), ""
	}
	return l.text.contentType, l.text.encoding
}

func (l layout) related() string {
	return `multipart/related; type="text/html"; boundary="` + l.boundary + `r"`
}

func (w *emlWriter) message(m Message) {
	l := layoutOf(m)
	contentType, encoding := l.contentType()
	w.headers(composeHeaders(m, contentType, encoding))
	if len(l.files) == 0 {
		w.shown(l)
		return
	}
	w.text("--" + l.boundary + "m\r\n")
	hs := []Header{{"Content-Type", l.related()}}
	if len(l.inline) == 0 {
		hs = l.text.headers()
	}
	w.headers(hs)
	w.shown(l)
	for _, a := range l.files {
		w.text("\r\n--" + l.boundary + "m\r\n")
		w.attachment(a)
	}
	w.text("\r\n--" + l.boundary + "m--\r\n")
}

// shown writes the text, and what it shows.
func (w *emlWriter) shown(l layout) {
	if len(l.inline) == 0 {
		w.body(l.text)
		return
	}
	w.text("--" + l.boundary + "r\r\n")
	w.headers(l.text.headers())
	w.body(l.text)
	for _, a := range l.inline {
		w.text("\r\n--" + l.boundary + "r\r\n")
		w.attachment(a)
	}
	w.text("\r\n--" + l.boundary + "r--\r\n")
}

func (w *emlWriter) attachment(a Attachment) {
	var kind, disposition strings.Builder
	switch {
	case a.Item != nil:
		kind.WriteString("message/rfc822")
	case a.Reference != "":
		kind.WriteString("message/external-body; access-type=URL")
		writeParam(&kind, "url", a.Reference)
	case isType(a.ContentType):
		kind.WriteString(a.ContentType)
	default:
		kind.WriteString("application/octet-stream")
	}
	disposition.WriteString("attachment")
	if a.Inline {
		disposition.Reset()
		disposition.WriteString("inline")
	}
	writeParam(&disposition, "filename", a.Name)
	hs := []Header{{"Content-Type", kind.String()}, {"Content-Disposition", disposition.String()}}
	if a.ContentID != "" {
		hs = append(hs, Header{"Content-ID", "<" + a.ContentID + ">"})
	}
	switch {
	case a.Item != nil:
		w.headers(hs)
		w.message(*a.Item)
	case a.Reference != "":
		w.headers(hs)
	default:
		w.headers(append(hs, Header{"Content-Transfer-Encoding", "base64"}))
		w.base64(a.Content)
	}
}

func (w *emlWriter) base64(b []byte) {
	const perLine = 57
	line := make([]byte, 0, 80)
	for len(b) > 0 {
		n := min(perLine, len(b))
		line = base64.StdEncoding.AppendEncode(line[:0], b[:n])
		if b = b[n:]; len(b) > 0 {
			line = append(line, '\r', '\n')
		}
		w.bytes(line)
	}
}

// body is a text and how it is sent.
type body struct {
	text        string
	contentType string
	encoding    string
}

func bodyOf(m Message) body {
	b := body{text: m.Body, contentType: "text/plain; charset=utf-8", encoding: "7bit"}
	if m.BodyHTML {
		b.contentType = "text/html; charset=utf-8"
	}
	eight, column, long := 0, 0, false
	for i := range len(b.text) {
		c := b.text[i]
		if c >= 0x80 {
			eight++
		}
		if column++; c == '\n' {
			column = 0
		}
		long = long || column > 900
	}
	switch {
	case eight*6 > len(b.text):
		b.encoding = "base64"
	case eight > 0 || long || strings.Contains(b.text, "=_") || canonicalLines(b.text) != b.text:
		b.encoding = "quoted-printable"
	}
	return b
}

func (b body) headers() []Header {
	return []Header{{"Content-Type", b.contentType}, {"Content-Transfer-Encoding", b.encoding}}
}

func (w *emlWriter) body(b body) {
	switch b.encoding {
	case "base64":
		w.base64([]byte(b.text))
	case "quoted-printable":
		q := quotedprintable.NewWriter(w.buffer)
		_, _ = io.WriteString(q, b.text)
		_ = q.Close()
	default:
		w.text(b.text)
	}
}
