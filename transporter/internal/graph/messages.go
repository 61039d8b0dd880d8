package graph

import (
	"context"
	"io"
	"net/http"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Found is what became of one message that was asked for by id.
type Found struct {
	ID      mail.MessageID
	Message mail.Message
	Body    string
	// Err is why there is no message: NotFound when it is not in the mailbox, another kind when that is not known.
	Err error
}

// Message reads one message with its body. A message that is not in the mailbox is NotFound.
func (c *Client) Message(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID) (mail.Message, string, error) {
	w, err := getOne[wireMessage](ctx, c, request{
		kind: KindMessage, mailbox: mailbox, url: c.base + wholeMessage(mailbox, id),
		preferNow: func() []string { return []string{unsafeHTML} },
	})
	if err != nil {
		return mail.Message{}, "", finish(err)
	}
	m, body := w.message()
	m.ID = id
	return m, body, nil
}

func wholeMessage(mailbox mail.MailboxID, id mail.MessageID) string {
	return query(messagePath(mailbox, id), "$select", messageSelect+headersSelect)
}

// MessagesByID reads messages with their bodies, in the order of ids, up to twenty with one call. What went wrong with one
// is told in its place; the error is that of the whole.
func (c *Client) MessagesByID(ctx context.Context, mailbox mail.MailboxID, ids []mail.MessageID) ([]Found, error) {
	items := make([]item, len(ids))
	for i, id := range ids {
		items[i] = item{path: wholeMessage(mailbox, id), mailbox: mailbox, prefer: []string{unsafeHTML}}
	}
	return c.find(ctx, mailbox, ids, items)
}

// Exists tells which messages are still in the mailbox, and in which folder: Message holds ID, ChangeKey and Folder alone.
// Err is NotFound for those that are gone.
func (c *Client) Exists(ctx context.Context, mailbox mail.MailboxID, ids []mail.MessageID) ([]Found, error) {
	items := make([]item, len(ids))
	for i, id := range ids {
		items[i] = item{path: query(messagePath(mailbox, id), "$select", "id,parentFolderId,changeKey"), mailbox: mailbox}
	}
	return c.find(ctx, mailbox, ids, items)
}

func (c *Client) find(ctx context.Context, mailbox mail.MailboxID, ids []mail.MessageID, items []item) ([]Found, error) {
	replies, err := c.batch(ctx, KindMessage, mailbox, items)
	if err != nil {
		return nil, finish(err)
	}
	all := make([]Found, len(ids))
	for i, id := range ids {
		all[i].ID = id
		var w wireMessage
		if err := replies[i].into(&w); err != nil {
			all[i].Err = finish(err)
			continue
		}
		all[i].Message, all[i].Body = w.message()
		all[i].Message.ID = id
	}
	return all, nil
}

// MIME reads a message as Exchange renders it (RFC 5322). The caller closes the reader, which holds one of the mailbox's
// places in flight until then. Two readings of an unchanged message need not be the same (contract 4.3).
func (c *Client) MIME(ctx context.Context, mailbox mail.MailboxID, id mail.MessageID) (io.ReadCloser, error) {
	return c.stream(ctx, request{kind: KindMIME, mailbox: mailbox, url: c.base + messagePath(mailbox, id) + "/$value"})
}

// stream sends the request and returns the body of its answer as it comes. What breaks off later is the reader's error.
func (c *Client) stream(ctx context.Context, r request) (io.ReadCloser, error) {
	r.header = map[string]string{"Accept": "*/*"}
	var body io.ReadCloser
	err := c.do(ctx, r, func(resp *http.Response) error {
		body = &streamBody{resp.Body}
		return nil
	})
	return body, err
}

// streamBody gives the errors of a stream their kind.
type streamBody struct{ io.ReadCloser }

func (s *streamBody) Read(p []byte) (int, error) {
	n, err := s.ReadCloser.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // io.EOF comes bare from a reader
		err = fault.New(fault.Unavailable, "the stream from Microsoft broke off: %w", err)
	}
	return n, err
}
