package graph

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/graph/governor"
)

// CreateFolder makes a mail folder; an empty parent is the top. When a sibling has that name already (Exchange ignores
// case) it returns that one: WasThere, or PerhapsMade when an answer was lost before and this call may have made it.
func (c *Client) CreateFolder(ctx context.Context, mailbox mail.MailboxID, parent mail.FolderID, name string, hidden bool) (mail.Folder, mail.Making, error) {
	var made wireFolder
	exists := mail.WasThere
	err := c.sendJSON(ctx, request{
		kind: KindFolders, method: http.MethodPost, mailbox: mailbox, url: c.base + children(mailbox, parent),
		repeated: func() { exists = mail.PerhapsMade },
	}, map[string]any{"displayName": name, "isHidden": hidden}, &made)
	if err == nil && made.ID != "" {
		return made.folder(parent), mail.Made, nil
	}
	if a, answered := answerOf(err); err != nil && (!answered || !a.has("ErrorFolderExists")) {
		return mail.Folder{}, exists, finish(err)
	}
	if err == nil {
		exists = mail.PerhapsMade // it said that it made one, and not which
	}
	found, err := c.ChildFolder(ctx, mailbox, parent, name)
	return found, exists, err
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

// RemoveFolder removes a folder that holds nothing: neither items nor folders, hidden ones included. It is false, and
// nothing happens, when the folder holds something; one that is not there is removed already. The folder goes to Deleted
// Items first, so that what arrives in it meanwhile is not lost, and from there for good if it is still empty.
func (c *Client) RemoveFolder(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID) (bool, error) {
	empty, err := c.emptyFolder(ctx, mailbox, folder)
	if err != nil || !empty {
		return errors.Is(err, fault.NotFound), gone(err)
	}
	address := c.base + folderPath(mailbox, folder)
	if err := c.remove(ctx, request{kind: KindFolders, method: http.MethodDelete, mailbox: mailbox, url: address}); err != nil {
		return false, err
	}
	ctx = governor.WithStop(ctx, nil) // what was begun is brought to its end
	if empty, err = c.emptyFolder(ctx, mailbox, folder); err != nil || !empty {
		return true, gone(err)
	}
	err = c.remove(ctx, request{kind: KindFolders, method: http.MethodPost, mailbox: mailbox, url: address + "/permanentDelete"})
	if interrupted(ctx, err) {
		return true, err
	}
	return true, nil // not to be had in all clouds (contract 3.7): it stays in Deleted Items
}

// gone takes NotFound for no error.
func gone(err error) error {
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// emptyFolder reports whether a folder holds nothing; NotFound when it is not there. It looks, because counts may be old.
func (c *Client) emptyFolder(ctx context.Context, mailbox mail.MailboxID, folder mail.FolderID) (bool, error) {
	for _, address := range []string{
		query(folderPath(mailbox, folder)+"/messages", "$select", "id", "$top", "1"),
		query(children(mailbox, folder), "$select", "id", "$top", "1", "includeHiddenFolders", "true"),
	} {
		page, l, err := getPage[madeMessage](ctx, c, request{kind: KindFolders, mailbox: mailbox, url: c.base + address})
		if err != nil {
			return false, folderFault(err)
		}
		if len(page) > 0 || l.next != "" {
			return false, nil
		}
	}
	return true, nil
}
