package segment

import (
	"encoding/binary"
	"hash/crc32"
	"path/filepath"
	"sync"
	"sync/atomic"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

// Segment is an open segment. It may be read by several goroutines.
type Segment struct {
	Name string
	// Base is the number of the first document, Docs how many numbers there are from it on.
	Base, Docs uint32
	// Present is how many documents there are, Words how many words, of all fields.
	Present, Words int
	Mailboxes      []Mailbox

	place  Place
	file   disk.File
	size   int64
	blocks [kinds][]extent
	cache  *Cache

	present Set

	loading sync.Mutex // held by who loads
	memory  atomic.Pointer[loaded]
}

// Open opens a segment. One that is damaged in what is read at once is Corrupt, one of a later format Unsupported, one that
// is not there NotFound. fn gets the chapters, in order.
func (p Place) Open(name string, cache *Cache, fn func(*Chapter) error) (_ *Segment, err error) {
	path := filepath.Join(p.Dir, name)
	f, err := p.FS.Open(path)
	if err != nil {
		return nil, disk.Fault(err, "open", path)
	}
	s := &Segment{Name: name, place: p, file: f, cache: cache}
	defer func() {
		if err != nil {
			_ = f.Close() // it was only read
		}
	}()
	if s.size, err = f.Size(); err != nil {
		return nil, disk.Fault(err, "read", path)
	}
	if err := s.directory(); err != nil {
		return nil, fault.New(fault.KindOf(err), "%s: %w", path, err)
	}
	if err := s.look(fn); err != nil {
		return nil, fault.New(fault.KindOf(err), "%s: %w", path, err)
	}
	return s, nil
}

// Close ends the use of the file. Nobody may be reading.
func (s *Segment) Close() error {
	s.Unload()
	return s.file.Close()
}

// Size returns the length of the file in bytes.
func (s *Segment) Size() int64 { return s.size }

func (s *Segment) directory() error {
	var t [trailerSize]byte
	var head [len(magic)]byte
	if s.size < int64(len(magic))+trailerSize {
		return damaged("the file is cut off")
	}
	if _, err := s.file.ReadAt(head[:], 0); err != nil {
		return disk.Fault(err, "read", s.Name)
	}
	if _, err := s.file.ReadAt(t[:], s.size-trailerSize); err != nil {
		return disk.Fault(err, "read", s.Name)
	}
	if string(head[:]) != magic || string(t[24:]) != endMagic {
		return damaged("the file is cut off, or no segment")
	}
	if v := binary.LittleEndian.Uint64(t[16:]); v != formatNo {
		return fault.New(fault.Unsupported, "the segment has format %d, which this version does not know", v)
	}
	if crc32.Checksum(t[:12], crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(t[12:]) {
		return damaged("the trailer does not fit its checksum")
	}
	data, err := s.read(extent{int64(binary.LittleEndian.Uint64(t[:])), int(binary.LittleEndian.Uint32(t[8:]))})
	if err != nil {
		return err
	}
	d := &decoder{data: data}
	s.Base, s.Docs = d.uint32(), uint32(d.below(MaxRange+1))
	s.Present, s.Words = int(d.below(uint64(s.Docs)+1)), int(d.below(1<<31))
	for range d.count() {
		s.Mailboxes = append(s.Mailboxes, Mailbox{Account: d.string(), Mailbox: d.string()})
		if d.fault {
			break
		}
	}
	for k := range s.blocks {
		for range d.count() {
			s.blocks[k] = append(s.blocks[k], extent{int64(d.below(uint64(s.size))), int(d.below(maxBlock + 1))})
			if d.fault {
				break
			}
		}
	}
	if !d.ok() || uint64(s.Base)+uint64(s.Docs) > 1<<32-1 {
		return damaged("its directory cannot be read")
	}
	return nil
}

// read reads and opens a block.
func (s *Segment) read(e extent) ([]byte, error) {
	data, _, err := s.readInto(e, nil)
	return data, err
}

// readInto reads and opens a block in the memory of box, which it returns, larger if it has to be. The data may lie in it.
func (s *Segment) readInto(e extent, box []byte) (data, memory []byte, err error) {
	if e.at < 0 || e.length < 0 || e.length > maxBlock || e.at > s.size-int64(e.length) {
		return nil, box, damaged("a block lies outside of the file")
	}
	if cap(box) < e.length {
		box = make([]byte, e.length)
	}
	box = box[:e.length]
	if _, err := s.file.ReadAt(box, e.at); err != nil {
		return nil, box, disk.Fault(err, "read", filepath.Join(s.place.Dir, s.Name))
	}
	data, err = s.place.Sealer.OpenDerived(use(s.Name, e.at), box)
	if err != nil {
		return nil, box, damaged("a block does not fit its seal")
	}
	return data, box, nil
}

// look reads what is there of documents and backups.
func (s *Segment) look(fn func(*Chapter) error) error {
	if len(s.blocks[columnBlock]) != (int(s.Docs)+columnDocs-1)/columnDocs || len(s.blocks[nameBlock]) != (int(s.Docs)+nameDocs-1)/nameDocs {
		return damaged("its columns cannot be read")
	}
	s.present = NewSet(s.Docs)
	err := s.columns(func(doc uint32, _ *Doc) error {
		s.present.Add(doc)
		return nil
	})
	if err != nil {
		return err
	}
	if s.present.Len() != int64(s.Present) {
		return damaged("its columns cannot be read")
	}
	return s.Chapters(fn)
}

// All returns all documents that were not dropped. It must not be changed.
func (s *Segment) All() Set { return s.present }

// Doc returns all that is kept of a document; NotFound for one that was dropped.
func (s *Segment) Doc(doc uint32) (Doc, error) {
	if doc >= s.Docs || !s.present.Has(doc) {
		return Doc{}, fault.New(fault.NotFound, "message %d is not in the search index", doc)
	}
	columns, err := s.Columns()
	if err != nil {
		return Doc{}, err
	}
	found := columns.doc(doc)
	data, err := s.cached(nameBlock, int(doc/nameDocs))
	if err != nil {
		return Doc{}, err
	}
	err = s.names(int(doc/nameDocs), data, func(n uint32, key Key, id []byte) {
		if n == doc {
			found.Key, found.ID = key, string(id)
		}
	})
	return found, err
}

// Keys calls fn for the key of each document of a block of those in the set; blocks without any are not read.
func (s *Segment) Keys(of Set, fn func(doc uint32, key Key)) error {
	const per = nameDocs / 64
	r := reading{s: s}
	for b := range s.blocks[nameBlock] {
		none := true
		for _, w := range of[b*per : min(len(of), (b+1)*per)] {
			none = none && w == 0
		}
		if none {
			continue
		}
		data, err := r.block(nameBlock, b)
		if err != nil {
			return err
		}
		err = s.names(b, data, func(n uint32, key Key, _ []byte) {
			if of.Has(n) {
				fn(n, key)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Chapters calls fn for the chapters of the segment, in order.
func (s *Segment) Chapters(fn func(*Chapter) error) error {
	for _, e := range s.blocks[chapterBlock] {
		data, err := s.read(e)
		if err != nil {
			return err
		}
		c, err := decodeChapter(data)
		if err != nil {
			return err
		}
		if err := fn(c); err != nil {
			return err
		}
	}
	return nil
}
