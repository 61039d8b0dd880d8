package segment_test

import (
	"io"
	"io/fs"
	"sync"

	"holdfast/transporter/internal/repository/disk"
)

// shelves is a file system in memory, for tests that make thousands of files. It does not sync and has no folders.
type shelves struct {
	mu    sync.Mutex
	files map[string]*sheet
}

type sheet struct {
	mu   sync.Mutex
	data []byte
}

func newShelves() *shelves { return &shelves{files: map[string]*sheet{}} }

func (s *shelves) put(name string, data []byte) { s.files[name] = &sheet{data: data} }

func (s *shelves) Open(name string) (disk.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[name]; f != nil {
		return f, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

func (s *shelves) Edit(name string) (disk.File, error) { return s.Open(name) }

func (s *shelves) Create(name string) (disk.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	s.files[name] = &sheet{}
	return s.files[name], nil
}

func (s *shelves) Rename(from, to string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[to] = s.files[from]
	delete(s.files, from)
	return nil
}

func (s *shelves) Remove(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, name)
	return nil
}

func (s *shelves) MkdirAll(string) error { return nil }

func (s *shelves) List(string) ([]disk.Entry, error) { return nil, nil }

func (s *shelves) SyncDir(string) error { return nil }

func (f *sheet) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if off >= int64(len(f.data)) {
		return 0, io.EOF
	}
	n := copy(b, f.data[off:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *sheet) WriteAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if need := int(off) + len(b); need > len(f.data) {
		f.data = append(f.data, make([]byte, need-len(f.data))...)
	}
	return copy(f.data[off:], b), nil
}

func (f *sheet) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.data = append(f.data[:min(len(f.data), int(size))], make([]byte, max(0, int(size)-len(f.data)))...)
	return nil
}

func (f *sheet) Size() (int64, error) { return int64(len(f.data)), nil }
func (f *sheet) Sync() error          { return nil }
func (f *sheet) Close() error         { return nil }
