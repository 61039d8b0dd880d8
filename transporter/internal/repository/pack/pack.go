// Package pack is the format of the files that hold a repository's blobs, and their reading and writing. Packs are the truth
// of a repository: whatever else is in its folder can be made again from them.
//
// A pack is written once, front to back, and never changed. While it grows its name ends in ".open"; sealed, it has a
// footer and its name ends in ".pack". All numbers are little-endian.
//
//	pack    = header frame… footer
//	footer  = entry… trailer         entries sorted by id, one for each frame
//
// Header, 64 bytes:
//
//	 0  8  magic "HFPACK\x1a\n"
//	 8  2  format version, 1
//	10  1  kind: 1 content, 2 trees
//	11  5  zero
//	16 16  repository id
//	32 16  pack id, which is also the file's name
//	48  8  created, seconds since 1970
//	56  4  zero
//	60  4  CRC-32C of bytes 0-59
//
// Frame, 68 bytes and the stored bytes of one blob:
//
//	 0  4  magic "HFB\x01"
//	 4  1  type of the blob (constants Piece…)
//	 5  1  codec: 0 raw, 1 snappy, 2 zstd
//	 6  2  dictionary of the codec by its number in the descriptor, 0 none
//	 8  4  plain length
//	12  4  stored length: of the bytes behind the header, tag included
//	16 32  blob id: SHA-256 of the plain bytes, or the keyed form of it
//	48 12  nonce of AES-256-GCM, whose additional data is bytes 0-47; all zero in a plain repository
//	60  4  CRC-32C of the stored bytes
//	64  4  CRC-32C of bytes 0-63
//	68  …  the plain bytes, compressed, then encrypted
//
// Entry, 48 bytes:
//
//	 0 32  blob id
//	32  4  offset of the frame
//	36  4  stored length
//	40  4  plain length
//	44  1  type
//	45  1  codec
//	46  2  dictionary
//
// Trailer, 64 bytes, the last of the file:
//
//	 0  4  magic "HFPE"
//	 4  4  number of entries
//	 8  8  offset of the first entry, which is the end of the last frame
//	16 32  SHA-256 of header, entries, and bytes 0-15 of the trailer
//	48  8  zero
//	56  8  magic "HFPEND\x1a\n"
//
// The open pack has no footer and may end anywhere in a frame. Where a disk failed there may be other bytes between frames. A
// pack may have the same blob twice.
//
// Limits: a pack is shorter than 2 GiB and has at most 65,535 blobs; a blob is at most 8 MiB, stored no longer than plain
// plus 1 KiB. A decoder checks lengths against them before it allocates.
package pack

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/codec"
	"holdfast/transporter/internal/repository/key"
)

// Sizes and limits of the format.
const (
	HeaderSize  = 64
	FrameSize   = 68
	EntrySize   = 48
	TrailerSize = 64

	MaxBlob   = 8 << 20
	maxStored = MaxBlob + 1024
	MaxBlobs  = 65535
	MaxSize   = 1<<31 - 1

	version = 1
)

const (
	packMagic  = "HFPACK\x1a\n"
	frameMagic = "HFB\x01"
	entryMagic = "HFPE"
	endMagic   = "HFPEND\x1a\n"
)

// Kind tells what a pack holds. Content and trees are kept apart, so that whoever walks points reads little.
type Kind uint8

// The kinds. Numbers are stored.
const (
	Content Kind = 1
	Trees   Kind = 2
)

// Type is what a blob is. Numbers are stored.
type Type uint8

// The types.
const (
	Piece     Type = 1 // a piece of content
	Page      Type = 2 // message records
	Node      Type = 3 // an index level over pages
	List      Type = 4 // a part of a list (folders, losses, pending)
	Root      Type = 5 // a recovery point
	Tombstone Type = 6 // a deleted point
)

// ID is a blob's name inside a repository.
type ID [32]byte

// String returns the id in hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Name identifies a pack.
type Name [16]byte

// String returns the name in hexadecimal, as files are called.
func (n Name) String() string { return hex.EncodeToString(n[:]) }

// File returns the name of the pack's file once it is sealed.
func (n Name) File() string { return n.String() + Sealed }

// The endings of file names.
const (
	Sealed = ".pack"
	Open   = ".open"
	// Begun marks a file that was to become an open pack.
	Begun = Open + ".tmp"
	// Damaged marks a file that cannot be read and is set aside.
	Damaged = ".damaged"
)

// ParseName reads the name out of a file's, with the given ending.
func ParseName(file, ending string) (Name, bool) {
	var n Name
	if len(file) != 32+len(ending) || file[32:] != ending {
		return n, false
	}
	_, err := hex.Decode(n[:], []byte(file[:32]))
	return n, err == nil
}

// Header begins a pack.
type Header struct {
	Kind       Kind
	Repository [16]byte
	Name       Name
	Created    int64
}

var table = crc32.MakeTable(crc32.Castagnoli)

// Sum returns the checksum that the format uses.
func Sum(b []byte) uint32 { return crc32.Checksum(b, table) }

// Encode returns the header's bytes.
func (h Header) Encode() []byte {
	b := make([]byte, HeaderSize)
	copy(b, packMagic)
	binary.LittleEndian.PutUint16(b[8:], version)
	b[10] = byte(h.Kind)
	copy(b[16:], h.Repository[:])
	copy(b[32:], h.Name[:])
	binary.LittleEndian.PutUint64(b[48:], uint64(h.Created))
	binary.LittleEndian.PutUint32(b[60:], Sum(b[:60]))
	return b
}

// DecodeHeader reads a header.
func DecodeHeader(b []byte) (Header, error) {
	var h Header
	if len(b) != HeaderSize || string(b[:8]) != packMagic || Sum(b[:60]) != binary.LittleEndian.Uint32(b[60:]) {
		return h, fault.New(fault.Corrupt, "the pack's header is damaged")
	}
	if v := binary.LittleEndian.Uint16(b[8:]); v != version {
		return h, fault.New(fault.Unsupported, "the pack has format %d, this version reads %d; upgrade the Transporter", v, version)
	}
	if !zero(b[11:16]) || !zero(b[56:60]) {
		return h, fault.New(fault.Corrupt, "the pack's header is damaged")
	}
	h.Kind = Kind(b[10])
	copy(h.Repository[:], b[16:])
	copy(h.Name[:], b[32:])
	h.Created = int64(binary.LittleEndian.Uint64(b[48:]))
	return h, nil
}

// Frame is what stands before a blob's stored bytes.
type Frame struct {
	Type   Type
	Codec  codec.Kind
	Dict   codec.Dictionary
	Plain  uint32
	Stored uint32
	ID     ID
	Nonce  [key.NonceSize]byte
	Sum    uint32
}

// Sealing returns the bytes of the header that encryption binds; they do not depend on nonce and checksums. The stored
// length must be set.
func (f *Frame) Sealing(b *[48]byte) []byte {
	copy(b[:], frameMagic)
	b[4], b[5] = byte(f.Type), byte(f.Codec)
	binary.LittleEndian.PutUint16(b[6:], uint16(f.Dict))
	binary.LittleEndian.PutUint32(b[8:], f.Plain)
	binary.LittleEndian.PutUint32(b[12:], f.Stored)
	copy(b[16:], f.ID[:])
	return b[:]
}

// Put writes the frame's header to the first FrameSize bytes of b.
func (f *Frame) Put(b []byte) {
	f.Sealing((*[48]byte)(b))
	copy(b[48:60], f.Nonce[:])
	binary.LittleEndian.PutUint32(b[60:], f.Sum)
	binary.LittleEndian.PutUint32(b[64:], Sum(b[:64]))
}

// DecodeFrame reads a frame's header.
func DecodeFrame(b []byte) (Frame, error) {
	var f Frame
	if len(b) != FrameSize || string(b[:4]) != frameMagic || Sum(b[:64]) != binary.LittleEndian.Uint32(b[64:]) {
		return f, fault.New(fault.Corrupt, "the header of the blob is damaged")
	}
	f.Type, f.Codec = Type(b[4]), codec.Kind(b[5])
	f.Dict = codec.Dictionary(binary.LittleEndian.Uint16(b[6:]))
	f.Plain = binary.LittleEndian.Uint32(b[8:])
	f.Stored = binary.LittleEndian.Uint32(b[12:])
	copy(f.ID[:], b[16:])
	copy(f.Nonce[:], b[48:])
	f.Sum = binary.LittleEndian.Uint32(b[60:])
	if !sane(f.Plain, f.Stored) {
		return f, fault.New(fault.Corrupt, "the blob claims %d bytes, stored in %d, which is beyond the format's limits", f.Plain, f.Stored)
	}
	return f, nil
}

func sane(plain, stored uint32) bool {
	return plain <= MaxBlob && stored <= maxStored && uint64(stored) <= uint64(plain)+1024
}

// Entry places a blob in its pack.
type Entry struct {
	ID     ID
	Offset uint32
	Stored uint32
	Plain  uint32
	Type   Type
	Codec  codec.Kind
	Dict   codec.Dictionary
}

// End returns where the frame ends.
func (e *Entry) End() int64 { return int64(e.Offset) + FrameSize + int64(e.Stored) }

// Fits reports whether a frame's header is the one that the entry speaks of.
func (e *Entry) Fits(f *Frame) bool {
	return e.ID == f.ID && e.Stored == f.Stored && e.Plain == f.Plain && e.Type == f.Type && e.Codec == f.Codec && e.Dict == f.Dict
}

// Append appends the entry's bytes.
func (e *Entry) Append(b []byte) []byte {
	b = append(b, e.ID[:]...)
	b = binary.LittleEndian.AppendUint32(b, e.Offset)
	b = binary.LittleEndian.AppendUint32(b, e.Stored)
	b = binary.LittleEndian.AppendUint32(b, e.Plain)
	b = append(b, byte(e.Type), byte(e.Codec))
	return binary.LittleEndian.AppendUint16(b, uint16(e.Dict))
}

// DecodeEntry reads one entry of EntrySize bytes.
func DecodeEntry(b []byte) Entry {
	_ = b[EntrySize-1]
	var e Entry
	copy(e.ID[:], b)
	e.Offset = binary.LittleEndian.Uint32(b[32:])
	e.Stored = binary.LittleEndian.Uint32(b[36:])
	e.Plain = binary.LittleEndian.Uint32(b[40:])
	e.Type, e.Codec = Type(b[44]), codec.Kind(b[45])
	e.Dict = codec.Dictionary(binary.LittleEndian.Uint16(b[46:]))
	return e
}

// SortEntries sorts by id, and of equal ids by offset.
func SortEntries(entries []Entry) {
	slices.SortFunc(entries, func(a, b Entry) int {
		if c := slices.Compare(a.ID[:], b.ID[:]); c != 0 {
			return c
		}
		return int(int64(a.Offset) - int64(b.Offset))
	})
}

// encodeFooter returns the footer for sorted entries whose frames end at end.
func encodeFooter(header []byte, entries []Entry, end int64) []byte {
	b := make([]byte, 0, len(entries)*EntrySize+TrailerSize)
	for i := range entries {
		b = entries[i].Append(b)
	}
	at := len(b)
	b = append(b, entryMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(entries)))
	b = binary.LittleEndian.AppendUint64(b, uint64(end))
	h := sha256.New()
	h.Write(header)
	h.Write(b)
	b = h.Sum(b)
	b = append(b, make([]byte, 8)...)
	b = append(b, endMagic...)
	if len(b)-at != TrailerSize {
		panic("pack: trailer has a wrong size") // a programming error, caught by every test
	}
	return b
}

// trailer is a decoded trailer.
type trailer struct {
	count uint32
	end   int64
	sum   [32]byte
}

// decodeTrailer reads the last bytes of a pack that is size bytes long.
func decodeTrailer(b []byte, size int64) (trailer, error) {
	var t trailer
	damaged := fault.New(fault.Corrupt, "the pack's footer is damaged")
	if len(b) != TrailerSize || string(b[:4]) != entryMagic || string(b[56:]) != endMagic || !zero(b[48:56]) {
		return t, damaged
	}
	t.count = binary.LittleEndian.Uint32(b[4:])
	end := binary.LittleEndian.Uint64(b[8:])
	if t.count > MaxBlobs || size > MaxSize || end < HeaderSize || end > MaxSize || int64(end)+int64(t.count)*EntrySize+TrailerSize != size {
		return t, damaged
	}
	t.end = int64(end)
	copy(t.sum[:], b[16:])
	return t, nil
}

// decodeFooter checks entries and trailer against the header and returns the entries.
func decodeFooter(header, entries, last []byte, t trailer) ([]Entry, error) {
	damaged := fault.New(fault.Corrupt, "the pack's footer is damaged")
	h := sha256.New()
	h.Write(header)
	h.Write(entries)
	h.Write(last[:16])
	if [32]byte(h.Sum(nil)) != t.sum || len(entries) != int(t.count)*EntrySize {
		return nil, damaged
	}
	list := make([]Entry, t.count)
	for i := range list {
		e := DecodeEntry(entries[i*EntrySize:])
		if !sane(e.Plain, e.Stored) || e.Offset < HeaderSize || e.End() > t.end {
			return nil, damaged
		}
		if i > 0 && slices.Compare(list[i-1].ID[:], e.ID[:]) > 0 {
			return nil, damaged
		}
		list[i] = e
	}
	return list, nil
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
