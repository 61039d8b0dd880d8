package repository

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/transporter/internal/repository/disk/disktest"
)

var (
	crashSeed  = flag.Uint64("repository.seed", 0, "replay the schedule of this seed")
	crashTries = flag.Int("repository.tries", 20, "how often a schedule is replayed: names of packs and the order of maps are not of the seed")
	crashes    = flag.Int("repository.crashes", 20, "how many random schedules of each kind are tried")
	crashEvery = flag.Int("repository.every", 25, "of the fixed script, the process is killed at every n-th operation")
)

// crashKind is what happens to the process.
type crashKind struct {
	name     string
	cut      bool // the power goes too
	noIndex  bool // and the index with it
	together bool // backups run at the same time
}

var crashKinds = []crashKind{
	{name: "killed"},
	{name: "power cut", cut: true},
	{name: "power cut and index lost", cut: true, noIndex: true},
	{name: "killed in company", together: true},
	{name: "power cut in company", cut: true, together: true},
}

// TestACrashAtAnyMomentLosesNothing plays random lives, ends each at a random operation on a file or the index, and looks at
// what is left; then life goes on from there to the next crash.
func TestACrashAtAnyMomentLosesNothing(t *testing.T) {
	for _, kind := range crashKinds {
		t.Run(kind.name, func(t *testing.T) {
			first, n := rand.Uint64(), *crashes
			seed := func(i int) uint64 { return first + uint64(i) }
			if *crashSeed != 0 {
				n = *crashTries
				seed = func(int) uint64 { return *crashSeed }
			}
			crashAll(t, n, func(ctx context.Context, i int) error {
				return crashSchedule(ctx, kind, seed(i), crashRoot(t))
			})
		})
	}
	did := &crashDid
	t.Logf("%d copies, %d of which ended in the other repository, %d repairs, %d footers damaged", did.copies.Load(), did.twinDeaths.Load(), did.repairs.Load(), did.spoiled.Load())
}

// TestACrashAtEveryOperationLosesNothing ends one life at each of its operations.
func TestACrashAtEveryOperationLosesNothing(t *testing.T) {
	const seed, steps = 4, 60
	total, err := crashLength(t, seed, steps)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range crashKinds[:3] {
		t.Run(kind.name, func(t *testing.T) {
			every := max(1, *crashEvery)
			offset := rand.IntN(every)
			crashAll(t, (total-offset+every-1)/every, func(ctx context.Context, i int) error {
				at := offset + i*every
				c := &crash{kind: kind, seed: seed, path: filepath.Join(crashRoot(t), "repo")}
				c.rnd = rand.New(rand.NewPCG(seed, uint64(at)))
				return c.run(ctx, newLife(seed, c.path), at, steps)
			})
		})
	}
}

// crashLength counts the operations of a life that nothing ends.
func crashLength(t *testing.T, seed uint64, steps int) (int, error) {
	path := filepath.Join(disktest.Dir(t), "repo")
	if err := os.Mkdir(path, 0o700); err != nil {
		return 0, err
	}
	d, err := disktest.New(disktest.Options{Root: path, Rand: rand.New(rand.NewPCG(1, 1)), Left: -1, Index: indexFile, Lock: lockFile})
	if err != nil {
		return 0, err
	}
	l := newLife(seed, path)
	l.on(d)
	err = errors.Join(l.play(t.Context(), steps, false), l.check(t.Context(), false))
	return d.Count(), err
}

var (
	crashRootOnce sync.Mutex
	crashRoots    = map[*testing.T]string{}
	crashCount    atomic.Int64
)

// crashRoot returns a folder of its own for one schedule.
func crashRoot(t *testing.T) string {
	crashRootOnce.Lock()
	defer crashRootOnce.Unlock()
	if crashRoots[t] == "" {
		crashRoots[t] = disktest.Dir(t)
	}
	return filepath.Join(crashRoots[t], fmt.Sprint(crashCount.Add(1)))
}

// crashAll runs n schedules on all cores and tells how far it is.
func crashAll(t *testing.T, n int, schedule func(ctx context.Context, i int) error) {
	g, ctx := errgroup.WithContext(t.Context())
	g.SetLimit(runtime.GOMAXPROCS(0))
	begun := time.Now()
	var done atomic.Int64
	for i := range n {
		g.Go(func() error {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // another schedule has failed, and says so
			}
			if err := schedule(ctx, i); err != nil {
				return err
			}
			if d := done.Add(1); d%1000 == 0 || d == int64(n) {
				t.Logf("%d of %d schedules, %.0f a second", d, n, float64(d)/time.Since(begun).Seconds())
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
}

// crash is one schedule.
type crash struct {
	kind crashKind
	seed uint64
	path string
	rnd  *rand.Rand
}

// crashSchedule plays a life through up to three crashes.
func crashSchedule(ctx context.Context, kind crashKind, seed uint64, dir string) error {
	c := &crash{kind: kind, seed: seed, path: filepath.Join(dir, "repo"), rnd: rand.New(rand.NewPCG(seed, 3))}
	l := newLife(seed, c.path)
	for range 1 + c.rnd.IntN(3) {
		// Most ends come late enough for points, some in the middle of the creation.
		left := c.rnd.IntN(1 << (3 + c.rnd.IntN(7)))
		l.mortal = true
		if c.rnd.IntN(2) == 0 {
			if err := l.spoil(); err != nil {
				return err
			}
		}
		if err := c.run(ctx, l, left, 120); err != nil {
			return fmt.Errorf("%w\nreplay: go test -count=1 -run 'TestACrashAtAnyMomentLosesNothing/%s$' ./transporter/internal/repository -args -repository.seed=%d", err, kind.name, seed)
		}
	}
	return os.RemoveAll(dir)
}

// run plays until the disk's last operation and checks what is left.
func (c *crash) run(ctx context.Context, l *life, left, steps int) error {
	if err := os.MkdirAll(c.path, 0o700); err != nil {
		return err
	}
	d, err := disktest.New(disktest.Options{Root: c.path, Rand: c.rnd, Left: left, Index: indexFile, Lock: lockFile})
	if err != nil {
		return err
	}
	l.on(d)
	err = l.play(ctx, steps, c.kind.together)
	l.drop()
	if err == nil || errors.Is(err, disktest.ErrKilled) || d.Dead() || l.twin.dead() {
		err = c.look(ctx, l, d)
	}
	if err == nil {
		return nil
	}
	kept, keepErr := keepFolder(c.path)
	if keepErr != nil {
		kept = keepErr.Error()
	}
	return fmt.Errorf("seed %d, %s, killed at operation %d: %w\nthe last operations:\n%s\nthe folder as it was left: %s", c.seed, c.kind.name, left, err, d.Trace(), kept)
}

func (c *crash) look(ctx context.Context, l *life, d *disktest.Disk) error {
	if c.kind.cut {
		if err := d.Cut(); err != nil {
			return err
		}
	}
	if l.noIndex = c.kind.noIndex; l.noIndex {
		if err := os.RemoveAll(filepath.Join(c.path, indexFile)); err != nil {
			return err
		}
	}
	return l.check(ctx, c.kind.cut)
}

// keepFolder copies a folder to where it outlives the test.
func keepFolder(path string) (string, error) {
	to, err := os.MkdirTemp("", "holdfast-crash-")
	if err == nil {
		err = os.CopyFS(filepath.Join(to, "repo"), os.DirFS(path))
	}
	return to, err
}
