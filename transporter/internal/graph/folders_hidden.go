package graph

import (
	"context"

	"holdfast/pkg/mail"
)

// HiddenFolders lists the hidden folders right below the mailbox's root, in a request for each 250 folders there. What lies
// below them, and hidden folders within visible ones, is not looked for.
func (c *Client) HiddenFolders(ctx context.Context, mailbox mail.MailboxID) ([]mail.Folder, error) {
	address := c.base + query(user(mailbox)+"/mailFolders", "$select", folderSelect, "$top", folderTop, "includeHiddenFolders", "true")
	var hidden []mail.Folder
	for address != "" {
		page, l, err := getPage[wireFolder](ctx, c, request{kind: KindFolders, url: address, mailbox: mailbox})
		if err != nil {
			return nil, finish(err)
		}
		for i := range page {
			if page[i].Hidden && page[i].plain() && page[i].ID != "" {
				hidden = append(hidden, page[i].folder(""))
			}
		}
		address = ""
		if l.next != "" {
			if address, err = c.follow(l.next); err != nil {
				return nil, finish(err)
			}
		}
	}
	return hidden, nil
}
