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
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

var copySeed = flag.Uint64("repository.copyseed", 0, "replay the copy of this seed")

// copyRand returns the randomness of a test, whose seed is printed when it fails.
func copyRand(t *testing.T) *rand.Rand {
	seed := *copySeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("replay with -repository.copyseed=%d", seed)
		}
	})
	return rand.New(rand.NewPCG(seed, 7))
}

func TestACopyPutsExactlyWhatIsLacking(t *testing.T) {
	for _, kind := range []struct {
		name     string
		from, to bool // encrypted
		level    Level
	}{
		{"plain to plain", false, false, Fast},
		{"plain to encrypted", false, true, None},
		{"encrypted to plain", true, false, Best},
		{"encrypted to encrypted", true, true, Balanced},
	} {
		t.Run(kind.name, func(t *testing.T) {
			rnd := copyRand(t)
			from := closeAtEnd(t, mustCreate(t, testOptions(t, kind.from)))
			o := testOptions(t, kind.to)
			o.Level, o.Secret.Passphrase = kind.level, strings.Repeat("another secret", len(o.Secret.Passphrase))
			to := closeAtEnd(t, mustCreate(t, o))
			h := newPast(from, rnd)
			var points []record.Point
			for round := range 4 {
				var fresh []record.Point
				for range 1 + rnd.IntN(5) {
					fresh = append(fresh, h.point(t, mailboxKey(rnd.IntN(3)), 40))
				}
				points = append(points, fresh...)
				lack := lacking(t, from, to, fresh)
				if round == 0 { // as an interrupted copy leaves it: any part, without regard to what names what
					lack = seed(t, from, to, rnd, lack)
				}
				report, target := copyTo(t, from, to, CopyOptions{})
				wantPut(t, target, lack)
				if report.Copied != int64(len(fresh)) || report.Present != int64(len(points)-len(fresh)) || len(report.LeftOut) > 0 {
					t.Errorf("round %d: %+v, want %d copied of %d", round, report, len(fresh), len(points))
				}
			}
			for _, p := range points {
				if diff := cmp.Diff(readPoint(t, from, p.ID), readPoint(t, to, p.ID)); diff != "" {
					t.Error(diff)
				}
			}
			for i := range 3 {
				got, err := to.Points(t.Context(), mailboxKey(i))
				if err != nil {
					t.Fatal(err)
				}
				want, err := from.Points(t.Context(), mailboxKey(i))
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Error(diff)
				}
			}
			wantSound(t, to)
		})
	}
}

// seed puts a random part of blobs to the target and returns the rest.
func seed(t *testing.T, from, to *Repository, rnd *rand.Rand, lack map[record.Hash]int) map[record.Hash]int {
	t.Helper()
	s := beginCopy(t, to)
	rest := map[record.Hash]int{}
	for h, n := range lack {
		if rnd.IntN(3) > 0 {
			rest[h] = n
			continue
		}
		data, err := from.blobs.Get(h, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), pack.Page, h, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return rest
}

func TestACopyOfTheSameAgainAsksForNothing(t *testing.T) {
	from, to := closeAtEnd(t, mustCreate(t, testOptions(t, false))), closeAtEnd(t, mustCreate(t, testOptions(t, true)))
	h := newPast(from, copyRand(t))
	for range 3 {
		h.point(t, mailboxKey(1), 300)
	}
	copyTo(t, from, to, CopyOptions{})
	report, target := copyTo(t, from, to, CopyOptions{})
	if target.calls != 0 || report.Present != 3 || report.Copied != 0 {
		t.Errorf("%d calls of Have, %+v", target.calls, report)
	}
	// A point that changes little costs little: what it shares with the one before is not asked for.
	all := len(blobsOf(t, from, h.point(t, mailboxKey(1), 1).ID))
	report, target = copyTo(t, from, to, CopyOptions{})
	if report.Copied != 1 || target.asked > all/2 || target.calls != 1 {
		t.Errorf("%d of %d blobs were asked for in %d calls: %+v", target.asked, all, target.calls, report)
	}
}

func TestWhatIsCopiedCanBeChosen(t *testing.T) {
	from := closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	h := newPast(from, copyRand(t))
	var points []record.Point
	for i := range 6 {
		points = append(points, h.point(t, mailboxKey(i%2), 10))
	}
	for _, c := range []struct {
		name string
		o    CopyOptions
		want []int
	}{
		{"the newest of each", CopyOptions{Newest: true}, []int{4, 5}},
		{"the newest of one", CopyOptions{Newest: true, Backups: []record.BackupKey{mailboxKey(1)}}, []int{5}},
		{"a backup", CopyOptions{Backups: []record.BackupKey{mailboxKey(0)}}, []int{0, 2, 4}},
		{"points", CopyOptions{Points: []record.PointID{points[3].ID, points[0].ID}}, []int{0, 3}},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := closeAtEnd(t, mustCreate(t, testOptions(t, false)))
			var last CopyProgress
			c.o.Progress = func(p CopyProgress) { last = p }
			report, _ := copyTo(t, from, to, c.o)
			for i, p := range points {
				if got := isThere(t, to, p.ID); got != slices.Contains(c.want, i) {
					t.Errorf("point %d is there: %v", i, got)
				}
			}
			n := int64(len(c.want))
			if last != (CopyProgress{Points: n, Total: n, Asked: report.Asked, Sent: report.Sent, Bytes: report.Bytes}) || report.Copied != n {
				t.Errorf("progress ended with %+v, the report is %+v", last, report)
			}
			wantSound(t, to)
			// Then the rest, newer and older.
			copyTo(t, from, to, CopyOptions{})
			wantSound(t, to)
		})
	}
	to := closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	for _, o := range []CopyOptions{
		{Backups: []record.BackupKey{mailboxKey(9)}},
		{Points: []record.PointID{record.PointID(strings.Repeat("00", 32))}},
		{Points: []record.PointID{points[0].ID}, Backups: []record.BackupKey{mailboxKey(1)}},
	} {
		if _, err := from.Copy(t.Context(), beginCopy(t, to), o); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%+v: %v, want NotFound", o, err)
		}
	}
}

func isThere(t *testing.T, r *Repository, id record.PointID) bool {
	t.Helper()
	_, err := r.Point(t.Context(), id)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		t.Fatal(err)
	}
	return err == nil
}

func TestAPointDeletedInTheTargetStaysDeleted(t *testing.T) {
	from := closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	o := testOptions(t, false)
	to := mustCreate(t, o)
	h := newPast(from, copyRand(t))
	first := h.point(t, mailboxKey(1), 10)
	h.point(t, mailboxKey(1), 10)
	copyTo(t, from, to, CopyOptions{})
	if err := to.DeletePoint(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		report, target := copyTo(t, from, to, CopyOptions{})
		if report.Deleted != 1 || report.Present != 1 || report.Copied != 0 || len(target.put) > 0 || isThere(t, to, first.ID) {
			t.Errorf("%+v", report)
		}
		// Also when the index is built anew.
		if err := to.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, err = Rebuild(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	closeAtEnd(t, to)
}

func TestTheJobGoesOnInTheCopy(t *testing.T) {
	from, to := closeAtEnd(t, mustCreate(t, testOptions(t, false))), closeAtEnd(t, mustCreate(t, testOptions(t, true)))
	h := newPast(from, copyRand(t))
	h.point(t, mailboxKey(1), 40)
	newest := h.point(t, mailboxKey(1), 40)
	open, err := to.Begin(t.Context(), mailboxKey(1), "beside the copy")
	if err != nil {
		t.Fatal(err)
	}
	copyTo(t, from, to, CopyOptions{})
	// A session that was open meanwhile goes on as if nothing had happened.
	if open.State().Base != "" {
		t.Error("the session has a base")
	}
	if err := open.Close(); err != nil {
		t.Fatal(err)
	}
	want, err := from.Begin(t.Context(), mailboxKey(1), "next")
	if err != nil {
		t.Fatal(err)
	}
	got, err := to.Begin(t.Context(), mailboxKey(1), "next")
	if err != nil {
		t.Fatal(err)
	}
	ws, gs := want.State(), got.State()
	ws.Begun, gs.Begun = gs.Begun, ws.Begun
	gs.Begun = ws.Begun
	if diff := cmp.Diff(ws, gs); diff != "" || gs.Base != newest.ID {
		t.Errorf("the session starts from %s: %s", gs.Base, diff)
	}
	ids := make([]mail.MessageID, 160)
	for i := range ids {
		ids[i] = mail.MessageID(fmt.Sprint("inbox", i))
	}
	wm, err := want.Lookup(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	gm, err := got.Lookup(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wm, gm); diff != "" {
		t.Error(diff)
	}
	for _, s := range []*Session{want, got} {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// The next point there is built on it, and newer points are copied beside it.
	there := newPast(to, h.rnd)
	there.runs = 100
	own := there.point(t, mailboxKey(1), 10)
	h.point(t, mailboxKey(1), 10)
	copyTo(t, from, to, CopyOptions{})
	points, err := to.Points(t.Context(), mailboxKey(1))
	if err != nil || len(points) != 4 || points[2].ID != own.ID {
		t.Errorf("%d points, %v", len(points), err)
	}
	there.point(t, mailboxKey(1), 10)
	wantSound(t, to)
}

func TestACopyStopsWhenItIsToldTo(t *testing.T) {
	from, to := closeAtEnd(t, mustCreate(t, testOptions(t, false))), closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	h := newPast(from, copyRand(t))
	var points []record.Point
	for i := range 12 {
		points = append(points, h.point(t, mailboxKey(i/6), 30))
	}
	ctx, stop := context.WithCancel(t.Context())
	var at CopyProgress
	report, err := from.Copy(ctx, beginCopy(t, to), CopyOptions{Progress: func(p CopyProgress) {
		if at = p; p.Points == 5 {
			stop()
		}
	}})
	if fault.KindOf(err) != fault.Canceled {
		t.Errorf("%v, want Canceled", err)
	}
	// What has arrived is committed.
	var there int64
	for _, p := range points {
		if isThere(t, to, p.ID) {
			there++
		}
	}
	if there != report.Copied || there < 5 || there == 12 {
		t.Errorf("%d points are there: %+v, %+v", there, report, at)
	}
	wantSound(t, to)
	lack := lacking(t, from, to, points)
	_, target := copyTo(t, from, to, CopyOptions{})
	wantPut(t, target, lack)
}

// TestACopyKilledAnywhereGoesOn kills the target's process at an operation on its files or its index.
func TestACopyKilledAnywhereGoesOn(t *testing.T) {
	rnd := copyRand(t)
	from := closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	h := newPast(from, rnd)
	var points []record.Point
	for i := range 9 {
		points = append(points, h.point(t, mailboxKey(i%3), 30))
	}
	try := func(kill int) (operations int) {
		o := testOptions(t, kill%2 == 0)
		d := breakingDisk(t, &o, rnd, kill)
		to, err := Create(t.Context(), o)
		if err == nil {
			if _, err = from.Copy(t.Context(), beginCopy(t, to), CopyOptions{}); err == nil {
				err = to.Close()
			}
		}
		if err == nil {
			return d.Count()
		}
		if to != nil {
			to.drop()
		}
		if rnd.IntN(2) == 0 {
			if err := d.Cut(); err != nil {
				t.Fatal(err)
			}
		}
		if rnd.IntN(3) == 0 {
			if err := os.Remove(filepath.Join(o.Path, indexFile)); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
		}
		o.FS, o.hook = nil, nil
		if to, err = Open(t.Context(), o); fault.KindOf(err) == fault.NotFound {
			return 0
		}
		if err != nil {
			t.Fatalf("killed at %d: %v", kill, err)
		}
		defer to.drop()
		check := func() {
			report, err := to.Verify(t.Context(), VerifyFull, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range report.Damage {
				if len(d.Touches) > 0 { // a gap that the power left between blobs touches nothing
					t.Errorf("killed at %d: %+v", kill, d)
				}
			}
		}
		check()
		lack := lacking(t, from, to, points)
		_, target := copyTo(t, from, to, CopyOptions{})
		wantPut(t, target, lack)
		check()
		for _, p := range points {
			if !isThere(t, to, p.ID) {
				t.Errorf("killed at %d: point %s is missing", kill, p.ID)
			}
		}
		return 0
	}
	total := try(-1)
	for i := range 15 {
		if try(rnd.IntN(total)); t.Failed() {
			t.Fatalf("in try %d of operations up to %d", i, total)
		}
	}
}

// TestACopyGoesOnBesideDeletionsAndReclaim deletes points of the target that the copy builds on, and frees their space.
func TestACopyGoesOnBesideDeletionsAndReclaim(t *testing.T) {
	rnd := copyRand(t)
	from, to := closeAtEnd(t, mustCreate(t, testOptions(t, false))), closeAtEnd(t, mustCreate(t, testOptions(t, true)))
	h := newPast(from, rnd)
	for range 6 {
		for i := range 3 {
			h.point(t, mailboxKey(i), []int{60, 1, 20}[i])
		}
		var wg sync.WaitGroup
		done := make(chan struct{})
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				points, err := to.points(t.Context(), nil)
				if err != nil {
					t.Error(err)
					return
				}
				for i := range points {
					if i%2 == 0 {
						if err := to.DeletePoint(t.Context(), points[i].ID); err != nil {
							t.Error(err)
						}
					}
				}
				if _, err := to.Reclaim(t.Context(), ReclaimOptions{Share: 0.01}, nil); err != nil {
					t.Error(err)
				}
			}
		})
		copyTo(t, from, to, CopyOptions{})
		close(done)
		wg.Wait()
		if wantSound(t, to); t.Failed() {
			return
		}
	}
}
