package disk

import (
	"bytes"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestAnOverlayBehavesLikeAFolderAndLeavesItAlone does the same at random to an overlay and to a copy of what is below it.
func TestAnOverlayBehavesLikeAFolderAndLeavesItAlone(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	names := []string{"a", "b", "c", "d"}
	for range 40 {
		below, model := t.TempDir(), t.TempDir()
		for _, name := range names[:2] {
			data := make([]byte, rnd.IntN(3*overlayBlock))
			for i := range data {
				data[i] = byte(rnd.Uint32())
			}
			for _, dir := range []string{below, model} {
				if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
		before := folder(t, OS{}, below)
		o := NewOverlay(OS{})
		for range 60 {
			name, other := names[rnd.IntN(4)], names[rnd.IntN(4)]
			do, at, n := rnd.IntN(6), rnd.Int64N(3*overlayBlock), rnd.IntN(2*overlayBlock)
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(rnd.Uint32())
			}
			got := change(o, below, do, name, other, at, data)
			want := change(OS{}, model, do, name, other, at, data)
			for _, kind := range []error{fs.ErrNotExist, fs.ErrExist} {
				if errors.Is(got, kind) != errors.Is(want, kind) || (got == nil) != (want == nil) {
					t.Fatalf("seed %d: %d of %s: %v, want %v", seed, do, name, got, want)
				}
			}
			if got, want := folder(t, o, below), folder(t, OS{}, model); !slices.EqualFunc(got, want, bytes.Equal) {
				t.Fatalf("seed %d: after %d of %s the overlay differs", seed, do, name)
			}
		}
		o.Close()
		if !slices.EqualFunc(before, folder(t, OS{}, below), bytes.Equal) {
			t.Fatalf("seed %d: what is below was changed", seed)
		}
	}
}

// change does one of a number of things to a file.
func change(fsys FS, dir string, do int, name, other string, at int64, data []byte) error {
	path := filepath.Join(dir, name)
	var f File
	var err error
	switch do {
	case 0:
		f, err = fsys.Create(path)
	case 1:
		return fsys.Remove(path)
	case 2:
		return fsys.Rename(path, filepath.Join(dir, other))
	default:
		f, err = fsys.Edit(path)
	}
	if err != nil {
		return err
	}
	if do == 3 {
		err = f.Truncate(at)
	} else {
		_, err = f.WriteAt(data, at)
	}
	return errors.Join(err, f.Close())
}

// folder returns names and contents.
func folder(t *testing.T, fsys FS, dir string) [][]byte {
	t.Helper()
	list, err := fsys.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, e := range list {
		data, err := ReadFile(fsys, filepath.Join(dir, e.Name), 1<<30)
		if err != nil || int64(len(data)) != e.Size {
			t.Fatal(len(data), e.Size, err)
		}
		all = append(all, []byte(e.Name), data)
	}
	return all
}
