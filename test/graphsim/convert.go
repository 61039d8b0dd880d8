package graphsim

import (
	"strings"
	"time"

	"holdfast/test/graphsim/corpus"
	"holdfast/test/graphsim/internal/tenant"
)

// contents stores the bytes of messages, and remembers which slices it has seen: colleagues' copies share them.
type contents struct {
	blobs *tenant.Blobs
	seen  map[*byte]tenant.Blob
}

func newContents(b *tenant.Blobs) *contents { return &contents{b, map[*byte]tenant.Blob{}} }

func (c *contents) put(p []byte) (tenant.Blob, error) {
	if len(p) == 0 {
		return c.blobs.Put(p)
	}
	if b, ok := c.seen[&p[0]]; ok && b.Size == int64(len(p)) {
		return b, nil
	}
	b, err := c.blobs.Put(p)
	if err == nil && len(p) >= 1<<20 && len(c.seen) < 256 {
		c.seen[&p[0]] = b
	}
	return b, err
}

// message makes a stored message of a corpus message; its folder is for the caller to set.
func (s *Server) message(in *corpus.Message, store *contents) (*tenant.Message, error) {
	m := &tenant.Message{
		Type: in.Type, Subject: in.Subject, BodyHTML: in.BodyHTML, Preview: preview(in.Body, in.BodyHTML),
		From: addressOf(in.From), Sender: addressOf(in.Sender),
		To: addressesOf(in.To), Cc: addressesOf(in.Cc), Bcc: addressesOf(in.Bcc), ReplyTo: addressesOf(in.ReplyTo),
		Received: tenant.Second(in.Received), Sent: tenant.Second(in.Sent), InternetMessageID: in.MessageID,
		Importance: strings.TrimPrefix(in.Importance, "normal"), Categories: in.Categories,
		Read: in.Read, Draft: in.Draft, ReadReceipt: in.ReceiptWanted, Other: in.Classification == "other",
	}
	if m.Sender == nil {
		m.Sender = m.From
	}
	if m.Received.IsZero() {
		m.Received = m.Sent
	}
	m.Created, m.Modified = m.Received, m.Received
	m.Flag.Status = strings.TrimPrefix(in.FlagStatus, "notFlagged")
	switch m.Flag.Status {
	case "flagged":
		if !in.FlagDue.IsZero() {
			m.Flag.Start, m.Flag.Due = dateTime(in.Received), dateTime(in.FlagDue)
		}
	case "complete":
		m.Flag.Completed = dateTime(in.Received)
	}
	var err error
	if m.Body, err = store.blobs.Put([]byte(in.Body)); err != nil {
		return nil, err
	}
	if len(in.Headers) > 0 {
		var b strings.Builder
		for _, h := range in.Headers {
			b.WriteString(h.Name + ": " + oneLine(h.Value) + "\n")
		}
		if m.Headers, err = store.blobs.Put([]byte(b.String())); err != nil {
			return nil, err
		}
	}
	for i := range in.Attachments {
		a, err := s.attachmentOf(&in.Attachments[i], store, m.Received)
		if err != nil {
			return nil, err
		}
		m.Attach(*a)
	}
	return m, nil
}

func (s *Server) attachmentOf(in *corpus.Attachment, store *contents, at time.Time) (*tenant.Attachment, error) {
	a := &tenant.Attachment{
		Name: in.Name, ContentType: in.ContentType, Inline: in.Inline, ContentID: in.ContentID,
		Reference: in.Reference, Modified: at,
	}
	var err error
	switch {
	case in.Item != nil:
		a.Item, err = s.message(in.Item, store)
		a.ContentType = ""
	case in.Reference == "":
		a.Content, err = store.put(in.Content)
	}
	return a, err
}

// oneLine unfolds a header value.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\r\n") {
		return strings.TrimSpace(s)
	}
	var out []string
	for line := range strings.Lines(s) {
		out = append(out, strings.TrimSpace(line))
	}
	return strings.TrimSpace(strings.Join(out, " "))
}

func dateTime(t time.Time) tenant.DateTime {
	return tenant.DateTime{DateTime: t.UTC().Format("2006-01-02T15:04:05.0000000"), TimeZone: "UTC"}
}

func addressOf(a *corpus.Address) *tenant.Address {
	if a == nil {
		return nil
	}
	return &tenant.Address{Name: a.Name, Address: a.Address}
}

func addressesOf(list []corpus.Address) []tenant.Address {
	var out []tenant.Address
	for _, a := range list {
		out = append(out, tenant.Address{Name: a.Name, Address: a.Address})
	}
	return out
}
