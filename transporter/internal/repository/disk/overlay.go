package disk

import (
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Overlay is a file system whose changes stay in memory: what is below it is only read. So what is read-only, or is not to be
// touched, can be brought in order for as long as it is looked at. It needs memory for what is written, in blocks.
type Overlay struct {
	below FS

	mu    sync.Mutex
	files map[string]*overlaid // by clean path; nil where the file is removed
	dirs  map[string]bool      // made
}

// overlayBlock is how many bytes of a file are taken over at a time when some of them are written.
const overlayBlock = 64 << 10

// overlaid is a file that differs from what is below.
type overlaid struct {
	below File // nil for one that was created

	mu     sync.RWMutex
	limit  int64 // bytes of below that still count
	size   int64
	blocks map[int64][]byte
}

// NewOverlay returns a file system over another. Close must be called.
func NewOverlay(below FS) *Overlay {
	return &Overlay{below: below, files: map[string]*overlaid{}, dirs: map[string]bool{}}
}

// Close gives back the files below that are open.
func (o *Overlay) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for name, f := range o.files {
		if f != nil && f.below != nil {
			_ = f.below.Close() // it was only read
		}
		delete(o.files, name)
	}
}

func pathError(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// find returns a file, taken over from below if that is wanted. Where it is not, one that is only below is nil.
func (o *Overlay) find(op, name string, take bool) (*overlaid, error) {
	name = filepath.Clean(name)
	f, known := o.files[name]
	switch {
	case known && f == nil:
		return nil, pathError(op, name, fs.ErrNotExist)
	case known || !take:
		return f, nil
	}
	below, err := o.below.Open(name)
	if err != nil {
		return nil, err
	}
	size, err := below.Size()
	if err != nil {
		_ = below.Close() // it was only read
		return nil, err
	}
	f = &overlaid{below: below, limit: size, size: size, blocks: map[int64][]byte{}}
	o.files[name] = f
	return f, nil
}

// Open implements FS.
func (o *Overlay) Open(name string) (File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, err := o.find("open", name, false)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return o.below.Open(name)
	}
	return f, nil
}

// Edit implements FS.
func (o *Overlay) Edit(name string) (File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, err := o.find("open", name, true)
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Create implements FS.
func (o *Overlay) Create(name string) (File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name = filepath.Clean(name)
	if there, err := o.there(name); err != nil {
		return nil, err
	} else if there {
		return nil, pathError("create", name, fs.ErrExist)
	}
	f := &overlaid{blocks: map[int64][]byte{}}
	o.files[name] = f
	return f, nil
}

func (o *Overlay) there(name string) (bool, error) {
	if f, known := o.files[name]; known {
		return f != nil, nil
	}
	f, err := o.below.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, f.Close()
}

// Rename implements FS.
func (o *Overlay) Rename(from, to string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, err := o.find("rename", from, true)
	if err != nil {
		return err
	}
	o.files[filepath.Clean(from)] = nil
	o.files[filepath.Clean(to)] = f
	return nil
}

// Remove implements FS. Folders that are below stay in sight.
func (o *Overlay) Remove(name string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	name = filepath.Clean(name)
	if there, err := o.there(name); err != nil {
		return err
	} else if !there {
		return pathError("remove", name, fs.ErrNotExist)
	}
	o.files[name] = nil
	return nil
}

// MkdirAll implements FS.
func (o *Overlay) MkdirAll(name string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.dirs[filepath.Clean(name)] = true
	return nil
}

// List implements FS.
func (o *Overlay) List(dir string) ([]Entry, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	dir = filepath.Clean(dir)
	list, err := o.below.List(dir)
	if err != nil && (!errors.Is(err, fs.ErrNotExist) || !o.dirs[dir]) {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(e Entry) bool { _, known := o.files[filepath.Join(dir, e.Name)]; return known })
	for name, f := range o.files {
		if f != nil && filepath.Dir(name) == dir {
			size, _ := f.Size()
			list = append(list, Entry{Name: filepath.Base(name), Size: size})
		}
	}
	slices.SortFunc(list, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// SyncDir implements FS.
func (o *Overlay) SyncDir(string) error { return nil }

// Size implements File.
func (f *overlaid) Size() (int64, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.size, nil
}

// Sync implements File.
func (f *overlaid) Sync() error { return nil }

// Close implements File. What was written stays.
func (f *overlaid) Close() error { return nil }

// Truncate implements File.
func (f *overlaid) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if size < f.size {
		f.limit = min(f.limit, size)
		for n, b := range f.blocks {
			if at := n * overlayBlock; at >= size {
				delete(f.blocks, n)
			} else if at+overlayBlock > size {
				clear(b[size-at:])
			}
		}
	}
	f.size = size
	return nil
}

// ReadAt implements File.
func (f *overlaid) ReadAt(b []byte, off int64) (int, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	n := int(min(int64(len(b)), max(0, f.size-off)))
	for done := 0; done < n; {
		at := off + int64(done)
		part := b[done:min(n, done+int(overlayBlock-at%overlayBlock))]
		if block, ok := f.blocks[at/overlayBlock]; ok {
			copy(part, block[at%overlayBlock:])
		} else if err := f.fromBelow(part, at); err != nil {
			return done, err
		}
		done += len(part)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// fromBelow reads what is below, and zeros where that has ended.
func (f *overlaid) fromBelow(b []byte, off int64) error {
	n := min(int64(len(b)), max(0, f.limit-off))
	clear(b[n:])
	if n == 0 {
		return nil
	}
	_, err := f.below.ReadAt(b[:n], off)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // it was as long when it was opened
	}
	return err
}

// WriteAt implements File.
func (f *overlaid) WriteAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	for done := 0; done < len(b); {
		at := off + int64(done)
		n := at / overlayBlock
		block, ok := f.blocks[n]
		if !ok {
			block = make([]byte, overlayBlock)
			if err := f.fromBelow(block, n*overlayBlock); err != nil {
				return done, err
			}
			f.blocks[n] = block
		}
		done += copy(block[at%overlayBlock:], b[done:])
		f.size = max(f.size, off+int64(done))
	}
	return len(b), nil
}

var (
	_ FS   = (*Overlay)(nil)
	_ File = (*overlaid)(nil)
)
