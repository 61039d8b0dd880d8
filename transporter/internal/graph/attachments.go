package graph

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Attachment is an attachment being visited. It and its readers are good until the visit returns.
type Attachment struct {
	mail.Attachment
	// Content yields a file's bytes, or the rendering (iCalendar, vCard, MIME) of an item that is not in Item. Nil when
	// there is none: references, items that are in Item, and whatever has Err.
	Content io.Reader
	// Item is an attached message.
	Item *Item
	// Err is why neither could be had.
	Err error
	// Instead is why Content is a rendering where an attached message should be in Item, when that may pass: it is worth
	// reading again.
	Instead error
}

// Item is a message that is attached to another, with attachments of its own.
type Item struct {
	Message     mail.Message
	Body        string
	Attachments []Attachment
}

// HasAttachments reports whether it is worth asking for a message's attachments: Graph does not count inline ones
// (contract 4.1), which the body gives away.
func HasAttachments(m mail.Message, body string) bool {
	return m.HasAttachments || strings.Contains(body, "cid:")
}

// memoryPerMessage is how many bytes of one message's attachments may be held at once, where they cannot pass straight
// through: those of attached messages. What is more goes to a temporary file.
const memoryPerMessage = 4 << 20

// Attachments calls visit for each attachment of the message in Graph's order, one at a time. An attachment that cannot be
// read is visited all the same (Err, or an error of Content's Read), and the others after it. The error of visit ends the
// call and is returned as it is. While a visit lasts the call holds one of the mailbox's places in flight.
//
// One request reads them all, whatever their sizes and kinds: the list is decoded as it arrives and each content handed on
// as a stream, so that a small one costs no request of its own and a large one no memory. When that request fails, or
// breaks off in the middle, the rest is read one by one by $value; a content that was being read goes on where it broke
// off, unnoticed by the visit.
func (c *Client) Attachments(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID, visit func(Attachment) error) error {
	a := &attachmentReader{
		c: c, ctx: ctx, mailbox: mailbox, message: id, visit: visit, done: map[mail.AttachmentID]bool{}, budget: memoryPerMessage,
		levels: min(c.opts.Limits.Nesting, maxNesting),
	}
	defer a.release()
	err := a.together()
	if errors.Is(err, errRest) {
		err = a.oneByOne()
	}
	return finish(err)
}

// errRest means that what has not been visited yet is to be read one by one.
var errRest = errors.New("read the rest one by one")

// attachmentReader reads the attachments of one message.
type attachmentReader struct {
	c       *Client
	ctx     context.Context //nolint:containedctx // it lives as long as the call
	mailbox mail.MailboxID
	message mail.MessageID
	visit   func(Attachment) error
	done    map[mail.AttachmentID]bool
	spools  []*spool
	budget  int64
	// levels of messages within messages that are asked for. Few, until a message turns out to need more.
	levels int
}

func (a *attachmentReader) path() string {
	return a.c.base + messagePath(a.mailbox, a.message) + "/attachments"
}

// expand returns the option that embeds attached messages down to the given number of levels, and lists what is attached to
// the last of them.
func expand(levels int) string {
	const one, list = "microsoft.graph.itemattachment/item", "microsoft.graph.message/attachments"
	option := one + "($expand=" + list + ")"
	for range levels - 1 {
		option = one + "($expand=" + list + "($expand=" + option + "))"
	}
	return option
}

// together reads all attachments with one request.
func (a *attachmentReader) together() error {
	err := a.c.attempt(a.ctx, request{
		kind: KindAttachments, mailbox: a.mailbox, tries: 2,
		url: query(a.path(), "$expand", expand(a.levels)),
	}, func(resp *http.Response) error {
		defer resp.Body.Close()
		return a.all(resp)
	})
	answer, answered := answerOf(err)
	var stop *stopError
	switch {
	case err == nil, a.ctx.Err() != nil:
		return err
	case errors.As(err, &stop):
		if errors.Is(stop.err, errRest) {
			return errRest
		}
		return err
	case answered && (answer.meaning().throttle || answer.meaning().noMailbox || answer.has("ErrorItemNotFound") ||
		answer.status == http.StatusUnauthorized || answer.meaning().kind == fault.Denied):
		return err
	case !answered && neverSent(err):
		return err
	}
	return errRest // one attachment can spoil the list of all (contract 5.2)
}

// all reads the list of attachments.
func (a *attachmentReader) all(resp *http.Response) error {
	s := newScanner(resp.Body)
	err := s.object(func(name string) error {
		if name != "value" {
			return s.skip()
		}
		return s.array(func() error {
			p := parser{a: a, s: s, body: resp.Body}
			got, err := p.attachment(0)
			if err != nil {
				return err
			}
			if p.deep && a.levels < maxNesting && !a.done[got.ID] {
				a.levels = maxNesting
				return &stopError{errRest} // it is asked for again, to its bottom
			}
			return a.deliver(got, p.visited)
		})
	})
	var stop *stopError
	if err != nil && !errors.As(err, &stop) && len(a.done) > 0 {
		return &stopError{errRest} // what was visited must not be visited again
	}
	return err
}

// deliver visits an attachment that was not visited while it was being parsed.
func (a *attachmentReader) deliver(got Attachment, visited bool) error {
	if visited || a.done[got.ID] {
		return nil
	}
	if got.Kind == mail.AttachmentItem && got.Item == nil && got.Err == nil || got.Kind == mail.AttachmentFile && got.Content == nil && got.Err == nil {
		return &stopError{errRest} // what the list left out has to be asked for, and this answer closed first
	}
	return a.hand(got)
}

// hand visits an attachment and frees what it held.
func (a *attachmentReader) hand(got Attachment) error {
	a.done[got.ID] = true
	err := a.visit(got)
	a.release()
	if err != nil {
		return &stopError{err}
	}
	return nil
}

func (a *attachmentReader) release() {
	for _, s := range a.spools {
		_ = s.close() // a temporary file that stays behind is no fault of the message's
	}
	a.spools, a.budget = nil, memoryPerMessage
}

// keep spools a content that cannot be handed on as it comes.
func (a *attachmentReader) keep(content io.Reader) (io.Reader, error) {
	s := &spool{}
	a.spools = append(a.spools, s)
	if err := s.fill(content, a.c.opts.Spool, &a.budget); err != nil {
		return nil, err
	}
	return s.reader(), nil
}

// errDeep is why a message within too many messages is not read.
func (a *attachmentReader) errDeep() error {
	return fault.New(fault.Unsupported, "the attached message lies more than %d messages deep", a.levels)
}
