package blob

import (
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
	return s.get(pack.ID(s.opts.Ring.ID(hash)), func(r io.ReaderAt, e *pack.Entry) ([]byte, error) {
		return s.read(r, e, hash, dst)
	})
}

// GetByID returns the plain bytes of a blob that is known by its id in the packs, like Get.
func (s *Store) GetByID(id pack.ID) ([]byte, error) {
	return s.get(id, func(r io.ReaderAt, e *pack.Entry) ([]byte, error) { return s.readByID(r, e) })
}

func (s *Store) get(id pack.ID, read func(r io.ReaderAt, e *pack.Entry) ([]byte, error)) ([]byte, error) {
	for try := 0; ; try++ {
		data, err := s.tryGet(id, read)
		// Between finding the blob and reading it, its pack may be sealed and closed, or replaced by another: then it is
		// found anew.
		if err == nil || try == 5 || fault.KindOf(err) != fault.Unavailable {
			if fault.KindOf(err) == fault.Corrupt {
				s.spoiled.note(id)
			}
			return data, err
		}
	}
}

func (s *Store) tryGet(id pack.ID, read func(r io.ReaderAt, e *pack.Entry) ([]byte, error)) ([]byte, error) {
	var first error
	if w, e, ok := s.findOpen(id); ok {
		data, err := read(w, &e)
		if err != nil && w.Closed() {
			return nil, fault.New(fault.Unavailable, "pack %s was sealed meanwhile", w.Name())
		}
		if err == nil {
			return data, nil
		}
		first = s.placed(err, id, w.Path())
	}
	var places []index.Place
	if err := s.opts.Index.FindAll(id, func(p index.Place) { places = append(places, p) }); err != nil {
		return nil, err
	}
	for i := range places {
		data, err := s.readAt(&places[i], read)
		if err == nil {
			return data, nil
		}
		if fault.KindOf(err) == fault.NotFound && !s.opts.Index.HasPack(places[i].Pack) {
			return nil, fault.New(fault.Unavailable, "pack %s was replaced meanwhile", places[i].Pack)
		}
		if first == nil {
			first = s.placed(err, id, s.Path(places[i].Pack))
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

func (s *Store) readAt(p *index.Place, read func(r io.ReaderAt, e *pack.Entry) ([]byte, error)) ([]byte, error) {
	f, err := s.files.get(s.opts.FS, s.Path(p.Pack))
	if err != nil {
		return nil, err
	}
	defer s.files.put(f)
	return read(f, &p.Entry)
}

// placed says where an error was met.
func (s *Store) placed(err error, id pack.ID, path string) error {
	if err == nil {
		return nil
	}
	kind := fault.KindOf(err)
	if kind == fault.NotFound {
		kind = fault.Corrupt // a pack that the index knows is gone
		if _, err := s.opts.FS.List(s.opts.Dir); err != nil {
			kind = fault.Unavailable // all of them are: the folder may come back
		}
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

// plain decodes a frame to memory of its own, as long as the bytes, and checks the hash. What was stored is overwritten.
func (s *Store) plain(f *pack.Frame, stored []byte, hash record.Hash, dst []byte) ([]byte, error) {
	data, err := s.decodeInPlace(dst[:0], f, stored)
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

// drop closes a pack as soon as nobody reads it.
func (c *files) drop(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f, ok := c.byRef[path]; ok {
		c.forget(f)
	}
}

func (c *files) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range c.byRef {
		c.forget(f)
	}
}

// readByID reads a blob of which only the id is known.
func (s *Store) readByID(r io.ReaderAt, e *pack.Entry) ([]byte, error) {
	f, stored, err := pack.ReadFrame(r, e, nil)
	if err != nil {
		return nil, err
	}
	return s.checked(nil, &f, stored)
}

// checked decodes a frame and makes sure that the bytes are those of its id.
func (s *Store) checked(dst []byte, f *pack.Frame, stored []byte) ([]byte, error) {
	data, err := s.decode(dst, f, stored)
	if err == nil && pack.ID(s.opts.Ring.ID(record.Sum(data))) != f.ID {
		err = fault.New(fault.Corrupt, "the bytes do not fit their hash")
	}
	return data, err
}
