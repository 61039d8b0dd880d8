package graphsim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"holdfast/test/graphsim/internal/tenant"
)

// Change is a change to mail as people and other programs make it: to messages that are named, or to N random ones.
type Change struct {
	// Do is "move", "copy", "edit", "delete" (to Deleted Items), "permanent" (gone for good), "read", "unread",
	// "toggle" (the read state), "flag", "unflag", "categorize", "deleteFolder" (gone with all below).
	Do string `json:"do"`
	// To is the target of move and copy: a folder path, whose first part may be a well-known name.
	To []string `json:"to,omitempty"`
	// Text is the new subject or category.
	Text string `json:"text,omitempty"`

	// Messages are immutable ids or internet message ids. Empty: all in Folder.
	Messages []string `json:"messages,omitempty"`
	// Folder limits to a folder and what is below. Empty: the whole mailbox, without deleted items.
	Folder []string `json:"folder,omitempty"`
	// Random takes this many of them, chosen by Seed. Zero: all.
	Random int    `json:"random,omitempty"`
	Seed   uint64 `json:"seed,omitempty"`
}

// Change makes a change and returns the immutable ids of the messages concerned.
func (s *Server) Change(mailbox string, ch Change) ([]string, error) {
	var ids []string
	err := s.tenant.Update(func(tx *tenant.Tx) error {
		mb, err := mailboxOf(tx, mailbox)
		if err != nil {
			return err
		}
		if ch.Do == "deleteFolder" {
			return removeFolderAt(tx, mb, ch.Folder)
		}
		msgs, err := pick(mb, ch)
		if err != nil {
			return err
		}
		for _, uid := range msgs {
			m := mb.Message(uid)
			if err := s.changeOne(tx, mb, m, ch); err != nil {
				return err
			}
			ids = append(ids, mb.MessageID(m, true))
		}
		return nil
	})
	return ids, err
}

func findPath(mb *tenant.Mailbox, path []string) *tenant.FolderInfo {
	at := mb.Role("msgfolderroot")
	for i, name := range path {
		var next *tenant.FolderInfo
		if i == 0 {
			next = mb.Role(name)
		}
		if next == nil {
			next = mb.ChildNamed(at.Num, name)
		}
		if next == nil {
			return nil
		}
		at = next
	}
	return at
}

func removeFolderAt(tx *tenant.Tx, mb *tenant.Mailbox, path []string) error {
	f := findPath(mb, path)
	if f == nil || f.Role != "" {
		return fmt.Errorf("no folder %q that can be deleted", strings.Join(path, "/"))
	}
	for _, f := range mb.Tree(f.Num) {
		for _, m := range mb.Messages(f.Num) {
			tx.RemoveMessage(mb.ID, m.UID)
		}
	}
	for _, m := range mb.Messages(f.Num) {
		tx.RemoveMessage(mb.ID, m.UID)
	}
	tree := mb.Tree(f.Num)
	slices.Reverse(tree)
	for _, child := range tree {
		tx.RemoveFolder(mb.ID, child.Num)
	}
	tx.RemoveFolder(mb.ID, f.Num)
	return nil
}

// pick finds the numbers of the messages that a change is about.
func pick(mb *tenant.Mailbox, ch Change) ([]uint64, error) {
	top := findPath(mb, ch.Folder)
	if top == nil {
		return nil, fmt.Errorf("no folder %q", strings.Join(ch.Folder, "/"))
	}
	var all []uint64
	for _, f := range append([]*tenant.FolderInfo{top}, mb.Tree(top.Num)...) {
		if len(ch.Folder) == 0 && len(ch.Messages) == 0 && mb.Within(f.Num, mb.Role("deleteditems").Num) {
			continue
		}
		for e := range mb.Newest(f.Num) {
			if len(ch.Messages) == 0 || slices.Contains(ch.Messages, tenant.MessageID(mb.ID, e.UID, 0, true)) ||
				slices.Contains(ch.Messages, mb.Message(e.UID).InternetMessageID) {
				all = append(all, e.UID)
			}
		}
	}
	if len(ch.Messages) > len(all) {
		return nil, fmt.Errorf("%d of %d messages were found", len(all), len(ch.Messages))
	}
	if ch.Random == 0 {
		return all, nil
	}
	r := rand.New(rand.NewPCG(ch.Seed, 0xc4a))
	r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	return all[:min(ch.Random, len(all))], nil
}

func (s *Server) changeOne(tx *tenant.Tx, mb *tenant.Mailbox, m *tenant.Message, ch Change) error {
	next := *m
	var changed tenant.Props
	switch ch.Do {
	case "permanent":
		tx.RemoveMessage(mb.ID, m.UID)
		return nil
	case "move", "copy":
		next.Folder = folderAt(tx, mb, ch.To)
		if ch.Do == "copy" {
			next.UID, next.Moves = 0, 0
		}
		changed = tenant.PropParentFolder
	case "delete":
		next.Folder = mb.Role("deleteditems").Num
		changed = tenant.PropParentFolder
	case "edit":
		next.Subject = orElse(ch.Text, m.Subject+" (edited)")
		old, err := s.tenant.Blobs.Read(m.Body)
		if err != nil {
			return err
		}
		// What was written stays below: a person's edit does not leave inline images behind that nothing names any more.
		text := fmt.Sprintf("Edited at event %d.\r\n\r\n%s", tx.Seq, old)
		if m.BodyHTML {
			text = fmt.Sprintf("<p>Edited at event %d.</p>%s", tx.Seq, old)
		}
		if next.Body, err = s.tenant.Blobs.Put([]byte(text)); err != nil {
			return err
		}
		next.Preview = preview(text, m.BodyHTML)
		changed = tenant.PropSubject | tenant.PropBody
	case "read", "unread", "toggle":
		next.Read = ch.Do == "read" || (ch.Do == "toggle" && !m.Read)
		changed = tenant.PropRead
	case "flag":
		next.Flag, changed = tenant.Flag{Status: "flagged"}, tenant.PropFlag
	case "unflag":
		next.Flag, changed = tenant.Flag{}, tenant.PropFlag
	case "categorize":
		next.Categories, changed = append(slices.Clone(m.Categories), orElse(ch.Text, "Blue category")), tenant.PropCategories
	default:
		return fmt.Errorf("unknown change %q", ch.Do)
	}
	tx.PutMessage(mb.ID, next, changed)
	return nil
}
