package repository

import (
	"context"
	"errors"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

// copyWalk goes through one point and hands everything that the target is not known to have to batches.
type copyWalk struct {
	c    *copier
	at   Touch
	had  copySet
	seen copySet // pages and nodes of this point, gone through already
	data []byte  // of the root
	root *root   // nil when it cannot be read

	batches *errgroup.Group
	next    []copyItem

	mu      sync.Mutex
	bad     map[record.Hash]bool // pages and nodes that cannot be read or name something that cannot
	damage  []Damage
	damaged int64
}

// copyItem is a blob that the target is asked for.
type copyItem struct {
	hash  record.Hash
	typ   pack.Type
	below record.Hash // the page or node that it is or is named by
	touch Touch       // what suffers without it
}

// point brings all blobs of a point but its root to the target. What the source has lost and the target does not have is
// told in the walk.
func (c *copier) point(ctx context.Context, p *copyPoint, had copySet) (*copyWalk, error) {
	w := &copyWalk{c: c, at: Touch{Backup: p.info.Key, Point: p.info.ID}, had: had, seen: copySet{}, bad: map[record.Hash]bool{}}
	var bctx context.Context
	w.batches, bctx = errgroup.WithContext(ctx)
	err := w.walk(bctx, p)
	if err == nil {
		err = w.flush(bctx)
	}
	if batchErr := w.batches.Wait(); batchErr != nil && (err == nil || errors.Is(err, context.Canceled)) {
		err = batchErr
	}
	return w, err
}

func (w *copyWalk) walk(ctx context.Context, p *copyPoint) error {
	id, err := parsePointID(p.info.ID)
	if err != nil {
		return err
	}
	at := copyItem{hash: record.Hash(id), typ: pack.Root, touch: w.at}
	if err := w.loadRoot(at.hash); err != nil {
		return w.lost(at, err)
	}
	if p.presence == Present { // gone through thoroughly: the root may be what it lost
		if err := w.add(ctx, at); err != nil {
			return err
		}
	}
	for _, l := range w.root.lists() {
		for _, part := range l.GetParts() {
			if len(part) != len(record.Hash{}) {
				return w.lost(at, fault.New(fault.Corrupt, "a list of a recovery point is damaged"))
			}
			if err := w.add(ctx, copyItem{hash: record.Hash(part), typ: pack.List, touch: w.at}); err != nil {
				return err
			}
		}
	}
	for i := range w.root.folders {
		f := &w.root.folders[i]
		if f.tree == nil {
			continue
		}
		if err := w.subtree(ctx, f.ID, *f.tree); err != nil {
			return err
		}
	}
	return nil
}

func (w *copyWalk) loadRoot(hash record.Hash) error {
	data, err := w.c.r.blobs.Get(hash, nil)
	if err != nil {
		return err
	}
	p := &pb.Root{}
	if err := proto.Unmarshal(data, p); err != nil {
		return fault.New(fault.Corrupt, "the recovery point is damaged: %w", err)
	}
	ro, err := w.c.r.folders(p)
	if err != nil {
		return err
	}
	w.data, w.root = data, ro
	return nil
}

// subtree goes through what is below a page or node.
func (w *copyWalk) subtree(ctx context.Context, folder mail.FolderID, r tree.Ref) error {
	if _, ok := w.had[r.Hash]; ok {
		return nil
	}
	if _, ok := w.seen[r.Hash]; ok {
		return nil
	}
	w.seen[r.Hash] = struct{}{}
	if err := ctx.Err(); err != nil {
		return err
	}
	at := copyItem{hash: r.Hash, typ: pack.Page, below: r.Hash, touch: w.at}
	at.touch.Folder, at.touch.Messages = folder, r.Sums.Messages
	if r.Level > 0 {
		at.typ = pack.Node
		children, err := tree.Children(w.c.r.trees, r)
		if err != nil {
			return w.lost(at, err)
		}
		if err := w.add(ctx, at); err != nil {
			return err
		}
		for i := range children {
			if err := w.subtree(ctx, folder, children[i]); err != nil {
				return err
			}
		}
		return nil
	}
	items := []copyItem{at}
	err := tree.Page(w.c.r.trees, r, func(e *tree.Entry) error {
		m, err := e.Message(folder)
		if err != nil {
			return err
		}
		return message.Contents(m, func(content *record.Content) error {
			for i := range content.Pieces {
				item := copyItem{hash: content.Pieces[i].Hash, typ: pack.Piece, below: r.Hash, touch: at.touch}
				item.touch.Message, item.touch.Messages = m.ID, 1
				items = append(items, item)
			}
			return nil
		})
	})
	if err != nil {
		return w.lost(at, err)
	}
	return w.add(ctx, items...)
}

// lost reports a blob that the source cannot read; other errors end the copy.
func (w *copyWalk) lost(item copyItem, err error) error {
	if !w.c.lost(err) {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.bad[item.below] = true
	w.damaged++
	if len(w.damage) < maxTouches {
		w.damage = append(w.damage, Damage{
			Blob: pack.ID(w.c.r.ring.ID(item.hash)).String(), Reason: err.Error(), Touches: []Touch{item.touch}, Touched: max(1, item.touch.Messages),
		})
	}
	return nil
}

// lost reports whether an error of reading is the loss of one blob: it is damaged or missing, or the disk cannot read it
// while the folder as such can still be read.
func (c *copier) lost(err error) bool {
	switch fault.KindOf(err) {
	case fault.Corrupt:
		return true
	case fault.Unavailable:
		_, _, err := readDescriptor(c.r.opts.FS, c.r.path(descriptorFile))
		return err == nil
	default:
		return false
	}
}

// add adds blobs to the next batch.
func (w *copyWalk) add(ctx context.Context, items ...copyItem) error {
	for part := range slices.Chunk(items, copyBatch) {
		if len(w.next)+len(part) > copyBatch {
			if err := w.flush(ctx); err != nil {
				return err
			}
		}
		w.next = append(w.next, part...)
	}
	return nil
}

// flush sets the next batch going.
func (w *copyWalk) flush(ctx context.Context) error {
	items := w.next
	if len(items) == 0 {
		return nil
	}
	w.next = nil
	select {
	case w.c.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	w.batches.Go(func() error {
		defer func() { <-w.c.slots }()
		return w.c.send(ctx, w, items)
	})
	return nil
}
