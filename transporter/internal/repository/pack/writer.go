package pack

import (
	"errors"
	"io/fs"
	"path/filepath"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

// bufferSize is how much a writer gathers before it writes; larger frames go straight to the file.
const bufferSize = 256 << 10

// Writer appends blobs to one open pack. It may be used by several goroutines.
type Writer struct {
	fs     disk.FS
	dir    string
	header Header
	f      disk.File

	mu      sync.RWMutex
	buf     []byte // written behind flushed
	flushed int64
	entries []Entry
	byID    map[ID]int32
	failed  error // of a write or sync: nothing behind durable counts any more
	sealed  bool
	closed  bool
	// published is set when the file gets its final name: from then on it stays as it is.
	published bool
	shut      bool // the file is closed although the writer is not

	syncing sync.Mutex // serialises fsync, so that those who wait share the next one
	durable int64      // under mu
	early   int64      // up to where Early has asked
}

// Create begins a new pack in dir. The file appears with its header or not at all, so that one without is damaged.
func Create(fsys disk.FS, dir string, header Header) (*Writer, error) {
	w := &Writer{fs: fsys, dir: dir, header: header, byID: map[ID]int32{}, flushed: HeaderSize, durable: HeaderSize}
	if err := disk.WriteFile(fsys, w.Path(), header.Encode()); err != nil {
		return nil, err
	}
	var err error
	if w.f, err = fsys.Edit(w.Path()); err != nil {
		return nil, disk.Fault(err, "open", w.Path())
	}
	return w, nil
}

// Path returns the open file's path.
func (w *Writer) Path() string { return filepath.Join(w.dir, w.header.Name.String()+Open) }

// Name returns the pack's name.
func (w *Writer) Name() Name { return w.header.Name }

// Kind returns the pack's kind.
func (w *Writer) Kind() Kind { return w.header.Kind }

// Append adds a frame: header and stored bytes in one slice, which is not kept. It is durable after the next Sync.
func (w *Writer) Append(frame []byte) error {
	f, err := DecodeFrame(frame[:FrameSize])
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	at := w.flushed + int64(len(w.buf))
	if at+int64(len(frame)) > MaxSize-(MaxBlobs+1)*EntrySize-TrailerSize || len(w.entries) >= MaxBlobs {
		return fault.New(fault.Conflict, "pack %s is full", w.header.Name)
	}
	if len(w.buf) > 0 && len(w.buf)+len(frame) > bufferSize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if len(frame) > bufferSize {
		if err := w.write(frame); err != nil {
			return err
		}
	} else {
		w.buf = append(w.buf, frame...)
	}
	w.byID[f.ID] = int32(len(w.entries))
	w.entries = append(w.entries, Entry{
		ID: f.ID, Offset: uint32(at), Stored: f.Stored, Plain: f.Plain, Type: f.Type, Codec: f.Codec, Dict: f.Dict,
	})
	return nil
}

func (w *Writer) usable() error {
	if w.sealed { // and perhaps closed since: another pack takes what follows
		return fault.New(fault.Conflict, "pack %s is sealed", w.header.Name)
	}
	return w.failed
}

func (w *Writer) flush() error {
	if err := w.write(w.buf); err != nil {
		return err
	}
	w.buf = w.buf[:0]
	return nil
}

func (w *Writer) write(b []byte) error {
	if _, err := w.f.WriteAt(b, w.flushed); err != nil {
		return w.fail(disk.Fault(err, "write", w.Path()))
	}
	w.flushed += int64(len(b))
	return nil
}

// fail ends the writer. Blobs that are durable can still be read; the others are forgotten.
func (w *Writer) fail(err error) error {
	w.failed = err
	n := len(w.entries)
	for n > 0 && w.entries[n-1].End() > w.durable {
		n--
		delete(w.byID, w.entries[n].ID)
	}
	w.entries = w.entries[:n]
	w.buf = nil
	if !w.published {
		_ = w.f.Truncate(w.durable) // or whoever opens the pack next cuts it off
	}
	return err
}

// Failed returns what ended the writer, or nil.
func (w *Writer) Failed() error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.failed
}

// Sync returns when every blob appended before the call is durable. Callers that come at the same time share one fsync.
func (w *Writer) Sync() error {
	w.mu.RLock()
	want := w.flushed + int64(len(w.buf))
	w.mu.RUnlock()

	w.syncing.Lock()
	defer w.syncing.Unlock()
	return w.syncTo(want)
}

// syncTo makes the file durable up to want at least. The caller holds syncing.
func (w *Writer) syncTo(want int64) error {
	w.mu.Lock()
	if w.durable >= want || len(w.entries) == 0 {
		w.mu.Unlock()
		return nil
	}
	if w.failed != nil {
		w.mu.Unlock()
		return w.failed
	}
	if err := w.flush(); err != nil {
		w.mu.Unlock()
		return err
	}
	upTo := w.flushed
	w.mu.Unlock()

	err := w.f.Sync()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		// What the kernel still has of the unsynced bytes after a failed fsync is unknown: never try again on this file.
		return w.fail(disk.Fault(err, "sync", w.Path()))
	}
	w.durable = upTo
	return nil
}

// Early asks the system to begin making durable what was appended since it was asked before: for who appends much and syncs
// once. It is not called at the same time as itself.
func (w *Writer) Early() {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.failed == nil && !w.shut && !w.closed && w.flushed > w.early {
		disk.Early(w.f, w.early, w.flushed-w.early)
		w.early = w.flushed
	}
}

// Find returns the entry of a blob in the pack.
func (w *Writer) Find(id ID) (Entry, bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	i, ok := w.byID[id]
	if !ok {
		return Entry{}, false
	}
	return w.entries[i], true
}

// ReadAt reads bytes of the pack, also such as are not yet in the file.
func (w *Writer) ReadAt(b []byte, off int64) (int, error) {
	if err := w.reopen(); err != nil {
		return 0, err
	}
	w.mu.RLock()
	defer w.mu.RUnlock()
	if off >= w.flushed && off-w.flushed+int64(len(b)) <= int64(len(w.buf)) {
		return copy(b, w.buf[off-w.flushed:]), nil
	}
	return w.f.ReadAt(b, off)
}

// reopen opens the file again after a sealing that failed with the file closed.
func (w *Writer) reopen() error {
	w.mu.RLock()
	shut := w.shut
	w.mu.RUnlock()
	if !shut {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.shut || w.closed {
		return nil
	}
	path := w.Path()
	f, err := w.fs.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		path = Path(w.dir, w.header.Name)
		f, err = w.fs.Open(path)
	}
	if err != nil {
		return disk.Fault(err, "open", path)
	}
	w.f, w.shut = f, false
	return nil
}

// Size returns how long the pack is, and Len how many blobs it has.
func (w *Writer) Size() int64 {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.flushed + int64(len(w.buf))
}

// Len returns the number of blobs.
func (w *Writer) Len() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return len(w.entries)
}

// Entries returns the entries of the durable blobs in the order of the file, and where they end.
func (w *Writer) Entries() ([]Entry, int64) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	n := len(w.entries)
	for n > 0 && w.entries[n-1].End() > w.durable {
		n--
	}
	return append([]Entry(nil), w.entries[:n]...), w.durable
}

// Seal writes the footer, makes the pack durable, reads the footer again, and gives the file its final name. The entries
// come back sorted, with the file's size. The writer can then only be read and closed.
func (w *Writer) Seal() ([]Entry, int64, error) {
	w.syncing.Lock()
	defer w.syncing.Unlock()

	w.mu.Lock()
	if err := w.usable(); err != nil {
		w.mu.Unlock()
		return nil, 0, err
	}
	w.sealed = true
	if err := w.flush(); err != nil {
		w.mu.Unlock()
		return nil, 0, err
	}
	end := w.flushed
	entries := append([]Entry(nil), w.entries...)
	w.mu.Unlock()

	SortEntries(entries)
	footer := encodeFooter(w.header.Encode(), entries, end)
	size := end + int64(len(footer))
	err := w.finish(footer, end, size)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.durable = end
		err = w.publish()
	}
	if err != nil {
		return nil, 0, w.fail(err)
	}
	return entries, size, nil
}

func (w *Writer) finish(footer []byte, end, size int64) error {
	if _, err := w.f.WriteAt(footer, end); err != nil {
		return disk.Fault(err, "write", w.Path())
	}
	if err := w.f.Sync(); err != nil {
		return disk.Fault(err, "sync", w.Path())
	}
	if _, _, err := ReadFooter(w.f, size); fault.KindOf(err) == fault.Unavailable {
		return fault.New(fault.Unavailable, "cannot read back %s: %w", w.Path(), err)
	} else if err != nil {
		return fault.New(fault.Corrupt, "%s does not read back as written (%w); check the disk and the memory of this machine", w.Path(), err)
	}
	return nil
}

// publish gives the file its final name. Windows renames no open file, so it is closed and opened again.
func (w *Writer) publish() error {
	final := filepath.Join(w.dir, w.header.Name.File())
	w.published, w.shut = true, true
	if err := w.f.Close(); err != nil {
		return disk.Fault(err, "close", w.Path())
	}
	if err := w.fs.Rename(w.Path(), final); err != nil {
		return disk.Fault(err, "rename", w.Path())
	}
	f, err := w.fs.Open(final)
	if err != nil {
		return disk.Fault(err, "open", final)
	}
	w.f, w.shut = f, false
	if err := w.fs.SyncDir(w.dir); err != nil {
		return disk.Fault(err, "sync", w.dir)
	}
	return nil
}

// Close closes the file, without making anything durable.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	// A sealed one stays sealed to who comes late with a blob, and takes it to the next pack.
	if w.failed == nil && !w.sealed {
		w.failed = fault.New(fault.Unavailable, "pack %s is closed", w.header.Name)
	}
	w.closed = true
	if w.shut {
		return nil
	}
	return w.f.Close()
}

// Closed reports whether the writer can no longer be read.
func (w *Writer) Closed() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.closed
}

// Discard closes and removes a pack without blobs.
func (w *Writer) Discard() error {
	if w.Len() > 0 {
		return errors.New("pack: discard of a pack with blobs")
	}
	_ = w.Close()
	if err := w.fs.Remove(w.Path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk.Fault(err, "remove", w.Path())
	}
	return nil
}
