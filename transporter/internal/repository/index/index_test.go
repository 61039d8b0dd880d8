package index

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/pack"
)

var repositoryID = [16]byte{1, 2, 3}

func open(t testing.TB, path string, create bool) *Index {
	t.Helper()
	x, err := Open(path, create, Options{Repository: repositoryID})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// made returns entries of a made-up pack.
func made(rnd *rand.Rand, n int) []pack.Entry {
	entries := make([]pack.Entry, n)
	for i := range entries {
		e := &entries[i]
		for j := 0; j < 32; j += 8 {
			binary.LittleEndian.PutUint64(e.ID[j:], rnd.Uint64())
		}
		*e = pack.Entry{ID: e.ID, Offset: uint32(64 + i*100), Stored: 32, Plain: 40, Type: pack.Piece}
	}
	pack.SortEntries(entries)
	return entries
}

func TestEveryBlobIsFoundAgainAfterReopening(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.bolt")
	x := open(t, path, true)
	rnd := rand.New(rand.NewPCG(1, 1))
	packs := map[pack.Name][]pack.Entry{}
	for i := range 30 {
		name := pack.Name{byte(i)}
		packs[name] = made(rnd, 1+rnd.IntN(500))
		for range 2 { // adding twice is the same as once
			if err := x.AddPack(name, pack.Content, 1000, packs[name]); err != nil {
				t.Fatal(err)
			}
		}
	}
	dropped := pack.Name{7}
	if err := x.DropPack(dropped); err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		var blobs int64
		for name, entries := range packs {
			var ids []pack.ID
			for _, e := range entries {
				ids = append(ids, e.ID)
			}
			found := 0
			err := x.Find(ids, func(i int, p Place) {
				found++
				if p.Pack != name || p.Entry != entries[i] {
					t.Errorf("blob %d of %s is at %v", i, name, p)
				}
			})
			want := len(entries)
			if name == dropped {
				want = 0
			}
			if err != nil || found != want {
				t.Errorf("pack %s: %d of %d found, %v", name, found, want, err)
			}
			blobs += int64(want)
		}
		if got := x.Sums()[pack.Piece]; got != (Sums{blobs, 40 * blobs, 32 * blobs}) {
			t.Errorf("sums are %+v of %d blobs", got, blobs)
		}
	}
	check()
	if err := x.Close(nil); err != nil {
		t.Fatal(err)
	}
	x = open(t, path, false)
	if !x.Clean {
		t.Error("not clean after Close")
	}
	check()
	x.Drop()
	x = open(t, path, false)
	if x.Clean {
		t.Error("clean after a crash")
	}
	check()
	x.Drop()
}

func TestOpenPacksSurviveAnOrderlyClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.bolt")
	x := open(t, path, true)
	want := OpenPack{Name: pack.Name{9}, Kind: pack.Trees, End: 12345, Entries: made(rand.New(rand.NewPCG(2, 2)), 10)}
	if err := x.Close([]OpenPack{want}); err != nil {
		t.Fatal(err)
	}
	x = open(t, path, false)
	defer x.Drop()
	got, err := x.OpenPacks()
	if err != nil || len(got) != 1 || got[0].End != want.End || got[0].Kind != want.Kind || len(got[0].Entries) != 10 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestPointsKeepTheirOrderAndTombstones(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "index.bolt"), true)
	defer x.Drop()
	at := time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC) // before 1970, too
	err := x.Change("test", func(c Change) error {
		for i := range 3 {
			if err := c.PutPoint(PointRecord{Backup: Backup{1}, Sealed: at.AddDate(i, 0, 0), Point: Point{byte(9 - i)}, Box: []byte{byte(i)}}); err != nil {
				return err
			}
		}
		return c.PutPoint(PointRecord{Backup: Backup{2}, Sealed: at, Point: Point{77}})
	})
	if err != nil {
		t.Fatal(err)
	}
	points, err := x.Points(&Backup{1})
	if err != nil || len(points) != 3 || points[0].Box[0] != 0 || points[2].Box[0] != 2 || !points[1].Sealed.Equal(at.AddDate(1, 0, 0)) {
		t.Fatalf("%+v, %v", points, err)
	}
	if err := x.Change("test", func(c Change) error { return c.DeletePoint(points[1]) }); err != nil {
		t.Fatal(err)
	}
	if all, err := x.Points(nil); err != nil || len(all) != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	if p, err := x.Point(points[1].Point); p != nil || err != nil {
		t.Errorf("a deleted point is found: %v, %v", p, err)
	}
	if p, err := x.Point(points[2].Point); p == nil || err != nil || p.Box[0] != 2 {
		t.Errorf("%v, %v", p, err)
	}
	_ = x.Change("test", func(c Change) error {
		if !c.Buried(points[1].Point) || c.Buried(points[0].Point) {
			t.Error("tombstones are wrong")
		}
		return nil
	})
}

func TestADamagedIndexIsCorrupt(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "index.bolt")
	x := open(t, path, true)
	if err := x.AddPack(pack.Name{1}, pack.Content, 1000, made(rand.New(rand.NewPCG(3, 3)), 2000)); err != nil {
		t.Fatal(err)
	}
	if err := x.Close(nil); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(4, 4))
	detected := 0
	for i := range 200 {
		b := append([]byte(nil), whole...)
		switch i % 4 {
		case 0:
			b = b[:rnd.IntN(len(b))]
		case 1:
			at := rnd.IntN(len(b)/4096) * 4096
			clear(b[at : at+4096])
		default:
			b[rnd.IntN(len(b))] ^= 1 << rnd.IntN(8)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		x, err := Open(path, false, Options{Repository: repositoryID})
		if err == nil {
			x.Drop()
			continue
		}
		detected++
		if k := fault.KindOf(err); k != fault.Corrupt {
			t.Errorf("damage %d is a fault of kind %v: %v", i, k, err)
		}
	}
	if detected == 0 {
		t.Error("no damage was noticed")
	}
}
