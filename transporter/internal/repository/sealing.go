package repository

import (
	"context"
	"slices"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

// sealing is the work of one Seal.
type sealing struct {
	s       *Session
	folders map[mail.FolderID]bool // of the summary
	ops     map[mail.FolderID][]tree.Op
	changes []located // to the message table
	// What changes does not tell of the table: folders of which nothing of the last point stays, and whether a part stays.
	emptied map[uint32]bool
	partly  bool
	// What enumerations that came to their end have named.
	ended    map[mail.FolderID]*namedSet
	versions map[uint32][]int32 // see of
	lost     []mail.Loss        // what of the last point turned out to be unreadable
}

// collect sorts what the session changed by folder.
func (w *sealing) collect(ctx context.Context) error {
	st := w.s.stage
	n := 0
	for h := range st.newest {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		i := st.live(h)
		if i < 0 {
			continue // all versions are forgotten: the last point's counts
		}
		v := &st.versions[i]
		if v.deleted || !w.folders[st.names[v.folder]] { // a message in a folder that is not in the mailbox is not in the point
			if err := w.vacate(ctx, h, nil); err != nil {
				return err
			}
			continue
		}
		f := st.names[v.folder]
		w.ops[f] = append(w.ops[f], tree.Op{Key: tree.Key{Sec: v.sec, Nano: v.nano, ID: h}, At: int64(i)})
		if err := w.vacate(ctx, h, v); err != nil {
			return err
		}
	}
	for _, ops := range w.ops {
		slices.SortFunc(ops, func(a, b tree.Op) int { return a.Key.Compare(b.Key) })
	}
	slices.SortFunc(w.changes, compareLocated)
	return nil
}

// vacate takes a message out of where the last point has it, unless its new version lies in the very place.
func (w *sealing) vacate(ctx context.Context, h message.Hash, v *version) error {
	st := w.s.stage
	places, err := w.s.basePlaces(ctx, h)
	if err != nil {
		return err
	}
	for _, p := range places {
		id := w.s.base.folders[p.folder].ID
		if v != nil && st.names[v.folder] == id && p.key == (tree.Key{Sec: v.sec, Nano: v.nano, ID: h}) {
			return nil // the op replaces it; the table does not change
		}
		w.ops[id] = append(w.ops[id], tree.Op{Key: p.key, At: tree.Vacate})
	}
	switch {
	case v != nil:
		w.changes = append(w.changes, located{h, shortFolder(st.names[v.folder]), v.sec, v.nano})
	case len(places) > 0:
		w.changes = append(w.changes, located{hash: h, nano: removed})
	}
	return nil
}

// load reads a staged record.
func (w *sealing) load(at int64) (tree.Entry, error) {
	v := &w.s.stage.versions[at]
	return w.s.journal.Record(v.off, v.length)
}

// listed makes one folder of the point. One of which parts were lost has no cursor, unless it was begun anew: the next
// session reads it from its beginning.
func (w *sealing) listed(ctx context.Context, f *mail.Folder) (folder, error) {
	out, err := w.folder(ctx, f)
	if err != nil {
		return out, err
	}
	reason, hurt := w.s.isHurt(f.ID)
	if number, known := w.s.stage.numbers[f.ID]; !hurt || known && w.s.stage.restarted(number) {
		return out, nil
	}
	out.cursor, out.enumerating, out.namedAll, out.named = "", false, false, nil
	w.lost = append(w.lost, mail.Loss{
		Folder: f.ID, What: "folder", Reason: "a part of the folder was lost in the repository, and it is read again from its beginning: " + reason,
	})
	return out, nil
}

// folder builds one folder of the point.
func (w *sealing) folder(ctx context.Context, listed *mail.Folder) (folder, error) {
	out := folder{Folder: *listed, short: shortFolder(listed.ID)}
	var was *folder
	if w.s.base != nil {
		if i, ok := w.s.base.byID[listed.ID]; ok {
			was = &w.s.base.folders[i]
			out.cursor, out.enumerating, out.namedAll, out.named = was.cursor, was.enumerating, was.namedAll, was.named
			out.tree = was.tree
		}
	}
	var st folderStage
	number, known := w.s.stage.numbers[listed.ID]
	if f := w.s.stage.folders[number]; known && f != nil {
		st = *f
		if st.cursor != "" || st.restarted {
			out.cursor = st.cursor
		}
	}
	if !st.told && out.enumerating { // the enumeration waits, while messages of the folder were named elsewhere
		st.told, st.enumerating = len(w.ops[listed.ID]) > 0, true
	}
	var named *namedSet
	if st.complete || st.told && st.enumerating {
		var err error
		if named, err = w.named(was, &st, number); err != nil {
			return out, err
		}
	}
	if st.told {
		out.enumerating, out.namedAll, out.named = st.enumerating, false, nil
	}
	if st.complete {
		w.ended[listed.ID] = named
	}
	base := out.tree
	var keep func(e *tree.Entry) bool
	switch {
	case !st.complete || base == nil || named.all:
	case named.inherited == 0:
		base = nil // what the enumeration named is staged, and nothing else stays
		w.emptied[out.short] = true
	default:
		keep = func(e *tree.Entry) bool { return named.has(e.Key.ID) }
		w.partly = true
	}
	ops := w.ops[listed.ID]
	if len(ops) > 0 || keep != nil || base == nil {
		built, err := tree.Build(ctx, w.s.r.trees, base, ops, w.load, keep, func(_ tree.Ref, err error) {
			w.s.hurt(listed.ID, err.Error())
			w.partly = true // the table has messages that the tree has no more
		})
		if err != nil {
			return out, err
		}
		out.tree = built
	}
	if st.told && st.enumerating {
		out.namedAll = named.all || st.complete
		return out, w.saveNamed(&out, named)
	}
	return out, nil
}
