package vaulttest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
)

// player does random things to a vault and to the model, and compares.
type player struct {
	*harness
	rnd     *rand.Rand
	m       *model
	v       backup.Vault
	version int
	history strings.Builder
}

var folderNames = []string{"f0", "f1", "f2", "f3"}

func (p *player) logf(format string, args ...any) {
	fmt.Fprintf(&p.history, format+"\n", args...)
}

func (p *player) step() {
	if p.v == nil {
		p.v = p.begin()
		p.logf("begin")
		p.m.forgetQuiet(func(f mail.FolderID) mail.Cursor { return p.cursor(p.v, f).Cursor })
		p.compare()
		return
	}
	switch n := p.rnd.IntN(100); {
	case n < 70:
		p.checkpoint()
	case n < 78:
		p.logf("close")
		p.close(p.v)
		p.v = nil
	case n < 84 && p.store.Crash != nil:
		p.logf("crash")
		p.store.Crash()
		p.v = nil
	case n < 94:
		p.seal()
	default:
		p.compare()
	}
}

func (p *player) id() mail.MessageID { return mail.MessageID(fmt.Sprint("m", p.rnd.IntN(60))) }

func (p *player) ids(n int) []mail.MessageID {
	var list []mail.MessageID
	for range p.rnd.IntN(n + 1) {
		if id := p.id(); !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// checkpoint commits something that a backup might: never a message both kept and gone or deleted at once.
func (p *player) checkpoint() {
	f := folderNames[p.rnd.IntN(len(folderNames))]
	st := p.m.fold().cursors[f]
	c := backup.Checkpoint{Folder: mail.FolderID(f)}
	if p.rnd.IntN(8) > 0 {
		p.version++
		c.Cursor = mail.Cursor(fmt.Sprint("c", p.version))
	}
	switch {
	case p.rnd.IntN(4) == 0: // an enumeration begins
		c.Full, c.Restart, c.Done = true, true, p.rnd.IntN(3) == 0
	case st.Enumerating:
		c.Full, c.Done = true, p.rnd.IntN(3) == 0
	default:
		c.Gone = p.ids(3)
		c.Done = p.rnd.IntN(2) == 0
	}
	if p.rnd.IntN(10) == 0 { // found by looking, in no folder's stream
		c = backup.Checkpoint{}
	}
	c.Deleted = p.ids(2)
	for _, id := range p.ids(12) {
		if slices.Contains(c.Gone, id) || slices.Contains(c.Deleted, id) {
			continue
		}
		p.version++
		folder := f
		if p.rnd.IntN(10) == 0 {
			folder = folderNames[p.rnd.IntN(len(folderNames))]
		}
		c.Messages = append(c.Messages, p.message(p.v, string(id), folder, fmt.Sprint("v", p.version)))
	}
	c.Gone = slices.DeleteFunc(c.Gone, func(id mail.MessageID) bool { return slices.Contains(c.Deleted, id) })
	var ids []string
	for i := range c.Messages {
		ids = append(ids, fmt.Sprint(c.Messages[i].ID, " ", c.Messages[i].BodyPreview, " in ", c.Messages[i].Folder))
	}
	p.logf("commit %s cursor=%s full=%v restart=%v done=%v messages=%v gone=%v deleted=%v", c.Folder, c.Cursor, c.Full, c.Restart, c.Done, ids, c.Gone, c.Deleted)
	p.commit(p.v, c)
	p.m.staged = append(p.m.staged, c)
	if p.rnd.IntN(10) == 0 {
		p.commit(p.v, c) // a lost answer
	}
}

func (p *player) seal() {
	folders := slices.Clone(folderNames)
	if p.rnd.IntN(4) == 0 {
		i := p.rnd.IntN(len(folders))
		folders = slices.Delete(folders, i, i+1)
	}
	p.logf("seal %v", folders)
	p.compare()
	want := p.m.seal(folders)
	c := p.sealSummary(p.v, summary(p.nextRun(), folders...))
	p.want("point", inPoint(c), want)
	p.m.points[c.Info.ID] = want
	p.v = nil
	// Any older point is as it was.
	for id, want := range p.m.points {
		p.want("older point", inPoint(p.read(id)), want)
		break
	}
}

// compare compares what a session tells with the model.
func (p *player) compare() {
	p.t.Helper()
	f := p.m.fold()
	var ids []string
	var texts []string
	for i := range 60 {
		id := fmt.Sprint("m", i)
		ids = append(ids, id)
		texts = append(texts, f.lookup[id])
	}
	p.want("lookup", p.lookup(p.v, ids...), texts)
	pending := slices.SortedFunc(maps.Keys(f.pending), func(a, b backup.Gone) int {
		return slices.Compare([]string{string(a.Message), string(a.Folder)}, []string{string(b.Message), string(b.Folder)})
	})
	p.want("pending", p.pending(p.v), pending)
	if len(p.m.staged) > 0 {
		return // State is of the beginning
	}
	for _, name := range folderNames {
		if want, ok := f.cursors[name]; ok {
			p.want("state of "+name, p.cursor(p.v, mail.FolderID(name)), want)
		}
	}
}
