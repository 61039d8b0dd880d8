package pack

import (
	"errors"
	"io/fs"

	"holdfast/transporter/internal/repository/disk"
)

// Number returns the place of a blob in the order of the file.
func (w *Writer) Number(id ID) (int, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	i, ok := w.byID[id]
	return int(i), ok
}

// Cut takes the blobs from number n on out of a pack that nobody else writes or has synced.
func (w *Writer) Cut(n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	if n >= len(w.entries) {
		return nil
	}
	end := int64(w.entries[n].Offset)
	for _, e := range w.entries[n:] {
		delete(w.byID, e.ID)
	}
	w.entries = w.entries[:n]
	if end >= w.flushed {
		w.buf = w.buf[:end-w.flushed]
		return nil
	}
	w.buf = w.buf[:0]
	if err := w.f.Truncate(end); err != nil {
		return w.fail(disk.Fault(err, "truncate", w.Path()))
	}
	w.flushed = end
	return nil
}

// Abandon closes and removes a pack whatever is in it; nobody may rely on it.
func (w *Writer) Abandon() error {
	_ = w.Close()
	for _, path := range []string{w.Path(), Path(w.dir, w.header.Name)} {
		if err := w.fs.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return disk.Fault(err, "remove", path)
		}
	}
	return nil
}
