package recovery

import (
	"strings"

	"holdfast/pkg/mail"
)

// recoveredSuffix names the folder beside, for copies of messages that exist (see the package's doc).
const recoveredSuffix = " (recovered)"

// place is a folder of the target, there already or still to be made.
type place struct {
	id       mail.FolderID // empty while it is not there
	parent   *place        // nil at the top
	name     string
	hidden   bool
	sources  []source
	beside   *place // for renamed copies, once one is needed
	isBeside bool
	planned  bool  // a plan would make it
	failed   error // why it could not be made
	pool     *pool // what lies there, while it is worked on
}

// atlas finds places for kept folders.
type atlas struct {
	roles    map[mail.Role]mail.Folder
	children map[mail.FolderID][]mail.Folder
	byID     map[mail.FolderID]mail.Folder
	places   map[mail.FolderID]*place // of target folders that are there
	pending  map[*place]map[string]*place
	kept     map[mail.FolderID]Folder
	resolved map[mail.FolderID]*place
	taken    map[*place]bool // by a kept folder
	into     *place
	notes    *notes
	order    []*place
	// apart are the kept folders that go beside one that is there and holds something, moved those that do; day is in the
	// name of what is beside, and own are folders of this recovery, which are no obstacle.
	apart, moved map[mail.FolderID]bool
	own          map[mail.FolderID]bool
	day          string
}

// newAtlas draws the target's tree; into is the name of the folder to put everything under, or empty.
func newAtlas(target []mail.Folder, kept []Folder, into string, n *notes) *atlas {
	a := &atlas{
		roles: map[mail.Role]mail.Folder{}, children: map[mail.FolderID][]mail.Folder{},
		byID: map[mail.FolderID]mail.Folder{}, places: map[mail.FolderID]*place{},
		pending: map[*place]map[string]*place{}, kept: map[mail.FolderID]Folder{},
		resolved: map[mail.FolderID]*place{}, taken: map[*place]bool{}, notes: n,
		apart: map[mail.FolderID]bool{}, moved: map[mail.FolderID]bool{},
	}
	for _, f := range target {
		a.byID[f.ID] = f
		if f.Role != "" {
			a.roles[f.Role] = f
		}
	}
	for _, f := range target {
		parent := f.Parent
		if _, ok := a.byID[parent]; !ok {
			parent = "" // the message root is not listed
		}
		a.children[parent] = append(a.children[parent], f)
	}
	for _, f := range kept {
		a.kept[f.ID] = f
	}
	if into != "" {
		a.into = a.child(nil, into, false)
	}
	return a
}

// existing returns the place of a folder that is there.
func (a *atlas) existing(f mail.Folder) *place {
	if p, ok := a.places[f.ID]; ok {
		return p
	}
	p := &place{id: f.ID, name: f.Name, hidden: f.Hidden}
	a.places[f.ID] = p
	if parent, ok := a.byID[f.Parent]; ok && f.Parent != f.ID {
		p.parent = a.existing(parent)
	}
	a.order = append(a.order, p)
	return p
}

// child returns the place with that name below parent (nil: the top), there or to be made.
func (a *atlas) child(parent *place, name string, hidden bool) *place {
	if strings.TrimSpace(name) == "" {
		name = "(no name)"
	}
	folded := fold(name)
	if p, ok := a.pending[parent][folded]; ok {
		return p
	}
	if parent == nil || parent.id != "" {
		var id mail.FolderID
		if parent != nil {
			id = parent.id
		}
		for _, f := range a.children[id] {
			if fold(f.Name) == folded {
				return a.existing(f)
			}
		}
	}
	p := &place{parent: parent, name: name, hidden: hidden}
	if a.pending[parent] == nil {
		a.pending[parent] = map[string]*place{}
	}
	a.pending[parent][folded] = p
	a.order = append(a.order, p)
	return p
}

// find returns the place for a kept folder.
func (a *atlas) find(f Folder) *place { return a.locate(f, 0) }

func (a *atlas) locate(f Folder, depth int) *place {
	if p, ok := a.resolved[f.ID]; ok {
		return p
	}
	p := a.resolve(f, depth)
	if a.apart[f.ID] && a.holds(p) {
		p = a.asideOf(p)
		a.moved[f.ID] = true
	}
	a.resolved[f.ID] = p
	if a.taken[p] {
		a.notes.add(noteMerged)
	}
	a.taken[p] = true
	return p
}

func (a *atlas) resolve(f Folder, depth int) *place {
	if a.into == nil && f.Role != "" && !dumpster(f.Role) && !a.belowMoved(f) {
		if there, ok := a.roles[f.Role]; ok {
			return a.existing(there)
		}
	}
	if dumpster(f.Role) {
		a.notes.add(noteDumpster)
	}
	parent := a.into
	// A chain of parents longer than there are folders is a ring, which only a broken point could have.
	if above, ok := a.kept[f.Parent]; ok && f.Parent != "" && depth <= len(a.kept) {
		parent = a.locate(above, depth+1)
	}
	return a.child(parent, f.Name, f.Hidden)
}

// besideOf returns the place for renamed copies of messages in p.
func (a *atlas) besideOf(p *place) *place {
	if p.beside == nil {
		p.beside = a.child(p.parent, p.name+recoveredSuffix, p.hidden)
		p.beside.isBeside = true
	}
	return p.beside
}

// dumpster reports whether the role is one of the Recoverable Items folders: nothing can be created there, so their mail
// is brought back into ordinary folders of the same names.
func dumpster(r mail.Role) bool { return strings.HasPrefix(string(r), "recoverableitems") }

// fold returns a name as Exchange compares it: without regard to case.
func fold(name string) string { return strings.ToLower(strings.ToUpper(strings.TrimSpace(name))) }

// maxName is how long a folder's name surely may be, in bytes.
const maxName = 250

// shorten cuts a name that is too long, at the end of a character.
func shorten(name string) string { return cut(name, maxName) }
