package graph

import (
	"context"
	"errors"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// FolderOptions choose which folders are listed. The zero value lists the visible ones.
type FolderOptions struct {
	Hidden           bool // hidden folders too
	RecoverableItems bool // what users deleted for good and Exchange still holds, as hidden folders at the top
}

type wireFolder struct {
	Type     string `json:"@odata.type"`
	ID       string `json:"id"`
	Name     string `json:"displayName"`
	Parent   string `json:"parentFolderId"`
	Children int    `json:"childFolderCount"`
	Total    int    `json:"totalItemCount"`
	Hidden   bool   `json:"isHidden"`
}

// plain reports whether it is a folder with messages of its own, and no search folder (contract 3.5).
func (f *wireFolder) plain() bool {
	return f.Type == "" || strings.EqualFold(f.Type, "#microsoft.graph.mailFolder")
}

func (f *wireFolder) folder(parent mail.FolderID) mail.Folder {
	return mail.Folder{ID: mail.FolderID(f.ID), Parent: parent, Name: f.Name, Hidden: f.Hidden, Total: f.Total}
}

const (
	folderSelect = "id,displayName,parentFolderId,childFolderCount,totalItemCount,isHidden"
	folderTop    = "250" // no maximum is documented; contract 11 calls this safe
)

// roles are the well-known names that are asked for (contract 3.3). Each is a request, so the rest is left out: what lies
// below syncissues is found by name, and search folders are known by their type.
var roles = []mail.Role{
	"inbox", "drafts", "sentitems", "deleteditems", "junkemail", "archive", "outbox", "conversationhistory", "clutter",
	"syncissues", "scheduled",
}

// recoverable are the parts of Recoverable Items; all but the first are undocumented and may be missing (contract 3.6).
var recoverable = []mail.Role{
	"recoverableitemsdeletions", "recoverableitemspurges", "recoverableitemsversions", "recoverableitemsdiscoveryholds",
}

// Folders lists the mailbox's mail folders, parents before children. Search folders are never among them: their messages
// are those of other folders. A default folder carries its role whatever its name.
func (c *Client) Folders(ctx context.Context, mailbox mail.MailboxID, o FolderOptions) ([]mail.Folder, error) {
	w := walk{c: c, mailbox: mailbox, options: o, roles: map[string]mail.Role{}, seen: map[string]bool{}}
	if err := w.run(ctx); err != nil {
		return nil, finish(err)
	}
	return w.folders, nil
}

// walk goes through a folder tree level by level, with one batch for up to twenty folders of a level.
type walk struct {
	c       *Client
	mailbox mail.MailboxID
	options FolderOptions
	roles   map[string]mail.Role // by folder id
	seen    map[string]bool
	folders []mail.Folder
	level   []mail.FolderID // whose children come next
}

func (w *walk) run(ctx context.Context) error {
	if !w.options.Hidden && !w.options.RecoverableItems {
		if done, err := w.flat(ctx); done || err != nil {
			return err
		}
		w.folders, w.seen, w.level = nil, map[string]bool{}, nil
	}
	names := roles
	if w.options.RecoverableItems {
		names = append(names[:len(names):len(names)], recoverable...)
	}
	var first reply
	special, err := w.askRoles(ctx, names, &first)
	if err != nil {
		return err
	}
	if err := w.take(ctx, "", first); err != nil {
		return err
	}
	for _, f := range special {
		w.add("", f)
	}
	for len(w.level) > 0 {
		parents := w.level
		w.level = nil
		var items []item
		for _, id := range parents {
			items = append(items, w.list(folderPath(w.mailbox, id)+"/childFolders"))
		}
		replies, err := w.c.batch(ctx, KindFolders, w.mailbox, items)
		if err != nil {
			return err
		}
		for i, id := range parents {
			err := w.take(ctx, id, replies[i])
			if errors.Is(finish(err), fault.NotFound) && !errors.Is(err, ErrMailboxGone) {
				continue // deleted since its parent was listed
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// askRoles resolves default folders by their well-known names in one batch, which lists the top of the tree too when list
// is given. It returns the Recoverable Items among them, which are in no listing.
func (w *walk) askRoles(ctx context.Context, names []mail.Role, list *reply) ([]wireFolder, error) {
	var items []item
	if list != nil {
		items = append(items, w.list(user(w.mailbox)+"/mailFolders"))
	}
	for _, name := range names {
		items = append(items, item{
			path: query(user(w.mailbox)+"/mailFolders/"+string(name), "$select", folderSelect), mailbox: w.mailbox,
		})
	}
	replies, err := w.c.batch(ctx, KindFolders, w.mailbox, items)
	if err != nil {
		return nil, err
	}
	if list != nil {
		*list, replies = replies[0], replies[1:]
	}
	w.roles = map[string]mail.Role{}
	var special []wireFolder
	for i, name := range names {
		var f wireFolder
		err := replies[i].into(&f)
		var a *answerError
		switch {
		case err == nil:
			w.roles[f.ID] = name
			if strings.HasPrefix(string(name), "recoverable") {
				f.Hidden = true
				special = append(special, f)
			}
		case errors.As(err, &a) && a.status >= 400 && a.status < 500 && a.meaning().kind != fault.Throttled:
			// a mailbox need not have every default folder; when the mailbox itself is missing, the listing says so
		default:
			return nil, err
		}
	}
	return special, nil
}

func (w *walk) list(path string) item {
	options := []string{"$select", folderSelect, "$top", folderTop}
	if w.options.Hidden {
		options = append(options, "includeHiddenFolders", "true")
	}
	return item{path: query(path, options...), mailbox: w.mailbox}
}

// take adds the folders of a listing that came in a batch, and reads its further pages.
func (w *walk) take(ctx context.Context, parent mail.FolderID, r reply) error {
	var page struct {
		Value []wireFolder `json:"value"`
		Next  string       `json:"@odata.nextLink"`
	}
	if err := r.into(&page); err != nil {
		return err
	}
	for {
		for _, f := range page.Value {
			w.add(parent, f)
		}
		if page.Next == "" {
			return nil
		}
		next, err := w.c.follow(page.Next)
		if err != nil {
			return err
		}
		folders, l, err := getPage[wireFolder](ctx, w.c, request{kind: KindFolders, url: next, mailbox: w.mailbox})
		if err != nil {
			return err
		}
		page.Value, page.Next = folders, l.next
	}
}

func (w *walk) add(parent mail.FolderID, f wireFolder) {
	role := w.roles[f.ID]
	if f.ID == "" || w.seen[f.ID] || !f.plain() {
		return
	}
	recoverableItems := strings.HasPrefix(string(role), "recoverable")
	if f.Hidden && !w.options.Hidden && !recoverableItems {
		return
	}
	w.seen[f.ID] = true
	folder := f.folder(parent)
	folder.Role = role
	w.folders = append(w.folders, folder)
	// A parent whose children are all hidden can say that it has none (contract 3.2).
	if f.Children > 0 || w.options.Hidden {
		w.level = append(w.level, mail.FolderID(f.ID))
	}
}
