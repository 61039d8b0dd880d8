package repository

import (
	"context"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// CopySession takes in points that are copied from another repository. It is a Target. Several may be open at a time, beside
// sessions of backups: a copied point brings its own state with it, and does not touch what sessions build on.
type CopySession struct {
	r *Repository

	// mu is held for writing by Commit and Close.
	mu     sync.RWMutex
	losses uint64 // of the store, when all that this session put was durable last
	ended  bool

	keptMu sync.Mutex
	kept   map[index.Backup][]index.Point // relied on by the copy; deleted ones too

	hold  *index.Hold   // on what Have and Put find
	roots []index.Point // about to be shown; under the repository's lock

	keeping func() // stops Keep in tests
}

var _ Target = (*CopySession)(nil)

// BeginCopy starts taking in points.
func (r *Repository) BeginCopy() (*CopySession, error) {
	if err := r.changeable("copy recovery points to it"); err != nil {
		return nil, err
	}
	s := &CopySession{r: r, kept: map[index.Backup][]index.Point{}, hold: r.blobs.Hold()}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		s.hold.Release()
		return nil, fault.New(fault.Unavailable, "repository %q is closed", r.Name())
	}
	s.losses, _ = r.blobs.Losses()
	r.copies[s] = true
	return s, nil
}

func (s *CopySession) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.ended {
		return fault.New(fault.Conflict, "the copy to repository %q has ended; begin another", s.r.Name())
	}
	return nil
}

// Points implements Target.
func (s *CopySession) Points(ctx context.Context, ids []record.PointID) ([]Presence, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	out := make([]Presence, len(ids))
	for i, id := range ids {
		p, err := parsePointID(id)
		if err != nil {
			return nil, err
		}
		if out[i], err = s.point(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *CopySession) point(p index.Point) (Presence, error) {
	rec, err := s.r.index.Point(p)
	if err != nil {
		return Absent, err
	}
	if rec != nil {
		return Present, nil
	}
	buried, err := s.r.index.Buried(p)
	if err != nil {
		return Absent, err
	}
	if buried {
		return Deleted, nil
	}
	return Absent, nil
}

// Keep implements Target.
func (s *CopySession) Keep(ctx context.Context, id record.PointID) (bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return false, err
	}
	p, err := parsePointID(id)
	if err != nil {
		return false, err
	}
	if s.keeping != nil {
		s.keeping()
	}
	// One step for whoever asks for the roots: a point that is deleted, and whose blobs may be gone, must never be among them.
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	rec, err := s.r.index.Point(p)
	if rec == nil || err != nil {
		return false, err
	}
	s.keep(rec.Backup, p)
	return true, nil
}

func (s *CopySession) keep(b index.Backup, p index.Point) {
	s.keptMu.Lock()
	defer s.keptMu.Unlock()
	// Earlier ones stay too: points that wait for their commit may rely on them.
	if !slices.Contains(s.kept[b], p) {
		s.kept[b] = append(s.kept[b], p)
	}
}

// keeps returns the points that the copy relies on.
func (s *CopySession) keeps() map[index.Backup][]index.Point {
	s.keptMu.Lock()
	defer s.keptMu.Unlock()
	out := make(map[index.Backup][]index.Point, len(s.kept))
	for b, points := range s.kept {
		out[b] = slices.Clone(points)
	}
	return out
}

// Have implements Target.
func (s *CopySession) Have(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	return s.r.blobs.Have(ctx, hashes)
}

// Put implements Target.
func (s *CopySession) Put(ctx context.Context, typ BlobType, hash record.Hash, data []byte) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	kind := pack.Trees
	switch typ {
	case pack.Piece:
		kind = pack.Content
	case pack.Page, pack.Node, pack.List, pack.Root:
	default:
		return fault.New(fault.Invalid, "a blob of type %d is not part of a recovery point; this Transporter may be older than the other", typ)
	}
	_, err := s.r.blobs.Put(kind, typ, hash, data)
	return err
}

// Commit implements Target. All points of one call appear at once.
func (s *CopySession) Commit(ctx context.Context, roots [][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	records := make([]index.PointRecord, len(roots))
	ids := make([]record.Hash, len(roots))
	for i, data := range roots {
		var root pb.Root
		if err := proto.Unmarshal(data, &root); err != nil {
			return fault.New(fault.Invalid, "what was sent is no recovery point: %w", err)
		}
		ids[i] = record.Sum(data)
		var err error
		if records[i], err = s.r.pointRecord(index.Point(ids[i]), &root); err != nil {
			return err
		}
	}
	if err := s.sync("blobs of recovery points"); err != nil || len(roots) == 0 {
		return err
	}
	s.r.mu.Lock()
	for _, id := range ids {
		s.roots = append(s.roots, index.Point(id)) // until they are shown they are no leftovers
	}
	s.r.mu.Unlock()
	for i, data := range roots {
		if err := s.r.blobs.PutAnew(pack.Trees, pack.Root, ids[i], data); err != nil {
			return err
		}
	}
	if err := s.sync("recovery points"); err != nil {
		return err
	}
	for i := range records {
		s.keep(records[i].Backup, records[i].Point)
	}
	return s.r.index.Change("copy points", func(c index.Change) error {
		for i := range records {
			if err := c.PutPoint(records[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// sync makes durable what was put. The caller holds mu for writing.
func (s *CopySession) sync(what string) error {
	if err := s.r.blobs.Sync(); err != nil {
		return err
	}
	losses, why := s.r.blobs.Losses()
	if losses != s.losses {
		s.losses = losses
		return fault.New(fault.KindOf(why), "%s that were sent are lost (%w); copy again", what, why)
	}
	return nil
}

// Close implements Target. Closing again does nothing.
func (s *CopySession) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil
	}
	s.ended = true
	s.r.mu.Lock()
	delete(s.r.copies, s)
	s.r.mu.Unlock()
	s.hold.Release()
	// What arrived for the next copy is worth being durable; that it is not asked for again is all that hangs on it.
	return s.r.blobs.Sync()
}
