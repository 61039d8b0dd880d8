package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// attachAll adds the attachments that did not fit into the first request. One that Graph refuses for good is a loss; any
// other failure concerns the message.
func (b *builder) attachAll(ctx context.Context) error {
	for _, n := range b.later {
		err := b.attach(ctx, n)
		a, answered := answerOf(err)
		switch {
		case err == nil:
		case answered && refused(a):
			b.lose("the attachment was refused by Microsoft: "+a.Error(), a.requestID)
		default:
			return err
		}
	}
	return nil
}

// refused reports whether an answer speaks of the attachment and not of mailbox, message or moment.
func refused(a *answerError) bool {
	switch a.meaning().kind { //nolint:exhaustive // the others are not about the attachment
	case fault.Invalid, fault.Unsupported, fault.Corrupt, fault.Denied:
		return true
	case fault.Exhausted:
		return !a.has("ErrorQuotaExceeded")
	}
	return false
}

func (b *builder) attach(ctx context.Context, n *NewAttachment) error {
	switch {
	case n.Kind == mail.AttachmentReference:
		return b.reference(ctx, n)
	case weight(n) <= maxRequest:
		one, err := b.load(ctx, n)
		if err != nil {
			return err
		}
		err = b.postAttachment(ctx, one)
		if a, ok := answerOf(err); ok && a.status == http.StatusRequestEntityTooLarge && n.Item == nil {
			return b.upload(ctx, n)
		}
		return err
	case n.Item != nil && n.Render != nil: // contract 5.4: no session for messages
		file, err := asFile(ctx, n)
		if err != nil {
			return &stopError{err}
		}
		b.created.note(noteLargeItem)
		return b.upload(ctx, file)
	case n.Item != nil:
		b.lose("an attached message is larger than Microsoft accepts (3 MB)", "")
		return nil
	}
	return b.upload(ctx, n)
}

// reference adds a link. Graph v1.0 neither tells nor takes its address, so the name is all there is of it.
func (b *builder) reference(ctx context.Context, n *NewAttachment) error {
	err := b.postAttachment(ctx, &newAttachment{Type: "#microsoft.graph.referenceAttachment", Name: n.Name, ContentType: n.ContentType, Inline: n.Inline})
	if a, ok := answerOf(err); ok && refused(a) {
		b.lose("a link to a file in the cloud: Microsoft does not let it be made", a.requestID)
		return nil
	}
	return err
}

func (b *builder) path() string {
	return b.c.base + messagePath(b.mailbox, b.created.ID) + "/attachments"
}

// postAttachment adds an attachment with one request. When the answer is lost the message is asked whether it has it.
func (b *builder) postAttachment(ctx context.Context, one *newAttachment) error {
	body, err := encode(one)
	if err != nil {
		return err
	}
	r := request{
		kind: KindWrite, method: http.MethodPost, mailbox: b.mailbox, url: b.path(),
		body: func() io.Reader { return bytes.NewReader(body) }, size: int64(len(body)), write: true,
	}
	return b.once(ctx, func() error {
		return b.c.attempt(ctx, r, func(resp *http.Response) error {
			closeBody(resp)
			return nil
		})
	})
}

// once does something that adds an attachment, and repeats it only when the message does not have it afterwards. The
// attachments of a message are added one after another, so that it is enough to count them.
func (b *builder) once(ctx context.Context, add func() error) error {
	for try := 1; ; try++ {
		err := add()
		if err == nil {
			b.attached++
			return nil
		}
		if !errors.Is(err, ErrUncertain) || try >= b.c.opts.Limits.Tries {
			return err
		}
		if sleepErr := b.c.gov.Sleep(ctx, b.c.key(b.mailbox), b.c.backoff(try)); sleepErr != nil {
			return err
		}
		all, _, listErr := getPage[wireAttachment](ctx, b.c, request{
			kind: KindAttachments, mailbox: b.mailbox, url: query(b.path(), "$select", listSelect),
		})
		if listErr != nil {
			return err
		}
		if len(all) > b.attached {
			b.attached++
			return nil
		}
		b.c.countRetried()
	}
}

// uploadSession is what Graph answers to the wish for one (contract 5.4).
type uploadSession struct {
	URL string `json:"uploadUrl"`
}

// upload adds a file attachment in pieces, through a session on another host. A session that breaks is begun anew.
func (b *builder) upload(ctx context.Context, n *NewAttachment) error {
	err := b.once(ctx, func() error {
		err := b.uploadOnce(ctx, n)
		if a, ok := answerOf(err); ok && a.fromSession && a.status < 500 && !a.meaning().throttle {
			return &uncertainError{err} // the session is gone: see what the message has, and begin anew
		}
		return err
	})
	if a, ok := answerOf(err); ok && a.has("ErrorAttachmentSizeShouldNotBeLessThanMinimumSize") && n.Length < maxRequest {
		one, loadErr := b.load(ctx, n)
		if loadErr != nil {
			return loadErr
		}
		return b.postAttachment(ctx, one)
	}
	return err
}

func (b *builder) uploadOnce(ctx context.Context, n *NewAttachment) error {
	item := map[string]any{
		"attachmentType": "file", "name": n.Name, "size": n.Length, "isInline": n.Inline,
	}
	if n.ContentType != "" {
		item["contentType"] = n.ContentType
	}
	if n.ContentID != "" {
		item["contentId"] = n.ContentID
	}
	body, err := encode(map[string]any{"AttachmentItem": item})
	if err != nil {
		return err
	}
	session, err := getOne[uploadSession](ctx, b.c, request{
		kind: KindUpload, method: http.MethodPost, mailbox: b.mailbox, url: b.path() + "/createUploadSession",
		body: func() io.Reader { return bytes.NewReader(body) }, size: int64(len(body)),
	})
	if err != nil {
		return err
	}
	if !strings.HasPrefix(strings.ToLower(session.URL), "https://") {
		return fault.New(fault.Unavailable, "Microsoft gave no usable address to upload to")
	}
	content, err := b.open(ctx, n)
	if err != nil {
		return err
	}
	defer content.Close()
	for at := int64(0); at < n.Length; {
		if b.buffer == nil {
			b.buffer = make([]byte, b.c.opts.Limits.Upload)
		}
		piece := b.buffer[:min(int64(len(b.buffer)), n.Length-at)]
		if _, err := io.ReadFull(content, piece); err != nil {
			b.cancel(ctx, session.URL)
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				return wrongLength(n)
			}
			return &stopError{err}
		}
		if err := b.put(ctx, session.URL, piece, at, n.Length); err != nil {
			b.cancel(ctx, session.URL)
			return err
		}
		at += int64(len(piece))
	}
	return nil
}

// put sends one piece. The last one must not be repeated blindly, because it makes the attachment; repeating one in the
// middle breaks the session at worst.
func (b *builder) put(ctx context.Context, address string, piece []byte, at, total int64) error {
	end := at + int64(len(piece))
	var open atomic.Int32
	r := request{
		kind: KindUpload, method: http.MethodPut, mailbox: b.mailbox, url: address, foreign: true, write: end == total,
		body: func() io.Reader {
			open.Add(1)
			return &pieceBody{bytes.NewReader(piece), &open}
		},
		size: int64(len(piece)), contentType: "application/octet-stream",
		header: map[string]string{"Content-Range": fmt.Sprintf("bytes %d-%d/%d", at, end-1, total)},
	}
	err := b.c.attempt(ctx, r, func(resp *http.Response) error {
		defer closeBody(resp)
		if end == total {
			return nil
		}
		var got struct {
			Next []string `json:"nextExpectedRanges"` // any casing: encoding/json does not mind
		}
		if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
			return nil // the piece was taken; that the answer tells nothing does not matter
		}
		if len(got.Next) > 0 {
			start, _, _ := strings.Cut(got.Next[0], "-")
			if start != fmt.Sprint(end) {
				return &uncertainError{fault.New(fault.Unavailable, "Microsoft lost a piece of an upload")}
			}
		}
		return nil
	})
	if open.Load() > 0 {
		b.buffer = nil // an answer can come before the transport is done with the body
	}
	if a, ok := answerOf(err); ok {
		a.fromSession = true
	}
	return err
}

// pieceBody tells when the transport will read it no more.
type pieceBody struct {
	*bytes.Reader
	open *atomic.Int32
}

func (p *pieceBody) Close() error {
	p.open.Add(-1)
	return nil
}

// cancel ends a session that will not be used any more. That it fails does not matter: sessions end by themselves.
func (b *builder) cancel(ctx context.Context, address string) {
	_ = b.c.attempt(ctx, request{
		kind: KindUpload, method: http.MethodDelete, mailbox: b.mailbox, url: address, foreign: true, tries: 1,
	}, func(resp *http.Response) error {
		closeBody(resp)
		return nil
	})
}
