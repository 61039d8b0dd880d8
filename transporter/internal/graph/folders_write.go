package graph

import (
	"context"
	"net/http"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// CreateFolder makes a mail folder; an empty parent is the top. When a sibling has that name already (Exchange ignores
// case) it returns that one, and false.
func (c *Client) CreateFolder(ctx context.Context, mailbox mail.MailboxID, parent mail.FolderID, name string, hidden bool) (mail.Folder, bool, error) {
	var made wireFolder
	err := c.sendJSON(ctx, request{
		kind: KindFolders, method: http.MethodPost, mailbox: mailbox, url: c.base + children(mailbox, parent),
	}, map[string]any{"displayName": name, "isHidden": hidden}, &made)
	if err == nil && made.ID != "" {
		return made.folder(parent), true, nil
	}
	// Making it is repeated without asking: the second time Graph says that it exists. Who made it is then not known.
	if a, answered := answerOf(err); err != nil && (!answered || !a.has("ErrorFolderExists")) {
		return mail.Folder{}, false, finish(err)
	}
	found, err := c.ChildFolder(ctx, mailbox, parent, name)
	return found, false, err
}

// ChildFolder returns the folder of that name below the parent (empty: the top), ignoring case; NotFound when there is none.
func (c *Client) ChildFolder(ctx context.Context, mailbox mail.MailboxID, parent mail.FolderID, name string) (mail.Folder, error) {
	address := c.base + query(children(mailbox, parent), "$select", folderSelect, "$top", folderTop, "includeHiddenFolders", "true")
	for {
		page, l, err := getPage[wireFolder](ctx, c, request{kind: KindFolders, mailbox: mailbox, url: address})
		if err != nil {
			return mail.Folder{}, finish(err)
		}
		for _, f := range page {
			if strings.EqualFold(f.Name, name) && f.plain() {
				return f.folder(parent), nil
			}
		}
		if l.next == "" {
			return mail.Folder{}, fault.New(fault.NotFound, "there is no folder of that name")
		}
		if address, err = c.follow(l.next); err != nil {
			return mail.Folder{}, err
		}
	}
}

func children(mailbox mail.MailboxID, parent mail.FolderID) string {
	if parent == "" {
		return user(mailbox) + "/mailFolders"
	}
	return folderPath(mailbox, parent) + "/childFolders"
}
