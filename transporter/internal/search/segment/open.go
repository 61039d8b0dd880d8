package segment

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"path/filepath"

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

	dict     dictionary
	received []int64
	sizes    []int64
	mailbox  []uint32
	attached Set // documents that have attachments
	present  Set
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
	if err := s.load(fn); err != nil {
		return nil, fault.New(fault.KindOf(err), "%s: %w", path, err)
	}
	return s, nil
}

// Close ends the use of the file. Nobody may be reading.
func (s *Segment) Close() error {
	s.cache.forget(s)
	return s.file.Close()
}

// Size returns the length of the file in bytes.
func (s *Segment) Size() int64 { return s.size }

// Memory returns how many bytes the segment takes besides what is cached.
func (s *Segment) Memory() int64 {
	return int64(len(s.dict.raw)) + 12*int64(len(s.dict.refs)) + 21*int64(s.Docs)
}

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
	if e.at < 0 || e.length < 0 || e.length > maxBlock || e.at > s.size-int64(e.length) {
		return nil, damaged("a block lies outside of the file")
	}
	box := make([]byte, e.length)
	if _, err := s.file.ReadAt(box, e.at); err != nil {
		return nil, disk.Fault(err, "read", filepath.Join(s.place.Dir, s.Name))
	}
	data, err := s.place.Sealer.OpenDerived(use(s.Name, e.at), box)
	if err != nil {
		return nil, damaged("a block does not fit its seal")
	}
	return data, nil
}

func (s *Segment) load(fn func(*Chapter) error) error {
	if err := s.loadWords(); err != nil {
		return err
	}
	if err := s.loadColumns(); err != nil {
		return err
	}
	return s.Chapters(fn)
}

func (s *Segment) loadWords() error {
	s.dict = newDictionary(s.Words)
	for _, e := range s.blocks[wordBlock] {
		data, err := s.read(e)
		if err != nil {
			return err
		}
		if err := s.dict.load(data, s.Docs, len(s.blocks[postingBlock])); err != nil {
			return err
		}
	}
	if len(s.dict.refs) != s.Words {
		return damaged("it lacks words")
	}
	s.dict.close()
	return nil
}

func (s *Segment) loadColumns() error {
	bad := damaged("its columns cannot be read")
	if len(s.blocks[columnBlock]) != (int(s.Docs)+columnDocs-1)/columnDocs || len(s.blocks[nameBlock]) != (int(s.Docs)+nameDocs-1)/nameDocs {
		return bad
	}
	s.received, s.sizes, s.mailbox = make([]int64, s.Docs), make([]int64, s.Docs), make([]uint32, s.Docs)
	s.present, s.attached = NewSet(s.Docs), NewSet(s.Docs)
	doc := uint32(0)
	for _, e := range s.blocks[columnBlock] {
		data, err := s.read(e)
		if err != nil {
			return err
		}
		d := &decoder{data: data}
		before := int64(0)
		for range min(columnDocs, s.Docs-doc) {
			if flags := d.below(3); flags > 0 {
				s.present.Add(doc)
				if flags == 2 {
					s.attached.Add(doc)
				}
				before += d.int()
				s.received[doc] = before
				s.sizes[doc] = int64(d.below(1 << 62))
				s.mailbox[doc] = uint32(d.below(uint64(len(s.Mailboxes))))
			}
			doc++
		}
		if !d.ok() {
			return bad
		}
	}
	if s.present.Len() != int64(s.Present) {
		return bad
	}
	return nil
}

// Received returns when a document of the segment was received.
func (s *Segment) Received(doc uint32) int64 { return s.received[doc] }

// SizeOf returns the size of the message.
func (s *Segment) SizeOf(doc uint32) int64 { return s.sizes[doc] }

// MailboxOf returns whose message it is, as a place in Mailboxes.
func (s *Segment) MailboxOf(doc uint32) uint32 { return s.mailbox[doc] }

// Attached returns the documents with attachments, and All all there are. They must not be changed.
func (s *Segment) Attached() Set { return s.attached }

// All returns all documents that were not dropped. It must not be changed.
func (s *Segment) All() Set { return s.present }

// Doc returns all that is kept of a document; NotFound for one that was dropped.
func (s *Segment) Doc(doc uint32) (Doc, error) {
	if doc >= s.Docs || !s.present.Has(doc) {
		return Doc{}, fault.New(fault.NotFound, "message %d is not in the search index", doc)
	}
	var found Doc
	err := s.names(int(doc/nameDocs), func(n uint32, key Key, id []byte) {
		if n == doc {
			found = s.column(n)
			found.Key, found.ID = key, string(id)
		}
	})
	return found, err
}

func (s *Segment) column(doc uint32) Doc {
	return Doc{Mailbox: s.mailbox[doc], Received: s.received[doc], Size: s.sizes[doc], Attachments: s.attached.Has(doc)}
}

// Keys calls fn for the key of each document of a block of those in the set; blocks without any are not read.
func (s *Segment) Keys(of Set, fn func(doc uint32, key Key)) error {
	const per = nameDocs / 64
	for b := range s.blocks[nameBlock] {
		none := true
		for _, w := range of[b*per : min(len(of), (b+1)*per)] {
			none = none && w == 0
		}
		if none {
			continue
		}
		err := s.eachName(b, s.block, func(n uint32, key Key, _ []byte) {
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

// names calls fn for the documents of a block of names.
func (s *Segment) names(block int, fn func(doc uint32, key Key, id []byte)) error {
	return s.eachName(block, s.cached, fn)
}

func (s *Segment) eachName(block int, get func(kind, int) ([]byte, error), fn func(doc uint32, key Key, id []byte)) error {
	data, err := get(nameBlock, block)
	if err != nil {
		return err
	}
	d := &decoder{data: data}
	from := uint32(block * nameDocs)
	for doc := from; doc < min(s.Docs, from+nameDocs); doc++ {
		if !s.present.Has(doc) {
			continue
		}
		var key Key
		copy(key[:], d.bytes(len(key)))
		id := d.bytes(int(d.below(maxName + 1)))
		if d.fault {
			break
		}
		fn(doc, key, id)
	}
	if !d.ok() {
		return damaged("names cannot be read")
	}
	return nil
}

// sorted reports whether two keys are in ascending order.
func sorted(a, b []byte) bool { return bytes.Compare(a, b) < 0 }

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
