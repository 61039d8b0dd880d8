package repository

import (
	"maps"
	"slices"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

// TestAPointThatGoesBeforeItIsKeptHoldsUpNobody deletes a point, and frees its space, when the target of a copy is just about to
// look whether it has it. What is not kept must not count as needed later: nobody could find it.
func TestAPointThatGoesBeforeItIsKeptHoldsUpNobody(t *testing.T) {
	to := closeAtEnd(t, mustCreate(t, testOptions(t, true)))
	h := newPast(to, copyRand(t))
	gone, stays := h.point(t, mailboxKey(0), 40), h.point(t, mailboxKey(1), 40)
	seals(t, to)
	s := beginCopy(t, to)
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if ok, err := s.Keep(t.Context(), stays.ID); err != nil || !ok {
		t.Fatalf("a point that is there: kept is %v, %v", ok, err)
	}
	need := blobsOf(t, to, stays.ID)
	only := blobsOf(t, to, gone.ID)
	maps.DeleteFunc(only, func(b record.Hash, _ int) bool { _, shared := need[b]; return shared })
	free := func() {
		t.Helper()
		if _, err := to.Reclaim(t.Context(), ReclaimOptions{Share: all}, nil); err != nil {
			t.Fatal(err)
		}
	}
	s.keeping = func() {
		for _, id := range []record.PointID{gone.ID, stays.ID} {
			if err := to.DeletePoint(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		free()
	}
	if ok, err := s.Keep(t.Context(), gone.ID); err != nil || ok {
		t.Errorf("a point that went: kept is %v, %v", ok, err)
	}
	s.keeping = nil
	free()
	for b := range only {
		if _, err := to.blobs.Get(b, nil); fault.KindOf(err) != fault.Corrupt {
			t.Fatalf("blob %s of the point that went: %v; nothing was freed that the copy could have missed", pack.ID(b), err)
		}
	}
	list := slices.Collect(maps.Keys(need))
	have, err := s.Have(t.Context(), list)
	if err != nil || slices.Contains(have, false) {
		t.Errorf("of a point that was kept and then deleted there is %v, %v", have, err)
	}
}
