package pack

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

var repositoryID = [16]byte{1, 2, 3}

// frame returns the frame of a made-up blob.
func frame(n byte, size int) []byte {
	stored := bytes.Repeat([]byte{n}, size)
	f := Frame{Type: Piece, ID: ID{n, 1}, Plain: uint32(size), Stored: uint32(size), Sum: Sum(stored)}
	b := make([]byte, FrameSize, FrameSize+size)
	f.Put(b)
	return append(b, stored...)
}

func create(t testing.TB, dir string, blobs int) *Writer {
	t.Helper()
	w, err := Create(disk.OS{}, dir, Header{Kind: Content, Repository: repositoryID, Name: Name{5}, Created: 99})
	if err != nil {
		t.Fatal(err)
	}
	for i := range blobs {
		if err := w.Append(frame(byte(i+1), 100*i+1)); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestASealedPackReadsBack(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, 20)
	e, ok := w.Find(ID{4, 1})
	if _, stored, err := ReadFrame(w, &e, nil); !ok || err != nil || len(stored) != 301 { // still in the buffer
		t.Fatal(ok, err)
	}
	entries, size, err := w.Seal()
	if err != nil {
		t.Fatal(err)
	}
	if _, stored, err := ReadFrame(w, &e, nil); err != nil || stored[0] != 4 { // in the file
		t.Error(err)
	}
	if err := w.Append(frame(99, 1)); fault.KindOf(err) != fault.Conflict {
		t.Error("append to a sealed pack:", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(frame(99, 1)); fault.KindOf(err) != fault.Conflict || w.Failed() != nil {
		t.Error("append to a sealed pack that was closed meanwhile:", err)
	}
	f, err := disk.OS{}.Open(Path(dir, Name{5}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h, got, err := ReadFooter(f, size)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(entries, got); diff != "" {
		t.Error(diff)
	}
	if h != (Header{Kind: Content, Repository: repositoryID, Name: Name{5}, Created: 99}) {
		t.Error(h)
	}
	n := 0
	end, err := Scan(f, HeaderSize, size-TrailerSize-20*EntrySize, func(Entry, *Frame, []byte) error { n++; return nil },
		func(g Gap) { t.Error("gap", g) })
	if n != 20 || err != nil || end != size-TrailerSize-20*EntrySize {
		t.Error(n, end, err)
	}
}

func TestEveryFlippedBitOfASealedPackIsNoticed(t *testing.T) {
	dir := t.TempDir()
	_, _, err := create(t, dir, 5).Seal()
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(Path(dir, Name{5}))
	if err != nil {
		t.Fatal(err)
	}
	for at := range whole {
		for bit := range 8 {
			b := bytes.Clone(whole)
			b[at] ^= 1 << bit
			if err := readAll(b); err == nil {
				t.Fatalf("bit %d of byte %d goes unnoticed", bit, at)
			}
		}
		if err := readAll(whole[:at]); err == nil {
			t.Fatalf("a cut at %d goes unnoticed", at)
		}
	}
	if err := readAll(whole); err != nil {
		t.Fatal(err)
	}
}

// readAll reads a pack as a verify does.
func readAll(b []byte) error {
	r := bytes.NewReader(b)
	_, entries, err := ReadFooter(r, int64(len(b)))
	if err != nil {
		return err
	}
	for i := range entries {
		if _, _, err := ReadFrame(r, &entries[i], nil); err != nil {
			return err
		}
	}
	return nil
}

func TestResumeCutsATornEndAndKeepsTheRest(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range 200 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			dir := t.TempDir()
			w := create(t, dir, 10)
			if err := w.Sync(); err != nil {
				t.Fatal(err)
			}
			entries, end := w.Entries()
			path := w.Path()
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			cut := HeaderSize + rnd.Int64N(end-HeaderSize)
			if err := os.Truncate(path, cut); err != nil {
				t.Fatal(err)
			}
			known, knownEnd := []Entry(nil), int64(0)
			if i%2 == 0 && cut > entries[2].End() {
				known, knownEnd = entries[:3], entries[2].End()
			}
			w, gaps, err := Resume(disk.OS{}, dir, Name{5}, repositoryID, known, knownEnd)
			want, whole := 0, int64(HeaderSize)
			for want < len(entries) && entries[want].End() <= cut {
				whole = entries[want].End()
				want++
			}
			var torn []Gap
			if cut > whole {
				torn = []Gap{{Offset: whole, Length: cut - whole, Torn: true}}
			}
			if diff := cmp.Diff(torn, gaps, cmpopts.IgnoreFields(Gap{}, "Reason")); err != nil || diff != "" {
				t.Fatal(err, diff)
			}
			if got, _ := w.Entries(); !cmp.Equal(got, entries[:want:want]) && want+len(got) > 0 {
				t.Errorf("cut at %d: got %d blobs, want %d", cut, len(got), want)
			}
			if err := w.Append(frame(77, 50)); err != nil {
				t.Fatal(err)
			}
			if _, size, err := w.Seal(); err != nil {
				t.Error(err)
			} else if b, err := os.ReadFile(Path(dir, Name{5})); err != nil || int64(len(b)) != size || readAll(b) != nil {
				t.Error(err, readAll(b))
			}
		})
	}
}

func TestDamageInAnOpenPackHidesNoOtherBlob(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, 10)
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	entries, _ := w.Entries()
	path := w.Path()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[entries[4].Offset+FrameSize+3] ^= 1 // stored bytes
	b[entries[7].Offset+20] ^= 1          // a header
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	w, gaps, err := Resume(disk.OS{}, dir, Name{5}, repositoryID, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	got, _ := w.Entries()
	if len(got) != 8 || len(gaps) != 2 || gaps[0].Offset != int64(entries[4].Offset) || gaps[1].Length != entries[7].End()-int64(entries[7].Offset) {
		t.Errorf("%d blobs, gaps %+v", len(got), gaps)
	}
}

func TestAPackOfAnotherRepositoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, 1)
	if err := w.Sync(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	if _, _, err := Resume(disk.OS{}, dir, Name{5}, [16]byte{9}, nil, 0); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
	if err := os.Rename(filepath.Join(dir, Name{5}.String()+Open), filepath.Join(dir, Name{6}.String()+Open)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Resume(disk.OS{}, dir, Name{6}, repositoryID, nil, 0); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
}

func TestANewerFormatIsUnsupported(t *testing.T) {
	b := Header{Kind: Content}.Encode()
	b[8] = 2
	putSum(b)
	if _, err := DecodeHeader(b); fault.KindOf(err) != fault.Unsupported {
		t.Error(err)
	}
}

func putSum(b []byte) {
	s := Sum(b[:60])
	b[60], b[61], b[62], b[63] = byte(s), byte(s>>8), byte(s>>16), byte(s>>24)
}

func FuzzDecodeHeader(f *testing.F) {
	f.Add(Header{Kind: Trees, Name: Name{1}}.Encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := DecodeHeader(b); err == nil && !bytes.Equal(h.Encode(), b) {
			t.Error("decoded, yet not as encoded")
		}
	})
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add(frame(1, 10)[:FrameSize])
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := DecodeFrame(b); err == nil {
			out := make([]byte, FrameSize)
			h.Put(out)
			if !bytes.Equal(out, b) {
				t.Error("decoded, yet not as encoded")
			}
		}
	})
}

func FuzzReadPack(f *testing.F) {
	dir := f.TempDir()
	if _, _, err := create(f, dir, 3).Seal(); err != nil {
		f.Fatal(err)
	}
	b, err := os.ReadFile(Path(dir, Name{5}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:200])
	files, err := filepath.Glob("../testdata/golden/1/*/vault/packs/*")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, path := range files {
		if b, err = os.ReadFile(path); err != nil {
			f.Fatal(err)
		}
		f.Add(b[:min(len(b), 8<<10)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = readAll(b)
		end, err := Scan(bytes.NewReader(b), 0, int64(len(b)), func(e Entry, _ *Frame, stored []byte) error {
			if int(e.Stored) != len(stored) || e.End() > int64(len(b)) {
				t.Error("a frame beyond the end")
			}
			return nil
		}, func(g Gap) {
			if g.Length <= 0 || g.Offset+g.Length > int64(len(b)) {
				t.Error("a gap beyond the end", g)
			}
		})
		if err != nil || end > int64(len(b)) {
			t.Error(end, err)
		}
	})
}
