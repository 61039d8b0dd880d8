package rfc822

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime/quotedprintable"
	"strconv"
	"strings"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// maxInMemory is how much of a body is looked at before it is decided how it is sent, in bytes.
const maxInMemory = 256 << 10

// seed is where a message's boundaries come from: everything in it, so that nobody can write a text that holds the boundary
// it will be sent between.
func seed(m *record.Message) string {
	h := sha256.New()
	fmt.Fprint(h, string(m.ID)+"\x00"+m.ChangeKey+"\x00"+m.Subject)
	hashContent(h, &m.Body)
	for i := range m.Attachments {
		hashAttachment(h, &m.Attachments[i])
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// inner is where the boundaries of the message that is the i-th file come from.
func inner(name string, i int) string {
	sum := sha256.Sum256([]byte(name + "." + strconv.Itoa(i)))
	return hex.EncodeToString(sum[:12])
}

func hashAttachment(h io.Writer, a *record.Attachment) {
	fmt.Fprint(h, "\x00"+string(a.ID)+"\x00"+a.Name)
	hashContent(h, &a.Content)
	if a.Item != nil {
		fmt.Fprint(h, seed(a.Item))
	}
}

func hashContent(h io.Writer, c *record.Content) {
	for i := range c.Pieces {
		_, _ = h.Write(c.Pieces[i].Hash[:]) // a hash does not fail
	}
}

// layout is how the parts of a message are put together.
type layout struct {
	shown []*record.Attachment // in a multipart/related with the HTML that shows them
	files []*record.Attachment
}

func layoutOf(m *record.Message) layout {
	var l layout
	for i := range m.Attachments {
		a := &m.Attachments[i]
		if m.BodyType == mail.BodyHTML && a.Inline && a.ContentID != "" && a.Kind == mail.AttachmentFile && a.Lost == "" {
			l.shown = append(l.shown, a)
		} else {
			l.files = append(l.files, a)
		}
	}
	return l
}

// body writes the Content headers of a message, the blank line, and everything behind it.
func (t *writer) body(m *record.Message, name string) error {
	l := layoutOf(m)
	text, err := t.textOf(m)
	if err != nil {
		return err
	}
	mixed, related := "=_"+name+"_m", "=_"+name+"_r"
	hasMixed := len(l.files) > 0 || len(m.Lost) > 0
	if hasMixed {
		t.text("Content-Type: multipart/mixed; boundary=\"", mixed, "\"\r\n\r\n--", mixed, "\r\n")
	}
	if err := t.shown(text, l.shown, related); err != nil {
		return err
	}
	if !hasMixed {
		return nil
	}
	for i, a := range l.files {
		t.text("\r\n--", mixed, "\r\n")
		if err := t.attachment(a, mixed, inner(name, i)); err != nil {
			return err
		}
	}
	if len(m.Lost) > 0 {
		t.text("\r\n--", mixed, "\r\n")
		t.notKept(m.Lost)
	}
	t.text("\r\n--", mixed, "--\r\n")
	return nil
}

// shown writes the text, and the files that it shows.
func (t *writer) shown(text *textPart, files []*record.Attachment, related string) error {
	if len(files) == 0 {
		return t.textPart(text)
	}
	t.text("Content-Type: multipart/related; type=\"text/html\"; boundary=\"", related, "\"\r\n\r\n--", related, "\r\n")
	if err := t.textPart(text); err != nil {
		return err
	}
	for _, a := range files {
		t.text("\r\n--", related, "\r\n")
		if err := t.attachment(a, related, ""); err != nil {
			return err
		}
	}
	t.text("\r\n--", related, "--\r\n")
	return nil
}

// textPart is a body and how it is sent.
type textPart struct {
	html     bool
	encoding string
	data     []byte         // the text, unless it is large
	content  record.Content // the text if it is large
}

// textOf reads a message's text, or as much of it as has to be known. Text that is lost is replaced by a sentence.
func (t *writer) textOf(m *record.Message) (*textPart, error) {
	p := &textPart{html: m.BodyType == mail.BodyHTML}
	if m.Body.Size > maxInMemory {
		p.encoding, p.content = "base64", m.Body
		err := t.readable(m.Body)
		if !lost(err) {
			return p, err
		}
		return t.lostText(err), nil
	}
	if m.Body.Size > 0 {
		r, err := t.open(m.Body)
		if err == nil {
			p.data, err = io.ReadAll(io.LimitReader(r, maxInMemory))
			_ = r.Close() // it has been read to its end
		}
		if lost(err) {
			return t.lostText(err), nil
		}
		if err != nil {
			return nil, err
		}
	}
	p.encoding = encodingOf(p.data)
	return p, nil
}

func (t *writer) lostText(err error) *textPart {
	t.lose("text", err)
	p := &textPart{data: []byte("The text of this message cannot be read: " + oneLine(err.Error()) + "\r\n")}
	p.encoding = encodingOf(p.data)
	return p
}

// encodingOf chooses what keeps a text as it is, and as legible as can be. What is sent as it is ends with a line end, as
// containers want, and cannot hold a boundary.
func encodingOf(text []byte) string {
	eight, column, long := 0, 0, false
	plain := len(text) == 0 || bytes.HasSuffix(text, []byte("\r\n"))
	for i, c := range text {
		column++
		switch {
		case c == '\n' && i > 0 && text[i-1] == '\r':
			column = 0
		case c == '\r' && i+1 < len(text) && text[i+1] == '\n', c == '\t':
		case c >= 0x80:
			eight++
		case c < ' ' || c == 0x7f: // a bare line end too
			plain = false
		}
		long = long || column > 900
	}
	switch {
	case eight*6 > len(text):
		return "base64"
	case eight > 0 || long || !plain || bytes.Contains(text, []byte("=_")):
		return "quoted-printable"
	}
	return "7bit"
}

func (t *writer) textPart(p *textPart) error {
	kind := "plain"
	if p.html {
		kind = "html"
	}
	t.text("Content-Type: text/", kind, "; charset=utf-8\r\nContent-Transfer-Encoding: ", p.encoding, "\r\n\r\n")
	switch {
	case p.content.Size > 0:
		r, err := t.open(p.content)
		if err != nil {
			return err
		}
		defer r.Close()
		_, err = t.base64(r)
		return err
	case p.encoding == "base64":
		_, err := t.base64(bytes.NewReader(p.data))
		return err
	case p.encoding == "quoted-printable":
		return t.quoted(p.data)
	}
	_, err := t.w.Write(p.data)
	return err
}

// quoted writes quoted-printable that decodes to exactly these bytes.
func (t *writer) quoted(data []byte) error {
	q := quotedprintable.NewWriter(t.w)
	q.Binary = bareLineEnd(data)
	if _, err := q.Write(data); err != nil {
		return err
	}
	if err := q.Close(); err != nil {
		return err
	}
	if q.Binary || !bytes.HasSuffix(data, []byte("\r\n")) {
		t.text("=\r\n")
	}
	return nil
}

// bareLineEnd reports whether there is a CR without LF or the other way round.
func bareLineEnd(data []byte) bool {
	n := bytes.Count(data, []byte("\r\n"))
	return bytes.Count(data, []byte("\r")) != n || bytes.Count(data, []byte("\n")) != n
}

// base64 copies r in lines of 76 characters, and returns how many bytes it was before r failed. An error of the writer
// below is an abortError.
func (t *writer) base64(r io.Reader) (int64, error) {
	const perLine, lines = 57, 512
	in := make([]byte, perLine*lines)
	out := make([]byte, 0, 78)
	var sum int64
	for {
		n, err := fill(r, in)
		sum += int64(n)
		for data := in[:n]; len(data) > 0; {
			k := min(perLine, len(data))
			out = base64.StdEncoding.AppendEncode(out[:0], data[:k])
			out = append(out, '\r', '\n')
			if _, err := t.w.Write(out); err != nil {
				return sum, &abortError{err}
			}
			data = data[k:]
		}
		if err == io.EOF { //nolint:errorlint // a file that is too short is io.EOF too, somewhere within its fault
			return sum, nil
		}
		if err != nil {
			return sum, err
		}
		if err := t.ctx.Err(); err != nil {
			return sum, &abortError{err}
		}
	}
}

// fill reads until b is full or r ends. Unlike io.ReadFull it does not give the end another name.
func fill(r io.Reader, b []byte) (int, error) {
	n := 0
	for n < len(b) {
		k, err := r.Read(b[n:])
		n += k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }
