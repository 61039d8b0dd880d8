package recovery

import (
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// source is a kept folder that something is recovered from.
type source struct {
	folder Folder
	// all is set when the whole folder was chosen; otherwise messages are the chosen ones.
	all      bool
	messages []mail.MessageID
	// root is set of a folder that was chosen itself and not with one above it.
	root bool
}

func (s source) count() int64 {
	if s.all {
		return s.folder.Messages
	}
	return int64(len(s.messages))
}

// choose returns what the selection means in this tree, in the tree's order. A folder that the point does not have is
// Invalid: nothing of such a request should be written.
func choose(tree []Folder, sel Selection) ([]source, error) {
	byID := make(map[mail.FolderID]Folder, len(tree))
	for _, f := range tree {
		byID[f.ID] = f
	}
	whole := map[mail.FolderID]bool{}
	everything := len(sel.Folders) == 0 && len(sel.Messages) == 0
	for _, id := range sel.Folders {
		if _, ok := byID[id]; !ok {
			return nil, fault.InvalidField("selection.folder_ids", "the recovery point has no folder %s", id)
		}
		whole[id] = true
	}
	single := map[mail.FolderID][]mail.MessageID{}
	for _, ref := range sel.Messages {
		if _, ok := byID[ref.Folder]; !ok {
			return nil, fault.InvalidField("selection.messages", "the recovery point has no folder %s", ref.Folder)
		}
		single[ref.Folder] = append(single[ref.Folder], ref.Message)
	}
	var out []source
	for _, f := range tree {
		switch {
		case everything || within(f.ID, whole, byID):
			_, below := byID[f.Parent]
			root := !below || !everything && whole[f.ID] && !within(f.Parent, whole, byID)
			out = append(out, source{folder: f, all: true, root: root})
		case len(single[f.ID]) > 0:
			ids := single[f.ID]
			slices.Sort(ids)
			out = append(out, source{folder: f, messages: slices.Compact(ids)})
		}
	}
	return out, nil
}

// within reports whether the folder or one above it was chosen as a whole. A ring of parents, which only a broken point
// could have, ends the walk.
func within(id mail.FolderID, whole map[mail.FolderID]bool, byID map[mail.FolderID]Folder) bool {
	for range len(byID) + 1 {
		if whole[id] {
			return true
		}
		f, ok := byID[id]
		if !ok || f.Parent == "" {
			return false
		}
		id = f.Parent
	}
	return false
}
