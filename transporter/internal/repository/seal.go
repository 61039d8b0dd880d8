package repository

import (
	"context"
	"encoding/binary"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

// rooted is a point whose root is durable, so that a Seal whose last step failed does not make another.
type rooted struct {
	id      index.Point
	root    *pb.Root
	folders []folder
	sealing *sealing
}

// Seal implements backup.Vault.
func (s *Session) Seal(ctx context.Context, sum backup.Summary) (record.Point, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed != nil && s.sealed.Run == sum.Run {
		return *s.sealed, nil
	}
	if err := s.usable(ctx); err != nil {
		return record.Point{}, err
	}
	if sum.Run == "" {
		return record.Point{}, fault.New(fault.Invalid, "a recovery point needs the run that makes it")
	}
	done, err := s.sealedBefore(sum.Run)
	if err != nil {
		return record.Point{}, err
	}
	if done != nil {
		return *done, s.end(*done, false)
	}
	if s.rooted == nil {
		if err := s.build(ctx, &sum); err != nil {
			return record.Point{}, err
		}
	}
	p, err := s.publish()
	if err != nil {
		return record.Point{}, err
	}
	return p, s.end(p, true)
}

// sealedBefore returns the point that an earlier session made in this run.
func (s *Session) sealedBefore(run record.RunID) (*record.Point, error) {
	records, err := s.r.index.Points(&s.backup)
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(records) {
		p, err := s.r.catalogPoint(&records[i])
		if err != nil {
			return nil, err
		}
		if p.Run == run {
			return &p, nil
		}
	}
	return nil, nil
}

// end ends the session. A spent journal goes; one whose checkpoints are in no point stays for the next session.
func (s *Session) end(p record.Point, spent bool) error {
	s.sealed = &p
	s.ended = true
	defer s.leave()
	j := s.journal
	if j == nil {
		return nil
	}
	if spent || s.stage.seq == 0 {
		// A journal that cannot be removed is recognised as spent by the next session.
		if err := j.Remove(); err != nil {
			s.r.problem(j.Path(), err.Error())
		}
		return nil
	}
	return j.Close()
}

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
}

// build makes the tree and the root durable.
func (s *Session) build(ctx context.Context, sum *backup.Summary) error {
	before, _ := s.r.blobs.Losses()
	w := &sealing{s: s, folders: map[mail.FolderID]bool{}, ops: map[mail.FolderID][]tree.Op{}, emptied: map[uint32]bool{}, ended: map[mail.FolderID]*namedSet{}}
	for i := range sum.Folders {
		id := sum.Folders[i].ID
		if id == "" || w.folders[id] {
			return fault.New(fault.Invalid, "the summary names folder %q twice or without id", id)
		}
		w.folders[id] = true
	}
	if err := w.collect(ctx); err != nil {
		return err
	}
	folders := make([]folder, 0, len(sum.Folders))
	for i := range sum.Folders {
		f, err := w.folder(ctx, &sum.Folders[i])
		if err != nil {
			return fault.New(fault.KindOf(err), "seal folder %s: %w", sum.Folders[i].ID, err)
		}
		folders = append(folders, f)
	}
	root, err := w.root(ctx, sum, folders)
	if err != nil {
		return err
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(root)
	if err != nil {
		return fault.New(fault.Invalid, "a recovery point cannot be stored: %w", err)
	}
	// Everything that the root names is durable before the root is written.
	if err := s.r.blobs.Sync(); err != nil {
		return err
	}
	if after, why := s.r.blobs.Losses(); after != before {
		return fault.New(fault.KindOf(why), "pages of the recovery point are lost (%w); seal again", why)
	}
	id := record.Sum(data)
	if err := s.r.blobs.PutAnew(pack.Trees, pack.Root, id, data); err != nil {
		return err
	}
	if err := s.r.blobs.Sync(); err != nil {
		return err
	}
	if have, err := s.r.blobs.Have(ctx, []record.Hash{id}); err != nil {
		return err
	} else if !have[0] {
		_, why := s.r.blobs.Losses()
		return fault.New(fault.KindOf(why), "the recovery point is lost (%w); seal again", why)
	}
	s.rooted = &rooted{id: index.Point(id), root: root, folders: folders, sealing: w}
	return nil
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
		built, err := tree.Build(ctx, w.s.r.trees, base, ops, w.load, keep)
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

// namedSet is what an enumeration has named.
type namedSet struct {
	all       bool
	hashes    []uint64 // sorted
	inherited int      // of them from the last point
}

func (n *namedSet) has(h message.Hash) bool {
	if n.all {
		return true
	}
	_, ok := slices.BinarySearch(n.hashes, short(h))
	return ok
}

func short(h message.Hash) uint64 { return binary.BigEndian.Uint64(h[:]) }

// named gathers what the enumeration of a folder has named, in this session and, unless it began anew, before.
func (w *sealing) named(was *folder, st *folderStage, number uint32) (*namedSet, error) {
	n := &namedSet{all: was == nil || was.tree == nil}
	since := st.since
	if was != nil && was.enumerating && !st.restarted {
		since = 0
		n.all = n.all || was.namedAll
		data, err := w.s.r.trees.loadList(was.named)
		if err != nil {
			return nil, err
		}
		for ; len(data) >= 8; data = data[8:] {
			n.hashes = append(n.hashes, binary.BigEndian.Uint64(data))
		}
		n.inherited = len(n.hashes)
	}
	for _, i := range w.of(number) {
		v := &w.s.stage.versions[i]
		if v.seq >= since {
			n.hashes = append(n.hashes, short(v.hash))
		} else {
			n.all = false // it is in the folder, and the enumeration has yet to say so
		}
	}
	slices.Sort(n.hashes)
	n.hashes = slices.Compact(n.hashes)
	return n, nil
}

// of returns the versions that count and that came for a folder or lie in it.
func (w *sealing) of(number uint32) []int32 {
	if w.versions == nil {
		w.versions = map[uint32][]int32{}
		for i := range w.s.stage.versions {
			v := &w.s.stage.versions[i]
			if v.dropped || v.deleted {
				continue
			}
			w.versions[v.folder] = append(w.versions[v.folder], int32(i))
			if v.by != v.folder {
				w.versions[v.by] = append(w.versions[v.by], int32(i))
			}
		}
	}
	return w.versions[number]
}

// saveNamed records what an enumeration that is not at its end has named, so that the next session can go on with it. Until
// the end nothing is missing from the point: who was not named may still be.
func (w *sealing) saveNamed(out *folder, named *namedSet) error {
	if out.namedAll {
		return nil
	}
	data := make([]byte, 0, 8*len(named.hashes))
	for _, h := range named.hashes {
		data = binary.BigEndian.AppendUint64(data, h)
	}
	var err error
	out.named, err = w.s.r.trees.saveList(data)
	return err
}

// root makes the root of the point and keeps the lists that it names.
func (w *sealing) root(ctx context.Context, sum *backup.Summary, folders []folder) (*pb.Root, error) {
	s := w.s
	counts := record.Counts{Folders: int64(len(folders))}
	table := &pb.FolderTable{}
	for i := range folders {
		c := folders[i].counts()
		counts.Messages += c.Messages
		counts.Attachments += c.Attachments
		counts.Bytes += c.Bytes
		counts.Lost += c.Lost
		table.Folders = append(table.Folders, toFolder(&folders[i]))
	}
	missing, err := w.missing(ctx, sum.Losses)
	if err != nil {
		return nil, err
	}
	counts.Lost += missing
	pending, err := w.pending(ctx)
	if err != nil {
		return nil, err
	}
	root := &pb.Root{
		Key: toKey(s.key), Origin: toOrigin(sum.Origin), Run: string(sum.Run), Time: toTime(sum.Time), Sealed: toTime(w.sealedTime()),
		Counts: toCounts(counts), Complete: len(sum.Losses) == 0 && counts.Lost == 0,
	}
	if s.journal != nil {
		session := s.journal.Session()
		root.Session = session[:]
	}
	if s.base != nil {
		root.Base = s.base.id[:]
	}
	if root.Folders, err = s.r.trees.saveMessage(table); err != nil {
		return nil, err
	}
	if root.Losses, err = s.r.trees.saveMessage(&pb.LossList{Losses: toLosses(sum.Losses)}); err != nil {
		return nil, err
	}
	if root.Pending, err = s.r.trees.saveMessage(pending); err != nil {
		return nil, err
	}
	return root, nil
}

// sealedTime is now, or a moment after the last point where the clock was set back: points keep their order.
func (w *sealing) sealedTime() time.Time {
	now := w.s.r.opts.Now().UTC()
	if w.s.base != nil {
		if last := fromTime(w.s.base.pb.GetSealed()); !now.After(last) {
			return last.Add(time.Nanosecond)
		}
	}
	return now
}

// missing counts messages among the losses that the trees do not count as lost already.
func (w *sealing) missing(ctx context.Context, losses []mail.Loss) (int64, error) {
	seen := map[mail.MessageID]bool{}
	var n int64
	for i := range losses {
		id := losses[i].Message
		if id == "" || seen[id] {
			continue
		}
		seen[id] = true
		weight, in, err := w.weight(ctx, id)
		if err != nil {
			return 0, err
		}
		if !in || weight.Lost == 0 {
			n++
		}
	}
	return n, nil
}

// weight returns what a message weighs in the point, and whether it is in it.
func (w *sealing) weight(ctx context.Context, id mail.MessageID) (message.Weight, bool, error) {
	h := message.HashOf(id)
	if i := w.s.stage.live(h); i >= 0 {
		v := &w.s.stage.versions[i]
		if v.deleted || !w.folders[w.s.stage.names[v.folder]] {
			return message.Weight{}, false, nil
		}
		e, err := w.s.journal.Record(v.off, v.length)
		return e.Weight, true, err
	}
	m, err := w.s.baseMessage(ctx, h)
	if err != nil || m == nil || !w.inherits(m.Folder, h) {
		return message.Weight{}, false, err
	}
	return message.Weigh(m), true, nil
}

// inherits reports whether a message that the last point has in a folder, and that no checkpoint places elsewhere, stays.
func (w *sealing) inherits(id mail.FolderID, h message.Hash) bool {
	named := w.ended[id]
	return w.folders[id] && (named == nil || named.has(h))
}

// pending lists the removals that the next session has to decide.
func (w *sealing) pending(ctx context.Context) (*pb.PendingList, error) {
	list, err := w.s.pending(ctx, -1)
	if err != nil {
		return nil, err
	}
	out := &pb.PendingList{}
	for _, g := range list {
		name := w.s.stage.names[g.folder]
		if w.s.stage.live(g.hash) < 0 && !w.inherits(name, g.hash) || !w.folders[name] {
			continue // it is not in the point
		}
		out.Gone = append(out.Gone, &pb.Gone{Message: string(g.id), Folder: string(name)})
	}
	return out, nil
}

// publish makes the point visible.
func (s *Session) publish() (record.Point, error) {
	ro := s.rooted
	rec, err := s.r.pointRecord(ro.id, ro.root)
	if err != nil {
		return record.Point{}, err
	}
	segment, replace, err := ro.sealing.segment(ro.folders)
	if err != nil {
		return record.Point{}, err
	}
	err = s.r.index.Change("seal", func(c index.Change) error {
		if segment != nil {
			if err := c.AddSegment(s.backup, replace, s.r.ring.Box(nil, useTable, segment)); err != nil {
				return err
			}
		}
		return c.PutPoint(rec)
	})
	if err != nil {
		return record.Point{}, err
	}
	return s.r.catalogPoint(&rec)
}

// segment returns what brings the message table up to the new point; nil if it is so already.
func (w *sealing) segment(folders []folder) (data []byte, replace bool, err error) {
	next := identity(folders)
	if w.s.base == nil {
		return encodeSegment(next, w.changes), true, nil
	}
	if next == identity(w.s.base.folders) {
		return nil, false, nil
	}
	for i := range w.s.base.folders {
		if f := &w.s.base.folders[i]; f.tree != nil && !w.folders[f.ID] {
			w.emptied[f.short] = true // it may come back, but not with these messages
		}
	}
	t := w.s.table
	if t == nil || w.partly {
		// The table is made by a walk when it is needed.
		return encodeSegment([32]byte{}, nil), true, nil
	}
	if len(w.emptied) == 0 && t.appended+len(w.changes) <= max(1024, len(t.entries)/4) {
		return encodeSegment(next, w.changes), false, nil
	}
	entries := t.change(w.changes)
	if len(w.emptied) > 0 {
		entries = w.prune(entries)
	}
	return encodeSegment(next, entries), true, nil
}

// prune drops entries of messages that a full enumeration did not name.
func (w *sealing) prune(entries []located) []located {
	changed := map[message.Hash]bool{}
	for h := range w.s.stage.newest {
		changed[h] = w.s.stage.live(h) >= 0
	}
	out := entries[:0]
	for _, l := range entries {
		if !w.emptied[l.folder] || changed[l.hash] {
			out = append(out, l)
		}
	}
	return out
}
