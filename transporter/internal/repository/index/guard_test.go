package index

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/pkg/fault"
)

// TestDamageNeverEndsTheProcess flips bits where pages say what they hold, then reads and writes.
func TestDamageNeverEndsTheProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index.bolt")
	x := open(t, path, true)
	for i := range 20 {
		err := x.Change("test", func(c Change) error {
			if err := c.Bury(Grave{Point: Point{byte(i)}}); err != nil {
				return err
			}
			return c.PutPoint(PointRecord{Backup: Backup{1}, Point: Point{100, byte(i)}, Sealed: time.Unix(int64(i), 0)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := x.Close(nil); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const leaf = 2 // a page's flags, two bytes behind its number
	page := os.Getpagesize()
	told := 0
	for at := 4 * page; at+32 <= len(whole); at += page {
		if binary.LittleEndian.Uint16(whole[at+8:]) != leaf {
			continue
		}
		// The first element: flags, place of the key, length of the key, length of the value.
		for i := at + 16; i < at+32; i++ {
			hurt := append([]byte(nil), whole...)
			hurt[i] ^= 1 << 5
			if err := os.WriteFile(path, hurt, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := use(path); fault.KindOf(err) == fault.Corrupt {
				told++
			}
		}
	}
	if told == 0 {
		t.Error("no damage was told")
	}
}

func use(path string) error {
	x, err := Open(path, false, Options{Repository: repositoryID, NoSync: true})
	if err != nil {
		return err
	}
	defer x.Drop()
	if _, err := x.Points(nil); err != nil {
		return err
	}
	if _, err := x.Graves(); err != nil {
		return err
	}
	return x.Change("test", func(c Change) error { return c.Bury(Grave{Point: Point{200}}) })
}

func TestAPanicOfOurOwnIsNotTakenForDamage(t *testing.T) {
	x := open(t, filepath.Join(t.TempDir(), "index.bolt"), true)
	defer func() {
		if p := recover(); p != "our own" {
			t.Errorf("recovered %v", p)
		}
	}()
	_ = x.Change("test", func(Change) error { panic("our own") })
	t.Error("the panic was swallowed")
}
