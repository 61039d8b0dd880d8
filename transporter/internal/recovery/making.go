package recovery

import (
	"context"
	"errors"
	"fmt"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/recovery/journal"
)

// makings are folders that were announced and of which it is not known whether they were made, by makingID.
type makings map[string]bool

// replay takes an entry of the journal, and reports whether it was about a folder.
func (m makings) replay(e journal.Entry) bool {
	switch e.Kind {
	case journal.KindMaking:
		m[e.ID] = true
	case journal.KindFolder, journal.KindUnmade:
		delete(m, e.ID)
	default:
		return false
	}
	return true
}

// among returns those of the target's folders that were announced, parents first. There was none of that name where it was to
// be made, so that it is the one which the recovery made before it could note it.
func (m makings) among(target []mail.Folder) []mail.Folder {
	if len(m) == 0 {
		return nil
	}
	there := make(map[mail.FolderID]bool, len(target))
	for _, f := range target {
		there[f.ID] = true
	}
	var made []mail.Folder
	for _, f := range target { // parents come before their children
		if !there[f.Parent] {
			f.Parent = "" // the message root is not listed
		}
		if m[makingID(f.Parent, f.Name)] {
			made = append(made, f)
		}
	}
	return made
}

// makingID names a folder that is not there yet, without telling its name.
func makingID(parent mail.FolderID, name string) string {
	k := hashOf("folder", string(parent), fold(name))
	return fmt.Sprintf("%x", k[:])
}

// settleFolders records the folders that an earlier attempt made and could not note.
func (r *Runner) settleFolders(there []mail.Folder) error {
	for _, f := range r.past.making.among(there) {
		r.past.made[f.ID] = true
		if err := r.journal.Append(journal.Entry{Kind: journal.KindFolder, ID: makingID(f.Parent, f.Name), New: string(f.ID)}); err != nil {
			return err
		}
	}
	clear(r.past.making)
	return nil
}

// makeFolder announces a folder, makes it and records it. Empty is true when it was made just now. One that is there although
// none of that name was when the folders were read, after a lost answer, counts as made here, and an undo removes it when it
// is empty; what lies in it is looked at all the same.
func (r *Runner) makeFolder(ctx context.Context, parent mail.FolderID, name string, hidden bool) (f mail.Folder, empty bool, err error) {
	id := makingID(parent, name)
	if err := r.append(journal.Entry{Kind: journal.KindMaking, ID: id}, true); err != nil {
		return mail.Folder{}, false, err
	}
	f, making, err := r.o.Target.CreateFolder(ctx, parent, name, hidden)
	switch {
	case err != nil && (uncertain(err) || making == mail.PerhapsMade):
		return mail.Folder{}, false, err
	case err != nil || making == mail.WasThere:
		return f, false, errors.Join(err, r.append(journal.Entry{Kind: journal.KindUnmade, ID: id}, false))
	}
	r.count(func(rep *Report) { rep.FoldersCreated++ })
	return f, making == mail.Made, r.append(journal.Entry{Kind: journal.KindFolder, ID: id, New: string(f.ID)}, false)
}
