package index

import (
	"math/rand/v2"
	"path/filepath"
	"testing"

	"holdfast/transporter/internal/repository/pack"
)

// filled returns an index with packs of made-up blobs.
func filled(t *testing.T, packs, blobs int) (*Index, [][]pack.Entry) {
	t.Helper()
	x := open(t, filepath.Join(t.TempDir(), "index.bolt"), true)
	t.Cleanup(x.Drop)
	rnd := rand.New(rand.NewPCG(7, 7))
	var all [][]pack.Entry
	for i := range packs {
		all = append(all, made(rnd, blobs))
		if err := x.AddPack(pack.Name{byte(i + 1)}, pack.Content, 1000, all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return x, all
}

func vouched(x *Index, ids ...pack.ID) int {
	n := 0
	x.Vouch(ids, func(int) { n++ })
	return n
}

func condemn(t *testing.T, x *Index, name byte, live *Set) *Condemned {
	t.Helper()
	c, err := x.Condemn(pack.Name{name}, live)
	if err != nil || c == nil {
		t.Fatal(c, err)
	}
	return c
}

func TestWhatIsVouchedForIsNotCondemned(t *testing.T) {
	x, all := filled(t, 2, 100)
	h := x.Hold()
	if vouched(x, all[0][3].ID, all[1][5].ID) != 2 {
		t.Fatal("what is there is not found")
	}
	live := x.NewSet()
	live.Add(Spot{1, 7})
	c := condemn(t, x, 1, live)
	if c.Live.Len() != 2 || !c.Live.Has(3) || !c.Live.Has(7) || c.Copies.Len() != 0 {
		t.Errorf("%+v", c)
	}
	if vouched(x, all[0][4].ID) != 0 || vouched(x, all[0][3].ID, all[0][7].ID) != 2 {
		t.Error("condemned blobs are found, or others not")
	}
	x.Pardon(c.Pack)
	if vouched(x, all[0][4].ID) != 1 {
		t.Error("a pardoned blob is not found")
	}
	h.Release()
	if c := condemn(t, x, 2, x.NewSet()); c.Live.Len() != 0 {
		t.Errorf("%d blobs are vouched for by nobody", c.Live.Len())
	}
}

func TestAHoldOnAllKeepsWhatOthersRelease(t *testing.T) {
	x, all := filled(t, 1, 100)
	first := x.Hold()
	vouched(x, all[0][1].ID)
	whole := x.HoldAll()
	second := x.Hold()
	vouched(x, all[0][2].ID)
	first.Release()
	first.Release()
	lives := func() int {
		c := condemn(t, x, 1, x.NewSet())
		defer x.Pardon(c.Pack)
		return c.Live.Len()
	}
	if n := lives(); n != 2 {
		t.Errorf("%d blobs live", n)
	}
	whole.Release()
	if n := lives(); n != 1 || len(x.vouched) != 1 {
		t.Errorf("%d blobs live in %d generations", n, len(x.vouched))
	}
	second.Release()
	if n := lives(); n != 0 || len(x.vouched) != 0 {
		t.Errorf("%d blobs live in %d generations", n, len(x.vouched))
	}
}

func TestAPackThatCameUnderAHoldIsVouchedForAsAWhole(t *testing.T) {
	x, _ := filled(t, 1, 10)
	h := x.Hold()
	if err := x.AddPack(pack.Name{9}, pack.Content, 1000, made(rand.New(rand.NewPCG(8, 8)), 70)); err != nil {
		t.Fatal(err)
	}
	if c := condemn(t, x, 9, x.NewSet()); c.Live.Len() != 70 {
		t.Errorf("%d of 70 blobs live", c.Live.Len())
	}
	h.Release()
}

func TestACopyIsToldFromTheBlobThatStays(t *testing.T) {
	x, all := filled(t, 1, 10)
	if err := x.AddPack(pack.Name{9}, pack.Content, 1000, all[0]); err != nil {
		t.Fatal(err)
	}
	live := x.NewSet()
	x.Spots([]pack.ID{all[0][4].ID}, live, func(_ int, s Spot) {
		if s != (Spot{2, 4}) || !live.Add(s) || live.Add(s) {
			t.Errorf("%+v", s)
		}
	})
	if c := condemn(t, x, 1, live); c.Live.Len() != 0 || c.Copies.Len() != 1 || !c.Copies.Has(4) {
		t.Errorf("%+v", c)
	}
	if places, err := x.Standing(all[0][4].ID, pack.Name{1}); err != nil || len(places) != 1 || places[0].Pack != (pack.Name{9}) {
		t.Error(places, err)
	}
	if vouched(x, all[0][4].ID, all[0][5].ID) != 2 {
		t.Error("the other copies are not found")
	}
}

func TestReplaceOutlivesReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.bolt")
	x := open(t, path, true)
	rnd := rand.New(rand.NewPCG(9, 9))
	old, other := made(rnd, 300), made(rnd, 300)
	for i, e := range [][]pack.Entry{old, other} {
		if err := x.AddPack(pack.Name{byte(i + 1)}, pack.Content, 1000, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Replace([]NewPack{{pack.Name{3}, pack.Content, 500, old[:100]}}, []pack.Name{{1}, {77}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		known := 0
		for _, e := range append(append([]pack.Entry(nil), old...), other...) {
			x.Known([]pack.ID{e.ID}, func(int) { known++ })
		}
		if known != 400 || x.HasPack(pack.Name{1}) || !x.HasPack(pack.Name{3}) || x.Sums()[pack.Piece].Blobs != 400 {
			t.Errorf("%d blobs are known, %+v", known, x.Sums())
		}
		if err := x.Close(nil); err != nil {
			t.Fatal(err)
		}
		x = open(t, path, false)
	}
	x.Drop()
}

// TestTheTableDoesNotGrowByComingAndGoing has packs replaced again and again.
func TestTheTableDoesNotGrowByComingAndGoing(t *testing.T) {
	x, all := filled(t, 4, 2000)
	slots := func() int {
		n := 0
		for i := range x.table.shards {
			n += len(x.table.shards[i].slots)
		}
		return n
	}
	before := slots()
	for round := range 20 {
		for i := range all {
			from, to := pack.Name{byte(i + 1), byte(round)}, pack.Name{byte(i + 1), byte(round + 1)}
			if err := x.Replace([]NewPack{{to, pack.Content, 1000, all[i]}}, []pack.Name{from}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if after := slots(); after > 2*before {
		t.Errorf("%d slots have become %d", before, after)
	}
}
