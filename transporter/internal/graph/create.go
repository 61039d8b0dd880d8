package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/graph/governor"
)

// maxRequest is the largest body of a request that Graph surely takes (contract 6.9).
const maxRequest = 3_990_000

// CreateMessage makes the message in the folder as it was: no draft unless it was one, with its dates, sender, read state
// and headers. What Graph refuses but can be done without is left out and told in Created. A message of less than 4 MB is
// one request; otherwise its large attachments follow one by one, those of 3 MB and more in pieces.
//
// After a fault of kind Unavailable, Timeout or Canceled the message may be there, whole or in part: FindRecovered tells.
// After any other nothing is left behind. A lost answer is looked up by the RecoveryID before anything is repeated. A stop
// (governor.WithStop) is heard until the message is there, and not while the rest of it follows.
func (c *Client) CreateMessage(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID, n NewMessage) (Created, error) {
	b := &builder{c: c, mailbox: mailbox, folder: folder, message: &n}
	if err := b.build(ctx); err != nil {
		return Created{}, b.explain(finish(err))
	}
	return b.created, nil
}

// builder makes one message.
type builder struct {
	c       *Client
	mailbox mail.MailboxID
	folder  mail.FolderID
	message *NewMessage
	created Created
	strict  strictness       // which addresses to leave out, because Graph has refused one
	foreign bool             // keep the sender in properties: Graph has refused it
	later   []*NewAttachment // those that do not fit into the first request
	buffer  []byte           // of one piece of an upload
	// attached is how many attachments the message surely has.
	attached int
	apart    bool // the text is an attachment
}

func (b *builder) build(ctx context.Context) error {
	if err := b.create(ctx); err != nil {
		return err
	}
	if len(b.later) == 0 {
		return nil
	}
	ctx = governor.WithStop(ctx, nil) // what was begun is brought to its end
	err := b.attachAll(ctx)
	if err == nil {
		b.created.ChangeKey, err = b.c.setState(ctx, b.mailbox, b.created.ID, stateWhole)
	}
	if err != nil {
		// Clean up even when it was the context that ended, but not for ever.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
		defer cancel()
		if discardErr := b.c.DiscardMessage(ctx, b.mailbox, b.created.ID); discardErr != nil {
			return fault.New(fault.Unavailable, "%w; the unfinished message could not be removed: %w", finish(err), discardErr)
		}
	}
	return err
}

// explain keeps a fault of one message from looking like one of the mailbox.
func (b *builder) explain(err error) error {
	a, ok := answerOf(err)
	if ok && (a.status == http.StatusRequestEntityTooLarge || a.has("ErrorMessageSizeExceeded")) {
		f := fault.New(fault.Invalid, "the message is larger than the mailbox accepts (%w)", err)
		f.RequestID = a.requestID
		return f
	}
	return err
}

// create sends the message with as many attachments as fit: as it is, and if Graph refuses it without addresses that look
// odd, and at last with the sender in properties.
func (b *builder) create(ctx context.Context) error {
	for {
		b.created = Created{}
		body, err := b.first(ctx)
		if err != nil {
			return err
		}
		made, err := b.post(ctx, body)
		if err == nil {
			b.created.ID, b.created.ChangeKey = made.ID, made.ChangeKey
			return nil
		}
		a, ok := answerOf(err)
		switch {
		case ok && a.has("ErrorInvalidRecipients") && b.strict < onlyPlain:
			b.strict++
		case ok && (a.has("ErrorSendAsDenied") || a.has("ErrorInvalidRecipients")) && !b.foreign && b.message.Message.From != nil:
			b.foreign = true
		default:
			return err
		}
	}
}

// first returns the body of the first request and decides which attachments follow later.
func (b *builder) first(ctx context.Context) ([]byte, error) {
	w := b.message.wire(&b.created, b.strict, b.foreign)
	if b.message.RecoveryID != "" {
		w.Properties = append(w.Properties, newProperty{propRecovery, b.message.RecoveryID})
	}
	// The state belongs to the first request when more are to come; its room is always kept.
	w.Properties = append(w.Properties, newProperty{propState, stateBuilding})
	head, err := encode(w)
	if err != nil {
		return nil, err
	}
	left := maxRequest - int64(len(head))
	switch {
	case left < 0 && !b.apart:
		b.textApart()
		return b.first(ctx)
	case left < 0:
		return nil, fault.New(fault.Invalid, "the addresses and properties of the message alone are larger than Microsoft accepts (4 MB)")
	case b.apart:
		b.lose("the text is larger than Microsoft accepts (4 MB); it came back as an attachment", "")
	}
	b.later = nil
	for i := range b.message.Attachments {
		n := &b.message.Attachments[i]
		if n.Kind == mail.AttachmentReference || weight(n) > left {
			b.later = append(b.later, n)
			continue
		}
		one, err := b.load(ctx, n)
		if err != nil {
			return nil, err
		}
		left -= weight(n)
		w.Attachments = append(w.Attachments, *one)
	}
	b.attached = len(w.Attachments)
	if len(b.later) == 0 {
		w.Properties = w.Properties[:len(w.Properties)-1]
	}
	return encode(w)
}

// weight is how many bytes of JSON an attachment comes to at most, with all that is in it.
func weight(n *NewAttachment) int64 {
	size := int64(512 + 6*(len(n.Name)+len(n.ContentType)+len(n.ContentID)+len(n.ContentLocation)))
	if n.Item == nil {
		return size + (n.Length+2)/3*4
	}
	if head, err := encode(n.Item.wire(&Created{}, anyAddress, false)); err == nil {
		size += int64(len(head))
	}
	for i := range n.Item.Attachments {
		size += weight(&n.Item.Attachments[i])
	}
	return size
}

// load reads an attachment into memory; it weighs less than a request.
func (b *builder) load(ctx context.Context, n *NewAttachment) (*newAttachment, error) {
	w := &newAttachment{
		Type: "#microsoft.graph.fileAttachment", Name: n.Name, ContentType: n.ContentType, Inline: n.Inline,
		ContentID: n.ContentID, Location: n.ContentLocation,
	}
	if n.Item != nil {
		w.Type, w.ContentID, w.Location, w.ContentType = "#microsoft.graph.itemAttachment", "", "", ""
		w.Item = n.Item.wire(&b.created, b.strict, b.foreign)
		w.Item.Type = "#microsoft.graph.message"
		for i := range n.Item.Attachments {
			in := &n.Item.Attachments[i]
			if in.Kind == mail.AttachmentReference {
				b.lose("a link to a file in the cloud, within an attached message: Microsoft does not tell its address", "")
				continue
			}
			one, err := b.load(ctx, in)
			if err != nil {
				return nil, err
			}
			w.Item.Attachments = append(w.Item.Attachments, *one)
		}
		return w, nil
	}
	content, err := b.open(ctx, n)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	w.Content, err = io.ReadAll(io.LimitReader(content, n.Length+1))
	if err != nil {
		return nil, &stopError{err}
	}
	if int64(len(w.Content)) != n.Length {
		return nil, wrongLength(n)
	}
	if n.Kind == mail.AttachmentItem {
		w.Name, w.ContentType = rendering(n.Name, w.Content)
		b.created.note(noteRendering)
	}
	return w, nil
}

func wrongLength(n *NewAttachment) error {
	return &stopError{fault.New(fault.Corrupt, "an attachment's content is not %d bytes long, as was announced", n.Length)}
}

func (b *builder) open(ctx context.Context, n *NewAttachment) (io.ReadCloser, error) {
	if n.Open == nil {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	content, err := n.Open(ctx)
	if err != nil {
		return nil, &stopError{err}
	}
	return content, nil
}

// rendering names the file that an attached item which is no message comes back as.
func rendering(name string, content []byte) (file, contentType string) {
	switch {
	case bytes.HasPrefix(content, []byte("BEGIN:VCALENDAR")):
		return name + ".ics", "text/calendar"
	case bytes.HasPrefix(content, []byte("BEGIN:VCARD")):
		return name + ".vcf", "text/vcard"
	}
	return name + ".eml", "message/rfc822"
}

func (b *builder) lose(reason, requestID string) {
	b.created.Losses = append(b.created.Losses, mail.Loss{What: "attachment", Reason: reason, RequestID: requestID})
}

// madeMessage is what an answer tells of a message that was made or changed.
type madeMessage struct {
	ID        mail.MessageID `json:"id"`
	ChangeKey string         `json:"changeKey"`
}

// post sends the first request and finds out what became of it.
func (b *builder) post(ctx context.Context, body []byte) (madeMessage, error) {
	r := request{
		kind: KindWrite, method: http.MethodPost, mailbox: b.mailbox, url: b.c.base + folderPath(b.mailbox, b.folder) + "/messages",
		body: func() io.Reader { return bytes.NewReader(body) }, size: int64(len(body)), write: true,
	}
	for try := 1; ; try++ {
		var made madeMessage
		err := b.c.attempt(ctx, r, func(resp *http.Response) error {
			defer closeBody(resp)
			return json.NewDecoder(resp.Body).Decode(&made)
		})
		if err == nil && made.ID != "" {
			return made, nil
		}
		if err == nil {
			err = &uncertainError{fault.New(fault.Unavailable, "Microsoft created a message without telling its id")}
		}
		if !errors.Is(err, ErrUncertain) || b.message.RecoveryID == "" || try >= b.c.opts.Limits.Tries {
			return madeMessage{}, err
		}
		if sleepErr := b.c.gov.Sleep(ctx, b.c.key(b.mailbox), b.c.backoff(try)); sleepErr != nil {
			return madeMessage{}, err
		}
		found, findErr := b.c.FindRecovered(ctx, b.mailbox, b.folder, b.message.RecoveryID)
		if findErr == nil {
			return madeMessage{found.ID, found.ChangeKey}, nil
		}
		if !errors.Is(findErr, fault.NotFound) {
			return madeMessage{}, err
		}
		b.c.countRetried()
	}
}
