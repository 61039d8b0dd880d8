package drill

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// Back is a message as it was read back.
type Back struct {
	Message     mail.Message
	Body        string
	Attachments []BackAttachment
}

// BackAttachment is an attachment as it was read back: a file's length and hash, or an attached message.
type BackAttachment struct {
	mail.Attachment
	Length int64
	Hash   [sha256.Size]byte
	Item   *Back
	Err    error
}

// Open returns the bytes of kept content.
type Open func(ctx context.Context, c record.Content) (io.ReadCloser, error)

// longBody is from how many bytes on a text may come back as an attachment (docs/recovery-fidelity.md).
const longBody = 3_900_000

// largeItem is from how many bytes on an attached message may come back as a file.
const largeItem = 2_000_000

// comparison gathers what differs.
type comparison struct {
	open     Open
	prefix   string // of fields of attached messages
	compared int
	found    []Difference
}

// Compare compares a kept message with what was read back. The error is one of reading what is kept.
func Compare(ctx context.Context, kept *record.Message, back *Back, open Open) (compared int, found []Difference, err error) {
	c := &comparison{open: open}
	c.envelope(&kept.Message, &back.Message)
	if err := c.content(ctx, kept, back); err != nil {
		return 0, nil, err
	}
	return c.compared, c.found, nil
}

func (c *comparison) differ(field, format string, args ...any) {
	c.found = append(c.found, Difference{Field: c.prefix + field, Text: fmt.Sprintf(format, args...)})
}

func (c *comparison) text(field, kept, back string) {
	c.compared++
	if kept != back {
		at := 0
		for at < len(kept) && at < len(back) && kept[at] == back[at] {
			at++
		}
		c.differ(field, "the text has %d bytes and is kept with %d; they part at byte %d", len(back), len(kept), at)
	}
}

func (c *comparison) stamp(field string, kept, back time.Time) {
	c.compared++
	if !kept.Truncate(time.Second).Equal(back.Truncate(time.Second)) { // all that Graph keeps
		c.differ(field, "it is %s and kept as %s", back.UTC().Format(time.RFC3339), kept.UTC().Format(time.RFC3339))
	}
}

// state compares what is no content, and may be shown.
func state[T comparable](c *comparison, field string, kept, back T) {
	c.compared++
	if kept != back {
		c.differ(field, "it is %v and kept as %v", back, kept)
	}
}

func (c *comparison) addresses(field string, kept, back []mail.Address) {
	c.compared++
	usable := func(list []mail.Address) []string {
		var out []string
		for _, a := range list {
			if strings.Contains(a.Address, "@") { // Graph refuses others; the recovery reports them
				out = append(out, strings.ToLower(a.Address))
			}
		}
		slices.Sort(out)
		return out
	}
	want, got := usable(kept), usable(back)
	if !slices.Equal(want, got) {
		c.differ(field, "there are %d addresses and %d are kept, or they are others", len(got), len(want))
	}
}

func one(a *mail.Address) []mail.Address {
	if a == nil {
		return nil
	}
	return []mail.Address{*a}
}

// envelope compares everything but text and attachments. Created and modified dates, ids, conversation, preview and type are
// Exchange's own.
func (c *comparison) envelope(kept, back *mail.Message) {
	c.text("subject", kept.Subject, back.Subject)
	c.text("internet message id", kept.InternetMessageID, back.InternetMessageID)
	c.stamp("received", kept.Received, back.Received)
	c.stamp("sent", kept.Sent, back.Sent)
	c.addresses("from", one(kept.From), one(back.From))
	c.addresses("sender", one(kept.Sender), one(back.Sender))
	c.addresses("to", kept.To, back.To)
	c.addresses("cc", kept.Cc, back.Cc)
	c.addresses("bcc", kept.Bcc, back.Bcc)
	c.addresses("reply-to", kept.ReplyTo, back.ReplyTo)
	state(c, "importance", kept.Importance, back.Importance)
	state(c, "read", kept.Read, back.Read)
	state(c, "draft", kept.Draft, back.Draft)
	state(c, "delivery receipt", kept.DeliveryReceiptWanted, back.DeliveryReceiptWanted)
	state(c, "read receipt", kept.ReadReceiptWanted, back.ReadReceiptWanted)
	state(c, "other inbox", kept.InferenceOther, back.InferenceOther)
	state(c, "flag", kept.Flag.Status, back.Flag.Status)
	c.compared++
	if !slices.Equal(slices.Sorted(slices.Values(kept.Categories)), slices.Sorted(slices.Values(back.Categories))) {
		c.differ("categories", "there are %d and %d are kept, or they are others", len(back.Categories), len(kept.Categories))
	}
}

// content compares text and attachments.
func (c *comparison) content(ctx context.Context, kept *record.Message, back *Back) error {
	apart := kept.Body.Size >= longBody
	if !apart {
		body, err := read(ctx, kept.Body, c.open)
		if err != nil {
			return err
		}
		state(c, "body type", kept.BodyType, back.Message.BodyType)
		plain := strings.NewReplacer("\r\n", "\n")
		c.text("body", plain.Replace(body), plain.Replace(back.Body))
	}
	left := slices.Clone(back.Attachments)
	for n := range kept.Attachments {
		a := &kept.Attachments[n]
		if a.Lost != "" || a.Kind == mail.AttachmentReference {
			continue // the backup does not have it, or Microsoft does not tell where it leads
		}
		if err := c.attachment(ctx, fmt.Sprintf("attachment %d", n+1), a, &left); err != nil {
			return err
		}
	}
	for range left {
		if apart { // the text
			apart = false
			continue
		}
		if !slices.ContainsFunc(kept.Attachments, func(a record.Attachment) bool { return a.Kind == mail.AttachmentReference }) {
			c.differ("attachments", "there is one that is not kept")
		}
	}
	return nil
}

// attachment finds a kept attachment among those that are left, and takes it out.
func (c *comparison) attachment(ctx context.Context, field string, kept *record.Attachment, left *[]BackAttachment) error {
	c.compared++
	message := kept.Item != nil
	var hash [sha256.Size]byte
	if !message {
		var err error
		if hash, err = sum(ctx, kept.Content, c.open); err != nil {
			return err
		}
	}
	same := func(b BackAttachment) bool { return b.Name == kept.Name && (message || b.Hash == hash) }
	at := slices.IndexFunc(*left, same)
	if at < 0 {
		at = slices.IndexFunc(*left, func(b BackAttachment) bool { return b.Name == kept.Name })
	}
	if at < 0 && message { // it has no name of its own; a large one comes back as a file
		at = slices.IndexFunc(*left, func(b BackAttachment) bool { return b.Item != nil || strings.HasPrefix(b.Name, kept.Name) })
	}
	if at < 0 {
		c.differ(field, "it did not come back")
		return nil
	}
	b := (*left)[at]
	*left = slices.Delete(*left, at, at+1)
	switch {
	case b.Err != nil:
		c.differ(field, "it cannot be read back: %s", b.Err)
	case message && b.Item == nil && size(kept.Item) >= largeItem:
	case message && b.Item == nil:
		c.differ(field, "it is kept as a message and came back as a file")
	case message:
		return c.item(ctx, field, kept.Item, b.Item)
	case kept.Kind == mail.AttachmentFile && b.Hash != hash:
		c.differ(field+": content", "it has %d bytes and is kept with %d, or they are others", b.Length, kept.Content.Size)
	}
	if kept.Kind == mail.AttachmentFile && b.Item == nil {
		state(c, field+": inline", kept.Inline, b.Inline)
		if kept.Inline {
			c.text(field+": content id", kept.ContentID, b.ContentID)
		}
	}
	return nil
}

// item compares an attached message: what of it Graph writes.
func (c *comparison) item(ctx context.Context, field string, kept *record.Message, back *Back) error {
	inner := &comparison{open: c.open, prefix: c.prefix + field + ": "}
	inner.text("subject", kept.Subject, back.Message.Subject)
	inner.addresses("to", kept.To, back.Message.To)
	err := inner.content(ctx, kept, back)
	c.compared, c.found = c.compared+inner.compared, append(c.found, inner.found...)
	return err
}

func size(m *record.Message) int64 {
	n := m.Body.Size
	for i := range m.Attachments {
		n += m.Attachments[i].Content.Size
		if m.Attachments[i].Item != nil {
			n += size(m.Attachments[i].Item)
		}
	}
	return n
}

func read(ctx context.Context, content record.Content, open Open) (string, error) {
	if content.Size == 0 {
		return "", nil
	}
	r, err := open(ctx, content)
	if err != nil {
		return "", err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	return string(data), err
}

func sum(ctx context.Context, content record.Content, open Open) (out [sha256.Size]byte, err error) {
	h := sha256.New()
	if content.Size > 0 {
		r, err := open(ctx, content)
		if err != nil {
			return out, err
		}
		defer r.Close()
		if _, err := io.Copy(h, r); err != nil {
			return out, err
		}
	}
	h.Sum(out[:0])
	return out, nil
}
