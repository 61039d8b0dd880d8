package graph

import (
	"context"
	"errors"
	"io"
	"net/http"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

var (
	errNoMessage = fault.New(fault.Unsupported, "the attached item within an attached message is no message, and cannot be read")
	errNoContent = fault.New(fault.Corrupt, "Microsoft lists the attachment without its content")
)

// errDeeper means that an attachment is to be asked for again with more levels.
var errDeeper = errors.New("ask for more levels")

// maxNesting is how deep attached messages are followed at most: so far does Graph go (contract 5.2).
const maxNesting = 30

// listSelect leaves out the bytes; contentId belongs to a derived type and needs the cast (contract 5.2).
const listSelect = "id,name,contentType,size,isInline,lastModifiedDateTime"

// oneByOne reads what has not been visited yet: a list without contents, then each content for itself.
func (a *attachmentReader) oneByOne() error {
	r := request{kind: KindAttachments, mailbox: a.mailbox, url: query(a.path(), "$select", listSelect+",microsoft.graph.fileAttachment/contentId")}
	all, _, err := getPage[wireAttachment](a.ctx, a.c, r)
	described := err == nil
	if answer, ok := answerOf(err); ok && answer.status == http.StatusBadRequest {
		r.url = query(a.path(), "$select", listSelect)
		all, _, err = getPage[wireAttachment](a.ctx, a.c, r)
	}
	if err != nil {
		return err
	}
	for _, w := range all {
		got := Attachment{Attachment: w.attachment()}
		if a.done[got.ID] {
			continue
		}
		var err error
		switch got.Kind {
		case mail.AttachmentFile:
			err = a.file(got, described)
		case mail.AttachmentItem:
			err = a.attachedItem(got)
		default:
			err = a.hand(got)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// file visits a file attachment with a stream of its bytes.
func (a *attachmentReader) file(got Attachment, described bool) error {
	if !described {
		// Its content id is to be had with the bytes only.
		if err, ok := a.single(got); ok {
			return err
		}
	}
	body, err := a.value(a.ctx, got.ID)
	if err == nil {
		content := &resumed{a: a, id: got.ID, now: body, stream: body}
		got.Content = content
		err = a.hand(got)
		content.close()
		return err
	}
	if hopeless(a.ctx, err) {
		return err
	}
	if err, ok := a.single(got); ok {
		return err
	}
	got.Err = finish(err)
	return a.hand(got)
}

// single visits one attachment by its JSON with contentBytes or item; false, and why, when that cannot be had either.
func (a *attachmentReader) single(got Attachment) (error, bool) { //nolint:revive // the error is that of the visit
	visited := false
	err := a.c.attempt(a.ctx, request{
		kind: KindAttachments, mailbox: a.mailbox, tries: 2,
		url: query(a.c.base+attachmentPath(a.mailbox, a.message, got.ID), "$expand", expand(a.levels)),
	}, func(resp *http.Response) error {
		defer resp.Body.Close()
		p := parser{a: a, s: newScanner(resp.Body), body: resp.Body}
		one, err := p.attachment(0)
		if err == nil && p.deep && a.levels < maxNesting {
			a.levels = maxNesting
			return &stopError{errDeeper}
		}
		if p.visited {
			visited = true
			var stop *stopError
			if errors.As(err, &stop) && !errors.Is(err, errRest) {
				return err
			}
			return nil // the visit has seen what became of it
		}
		if err != nil {
			return err
		}
		if one.Content == nil && one.Item == nil {
			return &stopError{errNoContent}
		}
		visited = true
		one.ID = got.ID
		return a.hand(one)
	})
	if errors.Is(err, errDeeper) {
		a.release()
		return a.single(got)
	}
	return err, visited || hopeless(a.ctx, err)
}

// mayPass reports whether an error says nothing of the attachment itself.
func mayPass(err error) bool {
	answer, ok := answerOf(err)
	return err != nil && !errors.Is(err, errNoContent) && (!ok || answer.status >= http.StatusInternalServerError)
}

// attachedItem visits an attached item: as a message where it is one, else as its rendering.
func (a *attachmentReader) attachedItem(got Attachment) error {
	why, ok := a.single(got)
	if ok {
		return why
	}
	body, err := a.value(a.ctx, got.ID)
	if hopeless(a.ctx, err) {
		return err
	}
	if err != nil {
		got.Err = finish(err)
		return a.hand(got)
	}
	content := &resumed{a: a, id: got.ID, now: body, stream: body, fickle: true}
	got.Content = content
	if mayPass(why) {
		got.Instead = finish(why)
	}
	err = a.hand(got)
	content.close()
	return err
}

// hopeless reports whether an error concerns more than one attachment.
func hopeless(ctx context.Context, err error) bool {
	if err == nil {
		return false
	}
	answer, ok := answerOf(err)
	return ctx.Err() != nil || ok && (answer.status == http.StatusUnauthorized || answer.meaning().throttle || answer.meaning().noMailbox)
}

// value opens an attachment's bytes.
func (a *attachmentReader) value(ctx context.Context, id mail.AttachmentID) (io.ReadCloser, error) {
	r := request{
		kind: KindAttachments, mailbox: a.mailbox, tries: 3,
		url: a.c.base + attachmentPath(a.mailbox, a.message, id) + "/$value", header: map[string]string{"Accept": "*/*"},
	}
	var body io.ReadCloser
	err := a.c.attempt(ctx, r, func(resp *http.Response) error {
		body = resp.Body
		return nil
	})
	return body, err
}

// resumed is a content that goes on by $value where it broke off: from the beginning, over what was read already, because
// Graph knows no ranges there.
type resumed struct {
	a      *attachmentReader
	id     mail.AttachmentID
	now    io.Reader
	stream io.ReadCloser // what now reads from, when it is a $value
	list   io.Closer     // the list's answer, when it is that
	fickle bool          // two readings need not be the same, so that it must not go on
	read   int64
	tries  int
	broken bool // it broke off at least once
}

func (r *resumed) Read(p []byte) (int, error) {
	for {
		n, err := r.now.Read(p)
		r.read += int64(n)
		if n > 0 && !errors.Is(err, io.EOF) {
			return n, nil // an error comes again
		}
		if err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return n, err
		}
		r.broken = true
		r.close()
		if err = r.reopen(err); err != nil {
			return n, err
		}
	}
}

// reopen goes on behind what was read.
func (r *resumed) reopen(cause error) error {
	lost := fault.New(fault.Unavailable, "the attachment's content broke off: %s", clip(cause.Error()))
	for {
		if r.tries++; r.tries > 3 || r.fickle || r.a.ctx.Err() != nil {
			r.now = failing{lost}
			return lost
		}
		body, err := r.a.value(r.a.ctx, r.id)
		if err != nil {
			err = finish(err)
			r.now = failing{err}
			return err
		}
		if _, err := io.CopyN(io.Discard, body, r.read); err == nil {
			r.now, r.stream = body, body
			return nil
		}
		_ = body.Close()
	}
}

func (r *resumed) close() {
	if r.list != nil && r.broken {
		_ = r.list.Close()
		r.list = nil
	}
	if r.stream != nil {
		_ = r.stream.Close()
		r.stream = nil
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
