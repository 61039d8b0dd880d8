package graphsim

import (
	"strings"
	"unicode/utf8"

	"holdfast/test/graphsim/internal/tenant"
)

type folderBody struct {
	Type          string `json:"@odata.type"`
	DisplayName   string `json:"displayName"`
	IsHidden      *bool  `json:"isHidden"`
	DestinationID string `json:"destinationId"`
	Destination2  string `json:"DestinationId"`
}

func (c *call) createRootFolder() error  { return c.createFolder("msgfolderroot") }
func (c *call) createChildFolder() error { return c.createFolder(c.args[1]) }

// createFolder refuses a second folder of one name among siblings (contract 3.7, 14.12).
func (c *call) createFolder(parent string) error {
	var b folderBody
	if aerr := c.decode(&b); aerr != nil {
		return aerr
	}
	name := strings.TrimSpace(b.DisplayName)
	if name == "" || utf8.RuneCountInString(name) > 255 {
		return fail(400, "ErrorInvalidRequest", "The folder name is invalid.")
	}
	var made *tenant.FolderInfo
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		top, aerr := findFolder(mb, parent)
		if aerr != nil {
			return aerr
		}
		if mb.ChildNamed(top.Num, name) != nil {
			return fail(c.set.folderExists(), "ErrorFolderExists", "A folder with the specified name already exists., Could not create folder '%s'.", name)
		}
		made = mb.Folder(tx.PutFolder(mb.ID, tenant.Folder{Parent: top.Num, Name: name, Hidden: b.IsHidden != nil && *b.IsHidden}))
		return nil
	})
	if err != nil {
		return err
	}
	return c.replyWritten(201, made)
}

// updateFolder renames. Default folders keep their names; isHidden is set at creation only (contract 3.7).
func (c *call) updateFolder() error {
	var b folderBody
	if aerr := c.decode(&b); aerr != nil {
		return aerr
	}
	var f *tenant.FolderInfo
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		var aerr *apiError
		if f, aerr = findFolder(mb, c.args[1]); aerr != nil {
			return aerr
		}
		if b.IsHidden != nil && *b.IsHidden != f.Hidden {
			return fail(400, "ErrorInvalidRequest", "isHidden can be set only when a folder is created.")
		}
		if b.DisplayName == "" || b.DisplayName == f.Name {
			return nil
		}
		if f.Role != "" {
			return fail(400, "ErrorInvalidRequest", "A default folder cannot be renamed.")
		}
		if other := mb.ChildNamed(f.Parent, b.DisplayName); other != nil && other.Num != f.Num {
			return fail(c.set.folderExists(), "ErrorFolderExists", "A folder with the specified name already exists.")
		}
		next := *f.Folder
		next.Name = b.DisplayName
		f = mb.Folder(tx.PutFolder(mb.ID, next))
		return nil
	})
	if err != nil {
		return err
	}
	return c.replyWritten(200, f)
}

func (b *folderBody) destination() string {
	if b.DestinationID != "" {
		return b.DestinationID
	}
	return b.Destination2
}

// moveFolder keeps the folder's id and those of everything below (contract 3.1).
func (c *call) moveFolder() error {
	var b folderBody
	if aerr := c.decode(&b); aerr != nil {
		return aerr
	}
	var f *tenant.FolderInfo
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		var aerr *apiError
		if f, aerr = findFolder(mb, c.args[1]); aerr != nil {
			return aerr
		}
		to, aerr := findFolder(mb, b.destination())
		if aerr != nil {
			return aerr
		}
		if f.Role != "" {
			return fail(400, "ErrorMoveDistinguishedFolder", "Distinguished folders cannot be moved.")
		}
		if aerr := moveFolderTo(tx, mb, f, to, c.set); aerr != nil {
			return aerr
		}
		f = mb.Folder(f.Num)
		return nil
	})
	if err != nil {
		return err
	}
	return c.replyWritten(201, f)
}

func moveFolderTo(tx *tenant.Tx, mb *tenant.Mailbox, f, to *tenant.FolderInfo, set *Settings) *apiError {
	if mb.Within(to.Num, f.Num) {
		return fail(400, "ErrorInvalidRequest", "A folder cannot be moved into itself.")
	}
	if other := mb.ChildNamed(to.Num, f.Name); other != nil && other.Num != f.Num {
		return fail(set.folderExists(), "ErrorFolderExists", "A folder with the specified name already exists.")
	}
	next := *f.Folder
	next.Parent = to.Num
	tx.PutFolder(mb.ID, next)
	return nil
}

// copyFolder copies the folder with what is in and below it.
func (c *call) copyFolder() error {
	var b folderBody
	if aerr := c.decode(&b); aerr != nil {
		return aerr
	}
	var made *tenant.FolderInfo
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		f, aerr := findFolder(mb, c.args[1])
		if aerr != nil {
			return aerr
		}
		to, aerr := findFolder(mb, b.destination())
		if aerr != nil {
			return aerr
		}
		if mb.Within(to.Num, f.Num) || mb.ChildNamed(to.Num, f.Name) != nil {
			return fail(c.set.folderExists(), "ErrorFolderExists", "A folder with the specified name already exists.")
		}
		made = mb.Folder(copyTree(tx, mb, f, to.Num))
		return nil
	})
	if err != nil {
		return err
	}
	return c.replyWritten(201, made)
}

func copyTree(tx *tenant.Tx, mb *tenant.Mailbox, f *tenant.FolderInfo, parent uint32) uint32 {
	num := tx.PutFolder(mb.ID, tenant.Folder{Parent: parent, Name: f.Name, Hidden: f.Hidden, Class: f.Class})
	for _, e := range mb.Messages(f.Num) {
		dup := *mb.Message(e.UID)
		dup.UID, dup.Moves, dup.Folder = 0, 0, num
		tx.PutMessage(mb.ID, dup, tenant.PropAll)
	}
	for _, child := range mb.Children(f.Num) {
		copyTree(tx, mb, child, num)
	}
	return num
}

// deleteFolder moves to Deleted Items; there, it is for good (contract 3.7).
func (c *call) deleteFolder() error { return c.dropFolder(false) }

func (c *call) purgeFolder() error { return c.dropFolder(true) }

func (c *call) dropFolder(forGood bool) error {
	err := c.update(func(tx *tenant.Tx, mb *tenant.Mailbox) *apiError {
		f, aerr := findFolder(mb, c.args[1])
		if aerr != nil {
			return aerr
		}
		if f.Role != "" {
			return fail(400, "ErrorDeleteDistinguishedFolder", "Distinguished folders cannot be deleted.")
		}
		trash := mb.Role("deleteditems")
		if forGood || trash == nil || mb.Within(f.Num, trash.Num) {
			eraseFolder(tx, mb, f.Num)
			return nil
		}
		next := *f.Folder
		next.Parent = trash.Num
		for mb.ChildNamed(trash.Num, next.Name) != nil {
			next.Name += " (1)"
		}
		tx.PutFolder(mb.ID, next)
		return nil
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

// eraseFolder moves the messages to the recoverable items and removes the folders.
func eraseFolder(tx *tenant.Tx, mb *tenant.Mailbox, num uint32) {
	for _, child := range mb.Children(num) {
		eraseFolder(tx, mb, child.Num)
	}
	to := mb.Role("recoverableitemspurges")
	for _, e := range mb.Messages(num) {
		next := *mb.Message(e.UID)
		next.Folder = to.Num
		tx.PutMessage(mb.ID, next, 0)
	}
	tx.RemoveFolder(mb.ID, num)
}
