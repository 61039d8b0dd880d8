package repository

import (
	"context"
	"runtime"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

// marker walks points and marks every blob that they need. What is marked already is not walked again.
type marker struct {
	r    *Repository
	seen *blob.Marks
	read atomic.Int64 // plain bytes of pages and nodes
	// pass goes on where part of a point cannot be read, and counts those.
	pass   bool
	passed atomic.Int64

	pages  chan []tree.Ref
	hashes []record.Hash // scratch
}

// backup marks everything of one backup, and reports whether its journal was gone.
func (m *marker) backup(ctx context.Context, b *backupRoots) (gone bool, err error) {
	g, gctx := errgroup.WithContext(ctx)
	m.pages = make(chan []tree.Ref)
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() error { return m.work(gctx) })
	}
	err = func() error {
		defer close(m.pages)
		for _, p := range b.points {
			if err := m.point(gctx, p); err != nil {
				return err
			}
		}
		if b.journal {
			gone, err = m.journal(gctx, b.stem)
		}
		return err
	}()
	// A worker that failed is why the walk was cut short.
	if workErr := g.Wait(); workErr != nil {
		err = workErr
	}
	return gone, err
}

// point marks a point with all that it names.
func (m *marker) point(ctx context.Context, id index.Point) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !m.r.blobs.Claim(record.Hash(id), m.seen) {
		return nil
	}
	ro, err := m.r.loadRoot(id)
	if err != nil {
		return m.damaged(err)
	}
	if err := m.damaged(ro.damage); err != nil { // of folders that are left out
		return err
	}
	m.list(ro.pb.GetFolders())
	m.list(ro.pb.GetLosses())
	m.list(ro.pb.GetPending())
	for i := range ro.folders {
		f := &ro.folders[i]
		m.list(f.named)
		if f.tree == nil {
			continue
		}
		if err := m.tree(ctx, *f.tree); err != nil {
			return err
		}
	}
	return nil
}

// damaged passes over a part of a point that cannot be read, where that is wanted.
func (m *marker) damaged(err error) error {
	if err == nil || fault.KindOf(err) != fault.Corrupt {
		return err
	}
	m.passed.Add(1)
	if m.pass {
		return nil
	}
	return fault.New(fault.Corrupt, "%w; nobody can tell what that part of a recovery point needs, so no space is reclaimed: run the backup of the mailbox, which brings back what is still there, put back the damaged file from a copy of the repository, delete the points that verify names, or reclaim despite damage", err)
}

func (m *marker) list(l *pb.List) {
	for _, p := range l.GetParts() {
		if len(p) == len(record.Hash{}) {
			m.r.blobs.Claim(record.Hash(p), m.seen)
		}
	}
}

// tree marks the nodes of a tree and hands its pages to the workers.
func (m *marker) tree(ctx context.Context, r tree.Ref) error {
	if !m.r.blobs.Claim(r.Hash, m.seen) {
		return nil
	}
	if r.Level == 0 {
		return m.hand(ctx, []tree.Ref{r})
	}
	children, err := tree.Children(&bareStore{blobs: m.r.blobs, read: &m.read}, r)
	if err != nil {
		return m.damaged(err)
	}
	if r.Level > 1 {
		for i := range children {
			if err := m.tree(ctx, children[i]); err != nil {
				return err
			}
		}
		return nil
	}
	fresh := children[:0]
	for i := range children {
		if m.r.blobs.Claim(children[i].Hash, m.seen) {
			fresh = append(fresh, children[i])
		}
	}
	for len(fresh) > 0 {
		n := min(len(fresh), 32)
		if err := m.hand(ctx, fresh[:n]); err != nil {
			return err
		}
		fresh = fresh[n:]
	}
	return nil
}

func (m *marker) hand(ctx context.Context, pages []tree.Ref) error {
	select {
	case m.pages <- pages:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// work marks what the records of pages name.
func (m *marker) work(ctx context.Context) error {
	store := &bareStore{blobs: m.r.blobs, read: &m.read}
	var hashes []record.Hash
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case pages, ok := <-m.pages:
			if !ok {
				return nil
			}
			for i := range pages {
				hashes = hashes[:0]
				err := tree.Page(store, pages[i], func(e *tree.Entry) error {
					return message.Pieces(e.Record, func(h record.Hash) { hashes = append(hashes, h) })
				})
				m.r.blobs.Mark(hashes, m.seen) // of a page that is damaged at its end too
				if err := m.damaged(err); err != nil {
					return err
				}
			}
		}
	}
}

// bareStore reads trees past the cache: a walk over everything would only empty it. What Load returns is valid until the
// next call.
type bareStore struct {
	blobs *blob.Store
	read  *atomic.Int64
	buf   []byte
}

// Load implements tree.Store.
func (s *bareStore) Load(hash record.Hash) ([]byte, error) {
	data, err := s.blobs.Get(hash, s.buf)
	if err == nil {
		s.buf = data
		s.read.Add(int64(len(data)))
	}
	return data, err
}

// Save implements tree.Store.
func (s *bareStore) Save(pack.Type, record.Hash, []byte) error {
	return fault.New(fault.Unsupported, "a walk saves nothing")
}
