package graph

import (
	"context"
	"encoding/json"
	"hash/maphash"
	"net/http"
	"slices"
	"strings"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// flat lists the visible folders through a first round of folder delta: the whole tree in pages of 250 (contract 3.4),
// where walking costs a request for every folder that has children. The round's token is not kept: a tree that is read anew
// each time cannot miss a folder that was deleted and made again between two rounds. False when Graph refuses the round, as
// it may for a full mailbox (contract 4.7); then the tree must be walked.
func (w *walk) flat(ctx context.Context) (bool, error) {
	found := map[string]wireFolder{}
	address := w.c.base + query(user(w.mailbox)+"/mailFolders/delta", "$select", folderSelect)
	for address != "" {
		l, err := w.flatPage(ctx, address, found)
		if a, ok := answerOf(err); ok && a.status >= 400 && a.status < 500 && a.meaning().kind != fault.Throttled && !a.meaning().noMailbox {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		address = l.next
		if address != "" {
			if address, err = w.c.follow(address); err != nil {
				return false, err
			}
		}
	}
	if len(found) == 0 {
		return false, nil
	}
	top, err := w.resolve(ctx, found)
	if err != nil || top == "" {
		return false, err
	}
	w.descend(top, "", found)
	return true, nil
}

// flatPage reads one page into found; of folders that come twice, the last word counts.
func (w *walk) flatPage(ctx context.Context, address string, found map[string]wireFolder) (links, error) {
	type entry struct {
		wireFolder
		Removed json.RawMessage `json:"@removed"`
	}
	var page []entry
	var l links
	err := w.c.attempt(ctx, request{
		kind: KindFolders, url: address, mailbox: w.mailbox,
		preferNow: func() []string { return []string{"odata.maxpagesize=" + folderTop} },
	}, func(resp *http.Response) error {
		defer closeBody(resp)
		page = page[:0]
		var err error
		l, err = readPage(resp.Body, func(dec *json.Decoder) error {
			var one entry
			if err := dec.Decode(&one); err != nil {
				return err
			}
			page = append(page, one)
			return nil
		})
		return err
	})
	if err != nil {
		return links{}, err
	}
	for _, one := range page {
		if one.Removed != nil {
			delete(found, one.ID)
		} else if one.ID != "" {
			found[one.ID] = one.wireFolder
		}
	}
	return l, nil
}

// resolve finds the roles of the default folders and returns the id of the message root, which is itself not listed: the
// parent of the inbox. Roles are asked for again only when a folder is new at the top since they were, because every
// default folder lies there.
func (w *walk) resolve(ctx context.Context, found map[string]wireFolder) (string, error) {
	if known, ok := w.c.roles.get(w.mailbox); ok && known.top == topOf(found, known.root) {
		w.roles = known.byFolder
		return known.root, nil
	}
	if _, err := w.askRoles(ctx, roles, nil); err != nil {
		return "", err
	}
	for id, role := range w.roles {
		if inbox, ok := found[id]; ok && role == "inbox" {
			w.c.roles.put(w.mailbox, knownRoles{root: inbox.Parent, byFolder: w.roles, top: topOf(found, inbox.Parent)})
			return inbox.Parent, nil
		}
	}
	return "", nil
}

// descend adds the folders below parent, sorted by name, parents before children. What lies below a search folder or a
// hidden one is not reached, as it would not be by walking.
func (w *walk) descend(parent string, as mail.FolderID, found map[string]wireFolder) {
	children := map[string][]wireFolder{}
	for _, f := range found {
		children[f.Parent] = append(children[f.Parent], f)
	}
	for _, list := range children {
		slices.SortFunc(list, func(a, b wireFolder) int {
			if c := strings.Compare(a.Name, b.Name); c != 0 {
				return c
			}
			return strings.Compare(a.ID, b.ID)
		})
	}
	type step struct {
		parent string
		as     mail.FolderID
	}
	for steps := []step{{parent, as}}; len(steps) > 0; steps = steps[1:] {
		for _, f := range children[steps[0].parent] {
			before := len(w.folders)
			w.add(steps[0].as, f)
			if len(w.folders) > before {
				steps = append(steps, step{f.ID, mail.FolderID(f.ID)})
			}
		}
	}
	w.level = nil
}

// knownRoles are the roles of a mailbox as they were resolved, and a fingerprint of the folders at the top by then.
type knownRoles struct {
	root     string
	byFolder map[string]mail.Role
	top      uint64
}

// maxKnownRoles bounds the mailboxes whose roles are remembered: about 20 MB.
const maxKnownRoles = 10_000

// roleMemory remembers roles by mailbox. When it is full it begins anew.
type roleMemory struct {
	mu        sync.Mutex
	byMailbox map[mail.MailboxID]knownRoles
}

func (r *roleMemory) get(mailbox mail.MailboxID) (knownRoles, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.byMailbox[mailbox]
	return known, ok
}

func (r *roleMemory) put(mailbox mail.MailboxID, known knownRoles) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byMailbox == nil || len(r.byMailbox) >= maxKnownRoles {
		r.byMailbox = map[mail.MailboxID]knownRoles{}
	}
	r.byMailbox[mailbox] = known
}

var topSeed = maphash.MakeSeed()

// topOf returns a fingerprint of the ids of the folders right below root.
func topOf(found map[string]wireFolder, root string) uint64 {
	var ids []string
	for id, f := range found {
		if f.Parent == root {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return maphash.String(topSeed, strings.Join(ids, "\x00"))
}
