package pack

import (
	"bytes"
	"testing"

	"holdfast/transporter/internal/repository/disk"
)

func TestWhatIsCutOffWasNeverThere(t *testing.T) {
	for _, size := range []int{100, bufferSize} { // still in memory, and in the file
		dir := t.TempDir()
		w, err := Create(disk.OS{}, dir, Header{Kind: Content, Name: Name{1}})
		if err != nil {
			t.Fatal(err)
		}
		add := func(n byte) {
			stored := bytes.Repeat([]byte{n}, size)
			f := Frame{Type: Piece, ID: ID{n}, Plain: uint32(size), Stored: uint32(size), Sum: Sum(stored)}
			frame := append(make([]byte, FrameSize), stored...)
			f.Put(frame)
			if err := w.Append(frame); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 5 {
			add(byte(n))
		}
		if err := w.Cut(2); err != nil {
			t.Fatal(err)
		}
		if _, ok := w.Number(ID{2}); ok || w.Len() != 2 {
			t.Errorf("%d blobs are left", w.Len())
		}
		add(9)
		entries, length, err := w.Seal()
		if err != nil || len(entries) != 3 {
			t.Fatal(entries, err)
		}
		for i := range entries {
			if _, stored, err := ReadFrame(w, &entries[i], nil); err != nil || len(stored) != size || stored[0] != entries[i].ID[0] {
				t.Errorf("blob %d: %v", i, err)
			}
		}
		if n, err := w.f.Size(); err != nil || n != length {
			t.Error(n, length, err)
		}
		if err := w.Abandon(); err != nil {
			t.Fatal(err)
		}
		if list, err := (disk.OS{}).List(dir); err != nil || len(list) != 0 {
			t.Error(list, err)
		}
	}
}
