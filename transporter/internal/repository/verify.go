package repository

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

// VerifyMode is how much Verify reads.
type VerifyMode int

// The modes.
const (
	// VerifyQuick reads the footers of packs and all trees, and makes sure that every piece of content is in a pack.
	VerifyQuick VerifyMode = iota
	// VerifyFull also reads every byte and hashes it again.
	VerifyFull
)

// Report is what Verify found.
type Report struct {
	Packs    int64
	Blobs    int64
	Bytes    int64 // read from packs
	Points   int64
	Messages int64 // looked at; those that points share once
	Damage   []Damage
	Problems []Problem // of the folder
}

// Sound reports whether nothing is wrong.
func (r *Report) Sound() bool { return len(r.Damage) == 0 && len(r.Problems) == 0 }

// Damage is something that cannot be read as it was written.
type Damage struct {
	Path   string // of the pack; empty for a blob that is in none
	Offset int64
	Blob   string // the blob's id in the packs; empty where it is not known
	Reason string
	// Touches are the messages that suffer, up to maxTouches of them; Touched is how many there are.
	Touches []Touch
	Touched int64
}

// Touch is a message of a point that damage touches, or (Message empty) a part of a folder, or (Folder empty) the point.
type Touch struct {
	Backup  record.BackupKey
	Point   record.PointID
	Folder  mail.FolderID
	Message mail.MessageID
	// Messages is how many messages are concerned: 1 with Message.
	Messages int64
}

// maxTouches bounds the list of one damage.
const maxTouches = 1000

// Verify checks the repository and reports what is damaged and which messages of which points that touches. Damage is no
// error; what keeps it from looking is. It may run beside sessions and readers.
func (r *Repository) Verify(ctx context.Context, mode VerifyMode, progress func(Progress)) (*Report, error) {
	if err := r.usable(); err != nil {
		return nil, err
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	v := &verifier{r: r, report: &Report{Problems: r.Problems()}, damage: map[pack.ID]*Damage{}, clean: map[record.Hash]bool{}}
	if err := v.packs(ctx, mode == VerifyFull, progress); err != nil {
		return nil, err
	}
	if err := v.points(ctx, progress); err != nil {
		return nil, err
	}
	for _, d := range v.damage {
		v.report.Damage = append(v.report.Damage, *d)
	}
	slices.SortFunc(v.report.Damage, func(a, b Damage) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Offset, b.Offset), cmp.Compare(a.Blob, b.Blob))
	})
	return v.report, nil
}

type verifier struct {
	r      *Repository
	report *Report
	damage map[pack.ID]*Damage  // of known blobs
	clean  map[record.Hash]bool // pages and nodes below which everything is well
	// found is what the point that is walked suffers; it counts if nobody has deleted the point meanwhile.
	found []touched
}

type touched struct {
	hash   record.Hash
	reason string
	at     Touch
}

// packs checks the packs, several at a time.
func (v *verifier) packs(ctx context.Context, full bool, progress func(Progress)) error {
	packs := v.r.index.Packs()
	var total int64
	for _, p := range packs {
		total += p.Size
	}
	var mu sync.Mutex
	var done int64
	add := func(size int64, c blob.Checked, damage []blob.Damage) {
		mu.Lock()
		defer mu.Unlock()
		done += size
		v.report.Packs++
		v.report.Blobs += c.Blobs
		v.report.Bytes += c.Bytes
		for i := range damage {
			v.packDamage(&damage[i])
		}
		progress(Progress{Phase: "verify packs", Done: done, Total: total, Bytes: v.report.Bytes})
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range packs {
		g.Go(func() error {
			if err := gctx.Err(); err != nil {
				return err
			}
			c, damage, err := v.r.blobs.VerifyPack(gctx, p, full)
			if err == nil {
				add(p.Size, c, damage)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	c, damage, err := v.r.blobs.VerifyOpen(ctx, full)
	if err == nil {
		add(0, c, damage)
	}
	return err
}

func (v *verifier) packDamage(d *blob.Damage) {
	out := Damage{Path: d.Path, Offset: d.Offset, Reason: d.Reason}
	if d.ID == (pack.ID{}) {
		v.report.Damage = append(v.report.Damage, out)
		return
	}
	out.Blob = d.ID.String()
	v.damage[d.ID] = &out
}

// touch records that a blob is needed where it cannot be read.
func (v *verifier) touch(hash record.Hash, reason string, t Touch) {
	v.found = append(v.found, touched{hash, reason, t})
}

// settle takes what was found in a point into the report, unless the point was deleted: its blobs may be gone rightly.
func (v *verifier) settle(id index.Point) error {
	defer func() { v.found = v.found[:0] }()
	if len(v.found) == 0 {
		return nil
	}
	rec, err := v.r.index.Point(id)
	if err != nil || rec == nil {
		return err
	}
	for i := range v.found {
		f := &v.found[i]
		v.count(f.hash, f.reason, f.at)
	}
	return nil
}

func (v *verifier) count(hash record.Hash, reason string, t Touch) {
	id := pack.ID(v.r.ring.ID(hash))
	d := v.damage[id]
	if d == nil {
		d = &Damage{Blob: id.String(), Reason: reason}
		v.damage[id] = d
	}
	d.Touched += max(1, t.Messages)
	if len(d.Touches) < maxTouches {
		d.Touches = append(d.Touches, t)
	}
}

// points walks the trees of all points. What points share is looked at once, unless it is damaged.
func (v *verifier) points(ctx context.Context, progress func(Progress)) error {
	points, err := v.r.points(ctx, nil)
	if err != nil {
		return err
	}
	for i := range points {
		p := &points[i]
		at := Touch{Backup: p.Key, Point: p.ID}
		id, err := parsePointID(p.ID)
		if err != nil {
			return err
		}
		if err := v.point(ctx, id, at); err != nil {
			return err
		}
		if err := v.settle(id); err != nil {
			return err
		}
		v.report.Points++
		progress(Progress{Phase: "verify points", Done: int64(i + 1), Total: int64(len(points)), Bytes: v.report.Bytes})
	}
	return nil
}

func (v *verifier) point(ctx context.Context, id index.Point, at Touch) error {
	ro, err := v.r.loadRoot(id)
	if fault.KindOf(err) == fault.Corrupt {
		v.touch(record.Hash(id), err.Error(), at)
		return nil
	}
	if err != nil {
		return err
	}
	for _, l := range []*pb.List{ro.pb.GetLosses(), ro.pb.GetPending()} {
		if _, err := v.r.trees.loadList(l); fault.KindOf(err) == fault.Corrupt {
			v.touch(record.Hash(id), err.Error(), at)
		} else if err != nil {
			return err
		}
	}
	for i := range ro.folders {
		f := &ro.folders[i]
		if f.tree == nil {
			continue
		}
		at.Folder = f.ID
		if _, err := v.subtree(ctx, *f.tree, at); err != nil {
			return err
		}
	}
	return nil
}

// subtree checks a page or node and what is below, and reports whether all of it is well.
func (v *verifier) subtree(ctx context.Context, r tree.Ref, at Touch) (bool, error) {
	if v.clean[r.Hash] {
		return true, nil
	}
	if err := ctx.Err(); err != nil {
		return false, err
	}
	well, err := true, error(nil)
	if r.Level == 0 {
		well, err = v.page(ctx, r, at)
	} else {
		var children []tree.Ref
		children, err = tree.Children(v.r.trees, r)
		for i := range children {
			ok, childErr := v.subtree(ctx, children[i], at)
			if childErr != nil {
				return false, childErr
			}
			well = well && ok
		}
	}
	if fault.KindOf(err) == fault.Corrupt {
		at.Messages = r.Sums.Messages
		v.touch(r.Hash, err.Error(), at)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if well {
		v.clean[r.Hash] = true
	}
	return well, nil
}

func (v *verifier) page(ctx context.Context, r tree.Ref, at Touch) (bool, error) {
	type need struct {
		hash record.Hash
		id   mail.MessageID
	}
	var needs []need
	var hashes []record.Hash
	var count int64
	err := tree.Page(v.r.trees, r, func(e *tree.Entry) error {
		m, err := e.Message(at.Folder)
		if err != nil {
			return err
		}
		count++
		return message.Contents(m, func(c *record.Content) error {
			for i := range c.Pieces {
				needs = append(needs, need{c.Pieces[i].Hash, m.ID})
				hashes = append(hashes, c.Pieces[i].Hash)
			}
			return nil
		})
	})
	if err != nil {
		return false, err
	}
	if count != r.Sums.Messages {
		return false, fault.New(fault.Corrupt, "a page has %d messages, not %d", count, r.Sums.Messages)
	}
	v.report.Messages += count
	have, err := v.r.blobs.Present(ctx, hashes)
	if err != nil {
		return false, err
	}
	well := true
	at.Messages = 1
	for i, n := range needs {
		at.Message = n.id
		switch d := v.damage[pack.ID(v.r.ring.ID(n.hash))]; {
		case !have[i]:
			v.touch(n.hash, "the blob is missing: no pack has it", at)
			well = false
		case d != nil:
			// Another pack may have it whole.
			if _, err := v.r.blobs.Get(n.hash, nil); err != nil {
				v.touch(n.hash, d.Reason, at)
				well = false
			}
		}
	}
	return well, nil
}
