package repository

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// spoil damages the stored bytes of a blob in a sealed pack.
func spoil(t *testing.T, r *Repository, hash record.Hash) {
	t.Helper()
	found := false
	err := r.index.FindAll(pack.ID(r.ring.ID(hash)), func(p index.Place) {
		found = true
		f, err := os.OpenFile(r.blobs.Path(p.Pack), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		at := int64(p.Entry.Offset) + pack.FrameSize
		var b [1]byte
		if _, err := f.ReadAt(b[:], at); err != nil {
			t.Fatal(err)
		}
		b[0] ^= 0xff
		if _, err := f.WriteAt(b[:], at); err != nil {
			t.Fatal(err)
		}
	})
	if err != nil || !found {
		t.Fatalf("blob %s is in no sealed pack: %v", hash, err)
	}
}

// seal seals the open packs, so that blobs can be spoiled.
func sealPacks(t *testing.T, r *Repository) {
	t.Helper()
	for _, kind := range []pack.Kind{pack.Content, pack.Trees} {
		for size := 0; size <= minPackSize; size += 4096 {
			filler := []byte(rndText(4096, byte(kind), size))
			if _, err := r.blobs.Put(kind, pack.Piece, record.Sum(filler), filler); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func rndText(n int, kind byte, seed int) string {
	b := make([]byte, n)
	x := uint32(seed)*2654435761 + uint32(kind)
	for i := range b {
		x = x*1664525 + 1013904223
		b[i] = byte(x >> 24)
	}
	return string(b)
}

// TestDamageLeavesOutThePointsItTouches spoils any blob of a point and compares with what the points name.
func TestDamageLeavesOutThePointsItTouches(t *testing.T) {
	rnd := copyRand(t)
	for range 8 {
		o := testOptions(t, false)
		from, to := mustCreate(t, o), closeAtEnd(t, mustCreate(t, testOptions(t, true)))
		h := newPast(from, rnd)
		var points []record.Point
		for i := range 6 { // the later points share most of their pages with the first
			points = append(points, h.point(t, mailboxKey(i%2), []int{100, 100, 1, 1, 1, 1}[i]))
		}
		sealPacks(t, from)
		victim := points[rnd.IntN(len(points))]
		blobs := map[record.PointID]map[record.Hash]int{}
		for _, p := range points {
			blobs[p.ID] = blobsOf(t, from, p.ID)
			blobs[p.ID][record.Hash(mustParse(t, p.ID))] = 0
		}
		all := slices.SortedFunc(maps.Keys(blobs[victim.ID]), func(a, b record.Hash) int { return slices.Compare(a[:], b[:]) })
		hash := all[rnd.IntN(len(all))]
		spoil(t, from, hash)
		if err := from.Close(); err != nil { // and what was cached is forgotten
			t.Fatal(err)
		}
		from = closeAtEnd(t, mustOpen(t, o))
		report, _ := copyTo(t, from, to, CopyOptions{})
		left := map[record.PointID]bool{}
		for _, l := range report.LeftOut {
			left[l.Point.ID] = true
			if len(l.Damage) == 0 || l.Damage[0].Reason == "" || l.Damage[0].Touches[0].Point != l.Point.ID {
				t.Errorf("point %s was left out for %+v", l.Point.ID, l.Damage)
			}
		}
		for _, p := range points {
			_, touched := blobs[p.ID][hash]
			if left[p.ID] != touched || isThere(t, to, p.ID) == touched {
				t.Errorf("the damage touches point %s: %v; left out: %v", p.ID, touched, left[p.ID])
			}
		}
		wantSound(t, to)
	}
}

func mustParse(t *testing.T, id record.PointID) index.Point {
	t.Helper()
	p, err := parsePointID(id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestWhatTheTargetHasNeedsNoSource(t *testing.T) {
	o := testOptions(t, false)
	from, to := mustCreate(t, o), closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	h := newPast(from, copyRand(t))
	h.point(t, mailboxKey(1), 30)
	copyTo(t, from, to, CopyOptions{})
	sealPacks(t, from)
	for _, body := range h.pool {
		if _, err := from.blobs.Get(record.Sum(body), nil); err == nil {
			spoil(t, from, record.Sum(body))
		}
	}
	second := h.point(t, mailboxKey(1), 0) // nothing new
	report, _ := copyTo(t, closeAtEnd(t, from), to, CopyOptions{})
	if report.Copied != 1 || !isThere(t, to, second.ID) {
		t.Errorf("%+v", report)
	}
	wantSound(t, to)
}

func TestAThoroughCopyBringsBackWhatTheTargetLost(t *testing.T) {
	from := closeAtEnd(t, mustCreate(t, testOptions(t, true)))
	o := testOptions(t, false)
	to := mustCreate(t, o)
	h := newPast(from, copyRand(t))
	for i := range 4 {
		h.point(t, mailboxKey(i%2), 40)
	}
	copyTo(t, from, to, CopyOptions{})
	sealPacks(t, to)
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	packs, err := filepath.Glob(filepath.Join(o.Path, packsFolder, "*"+pack.Sealed))
	if err != nil || len(packs) < 2 {
		t.Fatal(packs, err)
	}
	for _, p := range packs[:2] {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
	to = closeAtEnd(t, mustOpen(t, o))
	if report, err := to.Verify(t.Context(), VerifyQuick, nil); err != nil || len(report.Damage) == 0 {
		t.Fatalf("the loss is not noticed: %+v, %v", report, err)
	}
	if report, _ := copyTo(t, from, to, CopyOptions{}); report.Present+report.Copied != 4 {
		t.Errorf("%+v", report)
	}
	report, _ := copyTo(t, from, to, CopyOptions{Thorough: true})
	if report.Sent == 0 || report.Present != 4 {
		t.Errorf("%+v", report)
	}
	verified, err := to.Verify(t.Context(), VerifyFull, nil)
	if err != nil || len(verified.Damage) > 0 {
		t.Errorf("after a thorough copy: %+v, %v", verified.Damage, err)
	}
}

func TestASourceThatIsGoneIsNoDamage(t *testing.T) {
	from, to := closeAtEnd(t, mustCreate(t, testOptions(t, false))), closeAtEnd(t, mustCreate(t, testOptions(t, false)))
	h := newPast(from, copyRand(t))
	h.point(t, mailboxKey(1), 10)
	s := beginCopy(t, to)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := from.Copy(t.Context(), s, CopyOptions{}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("into a copy that has ended: %v", err)
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := to.BeginCopy(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("into a closed repository: %v", err)
	}
}
