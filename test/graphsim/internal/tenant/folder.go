package tenant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Folder is a mail folder. The root and the recoverable items have a parent of zero.
type Folder struct {
	Num    uint32 `json:"num"`
	Parent uint32 `json:"parent,omitempty"`
	Name   string `json:"name"`
	Role   string `json:"role,omitempty"` // well-known name; empty for a folder of the user's own
	Hidden bool   `json:"hidden,omitempty"`
	Search bool   `json:"search,omitempty"` // a search folder: what it shows is in other folders (contract 3.5)
	Class  string `json:"class,omitempty"`  // PR_CONTAINER_CLASS; empty is IPF.Note
}

// FolderInfo is a folder with its counters.
type FolderInfo struct {
	*Folder
	Seq      uint64 // event of the newest change to the folder or its counters
	Children int
	Total    int
	Unread   int
}

// Folder by number; nil when there is none.
func (mb *Mailbox) Folder(num uint32) *FolderInfo {
	st := mb.folders[num]
	if st == nil {
		return nil
	}
	return &FolderInfo{st.Folder, max(st.seq, st.countSeq), st.children, st.total, st.unread}
}

// Role finds a default folder by its well-known name, whatever its case; nil when the mailbox has none.
func (mb *Mailbox) Role(name string) *FolderInfo {
	for num, st := range mb.folders {
		if st.Role != "" && strings.EqualFold(st.Role, name) {
			return mb.Folder(num)
		}
	}
	return nil
}

// Children of a folder in the order of their making.
func (mb *Mailbox) Children(parent uint32) []*FolderInfo {
	var out []*FolderInfo
	for num, st := range mb.folders {
		if st.Parent == parent && num != parent {
			out = append(out, mb.Folder(num))
		}
	}
	slices.SortFunc(out, func(a, b *FolderInfo) int { return cmp.Compare(a.Num, b.Num) })
	return out
}

// Tree is all folders below one, parents before children.
func (mb *Mailbox) Tree(top uint32) []*FolderInfo {
	var out []*FolderInfo
	for _, f := range mb.Children(top) {
		out = append(append(out, f), mb.Tree(f.Num)...)
	}
	return out
}

// Within tells whether a folder is another or somewhere below it.
func (mb *Mailbox) Within(num, top uint32) bool {
	for num != 0 {
		if num == top {
			return true
		}
		st := mb.folders[num]
		if st == nil {
			return false
		}
		num = st.Parent
	}
	return false
}

// Path of display names below the message root.
func (mb *Mailbox) Path(num uint32) []string {
	var out []string
	for {
		st := mb.folders[num]
		if st == nil || st.Role == "msgfolderroot" || st.Role == "root" {
			slices.Reverse(out)
			return out
		}
		out = append(out, st.Name)
		num = st.Parent
	}
}

// ChildNamed finds a child by its name, whatever its case; nil when there is none.
func (mb *Mailbox) ChildNamed(parent uint32, name string) *FolderInfo {
	for _, f := range mb.Children(parent) {
		if strings.EqualFold(f.Name, name) {
			return f
		}
	}
	return nil
}

// GoneFolders after an event, oldest first.
func (mb *Mailbox) GoneFolders(after uint64) []FolderRemoval {
	i, _ := slices.BinarySearchFunc(mb.gone, after+1, func(r FolderRemoval, seq uint64) int { return cmp.Compare(r.Seq, seq) })
	return mb.gone[i:]
}

// defaultFolders of a new mailbox: well-known name, parent's well-known name, and the name by language
// (contract 3.3: names are localised, well-known names are not).
var defaultFolders = []defaultFolder{
	{role: "root", en: "Root", de: "Root", fr: "Root", hidden: true},
	{role: "msgfolderroot", parent: "root", en: "Top of Information Store", de: "Oberste Ebene des Informationsspeichers", fr: "Racine de la banque d'informations"},
	{role: "inbox", parent: "msgfolderroot", en: "Inbox", de: "Posteingang", fr: "Boîte de réception"},
	{role: "drafts", parent: "msgfolderroot", en: "Drafts", de: "Entwürfe", fr: "Brouillons"},
	{role: "sentitems", parent: "msgfolderroot", en: "Sent Items", de: "Gesendete Elemente", fr: "Éléments envoyés"},
	{role: "deleteditems", parent: "msgfolderroot", en: "Deleted Items", de: "Gelöschte Elemente", fr: "Éléments supprimés"},
	{role: "archive", parent: "msgfolderroot", en: "Archive", de: "Archiv", fr: "Archive"},
	{role: "junkemail", parent: "msgfolderroot", en: "Junk Email", de: "Junk-E-Mail", fr: "Courrier indésirable"},
	{role: "outbox", parent: "msgfolderroot", en: "Outbox", de: "Postausgang", fr: "Boîte d'envoi"},
	{role: "conversationhistory", parent: "msgfolderroot", en: "Conversation History", de: "Aufgezeichnete Unterhaltungen", fr: "Historique des conversations"},
	{role: "syncissues", parent: "msgfolderroot", en: "Sync Issues", de: "Synchronisierungsprobleme", fr: "Problèmes de synchronisation", hidden: true},
	{role: "searchfolders", parent: "root", en: "Finder", de: "Finder", fr: "Finder"},
	{role: "recoverableitemsroot", parent: "root", en: "Recoverable Items", de: "Recoverable Items", fr: "Recoverable Items"},
	{role: "recoverableitemsdeletions", parent: "recoverableitemsroot", en: "Deletions", de: "Deletions", fr: "Deletions"},
	{role: "recoverableitemspurges", parent: "recoverableitemsroot", en: "Purges", de: "Purges", fr: "Purges"},
	{role: "recoverableitemsversions", parent: "recoverableitemsroot", en: "Versions", de: "Versions", fr: "Versions"},
}

type defaultFolder struct {
	role, parent string
	en, de, fr   string
	hidden       bool
}

func (d *defaultFolder) name(language string) string {
	switch language {
	case "de":
		return d.de
	case "fr":
		return d.fr
	}
	return d.en
}

func bulkFolderName(i int) string { return fmt.Sprintf("Project %d", i+1) }
