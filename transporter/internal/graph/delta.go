package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Page is one step through the changes of a folder.
type Page struct {
	// Changes in Graph's order, bodies included. An id may come more than once; the last one counts.
	Changes []mail.Change
	// Next is where to go on. It must not be stored before the changes are.
	Next mail.Cursor
	// Done is set when the folder is up to date; Next then belongs to the next run.
	Done bool
	// Full is set in all pages of a full enumeration: what no page of it names is not in the folder.
	Full bool
	// Restart is set on the first page of a full enumeration: whatever came before of this folder does not count.
	Restart bool
}

// Delta reads one page of the changes in a folder since the cursor; the empty cursor begins with everything in it. One
// page is one request, unless something fails. Reading a page again by the same cursor is safe.
//
// A fault that is ErrResync (kind Conflict) means that the cursor is lost: begin again with the empty cursor and compare. A
// fault that is ErrFolderGone (kind NotFound) means that the folder was deleted, ErrMailboxGone the same of the mailbox.
// Where Graph has no delta to offer (a full mailbox, a cloud without it) the folder is listed in full each time; the pages
// say so by Full, and the cursor knows.
func (c *Client) Delta(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID, from mail.Cursor) (Page, error) {
	k, err := c.decodeCursor(from)
	if err != nil {
		return Page{}, err
	}
	begins := k.Link == "" && !k.List
	if k.List || begins && (!c.offersDelta() || c.full.has(mailbox)) {
		return c.listPage(ctx, mailbox, folder, k)
	}
	page, err := c.deltaPage(ctx, mailbox, folder, cursor{Link: k.Link, Full: k.Full, Plain: k.Plain})
	a, _ := answerOf(err)
	if a != nil && begins && (a.status == http.StatusBadRequest || a.status == http.StatusMethodNotAllowed || a.status == http.StatusNotImplemented) {
		if other, otherErr := c.otherwise(ctx, mailbox, folder, k); otherErr == nil {
			return other, nil
		}
	}
	switch {
	case err == nil:
		return page, nil
	case a == nil:
		return Page{}, finish(err)
	case a.has("ErrorQuotaExceeded"): // a full mailbox cannot hold the state of a delta (contract 4.7)
		c.full.note(mailbox) // its other folders would be refused as well
		return c.listPage(ctx, mailbox, folder, cursor{Since: k.Since})
	case begins && errors.Is(err, ErrResync): // not a reason to begin again and again
		return Page{}, fault.New(fault.Unavailable, "Microsoft does not let the folder be read from its beginning: %s", a)
	case a.status == http.StatusBadRequest && !begins, errors.Is(err, ErrResync):
		return Page{}, withCause(err, ErrResync, "Microsoft no longer knows how far this folder was read; it is compared as a whole")
	}
	return Page{}, folderFault(err)
}

// otherwise begins a folder whose delta Graph does not understand: without internet headers, because whether a delta can
// carry them is not documented (contract 15, question 5), or by listing. What worked is remembered.
func (c *Client) otherwise(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID, k cursor) (Page, error) {
	page, err := c.deltaPage(ctx, mailbox, folder, cursor{Plain: true})
	learn := &c.noHeaders
	if err != nil {
		page, err = c.listPage(ctx, mailbox, folder, k)
		learn = &c.noDelta
	}
	if err == nil {
		learn.Store(true)
	}
	return page, err
}

func (c *Client) offersDelta() bool { return c.opts.Cloud.hasDelta() && !c.noDelta.Load() }

// withCause gives an answer's fault a sentence and one of this package's sentinels.
func withCause(err, sentinel error, sentence string) error {
	kind := fault.Conflict
	if errors.Is(sentinel, ErrFolderGone) {
		kind = fault.NotFound
	}
	f := fault.New(kind, "%s (%w)", sentence, err)
	f.Cause = errors.Join(sentinel, err)
	if a, ok := answerOf(err); ok {
		f.RequestID = a.requestID
	}
	return f
}

func (c *Client) deltaPage(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID, k cursor) (Page, error) {
	page := Page{Full: k.Full}
	address := k.Link
	if address == "" {
		page.Full, page.Restart = true, true
		k.Plain = k.Plain || c.noHeaders.Load()
		properties := messageSelect
		if !k.Plain {
			properties += headersSelect
		}
		address = c.base + query(folderPath(mailbox, folder)+"/messages/delta", "$select", properties)
	}
	changes, l, err := c.readMessages(ctx, request{kind: KindDelta, url: address, mailbox: mailbox}, c.pageSizeOf(mailbox))
	if err != nil {
		return Page{}, err
	}
	page.Changes = changes
	next := cursor{Link: l.next, Full: page.Full, Plain: k.Plain}
	switch {
	case l.next != "" && l.next != k.Link:
	case l.delta != "":
		page.Done = true
		next = cursor{Link: l.delta, Plain: k.Plain}
	default:
		return Page{}, fault.New(fault.Unavailable, "Microsoft sent a page of changes that leads nowhere")
	}
	if _, err := c.follow(next.Link); err != nil {
		return Page{}, err
	}
	page.Next, err = next.encode()
	return page, err
}

// readMessages reads one page of messages, asking for fewer each time Graph fails under the load.
func (c *Client) readMessages(ctx context.Context, r request, size *pageSize) ([]mail.Change, links, error) {
	var changes []mail.Change
	var l links
	r.preferNow = func() []string { return []string{unsafeHTML, fmt.Sprintf("odata.maxpagesize=%d", size.get())} }
	r.failed = size.failed
	err := c.attempt(ctx, r, func(resp *http.Response) error {
		defer closeBody(resp)
		changes = nil
		var err error
		l, err = readPage(resp.Body, func(dec *json.Decoder) error {
			var w wireMessage
			if err := dec.Decode(&w); err != nil {
				return err
			}
			if w.ID != "" {
				changes = append(changes, w.change())
			}
			return nil
		})
		if err == nil {
			size.read(bytesOf(resp))
		}
		return err
	})
	return changes, l, err
}
