package repository

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/transporter/internal/repository/disk/disktest"
	"holdfast/transporter/internal/repository/pack"
)

// TestARepairThatEndsAtAnyOperationLosesNothing damages a sample without any loss, and ends its repair at each of its operations.
func TestARepairThatEndsAtAnyOperationLosesNothing(t *testing.T) {
	damages := map[string]struct {
		do       func(s *specimen)
		readable bool // also before a repair is done
	}{
		"footers":   {do: spoilFooters, readable: true},
		"set aside": {do: func(s *specimen) { spoilFooters(s); s.rename(pack.Sealed + pack.Damaged) }},
		"astray":    {do: func(s *specimen) { spoilFooters(s); s.rename("0" + pack.Sealed) }},
	}
	for name, damage := range damages {
		for _, closed := range []bool{false, true} {
			s := makeSpecimen(t, false, closed)
			damage.do(s)
			for _, o := range []RepairOptions{{}, {RemoveDamaged: true}} {
				t.Run(fmt.Sprintf("%s,closed=%v,remove=%v", name, closed, o.RemoveDamaged), func(t *testing.T) {
					e := &endedRepair{s: s, o: o, readable: damage.readable, seed: rand.Uint64()}
					first, last, err := e.count(t.Context(), filepath.Join(disktest.Dir(t), "repo"))
					if err != nil {
						t.Fatal(err)
					}
					t.Logf("operations %d to %d, seed %d", first, last, e.seed)
					crashAll(t, 2*(last-first+1), func(ctx context.Context, i int) error {
						at, cut := first+i/2, i%2 == 1
						if err := e.end(ctx, filepath.Join(crashRoot(t), "repo"), at, cut); err != nil {
							return fmt.Errorf("ended at operation %d, power cut %v: %w", at, cut, err)
						}
						return nil
					})
				})
			}
		}
	}
}

// spoilFooters damages the footers of all sealed packs.
func spoilFooters(s *specimen) {
	for name, b := range s.files {
		if strings.HasSuffix(name, pack.Sealed) {
			b[len(b)-1] ^= 1
		}
	}
}

// rename gives one sealed pack another ending, where a digit before it takes the place of the last one of the name.
func (s *specimen) rename(ending string) {
	name := s.names()[slices.IndexFunc(s.names(), func(name string) bool { return strings.HasSuffix(name, pack.Sealed) })]
	stem := strings.TrimSuffix(name, pack.Sealed)
	if digit, ok := strings.CutSuffix(ending, pack.Sealed); ok {
		if strings.HasSuffix(stem, digit) {
			ending = "1" + pack.Sealed
		}
		stem = stem[:len(stem)-1]
	}
	s.files[stem+ending] = s.files[name]
	delete(s.files, name)
}

// endedRepair ends repairs of a damaged sample.
type endedRepair struct {
	s        *specimen
	o        RepairOptions
	readable bool
	seed     uint64
}

// begin lays the sample on a disk with so many operations left, opens it and repairs it. It returns the operations before.
func (e *endedRepair) begin(ctx context.Context, dir string, left int) (d *disktest.Disk, before int, err error) {
	if err := e.s.lay(dir); err != nil {
		return nil, 0, err
	}
	d, err = disktest.New(disktest.Options{Root: dir, Rand: rand.New(rand.NewPCG(e.seed, uint64(left))), Left: left, Index: indexFile, Lock: lockFile})
	if err != nil {
		return nil, 0, err
	}
	o := e.s.opts
	o.Path, o.FS, o.hook = dir, d, d.Hook
	r, err := Open(ctx, o)
	if err != nil {
		return d, 0, err
	}
	before = d.Count()
	_, err = r.Repair(ctx, e.o, nil)
	r.drop()
	return d, before, err
}

// count returns the numbers of the first and the last operation of a repair that nothing ends.
func (e *endedRepair) count(ctx context.Context, dir string) (first, last int, err error) {
	d, before, err := e.begin(ctx, dir, -1)
	if err != nil {
		return 0, 0, err
	}
	if d.Count() == before {
		return 0, 0, errors.New("the repair did nothing")
	}
	return before, d.Count(), e.mended(ctx, dir)
}

// end ends a repair, and looks at what is left, and again when another has followed.
func (e *endedRepair) end(ctx context.Context, dir string, left int, cut bool) error {
	d, _, err := e.begin(ctx, dir, left)
	if err != nil && !d.Dead() {
		return err
	}
	if cut {
		if err := d.Cut(); err != nil {
			return err
		}
	}
	if e.readable {
		if err := e.whole(ctx, dir); err != nil {
			return fmt.Errorf("%w\nthe last operations:\n%s", err, d.Trace())
		}
	}
	if err := e.mended(ctx, dir); err != nil {
		return fmt.Errorf("repaired again: %w\nthe last operations:\n%s", err, d.Trace())
	}
	return nil
}

// whole makes sure that everything can be read.
func (e *endedRepair) whole(ctx context.Context, dir string) error {
	v := e.s.look(ctx, dir)
	if v.refused != nil || len(v.missing) > 0 || len(v.wrong) > 0 {
		return errors.Join(append(v.wrong, v.refused, fmt.Errorf("missing: %q", v.missing))...)
	}
	return nil
}

// mended repairs to the end; all is there then, with the index and with one built anew.
func (e *endedRepair) mended(ctx context.Context, dir string) error {
	o := e.s.opts
	o.Path = dir
	r, err := Open(ctx, o)
	if err != nil {
		return err
	}
	done, err := r.Repair(ctx, e.o, nil)
	if err = errors.Join(err, r.Close()); err != nil {
		return err
	}
	if !done.Sound() || done.Lost > 0 {
		return fmt.Errorf("a repair leaves %+v", done.Left)
	}
	if err := e.whole(ctx, dir); err != nil {
		return err
	}
	if r, err = Rebuild(ctx, o); err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	return e.whole(ctx, dir)
}
