package repository

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk/disktest"
	"holdfast/transporter/internal/repository/pack"
)

// TestARepairRemovesNothingThatIsNotDurableElsewhere cuts the power at each operation of a repair that finds all of a file among
// blobs which a session puts meanwhile.
func TestARepairRemovesNothingThatIsNotDurableElsewhere(t *testing.T) {
	before, after := repairBesideASession(t, -1)
	if before == after {
		t.Fatal("the repair did nothing")
	}
	for left := before; left <= after; left++ {
		repairBesideASession(t, left)
	}
}

// repairBesideASession ends the repair when the disk has done so many operations (negative: it is not ended), cuts the power, and
// looks at what a second repair makes of it. It returns how many
// operations there were after the session's put, and at the end of the first.
func repairBesideASession(t *testing.T, left int) (before, after int) {
	t.Helper()
	o := testOptions(t, false)
	o.Path = filepath.Join(disktest.Dir(t), "repo")
	r := mustCreate(t, o)
	p := sealOne(t, r, 1)
	if err := r.blobs.SealOpen(); err != nil {
		t.Fatal(err)
	}
	content := packOfKind(t, r, pack.Content)
	closed(t, r)
	if err := os.Rename(content, content+pack.Damaged); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(filepath.Dir(content), strings.Repeat("0", 32)+pack.Sealed+pack.Damaged) // files are mended by name
	if err := os.WriteFile(first, []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	opts := o
	d := breakingDisk(t, &opts, rand.New(rand.NewPCG(1, 1)), left)
	r = mustOpen(t, opts)
	s := begin(t, r, "two")
	done, err := r.Repair(t.Context(), RepairOptions{RemoveDamaged: true}, func(p Progress) {
		if p.Phase == "mend packs" && p.Done == 1 {
			testMessage(t, s, "m1", "inbox", 1) // puts the body
			before = d.Count()
		}
	})
	if err == nil && (len(done.Files) != 2 || done.Files[1].Now != "" || !done.Sound()) || err != nil && !d.Dead() {
		t.Fatalf("%+v, %v", done, err)
	}
	after = d.Count()
	r.drop()
	if err := d.Cut(); err != nil {
		t.Fatal(err)
	}
	r = mustOpen(t, o)
	if _, err := r.Repair(t.Context(), RepairOptions{}, nil); err != nil {
		t.Fatal(err)
	}
	mustBeSound(t, r)
	if list := listed(t, r, p.ID, "inbox"); len(list) != 1 {
		t.Error(list)
	}
	if t.Failed() {
		t.Fatalf("the power was cut after operation %d:\n%s", left, d.Trace())
	}
	closed(t, r)
	return before, after
}

// packOfKind returns the path of the only sealed pack of a kind.
func packOfKind(t *testing.T, r *Repository, kind pack.Kind) string {
	t.Helper()
	path := ""
	for _, p := range r.index.Packs() {
		if p.Kind == kind {
			if path != "" {
				t.Fatal("there are several packs")
			}
			path = r.blobs.Path(p.Name)
		}
	}
	if path == "" {
		t.Fatal("there is no pack")
	}
	return path
}

// TestARepairDoesNotAdoptAPackThatIsToBeRemoved lets the removal of files fail, as Windows does with files that are being read.
func TestARepairDoesNotAdoptAPackThatIsToBeRemoved(t *testing.T) {
	o := testOptions(t, false)
	o.Path = filepath.Join(disktest.Dir(t), "repo")
	if err := os.MkdirAll(o.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	var busy atomic.Bool
	d, err := disktest.New(disktest.Options{Root: o.Path, Rand: rand.New(rand.NewPCG(1, 1)), Left: -1, Index: indexFile, Lock: lockFile, Fault: func(op disktest.Op) error {
		if busy.Load() && op.Kind == disktest.Remove && strings.HasSuffix(op.Path, pack.Sealed) {
			return errors.New("it is being read")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	o.FS, o.hook = d, d.Hook
	r := mustCreate(t, o)
	p := sealOne(t, r, 1)
	if err := r.blobs.SealOpen(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.DeletePoints(t.Context(), []record.PointID{p.ID}); err != nil {
		t.Fatal(err)
	}
	busy.Store(true)
	left, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil)
	if err != nil || len(left.Left) == 0 {
		t.Fatalf("%+v, %v", left, err)
	}
	done, err := r.Repair(t.Context(), RepairOptions{}, nil)
	if err != nil || len(done.Files) > 0 {
		t.Errorf("the repair did %+v, %v", done.Files, err)
	}
	s := begin(t, r, "two") // relies on what is there
	commitOne(t, s, 1)
	second, err := s.Seal(t.Context(), summary("two", "inbox"))
	if err != nil {
		t.Fatal(err)
	}
	busy.Store(false)
	if _, err := r.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil); err != nil {
		t.Fatal(err)
	}
	mustBeSound(t, r)
	if list := listed(t, r, second.ID, "inbox"); len(list) != 1 {
		t.Error(list)
	}
	closed(t, r)
}
