package recovery

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"holdfast/pkg/mail"
)

// mostAside is how many folders of one day lie side by side before the last one is merged into.
const mostAside = 1000

// holds reports whether a place is there, was not made by this recovery, and has something in it.
func (a *atlas) holds(p *place) bool {
	if p.id == "" || a.own[p.id] {
		return false
	}
	return a.byID[p.id].Total > 0 || len(a.children[p.id]) > 0
}

// asideOf returns the place beside one that holds something: the first of that day's names that is free, empty or ours.
func (a *atlas) asideOf(p *place) *place {
	for n := 1; ; n++ {
		suffix := fmt.Sprintf(" (recovered %s)", a.day)
		if n > 1 {
			suffix = fmt.Sprintf(" (recovered %s %d)", a.day, n)
		}
		aside := a.child(p.parent, cut(strings.TrimSpace(p.name), maxName-len(suffix))+suffix, p.hidden)
		if n == mostAside || !a.holds(aside) {
			return aside
		}
	}
}

// belowMoved reports whether a kept folder lies below one that goes aside: then it goes there by name, whatever its role.
func (a *atlas) belowMoved(f Folder) bool {
	for range len(a.kept) + 1 { // a longer chain is a ring, which only a broken point could have
		above, ok := a.kept[f.Parent]
		if !ok || f.Parent == "" {
			return false
		}
		if a.moved[above.ID] {
			return true
		}
		f = above
	}
	return false
}

// cut shortens a name to a number of bytes, at the end of a character.
func cut(name string, most int) string {
	if len(name) <= most {
		return name
	}
	for most > 0 && !utf8.RuneStart(name[most]) {
		most--
	}
	return strings.TrimSpace(name[:most])
}

// ifExists returns what happens to messages of a source that are there.
func (r *Runner) ifExists(s source) IfExists {
	if !s.all {
		return r.o.Request.IfExists
	}
	switch r.o.Request.IfFolder {
	case FolderOverwrite:
		return Overwrite
	case FolderSkip, FolderRename:
		return Skip
	default:
		return r.o.Request.IfExists
	}
}

// Verdict is what a plan would do with a folder. The texts are stored.
type Verdict string

// The verdicts.
const (
	FolderCreate Verdict = "create"
	FolderInto   Verdict = "merge"
	FolderBeside Verdict = "rename"
)

// PlannedFolder is what a plan would do with a kept folder, and with how many of its messages.
type PlannedFolder struct {
	Verdict Verdict
	Folder  mail.FolderID
	// To is the path of the folder in the mailbox, from the top.
	To []string
	// Chosen is set when it was chosen itself.
	Chosen bool
	// IfExists is what happens to messages that are there.
	IfExists Action

	Create, Skip, Rename, Overwrite, Impossible int64
}

// planFolder notes where a plan would put a source.
func (r *Runner) planFolder(s source, p *place) {
	if !r.o.Request.PlanOnly {
		return
	}
	line := &PlannedFolder{
		Verdict: FolderInto, Folder: s.folder.ID, To: p.path(), Chosen: s.root,
		IfExists: map[IfExists]Action{Skip: Leave, Rename: Beside, Overwrite: Replace}[r.ifExists(s)],
	}
	switch {
	case r.atlas.moved[s.folder.ID]:
		line.Verdict = FolderBeside
	case p.id == "":
		line.Verdict = FolderCreate
	}
	r.planned, r.plannedOf[s.folder.ID] = append(r.planned, line), line
}

// countFolder counts messages of a folder for a plan.
func (r *Runner) countFolder(folder mail.FolderID, a Action, n int64) {
	line := r.plannedOf[folder]
	if line == nil {
		return
	}
	switch a {
	case Create:
		line.Create += n
	case Leave:
		line.Skip += n
	case Beside:
		line.Rename += n
	case Replace:
		line.Overwrite += n
	case Impossible:
		line.Impossible += n
	}
}

// tellFolders tells what a plan would do with folders.
func (r *Runner) tellFolders() {
	if r.o.PlannedFolder == nil {
		return
	}
	for _, line := range r.planned {
		r.o.PlannedFolder(*line)
	}
}
