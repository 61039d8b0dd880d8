package graphsim

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/tenant"
)

// getMIME renders the message as Exchange does: with its headers as received, and never twice the same bytes, since
// boundaries differ (contract 4.3, 14.15).
func (c *call) getMIME() error {
	m, err := c.message()
	if err != nil {
		return err
	}
	c.echoPreferences()
	c.w.Header().Set("Content-Type", "text/plain")
	c.w.WriteHeader(200)
	return c.writeMIME(m)
}

func (c *call) writeMIME(m *tenant.Message) error {
	w := &mimeWriter{w: c.w, blobs: c.s.tenant.Blobs}
	if isMail(m) {
		w.message(m)
	} else {
		w.card(m)
	}
	return w.err
}

type mimeWriter struct {
	w     io.Writer
	blobs *tenant.Blobs
	err   error
}

func (w *mimeWriter) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.w, format, args...)
	}
}

func boundary() string {
	var b [12]byte
	_, _ = rand.Read(b[:])
	return "_000_" + hex.EncodeToString(b[:]) + "_"
}

func (w *mimeWriter) message(m *tenant.Message) {
	w.headers(m)
	w.printf("MIME-Version: 1.0\r\n")
	var inline, files []*tenant.Attachment
	for i := range m.Attachments {
		if a := &m.Attachments[i]; a.Inline && m.BodyHTML {
			inline = append(inline, a)
		} else {
			files = append(files, a)
		}
	}
	body := func() { w.body(m) }
	if len(inline) > 0 {
		inner := body
		body = func() { w.multipart("related", inner, inline) }
	}
	if len(files) > 0 {
		w.multipart("mixed", body, files)
		return
	}
	body()
}

// headers are those received, but for what describes the encoding; mail of the mailbox's own making gets new ones.
func (w *mimeWriter) headers(m *tenant.Message) {
	if m.Headers.Size > 0 {
		p, err := w.blobs.Read(m.Headers)
		if err != nil {
			w.err = err
			return
		}
		for line := range strings.Lines(string(p)) {
			name, _, _ := strings.Cut(line, ":")
			if n := strings.ToLower(name); n == "mime-version" || strings.HasPrefix(n, "content-") {
				continue
			}
			w.printf("%s\r\n", strings.TrimSuffix(line, "\n"))
		}
		return
	}
	people := func(name string, list []tenant.Address) {
		var out []string
		for _, a := range list {
			out = append(out, (&mail.Address{Name: a.Name, Address: a.Address}).String())
		}
		if len(out) > 0 {
			w.printf("%s: %s\r\n", name, strings.Join(out, ",\r\n\t"))
		}
	}
	one := func(name string, a *tenant.Address) {
		if a != nil {
			people(name, []tenant.Address{*a})
		}
	}
	one("From", m.From)
	if m.Sender != nil && (m.From == nil || *m.Sender != *m.From) {
		one("Sender", m.Sender)
	}
	people("To", m.To)
	people("Cc", m.Cc)
	people("Bcc", m.Bcc)
	people("Reply-To", m.ReplyTo)
	w.printf("Subject: %s\r\n", mime.QEncoding.Encode("utf-8", m.Subject))
	w.printf("Date: %s\r\n", m.Sent.Format(time.RFC1123Z))
	if m.InternetMessageID != "" {
		w.printf("Message-ID: %s\r\n", m.InternetMessageID)
	}
	if i := slices.Index([]string{"low", "high"}, m.Importance); i >= 0 {
		w.printf("Importance: %s\r\n", m.Importance)
	}
}

func (w *mimeWriter) body(m *tenant.Message) {
	kind := "plain"
	if m.BodyHTML {
		kind = "html"
	}
	w.printf("Content-Type: text/%s; charset=\"utf-8\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", kind)
	r, err := w.blobs.Open(m.Body)
	if err != nil || w.err != nil {
		w.err = err
		return
	}
	q := quotedprintable.NewWriter(w.w)
	if _, w.err = io.Copy(q, r); w.err == nil {
		w.err = q.Close()
	}
	w.printf("\r\n")
}

func (w *mimeWriter) multipart(kind string, first func(), parts []*tenant.Attachment) {
	b := boundary()
	w.printf("Content-Type: multipart/%s;\r\n\tboundary=\"%s\"\r\n\r\n--%s\r\n", kind, b, b)
	first()
	for _, a := range parts {
		w.printf("\r\n--%s\r\n", b)
		w.attachment(a)
	}
	w.printf("\r\n--%s--\r\n", b)
}

func (w *mimeWriter) attachment(a *tenant.Attachment) {
	if a.Item != nil && !isMail(a.Item) {
		w.printf("Content-Type: %s; charset=\"utf-8\"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n", itemType(a.Item))
		w.card(a.Item)
		return
	}
	if a.Item != nil {
		w.printf("Content-Type: message/rfc822\r\n\r\n")
		w.message(a.Item)
		return
	}
	disposition := "attachment"
	if a.Inline {
		disposition = "inline"
	}
	w.printf("Content-Type: %s\r\n", orElse(mime.FormatMediaType(orElse(a.ContentType, "application/octet-stream"), map[string]string{"name": a.Name}), "application/octet-stream"))
	w.printf("Content-Disposition: %s\r\n", orElse(mime.FormatMediaType(disposition, map[string]string{"filename": a.Name}), disposition))
	if a.ContentID != "" {
		w.printf("Content-ID: <%s>\r\n", a.ContentID)
	}
	w.printf("Content-Transfer-Encoding: base64\r\n\r\n")
	r, err := w.blobs.Open(a.Content)
	if err != nil || w.err != nil {
		w.err = err
		return
	}
	lines := &lineWriter{w: w.w}
	enc := base64.NewEncoder(base64.StdEncoding, lines)
	if _, w.err = io.Copy(enc, r); w.err == nil {
		w.err = enc.Close()
	}
	w.printf("\r\n")
}

// lineWriter breaks base64 at 76 characters.
type lineWriter struct {
	w   io.Writer
	col int
}

func (l *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	out := make([]byte, 0, n+n/38+2)
	for len(p) > 0 {
		k := min(76-l.col, len(p))
		out = append(out, p[:k]...)
		p, l.col = p[k:], l.col+k
		if l.col == 76 {
			out, l.col = append(out, '\r', '\n'), 0
		}
	}
	_, err := l.w.Write(out)
	return n, err
}
