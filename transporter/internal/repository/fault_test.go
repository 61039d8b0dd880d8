package repository

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk/disktest"
)

var (
	faults    = flag.Int("repository.faults", 5, "how many lives meet each kind of fault")
	faultSeed = flag.Uint64("repository.fault", 0, "replay the life with a fault of this seed")
)

// trouble is a cause that keeps a disk from working, for as long as it lasts.
type trouble struct {
	name   string
	answer error
	hits   []disktest.Kind
	kinds  []fault.Kind // of the errors that it may lead to
	remedy string       // a part of the sentence
}

var changing = []disktest.Kind{
	disktest.Create, disktest.Write, disktest.Truncate, disktest.Sync, disktest.Rename, disktest.Remove, disktest.Mkdir,
	disktest.SyncDir, disktest.Index,
}

func troubles() []trouble {
	return []trouble{
		{"full", errFull, []disktest.Kind{disktest.Create, disktest.Write, disktest.Sync, disktest.Mkdir, disktest.Index}, []fault.Kind{fault.Exhausted}, "free space"},
		{"writes fail", syscall.EIO, changing, []fault.Kind{fault.Unavailable}, "check the disk"},
		{"syncs fail", syscall.EIO, []disktest.Kind{disktest.Sync, disktest.SyncDir}, []fault.Kind{fault.Unavailable}, "check the disk"},
		{"reads fail", syscall.EIO, []disktest.Kind{disktest.Read, disktest.Open, disktest.List}, []fault.Kind{fault.Unavailable}, "check the disk"},
		{"read-only", syscall.EROFS, changing, []fault.Kind{fault.Denied}, "mount it for writing"},
		{
			"folder gone", os.ErrNotExist,
			[]disktest.Kind{disktest.Create, disktest.Rename, disktest.Remove, disktest.Mkdir, disktest.SyncDir, disktest.Open, disktest.List},
			[]fault.Kind{fault.NotFound, fault.Unavailable},
			"check",
		},
	}
}

// TestAFaultOfTheDiskStopsCleanly lets operations of a life fail from one on, until the cause is gone: the error names path,
// cause and remedy, nothing that was acknowledged is harmed, not even if the power fails afterwards, and it goes on.
func TestAFaultOfTheDiskStopsCleanly(t *testing.T) {
	for _, tr := range troubles() {
		t.Run(tr.name, func(t *testing.T) {
			n, first := *faults, rand.Uint64()
			seed := func(i int) uint64 { return first + uint64(i) }
			if *faultSeed != 0 {
				n, seed = *crashTries, func(int) uint64 { return *faultSeed }
			}
			var met atomic.Int64
			crashAll(t, n, func(ctx context.Context, i int) error {
				dir := crashRoot(t)
				s := &suffering{trouble: tr, seed: seed(i), met: &met, path: filepath.Join(dir, "repo")}
				if err := s.run(ctx); err != nil {
					return fmt.Errorf("%w\nreplay with -repository.fault=%d", err, s.seed)
				}
				return os.RemoveAll(dir)
			})
			if met.Load() == 0 {
				t.Error("no life met the fault")
			}
		})
	}
}

// suffering is a life that meets trouble.
type suffering struct {
	trouble
	seed uint64
	path string
	met  *atomic.Int64

	l    *life
	d    *disktest.Disk
	rnd  *rand.Rand
	from int
	on   atomic.Bool
	why  error // that the fault made
}

func (s *suffering) fail(op disktest.Op) error {
	if s.on.Load() && op.N >= s.from && slices.Contains(s.hits, op.Kind) {
		return s.answer
	}
	return nil
}

func (s *suffering) run(ctx context.Context) error {
	if err := os.MkdirAll(s.path, 0o700); err != nil {
		return err
	}
	s.rnd = rand.New(rand.NewPCG(s.seed, 6))
	s.l = newLife(s.seed, s.path)
	s.from = s.rnd.IntN(1 << (4 + s.rnd.IntN(6)))
	s.on.Store(true)
	if err := s.put(); err != nil {
		return err
	}
	err := s.l.play(ctx, 100, false)
	if err == nil {
		return s.l.check(ctx, false)
	}
	s.met.Add(1)
	s.why = err
	if err := s.sentence(err); err != nil {
		return s.told(err)
	}
	if strings.HasPrefix(err.Error(), "seal: ") || strings.HasPrefix(err.Error(), "delete ") {
		// A root or a tombstone that reached the disk counts when the repository is opened again, not before.
		s.l.drop()
	}
	if err := s.goOn(ctx); err != nil {
		return s.told(err)
	}
	return nil
}

// put puts the disk under the life.
func (s *suffering) put() error {
	var err error
	s.d, err = disktest.New(disktest.Options{Root: s.path, Rand: s.rnd, Left: -1, Index: indexFile, Lock: lockFile, Fault: s.fail})
	if err == nil {
		s.l.on(s.d)
	}
	return err
}

func (s *suffering) told(err error) error {
	return fmt.Errorf("seed %d, %s from operation %d on: %w\nthe last operations:\n%s", s.seed, s.name, s.from, err, s.d.Trace())
}

// sentence makes sure that an error tells a person where, why and what to do.
func (s *suffering) sentence(err error) error {
	if !slices.Contains(s.kinds, fault.KindOf(err)) {
		return fmt.Errorf("the error is %q: %w", fault.KindOf(err).Error(), err)
	}
	if !strings.Contains(err.Error(), s.path) || !strings.Contains(err.Error(), s.remedy) {
		return fmt.Errorf("the error does not name the path %s and the remedy %q: %w", s.path, s.remedy, err)
	}
	return nil
}

// goOn takes the cause away and lives on, in the same process where the repository is still open; at the end the power may
// fail, so that what a failed sync lost must not have been relied on.
func (s *suffering) goOn(ctx context.Context) error {
	s.on.Store(false)
	l := s.l
	for _, b := range l.backups {
		if b.s != nil {
			_ = b.s.Close() // its journal may have failed
			b.s, b.w.session = nil, false
		}
	}
	if l.r != nil && (l.r.usable() != nil || l.secret != nil || l.emptied) {
		l.drop()
	}
	if l.r == nil {
		if err := s.reopen(ctx); err != nil {
			return err
		}
	} else if err := l.settle(ctx, l.r); err != nil {
		return fmt.Errorf("in the same process, after %w: %w", s.why, err)
	}
	if err := l.play(ctx, 30, false); err != nil {
		return fmt.Errorf("afterwards, after %w: %w", s.why, err)
	}
	if s.rnd.IntN(2) == 0 {
		return l.check(ctx, true)
	}
	l.on(s.d)
	if err := l.open(ctx); err != nil {
		return fmt.Errorf("opened again: %w", err)
	}
	for range 20 {
		if err := l.backups[l.rnd.IntN(len(l.backups))].step(ctx); err != nil {
			return fmt.Errorf("afterwards, after %w: %w", s.why, err)
		}
	}
	l.drop()
	if err := s.d.Cut(); err != nil {
		return err
	}
	return l.check(ctx, true)
}

// reopen opens the repository after the fault, or makes it if that was what failed.
func (s *suffering) reopen(ctx context.Context) error {
	l := s.l
	if !l.created { // a creation that fails removes what it made past the disk, which is to know
		if err := s.put(); err != nil {
			return err
		}
	}
	if err := l.open(ctx); err != nil {
		return fmt.Errorf("opened again: %w", err)
	}
	return l.settle(ctx, l.r)
}
