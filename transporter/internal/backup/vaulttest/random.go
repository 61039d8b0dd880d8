package vaulttest

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

var seed = flag.Uint64("vaulttest.seed", 0, "replay the random history of this seed")

// steps is how many things happen in one random history.
const steps = 250

// random plays random histories against the model.
func random(t *testing.T, open func(t *testing.T) *Store) {
	first, n := rand.Uint64(), 3
	if *seed != 0 {
		first, n = *seed, 1
	}
	for i := range n {
		s := first + uint64(i)
		t.Run(fmt.Sprint("seed ", s), func(t *testing.T) {
			p := &player{harness: &harness{t: t, store: open(t)}, rnd: rand.New(rand.NewPCG(s, 1)), m: newModel()}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("replay with -vaulttest.seed=%d; history:\n%s", s, p.history.String())
				}
			})
			for range steps {
				p.step()
				if t.Failed() {
					return
				}
			}
		})
	}
}

// model is what a vault should hold, in the simplest form.
type model struct {
	base    map[string]string // message → "text in folder"
	cursors map[string]backup.FolderState
	named   map[string]map[string]bool // by enumerations that are under way in base
	pending map[backup.Gone]bool
	staged  []backup.Checkpoint
	points  map[record.PointID][]string
}

func newModel() *model {
	return &model{base: map[string]string{}, cursors: map[string]backup.FolderState{}, named: map[string]map[string]bool{}, pending: map[backup.Gone]bool{}, points: map[record.PointID][]string{}}
}

// forgetQuiet drops the end of a round that brought nothing where a session that ended before its seal has lost it: a vault
// need not make it durable on its own. The round is asked for again. State tells the cursor that a folder has now.
func (m *model) forgetQuiet(state func(mail.FolderID) mail.Cursor) {
	var kept []backup.Checkpoint
	for i, c := range m.staged {
		same := func(other backup.Checkpoint) bool { return other.Folder == c.Folder }
		alone := !slices.ContainsFunc(m.staged[:i], same) && !slices.ContainsFunc(m.staged[i+1:], same)
		quiet := c.Done && !c.Full && !c.Restart && c.Cursor != "" && len(c.Messages)+len(c.Gone)+len(c.Deleted)+len(c.Losses) == 0
		if !quiet || !alone || state(c.Folder) == c.Cursor {
			kept = append(kept, c)
		}
	}
	m.staged = kept
}

// fold works the staged checkpoints out.
type fold struct {
	live     map[string]*foldVersion // newest record or deletion that counts
	lookup   map[string]string       // as Lookup sees it
	cursors  map[string]backup.FolderState
	complete map[string]bool
	named    map[string]map[string]bool
	pending  map[backup.Gone]bool
}

type foldVersion struct {
	seq    int
	text   string // "" when deleted
	folder string
}

func (m *model) fold() *fold {
	f := &fold{
		live: map[string]*foldVersion{}, lookup: map[string]string{}, cursors: map[string]backup.FolderState{},
		complete: map[string]bool{}, named: map[string]map[string]bool{}, pending: map[backup.Gone]bool{},
	}
	for id, text := range m.base {
		f.lookup[id] = text
	}
	for k, v := range m.cursors {
		f.cursors[k] = v
	}
	for k, v := range m.named {
		f.named[k] = map[string]bool{}
		for id := range v {
			f.named[k][id] = true
		}
	}
	gone := map[backup.Gone]int{}
	for g := range m.pending {
		gone[g] = -1
	}
	for i, c := range m.staged {
		folder := string(c.Folder)
		forgotten := slices.ContainsFunc(m.staged[i+1:], func(later backup.Checkpoint) bool { return later.Restart && later.Folder == c.Folder })
		if c.Restart {
			f.complete[folder] = false
			delete(f.named, folder)
			f.cursors[folder] = backup.FolderState{Folder: c.Folder}
		}
		if c.Full && f.named[folder] == nil {
			f.named[folder] = map[string]bool{}
		}
		for _, msg := range c.Messages {
			f.lookup[string(msg.ID)] = msg.BodyPreview + " in " + string(msg.Folder)
			if forgotten {
				continue
			}
			for _, name := range []string{folder, string(msg.Folder)} {
				if f.named[name] != nil {
					f.named[name][string(msg.ID)] = true
				}
			}
			f.live[string(msg.ID)] = &foldVersion{seq: i, text: msg.BodyPreview + " in " + string(msg.Folder), folder: string(msg.Folder)}
		}
		for _, id := range c.Deleted {
			if !forgotten {
				delete(f.lookup, string(id))
				f.live[string(id)] = &foldVersion{seq: i}
			}
		}
		for _, id := range c.Gone {
			if !forgotten {
				gone[backup.Gone{Message: id, Folder: c.Folder}] = i
			}
		}
		if folder == "" {
			continue
		}
		st := f.cursors[folder]
		st.Folder = c.Folder
		if c.Cursor != "" {
			st.Cursor = c.Cursor
		}
		if c.Full || c.Done {
			st.Enumerating = c.Full && !c.Done
		}
		f.complete[folder] = f.complete[folder] || c.Full && c.Done
		f.cursors[folder] = st
	}
	for g, seq := range gone {
		v, in := f.live[string(g.Message)], m.base[string(g.Message)]
		switch {
		case v != nil && v.text != "" && v.folder == string(g.Folder) && v.seq < seq:
			f.pending[g] = true
		case v == nil && folderOf(in) == string(g.Folder):
			f.pending[g] = true
		}
	}
	return f
}

func folderOf(text string) string {
	var version int
	var folder string
	_, _ = fmt.Sscanf(text, "v%d in %s", &version, &folder)
	return folder
}

// seal makes the next point of the model.
func (m *model) seal(folders []string) []string {
	f := m.fold()
	next := newModel()
	next.points = m.points
	for id, text := range m.base {
		folder := folderOf(text)
		if f.live[id] == nil && (!f.complete[folder] || f.named[folder][id]) {
			next.base[id] = text
		}
	}
	for id, v := range f.live {
		if v.text != "" {
			next.base[id] = v.text
		}
	}
	var list []string
	for id, text := range next.base {
		if !slices.Contains(folders, folderOf(text)) {
			delete(next.base, id)
			continue
		}
		list = append(list, id+": "+text)
	}
	slices.Sort(list)
	for _, name := range folders {
		if st, ok := f.cursors[name]; ok {
			next.cursors[name] = st
			if st.Enumerating {
				next.named[name] = f.named[name]
			}
		}
	}
	for g := range f.pending {
		if folderOf(next.base[string(g.Message)]) == string(g.Folder) {
			next.pending[g] = true
		}
	}
	*m = *next
	return list
}
