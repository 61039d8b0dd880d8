package graph

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// lightSelectList is what tells whether a message is still the one that was read.
const lightSelectList = "changeKey,parentFolderId,receivedDateTime,lastModifiedDateTime"

const (
	// lightPage is how many messages are listed at once without their bodies; Graph allows 1,000 (contract 11).
	lightPage = 1000
	// sinceSlack is how much earlier than the newest change of the last listing the next one looks for changes: what it reads
	// twice it recognises, and what it misses all the same the light listing finds.
	sinceSlack = 10 * time.Minute
)

// listPage reads one page of a folder without delta. A folder that was never read is listed whole, oldest first. After
// that, what was modified since is listed whole, and then everything by id and change key alone, ten times as many to a
// page: whoever compares knows what is gone and reads for itself what the first listing missed (contract 1.6).
//
// A page goes on from the time of the last message of the one before, not from a count of messages, so that mail deleted
// meanwhile does not hide other mail; messages of that very second come twice.
func (c *Client) listPage(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID, k cursor) (Page, error) {
	page := Page{Full: true, Restart: k.Link == "" && k.After == "" && !k.Light}
	k.List = true
	size := c.pageSizeOf(mailbox)
	if k.Light {
		size = &pageSize{now: lightPage, most: lightPage}
	}
	address := k.Link
	if address == "" {
		address = c.base + query(folderPath(mailbox, folder)+"/messages", listOptions(k, size.get())...)
	}
	changes, l, err := c.readMessages(ctx, request{kind: KindList, url: address, mailbox: mailbox}, size)
	if a, ok := answerOf(err); ok && a.status == http.StatusBadRequest && page.Restart && k.Since != "" {
		return c.listPage(ctx, mailbox, folder, cursor{}) // it cannot be asked for by the time of change
	}
	if err != nil {
		return Page{}, folderFault(err)
	}
	page.Changes = changes
	next := k
	next.Link = l.next
	for i := range changes {
		next.Newest = max(next.Newest, changes[i].Message.Modified.Format(time.RFC3339))
	}
	if n := len(changes); n > 0 && l.next != "" {
		if last := k.listedBy(&changes[n-1].Message); !last.IsZero() {
			if after := last.Format(time.RFC3339); after > k.After {
				next.Link, next.After = "", after
			}
		}
	}
	switch {
	case l.next != "":
	case k.Since != "" && !k.Light:
		next.After, next.Light = "", true
	default:
		page.Done = true
		next = cursor{Since: sinceOf(next.Newest)} // the next run tries the delta again
	}
	if next.Link != "" {
		if _, err := c.follow(next.Link); err != nil {
			return Page{}, err
		}
	}
	page.Next, err = next.encode()
	return page, err
}

// listOptions are the query options of the listing that the cursor is in.
func listOptions(k cursor, size int) []string {
	by, from, properties := "receivedDateTime", k.After, messageSelect+headersSelect
	switch {
	case k.Light:
		properties = lightSelectList
	case k.Since != "":
		by, from = "lastModifiedDateTime", max(k.After, k.Since)
	}
	options := []string{"$select", properties, "$orderby", by, "$top", strconv.Itoa(size)}
	if from != "" {
		options = append(options, "$filter", by+" ge "+from)
	}
	return options
}

// listedBy returns the time by which the listing is sorted.
func (k *cursor) listedBy(m *mail.Message) time.Time {
	if k.Since != "" && !k.Light {
		return m.Modified
	}
	return m.Received
}

// sinceOf returns from when on changes are looked for by the next listing; empty when all that is known is nothing.
func sinceOf(newest string) string {
	t, err := time.Parse(time.RFC3339, newest)
	if err != nil || t.Year() <= 1 {
		return ""
	}
	return t.Add(-sinceSlack).Format(time.RFC3339)
}

// folderFault is finish for requests about a folder: that it is not found means that it is gone.
func folderFault(err error) error {
	if a, ok := answerOf(err); ok && a.meaning().kind == fault.NotFound && !a.meaning().noMailbox {
		return withCause(err, ErrFolderGone, "the folder was deleted")
	}
	return finish(err)
}
