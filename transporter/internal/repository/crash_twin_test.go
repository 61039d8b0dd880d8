package repository

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk/disktest"
	"holdfast/transporter/internal/repository/pack"
)

// twin is a second repository on a disk of its own, which a life copies its points to. Both are in one process: the death of one
// is that of the other.
type twin struct {
	opts    Options
	rnd     *rand.Rand
	created bool
	d       *disktest.Disk                // of the copy that was begun last
	known   map[record.PointID]worldPoint // all points that the source ever had
	have    map[record.PointID]bool       // those that were acknowledged
}

// crashDid counts what lives did that not each of them does.
var crashDid struct{ copies, twinDeaths, repairs, spoiled atomic.Int64 }

func newTwin(seed uint64, path string) *twin {
	t := &twin{
		opts: Options{Path: path + "-twin", Name: "twin", Level: Level(seed % 4), PackSize: 24 << 10, smallest: 1, Cost: cheap},
		rnd:  rand.New(rand.NewPCG(seed, 20)), known: map[record.PointID]worldPoint{}, have: map[record.PointID]bool{},
	}
	if seed%3 == 0 {
		t.opts.Secret.Passphrase = "another horse"
	}
	return t
}

// copy copies all points to the twin. Where the life is to die, the process may end at any operation on the twin's disk.
func (l *life) copy(ctx context.Context) error {
	t := l.twin
	if err := os.MkdirAll(t.opts.Path, 0o700); err != nil {
		return err
	}
	left := -1
	if l.mortal && t.rnd.IntN(3) == 0 {
		left = t.rnd.IntN(1 << (2 + t.rnd.IntN(6)))
	}
	source := l.disk
	var err error
	t.d, err = disktest.New(disktest.Options{Root: t.opts.Path, Rand: t.rnd, Left: left, Index: indexFile, Lock: lockFile, Fault: func(disktest.Op) error {
		if source != nil && source.Dead() {
			return disktest.ErrKilled
		}
		return nil
	}})
	if err != nil {
		return err
	}
	points := map[record.PointID]bool{}
	for _, b := range l.backups {
		for _, p := range b.w.points {
			t.known[p.id], points[p.id] = p, true
		}
	}
	o := t.opts
	o.FS, o.hook = t.d, t.d.Hook
	r, err := t.open(ctx, o, Open)
	if !t.created && fault.KindOf(err) == fault.NotFound {
		r, err = Create(ctx, o)
	}
	if err != nil {
		return fmt.Errorf("open the twin: %w", err)
	}
	t.created = true
	if err := t.take(ctx, l.r, r); err != nil {
		r.drop()
		return fmt.Errorf("copy: %w", err)
	}
	for id := range points {
		t.have[id] = true
	}
	crashDid.copies.Add(1)
	return r.Close()
}

func (t *twin) dead() bool { return t.d != nil && t.d.Dead() }

func (t *twin) open(ctx context.Context, o Options, open func(context.Context, Options) (*Repository, error)) (*Repository, error) {
	r, err := open(ctx, o)
	t.created = t.created || err == nil // the answer may have been lost
	return r, err
}

func (t *twin) take(ctx context.Context, from, to *Repository) error {
	s, err := to.BeginCopy()
	if err != nil {
		return err
	}
	report, err := from.Copy(ctx, s, CopyOptions{Thorough: t.rnd.IntN(4) == 0})
	if err == nil && len(report.LeftOut) > 0 {
		err = fmt.Errorf("points were left out: %+v", report.LeftOut)
	}
	return errors.Join(err, s.Close())
}

// check makes sure that the twin has every point whose copy was acknowledged, and none by halves.
func (t *twin) check(ctx context.Context, cut bool) error {
	if t.d == nil {
		return nil
	}
	if t.dead() {
		crashDid.twinDeaths.Add(1)
	}
	if cut {
		if err := t.d.Cut(); err != nil {
			return err
		}
	}
	t.d = nil
	for _, open := range []func(context.Context, Options) (*Repository, error){Open, Rebuild} {
		r, err := t.open(ctx, t.opts, open)
		if !t.created && fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return fmt.Errorf("open the twin: %w", err)
		}
		err = t.checkOpen(ctx, r, cut)
		if err = errors.Join(err, r.Close()); err != nil {
			return fmt.Errorf("the twin: %w", err)
		}
	}
	return nil
}

func (t *twin) checkOpen(ctx context.Context, r *Repository, cut bool) error {
	points, err := r.points(ctx, nil)
	if err != nil {
		return err
	}
	there := map[record.PointID]bool{}
	for _, p := range points {
		there[p.ID] = true
		want, ok := t.known[p.ID]
		if !ok {
			return fmt.Errorf("point %s of %s was never copied", p.ID, p.Run)
		}
		if err := observePoint(ctx, r, &want); err != nil {
			return fmt.Errorf("point %s of %s: %w", p.ID, p.Run, err)
		}
	}
	for id := range t.have {
		if !there[id] {
			return fmt.Errorf("point %s is not there, and its copy was acknowledged", id)
		}
	}
	return observeDisk(ctx, r, cut)
}

// spoil damages what no blob needs: the footer of a sealed pack. Whatever is done then, nothing is lost, and a repair keeps all.
func (l *life) spoil() error {
	files, err := filepath.Glob(filepath.Join(l.opts.Path, packsFolder, "*"+pack.Sealed))
	if err != nil || len(files) == 0 {
		return err
	}
	path := files[l.rnd.IntN(len(files))]
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[len(data)-1-l.rnd.IntN(64)] ^= 1 << l.rnd.IntN(8)
	l.spoiled = true
	crashDid.spoiled.Add(1)
	return os.WriteFile(path, data, 0o600)
}

// repair repairs; nothing may be lost by that, nor be found to be lost.
func (l *life) repair(ctx context.Context, r *Repository, o RepairOptions) error {
	done, err := r.Repair(ctx, o, nil)
	if err != nil {
		return fmt.Errorf("repair: %w", err)
	}
	for _, d := range done.Left.Damage {
		if len(d.Touches) > 0 || strings.HasSuffix(d.Path, journalEnding) {
			return fmt.Errorf("after a repair there is damage: %+v", d)
		}
	}
	if done.Lost > 0 {
		return fmt.Errorf("a repair finds %d blobs lost: %+v", done.Lost, done.Files)
	}
	if !o.DryRun {
		l.spoiled = false
		crashDid.repairs.Add(1)
	}
	return nil
}
