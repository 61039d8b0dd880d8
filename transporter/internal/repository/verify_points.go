package repository

import (
	"context"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

// visit is the walk through one point. What it finds counts when it is over and the point is still there.
type visit struct {
	*verifier
	at      Touch
	touches []visited
	folder  *Affected // being walked through
	found   []Affected
}

// visited is a touch, and of what.
type visited struct {
	hash   record.Hash
	reason string
	touch  Touch
}

// points walks the trees of all points. What points share is looked at once, unless it is damaged.
func (v *verifier) points(ctx context.Context) error {
	points, err := v.r.points(ctx, nil)
	if err != nil {
		return err
	}
	for i := range points {
		p := &points[i]
		id, err := parsePointID(p.ID)
		if err != nil {
			return err
		}
		w := &visit{verifier: v, at: Touch{Backup: p.Key, Point: p.ID}}
		newest := i == len(points)-1 || points[i+1].Key != p.Key // oldest first within a backup
		if err := w.point(ctx, id, p); err != nil {
			return err
		}
		if err := w.settle(id, p, newest); err != nil {
			return err
		}
		v.report.Points++
		v.progress(Progress{Phase: "verify points", Done: int64(i + 1), Total: int64(len(points)), Bytes: v.report.Bytes})
	}
	return nil
}

// settle takes what was found into the report, unless the point was deleted meanwhile: then its blobs may be gone as well.
func (w *visit) settle(id index.Point, p *record.Point, newest bool) error {
	if len(w.touches) == 0 {
		return nil
	}
	rec, err := w.r.index.Point(id)
	if err != nil || rec == nil {
		return err
	}
	for _, t := range w.touches {
		w.touched(t)
	}
	for _, a := range w.found {
		a.Point, a.Newest = *p, newest
		w.report.Affected = append(w.report.Affected, a)
	}
	return nil
}

// touched records that a blob is needed where it cannot be read.
func (v *verifier) touched(t visited) {
	id := pack.ID(v.r.ring.ID(t.hash))
	d := v.damage[id]
	if d == nil {
		d = &Damage{Blob: id.String(), Reason: t.reason}
		v.damage[id] = d
	}
	d.Touched += max(1, t.touch.Messages)
	if len(d.Touches) < maxTouches {
		d.Touches = append(d.Touches, t.touch)
	}
}

func (w *visit) touch(hash record.Hash, reason string, t Touch) {
	w.touches = append(w.touches, visited{hash, reason, t})
}

// affect adds messages to what is told of the folder, or (none) of the point.
func (w *visit) affect(messages int64, reason string) {
	if w.folder == nil {
		w.found = append(w.found, Affected{Messages: messages, Reason: reason})
		return
	}
	w.folder.Messages += messages
	if w.folder.Reason == "" {
		w.folder.Reason = reason
	}
}

func (w *visit) point(ctx context.Context, id index.Point, p *record.Point) error {
	rec, err := w.r.loadRecord(id)
	if fault.KindOf(err) == fault.Corrupt {
		w.touch(record.Hash(id), err.Error(), w.at)
		w.affect(p.Counts.Messages, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	ro, err := w.r.folders(rec)
	if err != nil && fault.KindOf(err) != fault.Corrupt {
		return err
	}
	hidden := p.Counts.Messages
	if ro != nil {
		hidden -= ro.messages()
	}
	for _, l := range []struct {
		list   *pb.List
		name   string
		hidden int64
	}{
		{rec.GetFolders(), "folders", hidden}, {rec.GetLosses(), "losses", 0}, {rec.GetPending(), "removals", 0},
	} {
		if err := w.list(l.list, "the list of "+l.name, l.hidden); err != nil {
			return err
		}
	}
	for i := 0; ro != nil && i < len(ro.folders); i++ {
		if err := w.visitFolder(ctx, ro, &ro.folders[i]); err != nil {
			return err
		}
	}
	return nil
}

// list checks a list of the point, part by part. If it is damaged, so many messages are hidden.
func (w *visit) list(l *pb.List, name string, hidden int64) error {
	told := false
	for _, part := range l.GetParts() {
		if len(part) != 32 {
			continue // a root vouches for itself
		}
		_, err := w.trees.Load(record.Hash(part))
		if fault.KindOf(err) != fault.Corrupt {
			if err != nil {
				return err
			}
			continue
		}
		w.touch(record.Hash(part), err.Error(), w.at)
		if !told {
			told = true
			w.affect(hidden, name+" cannot be read: "+err.Error())
		}
	}
	return nil
}

func (w *visit) visitFolder(ctx context.Context, ro *root, f *folder) error {
	w.at.Folder = f.ID
	w.folder = &Affected{Folder: f.ID, Path: ro.path(f)}
	before := len(w.touches)
	err := w.list(f.named, "the list of messages named so far", 0)
	if err == nil && f.tree != nil {
		_, err = w.subtree(ctx, *f.tree)
	}
	if len(w.touches) > before {
		w.found = append(w.found, *w.folder)
	}
	w.at.Folder, w.folder = "", nil
	return err
}

// messages counts the messages of the folders that are known.
func (ro *root) messages() int64 {
	var n int64
	for i := range ro.folders {
		n += ro.folders[i].counts().Messages
	}
	return n
}

// maxDepth bounds the folders above a folder: a damaged tree might go round in circles.
const maxDepth = 100

// path returns the folder's name behind those of its parents.
func (ro *root) path(f *folder) string {
	names := []string{f.Name}
	for range maxDepth {
		i, ok := ro.byID[f.Parent]
		if !ok || f.Parent == f.ID {
			break
		}
		f = &ro.folders[i]
		names = append(names, f.Name)
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// subtree checks a page or node and what is below, and reports whether all of it is well.
func (w *visit) subtree(ctx context.Context, r tree.Ref) (bool, error) {
	if w.clean[r.Hash] {
		return true, nil
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	well, err := true, error(nil)
	if r.Level == 0 {
		well, err = w.page(ctx, r)
	} else {
		var children []tree.Ref
		children, err = tree.Children(w.trees, r)
		for i := range children {
			ok, childErr := w.subtree(ctx, children[i])
			if childErr != nil {
				return false, childErr
			}
			well = well && ok
		}
	}
	if fault.KindOf(err) == fault.Corrupt {
		at := w.at
		at.Messages = r.Sums.Messages
		w.touch(r.Hash, err.Error(), at)
		w.affect(r.Sums.Messages, err.Error())
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if well {
		w.clean[r.Hash] = true
	}
	return well, nil
}

// need is a piece that a message of a page names.
type need struct {
	hash record.Hash
	of   int
}

func (w *visit) page(ctx context.Context, r tree.Ref) (bool, error) {
	var needs []need
	var hashes []record.Hash
	var messages []mail.Message
	err := tree.Page(w.trees, r, func(e *tree.Entry) error {
		m, err := e.Message(w.at.Folder)
		if err != nil {
			return err
		}
		messages = append(messages, mail.Message{ID: m.ID, Subject: m.Subject, Received: m.Received})
		return message.Contents(m, func(c *record.Content) error {
			for i := range c.Pieces {
				needs = append(needs, need{c.Pieces[i].Hash, len(messages) - 1})
				hashes = append(hashes, c.Pieces[i].Hash)
			}
			return nil
		})
	})
	if err != nil {
		return false, err
	}
	if int64(len(messages)) != r.Sums.Messages {
		return false, fault.New(fault.Corrupt, "a page has %d messages, not %d", len(messages), r.Sums.Messages)
	}
	w.report.Messages += int64(len(messages))
	have, err := w.r.blobs.Present(ctx, hashes)
	if err != nil {
		return false, err
	}
	well, last := true, -1
	for i, n := range needs {
		reason := w.unreadable(n.hash, have[i])
		if reason == "" {
			continue
		}
		well = false
		at, m := w.at, &messages[n.of]
		at.Message, at.Subject, at.Received, at.Messages = m.ID, m.Subject, m.Received, 1
		w.touch(n.hash, reason, at)
		if n.of != last {
			w.affect(1, reason)
			last = n.of
		}
	}
	return well, nil
}

// unreadable says why a piece cannot be read; nothing when it can, as far as was looked.
func (w *visit) unreadable(hash record.Hash, have bool) string {
	if d := w.damage[pack.ID(w.r.ring.ID(hash))]; d != nil {
		// Another pack may have it whole.
		if _, err := w.r.blobs.Get(hash, nil); err != nil {
			return d.Reason
		}
		return ""
	}
	if have {
		return ""
	}
	if _, err := w.r.blobs.Get(hash, nil); err != nil {
		return err.Error()
	}
	return "" // it was found damaged earlier, and is not any more
}
