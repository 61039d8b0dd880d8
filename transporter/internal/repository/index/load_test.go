package index

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"holdfast/transporter/internal/repository/pack"
)

func TestLoadingTakesEntriesInAnyOrderAndBlobsOfSeveralPacks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.bolt")
	x := open(t, path, true)
	rnd := rand.New(rand.NewPCG(2, 2))
	sorted, backwards := made(rnd, 700), made(rnd, 700)
	backwards = append(backwards, sorted[:100]...)
	pack.SortEntries(backwards)
	slices.Reverse(backwards)
	for name, entries := range map[pack.Name][]pack.Entry{{1}: sorted, {2}: backwards} {
		if err := x.AddPack(name, pack.Content, 1000, entries); err != nil {
			t.Fatal(err)
		}
	}
	want := x.Sums()[pack.Piece]
	if err := x.Close(nil); err != nil {
		t.Fatal(err)
	}
	x = open(t, path, false)
	defer x.Drop()
	if got := x.Sums()[pack.Piece]; got != want || got.Blobs != 1500 {
		t.Errorf("the sums are %+v after loading, %+v before", got, want)
	}
	for i, e := range slices.Concat(sorted, backwards) {
		want := 1
		if slices.ContainsFunc(sorted[:100], func(s pack.Entry) bool { return s.ID == e.ID }) {
			want = 2
		}
		got := 0
		if err := x.FindAll(e.ID, func(Place) { got++ }); err != nil || got != want {
			t.Fatalf("blob %d was found in %d packs (%v), want %d", i, got, err, want)
		}
	}
	if err := x.DropPack(pack.Name{1}); err != nil {
		t.Fatal(err)
	}
	if e := sorted[0]; !slices.ContainsFunc(backwards, func(b pack.Entry) bool { return b.ID == e.ID }) || !knows(x, e.ID) || knows(x, sorted[500].ID) {
		t.Error("dropping one pack takes away what only it has, and nothing else")
	}
}

func knows(x *Index, id pack.ID) bool {
	known := false
	x.Known([]pack.ID{id}, func(int) { known = true })
	return known
}
