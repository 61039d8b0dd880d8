package repository

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

// Copying brings recovery points to another repository. Blobs go by the hash of their plain bytes, so a point has the same
// blobs and the same id in every repository, whatever its codec and its key: to copy a point is to send the blobs that the
// target lacks, then the root.
//
// What is below a page or node is taken as had, and not even asked for, only where a point reaches it that the target's
// catalogue has or that this copy has gone through. That the target has the page itself proves nothing: it may stem from a
// copy that was interrupted. Everything else is asked for, piece by piece, so a copy that is started again sends nothing
// twice.
//
// A point that names a blob which the source cannot read and the target does not have is left out, with the reason: what a
// point in a repository names is there. The points beside it are copied.

// MaxAsked is the most hashes or points that a Target is asked for in one call.
const MaxAsked = 4096

// Presence is what a target says of a recovery point.
type Presence uint8

// The presences.
const (
	Absent Presence = iota
	Present
	// Deleted: the target had it, and it was deleted there. It does not come back.
	Deleted
)

// BlobType is what a blob is: a piece of content, a page, a node, a part of a list, a root.
type BlobType = pack.Type

// Target is a repository that points are copied to: one in this process (BeginCopy), or one behind another Transporter. Its
// methods may be called by several goroutines at once, Close when the others have returned.
type Target interface {
	// Points tells of each point whether the target has it.
	Points(ctx context.Context, ids []record.PointID) ([]Presence, error)
	// Keep makes sure that the blobs of a point stay, even if it is deleted, until Close or until another point of the same
	// backup is kept or committed: the copy relies on them unasked. False when the target no longer has the point.
	Keep(ctx context.Context, id record.PointID) (bool, error)
	// Have reports for each hash whether the target has its bytes, those that were put included. They stay until Close.
	Have(ctx context.Context, hashes []record.Hash) ([]bool, error)
	// Put keeps a blob; the caller has made sure that hash is the SHA-256 of data. It may be called twice, need not be
	// durable on return, and does not hold on to data. Roots are put only for points that the target has.
	Put(ctx context.Context, typ BlobType, hash record.Hash, data []byte) error
	// Commit makes all that was put durable, then the roots, and then shows their points in the order given. It may be
	// called again. A fault may leave some of the points shown, never one of which a blob is missing.
	Commit(ctx context.Context, roots [][]byte) error
	// Close ends the copy. What was put and is part of no point is garbage until a later copy needs it.
	Close() error
}

// CopyOptions say what is copied.
type CopyOptions struct {
	// Backups to copy from. Default: all.
	Backups []record.BackupKey
	// Points to copy. Default: all points of the backups.
	Points []record.PointID
	// Newest copies only the last point of each backup.
	Newest bool
	// Thorough goes through points that the target has as well, and asks for every one of their blobs: what the target has
	// lost it gets again.
	Thorough bool
	// Progress hears how far the copy is, from one goroutine at a time. Default: nobody.
	Progress func(CopyProgress)
}

// CopyProgress is how far a copy is.
type CopyProgress struct {
	// Points gone through, of Total; among them those that the target had and those that were left out.
	Points, Total    int64
	Present, LeftOut int64
	// Asked counts blobs that the target was asked for, Sent those that it lacked, Bytes their plain length.
	Asked, Sent, Bytes int64
}

// CopyReport is what a copy did.
type CopyReport struct {
	// Copied points are in the target now; Present ones were before; Deleted ones were deleted there and stay so.
	Copied, Present, Deleted int64
	// LeftOut are points that could not be copied whole, by backup, oldest first.
	LeftOut []LeftOut
	// Asked counts blobs that the target was asked for, Sent those that it lacked, Bytes their plain length.
	Asked, Sent, Bytes int64
}

// LeftOut is a point that was not copied.
type LeftOut struct {
	Point record.Point
	// Damage says what of it cannot be read, up to maxTouches entries of how many there are. Without any the point was
	// deleted from the source while it was copied.
	Damage  []Damage
	Damaged int64
}

// Limits of one copy. Memory: for each backup in work about 100 bytes for each page of one point, for each batch in flight
// one blob.
const (
	copyBackups = 8         // backups in work at once, so that a target far away is never waited for alone
	copyBatches = 8         // batches of questions and blobs in flight
	copyBatch   = 1024      // blobs asked for at once
	groupPoints = 64        // points committed together,
	groupBytes  = 256 << 20 // or fewer when so many bytes were sent
)

// Copy copies points to a target, which it does not close. A point that is there already is passed over, so a copy that was
// stopped or failed is simply started again. It returns what was done also beside an error. Stopping ctx ends it; points
// that have arrived whole are committed before it returns.
func (r *Repository) Copy(ctx context.Context, to Target, o CopyOptions) (*CopyReport, error) {
	c := &copier{
		r: r, to: to, o: o, report: &CopyReport{}, slots: make(chan struct{}, copyBatches),
		flights: flights{now: map[record.Hash]*flight{}},
	}
	plan, err := c.plan(ctx)
	if err != nil {
		return c.report, err
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(copyBackups)
	left := make([][]LeftOut, len(plan))
	for i := range plan {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			var err error
			left[i], err = c.backup(gctx, plan[i])
			return err
		})
	}
	err = g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	for _, l := range left {
		c.report.LeftOut = append(c.report.LeftOut, l...)
	}
	if commitErr := c.finish(ctx, err); err == nil {
		err = commitErr
	}
	return c.report, err
}

// copier is one copy.
type copier struct {
	r       *Repository
	to      Target
	o       CopyOptions
	slots   chan struct{} // held by batches in flight
	flights flights

	mu       sync.Mutex // guards report and progress
	report   *CopyReport
	progress CopyProgress

	group group
}

// tell changes report and progress together and tells who listens.
func (c *copier) tell(change func(r *CopyReport, p *CopyProgress)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(c.report, &c.progress)
	c.progress.Asked, c.progress.Sent, c.progress.Bytes = c.report.Asked, c.report.Sent, c.report.Bytes
	if c.o.Progress != nil {
		c.o.Progress(c.progress)
	}
}

// backup copies the points of one backup, oldest first.
func (c *copier) backup(ctx context.Context, b *copyBackup) ([]LeftOut, error) {
	var left []LeftOut
	var had copySet // what the target has of the point that was gone through last
	last := -1
	for i := range b.points {
		p := &b.points[i]
		if !p.todo {
			continue
		}
		if last < 0 || b.base(i, c.o.Thorough) > last {
			var err error
			if had, err = c.trust(ctx, b, i); err != nil {
				return left, err
			}
		}
		w, err := c.point(ctx, p, had)
		if err != nil {
			return left, err
		}
		if w.damaged > 0 {
			l, err := c.leave(p, w)
			if err != nil {
				return left, err
			}
			left = append(left, l)
		} else if err := c.arrived(ctx, p, w.data); err != nil {
			return left, err
		}
		if last = i; w.root != nil && i+1 < len(b.points) {
			if had, err = c.whole(ctx, w.root, w.bad); err != nil {
				return left, err
			}
		}
	}
	return left, nil
}

// leave leaves a point out.
func (c *copier) leave(p *copyPoint, w *copyWalk) (LeftOut, error) {
	l := LeftOut{Point: p.info, Damage: w.damage, Damaged: w.damaged}
	id, err := parsePointID(p.info.ID)
	if err != nil {
		return l, err
	}
	rec, err := c.r.index.Point(id)
	if err != nil {
		return l, err
	}
	if rec == nil { // and its space may have been reclaimed
		l.Damage, l.Damaged = nil, 0
	}
	c.tell(func(_ *CopyReport, pr *CopyProgress) { pr.Points++; pr.LeftOut++ })
	return l, nil
}

// group is points that have arrived whole and wait to be committed together.
type group struct {
	mu     sync.Mutex
	roots  [][]byte
	copied int64
	from   int64 // bytes sent when the last was committed
}

// arrived takes a point all of whose blobs the target has.
func (c *copier) arrived(ctx context.Context, p *copyPoint, root []byte) error {
	c.group.mu.Lock()
	defer c.group.mu.Unlock()
	var sent int64
	c.tell(func(r *CopyReport, pr *CopyProgress) {
		pr.Points++
		if sent = r.Bytes; p.presence == Present {
			r.Present++
			pr.Present++
		}
	})
	if p.presence != Present {
		p.presence = Present
		c.group.roots = append(c.group.roots, root)
		c.group.copied++
	}
	if len(c.group.roots) < groupPoints && sent-c.group.from < groupBytes {
		return nil
	}
	c.group.from = sent
	return c.commit(ctx)
}

// commit commits the group. The caller holds its lock.
func (c *copier) commit(ctx context.Context) error {
	if err := c.to.Commit(ctx, c.group.roots); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.report.Copied += c.group.copied
	c.group.roots, c.group.copied = nil, 0
	return nil
}

// finish commits what is left, also after a stop: it has arrived.
func (c *copier) finish(ctx context.Context, err error) error {
	switch fault.KindOf(err) {
	case fault.Canceled, fault.Timeout:
		ctx = context.WithoutCancel(ctx)
	default:
		if err != nil {
			return nil // the target or the source has failed
		}
	}
	c.group.mu.Lock()
	defer c.group.mu.Unlock()
	return c.commit(ctx)
}
