package rfc822

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"net/url"
	"path"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// attachment writes one part, and behind it, between the same boundaries, one that tells what of it is missing. name makes
// the boundaries of an attached message.
func (t *writer) attachment(a *record.Attachment, boundary, name string) error {
	switch {
	case a.Lost != "":
		t.notice(a, fault.New(fault.NotFound, "it could not be kept when the mailbox was backed up: %s", a.Lost))
		return nil
	case a.Item != nil:
		return t.item(a, name)
	case a.Kind == mail.AttachmentReference:
		t.link(a)
		return nil
	}
	return t.file(a, boundary)
}

// item writes an attached message.
func (t *writer) item(a *record.Attachment, boundary string) error {
	title := a.Name
	if title == "" {
		title = a.Item.Subject
	}
	t.text("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n")
	t.disposition("attachment", fileName(title, ".eml"))
	t.text("\r\n")
	within := t.within
	t.within += named("attached message", title) + ": "
	err := t.message(a.Item, boundary)
	t.within = within
	return err
}

// link names a file in the cloud.
func (t *writer) link(a *record.Attachment) {
	target, err := url.Parse(a.ContentLocation)
	if err == nil && (target.Scheme == "https" || target.Scheme == "http") && len(a.ContentLocation) < 2000 {
		t.text("Content-Type: message/external-body; access-type=URL", param("url", clean(target.String())), "\r\n")
		t.disposition("attachment", a.Name)
		t.text("\r\nContent-Type: application/octet-stream\r\n\r\n")
		return
	}
	reason := fault.New(fault.Unsupported, "it is a link to a file in the cloud, and Microsoft does not tell its address")
	t.notice(a, reason)
}

// file writes a file, or an attached contact or event.
func (t *writer) file(a *record.Attachment, boundary string) error {
	var r io.ReadCloser = io.NopCloser(bytes.NewReader(nil))
	if a.Content.Size > 0 {
		var err error
		if r, err = t.open(a.Content); err != nil {
			if !lost(err) {
				return err
			}
			t.notice(a, err)
			return nil
		}
	}
	defer r.Close()
	// What is damaged is mostly so from its first byte on: then there is only the notice.
	ahead := bufio.NewReaderSize(r, 4<<10)
	begin, err := ahead.Peek(32)
	if err != nil && err != io.EOF { //nolint:errorlint // a file that is too short is io.EOF too, somewhere within its fault
		if !lost(err) {
			return err
		}
		t.notice(a, err)
		return nil
	}
	raw := t.fileHeaders(a, begin)
	t.text("\r\n")
	var n int64
	if raw {
		n, err = io.Copy(below{t.w}, ahead)
	} else {
		n, err = t.base64(ahead)
	}
	if err == nil && n != a.Content.Size {
		err = fault.New(fault.Corrupt, "%d bytes of %d are there", n, a.Content.Size)
	}
	if lost(err) {
		t.text("\r\n--", boundary, "\r\n")
		t.notice(a, fault.New(fault.Corrupt, "it breaks off after %d of %d bytes: %w", n, a.Content.Size, err))
		return nil
	}
	return err
}

// fileHeaders writes the headers of a file; raw when its bytes follow as they are.
func (t *writer) fileHeaders(a *record.Attachment, begin []byte) (raw bool) {
	kind, name := contentType(a.ContentType), a.Name
	if a.Kind == mail.AttachmentItem {
		switch upper := bytes.ToUpper(begin); {
		case bytes.HasPrefix(upper, []byte("BEGIN:VCALENDAR")):
			kind, name = "text/calendar; charset=utf-8", fileName(name, ".ics")
		case bytes.HasPrefix(upper, []byte("BEGIN:VCARD")):
			kind, name = "text/vcard; charset=utf-8", fileName(name, ".vcf")
		default:
			kind, name, raw = "message/rfc822", fileName(name, ".eml"), true
		}
	}
	t.text("Content-Type: ", kind, "\r\n")
	if raw {
		t.text("Content-Transfer-Encoding: 8bit\r\n")
	} else {
		t.text("Content-Transfer-Encoding: base64\r\n")
	}
	how := "attachment"
	if a.Inline {
		how = "inline"
	}
	t.disposition(how, name)
	if id := contentID(a.ContentID); id != "" {
		t.text("Content-ID: <", id, ">\r\n")
	}
	if at := strings.TrimSpace(clean(a.ContentLocation)); at != "" && isPlain(at) && len(at) < 900 {
		t.text("Content-Location: ", at, "\r\n")
	}
	return raw
}

// notice writes a part in the place of what is missing, and notes it.
func (t *writer) notice(a *record.Attachment, err error) {
	kind := "attachment"
	switch {
	case a.Kind == mail.AttachmentReference:
		kind = "link"
	case a.Kind == mail.AttachmentItem:
		kind = "attached item"
	}
	part := named(kind, a.Name)
	t.lose(part, err)
	t.note("Missing - "+a.Name, "The "+part+" is missing here: "+oneLine(err.Error())+"\r\n")
}

// notKept tells what the backup itself could not keep.
func (t *writer) notKept(reasons []string) {
	var text strings.Builder
	text.WriteString("Not all of this message could be kept when the mailbox was backed up:\r\n")
	for _, reason := range reasons {
		t.missing = append(t.missing, Missing{Part: t.within + "message", Reason: "not all of it could be kept when the mailbox was backed up: " + reason})
		fmt.Fprintf(&text, "- %s\r\n", oneLine(reason))
	}
	t.note("Missing", text.String())
}

func (t *writer) note(name, text string) {
	t.text("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n")
	t.disposition("attachment", fileName(name, ".txt"))
	t.text("\r\n")
	_ = t.quoted([]byte(text)) // the buffer keeps the error for the flush
}

func (t *writer) disposition(how, name string) {
	t.text("Content-Disposition: ", how, param("filename", clean(name)), "\r\n")
}

// fileName gives a name an extension if it has another or none.
func fileName(name, extension string) string {
	if strings.EqualFold(path.Ext(name), extension) {
		return name
	}
	if name == "" {
		name = "message"
	}
	return name + extension
}

// contentType is the type of a file, or octets where it is none, or one that must not be sent in base64.
func contentType(s string) string {
	kind, params, err := mime.ParseMediaType(s)
	top, sub, ok := strings.Cut(kind, "/")
	if err != nil || !ok || !isToken(top) || !isToken(sub) || len(kind) > 120 || top == "multipart" || top == "message" {
		return "application/octet-stream"
	}
	var names []string
	for name := range params {
		if isToken(name) && len(name) < 60 && name != "name" && name != "boundary" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names[:min(len(names), 20)] {
		kind += param(name, clean(params[name]))
	}
	return kind
}

// contentID is an id fit to stand between angle brackets.
func contentID(s string) string {
	s = strings.Trim(strings.TrimSpace(clean(s)), "<>")
	if len(s) > 900 || strings.ContainsAny(s, "<> \t") {
		return ""
	}
	return s
}

// below marks the errors of the writer below, which are none of the content's.
type below struct{ w io.Writer }

func (b below) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	if err != nil {
		err = &abortError{err}
	}
	return n, err
}
