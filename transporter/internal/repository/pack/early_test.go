package pack

import "testing"

func TestWhatIsWrittenEarlyIsAskedForOnce(t *testing.T) {
	w := create(t, t.TempDir(), 0)
	w.Early()
	if w.early > w.flushed {
		t.Errorf("asked for %d of %d bytes", w.early, w.flushed)
	}
	for n := range 3 {
		if err := w.Append(frame(byte(n), bufferSize)); err != nil {
			t.Fatal(err)
		}
		if w.Early(); w.early != w.flushed || w.flushed == HeaderSize {
			t.Errorf("asked for %d of %d bytes", w.early, w.flushed)
		}
	}
	if err := w.Cut(1); err != nil {
		t.Fatal(err)
	}
	if err := w.Append(frame(9, bufferSize)); err != nil {
		t.Fatal(err)
	}
	w.Early()
	entries, _, err := w.Seal()
	if err != nil || len(entries) != 2 {
		t.Fatal(entries, err)
	}
	w.Early()
	for i := range entries {
		if _, stored, err := ReadFrame(w, &entries[i], nil); err != nil || len(stored) == 0 {
			t.Error(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	closed := create(t, t.TempDir(), 0)
	if err := closed.Append(frame(1, bufferSize)); err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	if closed.Early(); closed.early != 0 {
		t.Error("a closed pack was asked for")
	}
}
