package blob

import (
	"cmp"
	"io"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// Get returns the plain bytes of a blob, in dst's memory where they fit, and vouches for their hash. A blob that lies in
// several packs is read from the first that is whole. One that is missing or damaged is Corrupt.
func (s *Store) Get(hash record.Hash, dst []byte) ([]byte, error) {
	id := pack.ID(s.opts.Ring.ID(hash))
	for try := 0; ; try++ {
		data, err := s.get(id, hash, dst)
		// A pack may be sealed and closed between finding the blob and reading it; then it is found in the index.
		if err == nil || try == 3 || fault.KindOf(err) != fault.Unavailable {
			if fault.KindOf(err) == fault.Corrupt {
				s.spoiled.note(id)
			}
			return data, err
		}
	}
}

func (s *Store) get(id pack.ID, hash record.Hash, dst []byte) ([]byte, error) {
	var first error
	if w, e, ok := s.findOpen(id); ok {
		data, err := s.read(w, &e, hash, dst)
		if err != nil && w.Closed() {
			return nil, fault.New(fault.Unavailable, "pack %s was sealed meanwhile", w.Name())
		}
		if err == nil {
			return data, nil
		}
		first = placed(err, id, w.Path())
	}
	var places []index.Place
	if err := s.opts.Index.FindAll(id, func(p index.Place) { places = append(places, p) }); err != nil {
		return nil, err
	}
	for i := range places {
		path := s.Path(places[i].Pack)
		f, err := s.files.get(s.opts.FS, path)
		if err == nil {
			var data []byte
			data, err = s.read(f, &places[i].Entry, hash, dst)
			s.files.put(f)
			if err == nil {
				return data, nil
			}
		}
		if first == nil {
			first = placed(err, id, path)
		}
	}
	if first != nil {
		return nil, first
	}
	if s.isOpen(id) {
		return nil, fault.New(fault.Unavailable, "the blob moved meanwhile")
	}
	return nil, fault.New(fault.Corrupt, "blob %s is missing: no pack in %s has it", id, s.opts.Dir)
}

// placed says where an error was met.
func placed(err error, id pack.ID, path string) error {
	if err == nil {
		return nil
	}
	kind := fault.KindOf(err)
	if kind == fault.NotFound {
		kind = fault.Corrupt // a pack that the index knows is gone
	}
	return fault.New(kind, "blob %s in %s: %w", id, path, err)
}

func (s *Store) read(r io.ReaderAt, e *pack.Entry, hash record.Hash, dst []byte) ([]byte, error) {
	buf := s.buffer(pack.FrameSize + int(e.Stored))
	defer s.release(buf)
	f, stored, err := pack.ReadFrame(r, e, *buf)
	if err != nil {
		return nil, err
	}
	return s.plain(&f, stored, hash, dst)
}

// plain decodes a frame to memory of its own and checks the hash.
func (s *Store) plain(f *pack.Frame, stored []byte, hash record.Hash, dst []byte) ([]byte, error) {
	room := int(f.Plain)
	if s.opts.Ring.Encrypted() {
		room += len(stored)
	}
	if cap(dst) < room {
		dst = make([]byte, 0, room)
	}
	data, err := s.decode(dst[:0], f, stored)
	if err != nil {
		return nil, err
	}
	if record.Sum(data) != hash {
		return nil, fault.New(fault.Corrupt, "the bytes do not fit their hash")
	}
	if len(stored) > 0 && len(data) > 0 && &data[0] == &stored[0] { // raw and not encrypted: still in the read buffer
		data = append(dst[:0], data...)
	}
	return data, nil
}

// maxFiles bounds the packs that are open for reading at a time.
const maxFiles = 64

// files are packs open for reading, the least recently used closed first.
type files struct {
	mu    sync.Mutex
	byRef map[string]*packFile
	clock uint64
}

type packFile struct {
	disk.File
	path string
	uses int
	last uint64
	gone bool // from byRef; the last user closes it
}

func (c *files) get(fsys disk.FS, path string) (*packFile, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clock++
	if f, ok := c.byRef[path]; ok {
		f.uses++
		f.last = c.clock
		return f, nil
	}
	file, err := fsys.Open(path)
	if err != nil {
		return nil, disk.Fault(err, "open", path)
	}
	if c.byRef == nil {
		c.byRef = map[string]*packFile{}
	}
	if len(c.byRef) >= maxFiles {
		var oldest *packFile
		for _, f := range c.byRef {
			if oldest == nil || f.last < oldest.last {
				oldest = f
			}
		}
		c.forget(oldest)
	}
	f := &packFile{File: file, path: path, uses: 1, last: c.clock}
	c.byRef[path] = f
	return f, nil
}

func (c *files) put(f *packFile) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.uses--; f.uses == 0 && f.gone {
		_ = f.Close() // it was only read
	}
}

func (c *files) forget(f *packFile) {
	delete(c.byRef, f.path)
	f.gone = true
	if f.uses == 0 {
		_ = f.Close() // it was only read
	}
}

func (c *files) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.byRef {
		c.forget(f)
	}
}

// GetByID returns the plain bytes of a blob that is known by its id in the packs, from the first that has it whole.
func (s *Store) GetByID(id pack.ID) ([]byte, error) {
	read := func(r io.ReaderAt, e *pack.Entry, path string) ([]byte, error) {
		f, stored, err := pack.ReadFrame(r, e, nil)
		if err != nil {
			return nil, placed(err, id, path)
		}
		data, err := s.checked(nil, &f, stored)
		return data, placed(err, id, path)
	}
	var first error
	if w, e, ok := s.findOpen(id); ok {
		data, err := read(w, &e, w.Path())
		if err == nil {
			return data, nil
		}
		first = err
	}
	var places []index.Place
	if err := s.opts.Index.FindAll(id, func(p index.Place) { places = append(places, p) }); err != nil {
		return nil, err
	}
	for i := range places {
		path := s.Path(places[i].Pack)
		f, err := s.files.get(s.opts.FS, path)
		if err == nil {
			var data []byte
			data, err = read(f, &places[i].Entry, path)
			s.files.put(f)
			if err == nil {
				return data, nil
			}
		}
		first = cmp.Or(first, placed(err, id, path))
	}
	if first == nil {
		first = fault.New(fault.Corrupt, "blob %s is missing: no pack in %s has it", id, s.opts.Dir)
	}
	return nil, first
}

// checked decodes a frame and makes sure that the bytes are those of its id.
func (s *Store) checked(dst []byte, f *pack.Frame, stored []byte) ([]byte, error) {
	data, err := s.decode(dst, f, stored)
	if err == nil && pack.ID(s.opts.Ring.ID(record.Sum(data))) != f.ID {
		err = fault.New(fault.Corrupt, "the bytes do not fit their hash")
	}
	return data, err
}
