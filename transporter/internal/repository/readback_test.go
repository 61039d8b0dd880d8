package repository

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
)

// lyingDisk flips a bit of one write, and says that all went well.
type lyingDisk struct {
	disk.OS
	rnd  *rand.Rand
	next atomic.Int32 // so many writes from now; 0: never
	lied int
}

type lyingFile struct {
	disk.File
	d *lyingDisk
}

func (d *lyingDisk) Create(name string) (disk.File, error) { return d.wrap(d.OS.Create(name)) }
func (d *lyingDisk) Edit(name string) (disk.File, error)   { return d.wrap(d.OS.Edit(name)) }

func (d *lyingDisk) wrap(f disk.File, err error) (disk.File, error) {
	if err != nil {
		return nil, err
	}
	return lyingFile{f, d}, nil
}

func (f lyingFile) WriteAt(b []byte, off int64) (int, error) {
	if len(b) > 0 && f.d.next.Load() > 0 && f.d.next.Add(-1) == 0 {
		f.d.lied++
		b = append([]byte(nil), b...)
		bit := f.d.rnd.IntN(8 * len(b))
		b[bit/8] ^= 1 << (bit % 8)
	}
	return f.File.WriteAt(b, off)
}

// TestAPointThatDoesNotReadBackIsNotPublished lets the disk spoil what a sealing writes: pages, lists, or the root.
func TestAPointThatDoesNotReadBackIsNotPublished(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	for i := range 60 {
		o := testOptions(t, i%2 == 0)
		d := &lyingDisk{rnd: rnd}
		o.FS = d
		r := mustCreate(t, o)
		s := begin(t, r, "run 1")
		var list []record.Message
		for n := range 5 {
			list = append(list, testMessage(t, s, "m"+string(rune('a'+n)), "inbox", n))
		}
		if err := s.Commit(t.Context(), backup.Checkpoint{Folder: "inbox", Cursor: "c", Messages: list}); err != nil {
			t.Fatal(err)
		}
		d.next.Store(int32(2 + i/2%2)) // the first is the head of the pack, the second the trees, the third the root
		_, err := s.Seal(t.Context(), summary("run 1", "inbox"))
		if d.lied != 1 {
			t.Fatalf("seed %d: the sealing wrote nothing", seed)
		}
		points, listErr := r.Points(t.Context(), s.key)
		if listErr != nil {
			t.Fatal(listErr)
		}
		switch {
		case err == nil && len(points) == 1: // what was spoiled was put once more, or nothing needs the bit
		case fault.KindOf(err) == fault.Corrupt && strings.Contains(err.Error(), "was not published") && len(points) == 0:
			if _, err := s.Seal(t.Context(), summary("run 1", "inbox")); err != nil {
				t.Fatalf("seed %d: sealed again: %v", seed, err)
			}
		default:
			t.Fatalf("seed %d: %d points, %v", seed, len(points), err)
		}
		report, err := r.Verify(t.Context(), VerifyFull, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Affected) > 0 {
			t.Fatalf("seed %d: the point that was published suffers: %+v", seed, report)
		}
		r = reopen(t, r, o)
		if points, err := r.Points(t.Context(), s.key); err != nil || len(points) != 1 {
			t.Fatalf("seed %d: %d points after opening again, %v", seed, len(points), err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
