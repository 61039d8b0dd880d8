package graph

import (
	"context"
	"strconv"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// listPage reads one page of a folder without delta: all messages, oldest first. A page goes on from the received time of
// the one before, not from a count of messages, so that mail deleted meanwhile does not hide other mail; messages of that
// very second come twice.
func (c *Client) listPage(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID, k cursor) (Page, error) {
	page := Page{Full: true, Restart: k.Link == "" && k.After == ""}
	address := k.Link
	if address == "" {
		options := []string{"$select", messageSelect + headersSelect, "$orderby", "receivedDateTime", "$top", strconv.Itoa(c.pageSizeOf(mailbox).get())}
		if k.After != "" {
			options = append(options, "$filter", "receivedDateTime ge "+k.After)
		}
		address = c.base + query(folderPath(mailbox, folder)+"/messages", options...)
	}
	changes, l, err := c.readMessages(ctx, request{kind: KindList, url: address, mailbox: mailbox})
	if err != nil {
		return Page{}, folderFault(err)
	}
	page.Changes = changes
	next := cursor{List: true, Link: l.next, After: k.After}
	if n := len(changes); n > 0 && l.next != "" {
		if last := changes[n-1].Message.Received; !last.IsZero() {
			if after := last.Format(time.RFC3339); after > k.After {
				next.Link, next.After = "", after
			}
		}
	}
	if l.next == "" {
		page.Done = true
		next = cursor{} // the next run tries the delta again
	}
	if next.Link != "" {
		if _, err := c.follow(next.Link); err != nil {
			return Page{}, err
		}
	}
	page.Next, err = next.encode()
	return page, err
}

// folderFault is finish for requests about a folder: that it is not found means that it is gone.
func folderFault(err error) error {
	if a, ok := answerOf(err); ok && a.meaning().kind == fault.NotFound && !a.meaning().noMailbox {
		return withCause(err, ErrFolderGone, "the folder was deleted")
	}
	return finish(err)
}
