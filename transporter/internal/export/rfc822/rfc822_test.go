package rfc822

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// memory is content in memory; what it lacks is damaged.
type memory map[record.Hash][]byte

func (m memory) put(data []byte) record.Content {
	if len(data) == 0 {
		return record.Content{}
	}
	c := record.Content{Size: int64(len(data))}
	for len(data) > 0 {
		n := min(len(data), record.MaxPiece)
		p := record.Piece{Hash: record.Sum(data[:n]), Size: int64(n)}
		m[p.Hash] = data[:n]
		c.Pieces = append(c.Pieces, p)
		data = data[n:]
	}
	return c
}

func (m memory) open(_ context.Context, c record.Content) (io.ReadCloser, error) {
	var all []io.Reader
	for _, p := range c.Pieces {
		data, ok := m[p.Hash]
		if !ok {
			all = append(all, iotest.ErrReader(fault.New(fault.Corrupt, "piece %.8s is damaged", p.Hash)))
			break
		}
		all = append(all, bytes.NewReader(data))
	}
	return io.NopCloser(io.MultiReader(all...)), nil
}

func (m memory) write(t *testing.T, msg *record.Message) (string, []Missing) {
	t.Helper()
	var out bytes.Buffer
	missing, err := Write(t.Context(), &out, msg, Options{Open: m.open})
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), missing
}

// part is a part of what was written, decoded.
type part struct {
	header textproto.MIMEHeader
	data   []byte
	parts  []part
}

func (p *part) name() string {
	_, params, _ := mime.ParseMediaType(p.header.Get("Content-Disposition"))
	return params["filename"]
}

// parse reads a message with the standard library.
func parse(raw string) (*part, error) {
	m, err := netmail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return parsePart(textproto.MIMEHeader(m.Header), m.Body)
}

func parsePart(h textproto.MIMEHeader, r io.Reader) (*part, error) {
	p := &part{header: h}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return nil, fmt.Errorf("type %q: %w", h.Get("Content-Type"), err)
	}
	if d := h.Get("Content-Disposition"); d != "" {
		if _, _, err := mime.ParseMediaType(d); err != nil {
			return nil, fmt.Errorf("disposition %q: %w", d, err)
		}
	}
	if strings.HasPrefix(kind, "multipart/") {
		for mr := multipart.NewReader(r, params["boundary"]); ; {
			raw, err := mr.NextRawPart()
			if errors.Is(err, io.EOF) {
				return p, nil
			}
			if err != nil {
				return nil, err
			}
			child, err := parsePart(raw.Header, raw)
			if err != nil {
				return nil, err
			}
			p.parts = append(p.parts, *child)
		}
	}
	switch h.Get("Content-Transfer-Encoding") {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	p.data, err = io.ReadAll(r)
	return p, err
}

func base() record.Message {
	return record.Message{Message: mail.Message{
		ID: "id", Subject: "Plan", From: &mail.Address{Name: "Anna", Address: "anna@example.com"},
		Sent: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), InternetMessageID: "<1@example.com>",
	}}
}

func TestHeadersStayAsReceived(t *testing.T) {
	m := base()
	long := strings.TrimSpace(strings.Repeat("abcdefgh ", 30))
	m.Headers = []mail.Header{
		{Name: "Received", Value: "from a by b;\r\n\tFri, 2 Jan 2026 15:04:05 +0000"},
		{Name: "Received", Value: "from b by c"},
		{Name: "Content-Type", Value: "multipart/signed"},
		{Name: "Subject", Value: "=?iso-8859-1?Q?Pl=E4ne?="},
		{Name: "X-Long", Value: long},
		{Name: "X-Letters", Value: "größer =?utf-8?Q?=C3=A4?= als"},
		{Name: "To", Value: "Müller, Bo <bo@bücher.example>"},
		{Name: "References", Value: "<ä@x>"},
		{Name: "X Bad", Value: "1"},
		{Name: "X-Evil", Value: "a\r\nBcc: everybody@example.com"},
		{Name: "MIME-Version", Value: "1.0"},
	}
	m.Categories = []string{"R&D, <lab>", "重要"}
	out, _ := memory{}.write(t, &m)
	head, _, _ := strings.Cut(out, "\r\n\r\n")
	var names []string
	for line := range strings.Lines(head) {
		if line[0] != ' ' && line[0] != '\t' {
			name, _, _ := strings.Cut(line, ":")
			names = append(names, name)
		}
	}
	want := []string{
		"Received", "Received", "Subject", "X-Long", "X-Letters", "To", "References", "X-Evil", "Date", "From", "Message-ID", "Keywords",
		"MIME-Version", "Content-Type", "Content-Transfer-Encoding",
	}
	if !slices.Equal(names, want) {
		t.Errorf("headers %v, want %v", names, want)
	}
	p, err := parse(out)
	if err != nil {
		t.Fatal(err)
	}
	decoder := mime.WordDecoder{}
	for name, want := range map[string]string{
		"Subject": "Pläne", "X-Long": long, "X-Letters": "größer ä als", "References": "<ä@x>", "X-Evil": "a  Bcc: everybody@example.com",
		"Keywords": "R&D, <lab>, 重要", "Date": "Fri, 02 Jan 2026 15:04:05 +0000",
	} {
		got, err := decoder.DecodeHeader(p.header.Get(name))
		if err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", name, got, want, err)
		}
	}
}

func TestAddressesComeBack(t *testing.T) {
	for _, a := range []mail.Address{
		{Name: "Anna", Address: "anna@example.com"},
		{Address: "x@example.com"},
		{Name: `Say "cheese", Bo`, Address: "b@example.com"},
		{Name: "Ærøskøbing " + strings.Repeat("ø", 90), Address: "c@example.com"},
		{Name: "=?utf-8?Q?x?=", Address: "d@example.com"},
		{Name: "two  blanks", Address: "e@example.com"},
		{Name: "local", Address: `"odd, local"@example.com`},
		{Name: "ü", Address: "ü@bücher.example"},
		{Name: "a@b", Address: "..@example.com"},
	} {
		got, err := netmail.ParseAddress(address(a))
		if err != nil {
			t.Errorf("%+v as %s: %v", a, address(a), err)
			continue
		}
		if got.Name != a.Name || specific(got.Address) != specific(a.Address) {
			t.Errorf("%+v came back as %+v", a, got)
		}
	}
	if got := addresses([]mail.Address{{Name: "Undisclosed"}, {Address: "/o=Exchange/cn=a"}, {}}); got != `Undisclosed:;, </o=Exchange/cn=a>` {
		t.Errorf("entries without addresses: %s", got)
	}
}

func TestWhatIsMissingIsToldInItsPlace(t *testing.T) {
	store := memory{}
	big := bytes.Repeat([]byte("0123456789"), 600_000)
	whole, lost, broken := store.put([]byte("whole")), store.put([]byte("lost")), store.put(big)
	delete(store, lost.Pieces[0].Hash)
	delete(store, broken.Pieces[1].Hash)
	m := base()
	m.Body, m.BodyType = store.put([]byte("<p>text</p>")), mail.BodyHTML
	file := func(name string, c record.Content) record.Attachment {
		return record.Attachment{Attachment: mail.Attachment{Name: name, ContentType: "application/pdf"}, Content: c}
	}
	inner := base()
	inner.Body = lost
	inner.Attachments = []record.Attachment{file("deep.pdf", lost)}
	shown := file("shown.png", broken)
	shown.Inline, shown.ContentID = true, "1@x"
	m.Attachments = []record.Attachment{
		shown, file("a.pdf", whole), file("b.pdf", lost), file("c.pdf", broken),
		{Attachment: mail.Attachment{Name: "d.pdf"}, Lost: "Microsoft refused"},
		{Attachment: mail.Attachment{Name: "link", Kind: mail.AttachmentReference}},
		{Attachment: mail.Attachment{Name: "mail", Kind: mail.AttachmentItem}, Item: &inner},
	}
	m.Lost = []string{"the MIME copy could not be read"}
	out, missing := store.write(t, &m)
	var parts []string
	for _, x := range missing {
		parts = append(parts, x.Part)
	}
	want := []string{
		`attachment "shown.png"`, `attachment "b.pdf"`, `attachment "c.pdf"`, `attachment "d.pdf"`, `link "link"`,
		`attached message "mail": text`, `attached message "mail": attachment "deep.pdf"`, "message",
	}
	if !slices.Equal(parts, want) {
		t.Errorf("missing %q, want %q", parts, want)
	}
	p, err := parse(out)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, x := range p.parts[1:] {
		names = append(names, x.name())
	}
	if want := []string{
		"a.pdf", "Missing - b.pdf.txt", "c.pdf", "Missing - c.pdf.txt", "Missing - d.pdf.txt", "Missing - link.txt", "mail.eml", "Missing.txt",
	}; !slices.Equal(names, want) {
		t.Errorf("parts %q, want %q", names, want)
	}
	if got := p.parts[3].data; !bytes.Equal(got, big[:record.MaxPiece]) {
		t.Errorf("c.pdf has %d bytes, want the first piece", len(got))
	}
	if text := string(p.parts[5].data); !strings.Contains(text, "Microsoft refused") {
		t.Errorf("the reason is not in %q", text)
	}
}

func TestAMIMECopyIsGivenByteForByte(t *testing.T) {
	store := memory{}
	copied := append(bytes.Repeat([]byte("X: y\n"), 1_200_000), "\r\n\x00 bare\rends\n"...)
	m := base()
	m.MIME, m.Body = store.put(copied), store.put([]byte("text\r\n"))
	if out, missing := store.write(t, &m); out != string(copied) || len(missing) != 0 {
		t.Errorf("%d bytes of %d, missing %v", len(out), len(copied), missing)
	}
	delete(store, m.MIME.Pieces[1].Hash)
	out, missing := store.write(t, &m)
	if !strings.HasPrefix(out, "Date: ") || !strings.HasSuffix(out, "\r\n\r\ntext\r\n") || len(missing) != 1 {
		t.Errorf("a damaged copy: %.200q, missing %v", out, missing)
	}
}

func TestTextsComeBackAsTheyWere(t *testing.T) {
	for _, text := range []string{
		"", "a", "a\r\n", "a\nb\r\n", "a\rb", "tail \t", "=_x\r\n", "ü\r\n", strings.Repeat("ü", 1000), strings.Repeat("x", 5000) + "\r\n",
		strings.Repeat("日本語", 200_000), "\x00\r\n", strings.Repeat("a b ", 30_000) + "ü", "From x\r\n", ".\r\n",
		strings.Repeat("x", 75) + "ü" + strings.Repeat("y", 75), "\r\n\r\n",
	} {
		store := memory{}
		m := base()
		m.Body = store.put([]byte(text))
		out, _ := store.write(t, &m)
		p, err := parse(out)
		if err != nil || string(p.data) != text {
			t.Errorf("%.20q of %d bytes came back as %.20q of %d (%v)", text, len(text), p.data, len(p.data), err)
		}
	}
}

func TestErrorsOfTheWriterEndTheMessage(t *testing.T) {
	store := memory{}
	m := base()
	m.Attachments = []record.Attachment{{Content: store.put(make([]byte, 1<<20))}}
	full := fault.New(fault.Unavailable, "the disk is gone")
	missing, err := Write(t.Context(), failing{full}, &m, Options{Open: store.open})
	if !errors.Is(err, full) || len(missing) != 0 {
		t.Errorf("%v, missing %v", err, missing)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, io.Discard, &m, Options{Open: store.open}); fault.KindOf(err) != fault.Canceled {
		t.Errorf("stopped: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// endless is content that is made while it is read.
type endless struct{ left int64 }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := int(min(e.left, int64(len(p))))
	e.left -= int64(n)
	return n, nil
}

func TestMemoryDoesNotGrowWithAttachments(t *testing.T) {
	const size = 150 << 20
	m := base()
	m.Attachments = []record.Attachment{{Content: record.Content{Size: size, Pieces: []record.Piece{{Size: 1}}}}}
	open := func(context.Context, record.Content) (io.ReadCloser, error) { return io.NopCloser(&endless{size}), nil }
	allocated := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if missing, err := Write(t.Context(), io.Discard, &m, Options{Open: open}); err != nil || len(missing) > 0 {
				b.Fatal(err, missing)
			}
		}
	}).AllocedBytesPerOp()
	if allocated > 1<<20 {
		t.Errorf("%d bytes were allocated for an attachment of %d", allocated, size)
	}
}

func FuzzWrite(f *testing.F) {
	f.Add("X-A", "v", "subject", "Anna", "a@example.com", "<1@x>", "Red", "text\r\n", "file.txt", "text/plain", "1@x", []byte("data"), uint8(0))
	f.Add("Subject", "a\r\nBcc: x", "a\nTo: y", "=?utf-8?B?eA==?=", "a@b\r\nX: y", "<>\r\n", "a,b\r\n", "\r\n--=_\r\n", "ü\"\r\n;x=y", "a/b; c=\"\r\nX: z\"", ">\r\nX:", []byte("\r\n--"), uint8(255))
	f.Add("to", strings.Repeat("日本", 400), strings.Repeat("x", 2000), strings.Repeat("ü ", 300), strings.Repeat("a", 1500), "", "", strings.Repeat("y", 2000), strings.Repeat("名", 200), "multipart/mixed", "", []byte{0}, uint8(3))
	f.Fuzz(func(t *testing.T, name, value, subject, person, at, id, category, text, file, kind, cid string, data []byte, bits uint8) {
		store := memory{}
		inner := record.Message{Message: mail.Message{Subject: subject, From: &mail.Address{Name: person, Address: at}}}
		m := record.Message{Message: mail.Message{
			ID: mail.MessageID(id), Subject: subject, From: &mail.Address{Name: person, Address: at}, Sender: &mail.Address{Name: at, Address: person},
			To: []mail.Address{{Name: person, Address: at}, {Name: person}, {Address: at}}, ReplyTo: []mail.Address{{Name: value, Address: value}},
			InternetMessageID: id, Categories: []string{category, value}, Draft: bits&1 > 0, ReadReceiptWanted: bits&2 > 0,
			ConversationIndex: data[:min(len(data), 22)], Importance: mail.Importance(bits >> 6), Sent: time.Unix(int64(bits)<<40, 0),
		}, Body: store.put([]byte(text))}
		if bits&4 > 0 {
			m.Headers = []mail.Header{{Name: name, Value: value}, {Name: "Subject", Value: subject}}
		}
		if bits&8 > 0 {
			m.BodyType = mail.BodyHTML
		}
		m.Attachments = []record.Attachment{
			{Attachment: mail.Attachment{ID: "1", Name: file, ContentType: kind, ContentID: cid, ContentLocation: value, Inline: bits&16 > 0}, Content: store.put(data)},
			{Attachment: mail.Attachment{ID: "2", Name: file, Kind: mail.AttachmentItem}, Item: &inner},
			{Attachment: mail.Attachment{ID: "3", Name: file, Kind: mail.AttachmentReference, ContentLocation: value}},
			{Attachment: mail.Attachment{ID: "4", Name: file}, Lost: value},
		}
		if bits&32 > 0 {
			m.Lost = []string{value}
		}
		out, _ := store.write(t, &m)
		checkWritten(t, out, &m, text, data)
	})
}

func checkWritten(t *testing.T, out string, m *record.Message, text string, data []byte) {
	t.Helper()
	for line := range strings.SplitSeq(out, "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
			t.Fatalf("a line of %d bytes, or with a bare line end: %.100q", len(line), line)
		}
	}
	p, err := parse(out)
	if err != nil {
		t.Fatalf("%v\n%q", err, out)
	}
	known := []string{
		"Date", "From", "Sender", "Reply-To", "To", "Subject", "Message-Id", "Thread-Index", "Importance", "Disposition-Notification-To",
		"X-Unsent", "Keywords", "X-Keywords", "Mime-Version", "Content-Type",
	}
	for _, h := range m.Headers {
		known = append(known, textproto.CanonicalMIMEHeaderKey(h.Name))
	}
	for name, values := range p.header {
		if !slices.Contains(known, name) || len(values) > 2 {
			t.Fatalf("header %s: %q came from nowhere", name, values)
		}
	}
	if len(m.Headers) == 0 {
		want := strings.TrimSpace(clean(m.Subject))
		got, err := (&mime.WordDecoder{}).DecodeHeader(p.header.Get("Subject"))
		if err != nil || strings.TrimSpace(got) != want {
			t.Fatalf("subject %q, want %q (%v)", got, want, err)
		}
	}
	parts := p.parts
	first := parts[0]
	if len(first.parts) > 0 { // related
		parts = slices.Concat([]part{first.parts[0]}, first.parts[1:], parts[1:])
		first = parts[0]
	}
	if string(first.data) != text {
		t.Fatalf("text %q, want %q", first.data, text)
	}
	want := 5
	if len(m.Lost) > 0 {
		want++
	}
	if len(parts) != want {
		t.Fatalf("%d parts, want %d", len(parts), want)
	}
	if !bytes.Equal(parts[1].data, data) {
		t.Fatalf("attachment %q, want %q", parts[1].data, data)
	}
	for _, x := range parts {
		for name := range x.header {
			if !slices.Contains([]string{"Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Content-Id", "Content-Location"}, name) {
				t.Fatalf("header %s in a part came from nowhere", name)
			}
		}
	}
	if _, err := parse(string(parts[2].data)); err != nil {
		t.Fatalf("the attached message: %v", err)
	}
}
