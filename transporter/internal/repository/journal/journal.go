// Package journal keeps the checkpoints of one session on disk until its point is sealed: a file in the folder `staging`,
// which a later session reads to go on. The records in it stay there until the tree is built; in memory is only where they
// are. A journal is not in the index, because it is large and short-lived, and so that a lost index costs no session.
//
//	journal = header frame…         the first frame's statement is a JournalHead, the others' a Checkpoint
//
// Header, 64 bytes, little-endian like all numbers here:
//
//	 0  8  magic "HFJRNL\x1a\n"
//	 8  2  format version, 1
//	10  6  zero
//	16 16  repository id
//	32 16  session id
//	48 12  zero
//	60  4  CRC-32C of bytes 0-59
//
// Frame:
//
//	 0  4  magic "HFJF"
//	 4  4  length of the statement
//	 8  4  length of the records
//	12  4  CRC-32C of statement and records
//	16  4  CRC-32C of bytes 0-15
//	20  …  statement: a box (package key) of a snappy block of the protobuf
//	 …  …  records: boxes one behind the other, each of a snappy block of a tree entry (package tree), which need not be
//	       compressed in it
//
// A frame that is not whole ends the journal: what is behind it continues cursors that are lost with it. Whether it was
// acknowledged can be told where the header of another frame follows, because a frame is only written when the one before is
// durable: then it was damaged. Of the last frame nobody can tell; without it, its page is read from the mailbox once more.
//
// The statement of a checkpoint gives the length of each record. Statement and records of a frame are at most 1 GiB together,
// a statement 256 MiB.
package journal

import (
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/codec"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/key"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

const (
	magic      = "HFJRNL\x1a\n"
	frameMagic = "HFJF"
	version    = 1

	headerSize = 64
	frameSize  = 20

	maxStatement = 256 << 20
	maxFrame     = 1 << 30
	maxEntry     = 8 << 20

	// keptFrame bounds the memory for frames that is kept for the next.
	keptFrame = 1 << 20

	// keptBox bounds the memory for a record that is kept for the next to be read.
	keptBox = 64 << 10

	useStatement = "statement"
	useRecord    = "record"
)

// Journal is an open journal. Append is not called at the same time as itself; Record may be called at any time.
type Journal struct {
	fs      disk.FS
	path    string
	ring    *key.Ring
	f       disk.File
	end     int64
	failed  error
	session [16]byte
	plain   []byte // scratch of Seal, as block is
	block   []byte
	buf     []byte    // scratch of frame, at most keptFrame long
	boxes   sync.Pool // of *[]byte: scratch of Record
	cut     int64     // bytes that were no whole frame
	damaged bool      // what was cut had been acknowledged
}

// Create begins a journal. The file appears with its head or not at all, so that one without a head is damaged.
func Create(fsys disk.FS, path string, ring *key.Ring, repository, session [16]byte, head *pb.JournalHead) (*Journal, error) {
	j := &Journal{fs: fsys, path: path, ring: ring, session: session}
	b := make([]byte, headerSize)
	copy(b, magic)
	binary.LittleEndian.PutUint16(b[8:], version)
	copy(b[16:], repository[:])
	copy(b[32:], session[:])
	binary.LittleEndian.PutUint32(b[60:], pack.Sum(b[:60]))
	frame, err := j.frame(head, nil)
	if err != nil {
		return nil, err
	}
	b = append(b, frame...)
	if err := disk.WriteFile(fsys, path, b); err != nil {
		return nil, err
	}
	if j.f, err = fsys.Edit(path); err != nil {
		return nil, disk.Fault(err, "open", path)
	}
	j.end = int64(len(b))
	return j, nil
}

// Session returns the id that the journal's point will carry.
func (j *Journal) Session() [16]byte { return j.session }

// Cut returns what Open took off the end because it was no whole frame: where, and how many bytes.
func (j *Journal) Cut() (at, n int64) { return j.end, j.cut }

// Damaged reports whether what Open took off the end had been acknowledged: it was damaged then, and is no leftover of a
// crash.
func (j *Journal) Damaged() bool { return j.damaged }

// Path returns where the journal is.
func (j *Journal) Path() string { return j.path }

// frame returns a frame, good until the next.
func (j *Journal) frame(statement proto.Message, records []byte) ([]byte, error) {
	plain, err := message.Marshal(statement)
	if err != nil {
		return nil, fault.New(fault.Invalid, "a checkpoint cannot be stored: %w", err)
	}
	if len(plain) > maxStatement || len(records) > maxFrame-maxStatement {
		return nil, fault.New(fault.Invalid, "a checkpoint of %d bytes is too long; commit fewer messages at once", len(plain)+len(records))
	}
	b := slices.Grow(j.buf[:0], frameSize+len(plain)+len(records)+64)[:frameSize]
	b = j.ring.Box(b, useStatement, codec.CompressFast(nil, plain))
	copy(b, frameMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)-frameSize))
	binary.LittleEndian.PutUint32(b[8:], uint32(len(records)))
	b = append(b, records...)
	binary.LittleEndian.PutUint32(b[12:], pack.Sum(b[frameSize:]))
	binary.LittleEndian.PutUint32(b[16:], pack.Sum(b[:16]))
	if cap(b) <= keptFrame {
		j.buf = b
	}
	return b, nil
}

// write appends bytes durably, or leaves the journal as it was.
func (j *Journal) write(b []byte) error {
	if j.failed != nil {
		return j.failed
	}
	_, err := j.f.WriteAt(b, j.end)
	if err != nil {
		err = disk.Fault(err, "write", j.path)
	} else if err = j.f.Sync(); err != nil {
		// After a failed fsync nobody knows what is on disk.
		j.failed = disk.Fault(err, "sync", j.path)
		_ = j.f.Truncate(j.end) // or the next session finds it, and writes it once more
		return j.failed
	}
	if err != nil {
		if truncErr := j.f.Truncate(j.end); truncErr != nil {
			j.failed = err
		}
		return err
	}
	j.end += int64(len(b))
	return nil
}

// Seal appends an entry as it lies in a frame. Like Append it is not called at the same time as itself.
func (j *Journal) Seal(dst []byte, e *tree.Entry) []byte {
	j.plain = e.Append(j.plain[:0])
	j.block = codec.StoreFast(j.block[:0], j.plain)
	return j.ring.Box(dst, useRecord, j.block)
}

// Append makes a checkpoint durable: its statement, and records sealed by Seal one behind the other. It returns where the
// records begin.
func (j *Journal) Append(c *pb.Checkpoint, records []byte) (int64, error) {
	frame, err := j.frame(c, records)
	if err != nil {
		return 0, err
	}
	if err := j.write(frame); err != nil {
		return 0, err
	}
	return j.end - int64(len(records)), nil
}

// Record reads the record of length bytes at off.
func (j *Journal) Record(off int64, length uint32) (tree.Entry, error) {
	damaged := func(err error) error {
		return fault.New(fault.Corrupt, "a staged record at %d of %s is damaged (%w); discard the interrupted session and run the backup again", off, j.path, err)
	}
	if length > maxEntry+key.BoxOverhead {
		return tree.Entry{}, damaged(errors.New("too long"))
	}
	scratch, ok := j.boxes.Get().(*[]byte)
	if !ok {
		scratch = new([]byte)
	}
	if length <= keptBox {
		defer j.boxes.Put(scratch)
	}
	*scratch = slices.Grow((*scratch)[:0], int(length))
	box := (*scratch)[:length]
	if _, err := j.f.ReadAt(box, off); err != nil {
		return tree.Entry{}, disk.Fault(err, "read", j.path)
	}
	block, err := j.ring.UnboxInPlace(useRecord, box)
	if err != nil {
		return tree.Entry{}, damaged(err)
	}
	n, err := codec.FastLen(block, maxEntry)
	if err != nil {
		return tree.Entry{}, damaged(err)
	}
	plain, err := codec.DecompressFast(block, n)
	if err != nil {
		return tree.Entry{}, damaged(err)
	}
	e, rest, err := tree.DecodeEntry(plain)
	if err != nil || len(rest) > 0 {
		return e, damaged(errors.New("not an entry"))
	}
	return e, nil
}

// Open reads an existing journal: its head, and each checkpoint with the place of its records. A torn end is cut off. A
// journal that cannot be used is Corrupt; one that is not there NotFound.
func Open(fsys disk.FS, path string, ring *key.Ring, repository [16]byte, checkpoint func(c *pb.Checkpoint, records int64) error) (*Journal, *pb.JournalHead, error) {
	f, err := fsys.Edit(path)
	if err != nil {
		return nil, nil, disk.Fault(err, "open", path)
	}
	j := &Journal{fs: fsys, path: path, ring: ring, f: f}
	head, err := j.replay(repository, checkpoint)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return j, head, nil
}

func (j *Journal) replay(repository [16]byte, checkpoint func(c *pb.Checkpoint, records int64) error) (*pb.JournalHead, error) {
	size, err := j.f.Size()
	if err != nil {
		return nil, disk.Fault(err, "read", j.path)
	}
	h := make([]byte, headerSize)
	if _, err := j.f.ReadAt(h, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, disk.Fault(err, "read", j.path)
	}
	if string(h[:8]) != magic || pack.Sum(h[:60]) != binary.LittleEndian.Uint32(h[60:]) || [16]byte(h[16:]) != repository {
		return nil, fault.New(fault.Corrupt, "%s is not a journal of this repository", j.path)
	}
	if v := binary.LittleEndian.Uint16(h[8:]); v != version {
		return nil, fault.New(fault.Unsupported, "%s has format %d, this version reads %d; upgrade the Transporter", j.path, v, version)
	}
	copy(j.session[:], h[32:])
	var head *pb.JournalHead
	at, last := int64(headerSize), int64(0) // last is where the last frame begins
	for at < size {
		statement, records, next, err := j.read(at, size)
		if fault.KindOf(err) == fault.Corrupt {
			break
		}
		if err != nil {
			return nil, err
		}
		if head == nil {
			head = &pb.JournalHead{}
			if err := proto.Unmarshal(statement, head); err != nil {
				return nil, fault.New(fault.Corrupt, "%s is damaged: %w", j.path, err)
			}
			if err := message.Understood("the journal "+j.path, head.GetNeeds()); err != nil {
				return nil, err
			}
		} else {
			var c pb.Checkpoint
			if err := proto.Unmarshal(statement, &c); err != nil {
				return nil, fault.New(fault.Corrupt, "%s is damaged: %w", j.path, err)
			}
			if err := message.Understood("the journal "+j.path, c.GetNeeds()); err != nil {
				return nil, err
			}
			if err := checkpoint(&c, records); err != nil {
				return nil, err
			}
		}
		at, last = next, at
	}
	if head == nil {
		return nil, fault.New(fault.Corrupt, "%s ends before it begins", j.path)
	}
	if at < size {
		j.cut = size - at
		if j.damaged, err = j.continued(at+1, size); err != nil {
			return nil, err
		}
		if err := j.f.Truncate(at); err != nil {
			return nil, disk.Fault(err, "truncate", j.path)
		}
	}
	// The process that wrote the last frame may have died before its fsync, or met one that failed.
	if err := disk.Rewrite(j.f, last, at); err != nil {
		return nil, disk.Fault(err, "write", j.path)
	}
	if err := j.f.Sync(); err != nil {
		return nil, disk.Fault(err, "sync", j.path)
	}
	j.end = at
	return head, nil
}

// searchWindow is how much is read at once when a frame is looked for, in bytes.
const searchWindow = 1 << 20

// continued reports whether the header of a frame lies at off or behind.
func (j *Journal) continued(off, size int64) (bool, error) {
	b := make([]byte, min(searchWindow, max(0, size-off)))
	for size-off >= frameSize {
		b = b[:min(int64(cap(b)), size-off)]
		if _, err := j.f.ReadAt(b, off); err != nil {
			return false, disk.Fault(err, "read", j.path)
		}
		for i := 0; i+frameSize <= len(b); i++ {
			if b[i] == frameMagic[0] && isFrame(b[i:i+frameSize]) {
				return true, nil
			}
		}
		off += int64(len(b)) - frameSize + 1
	}
	return false, nil
}

// isFrame reports whether b is the header of a frame.
func isFrame(b []byte) bool {
	return string(b[:4]) == frameMagic && pack.Sum(b[:16]) == binary.LittleEndian.Uint32(b[16:])
}

// read reads the frame at off: its statement, where its records begin, and where the next frame does.
func (j *Journal) read(off, size int64) (statement []byte, records, next int64, err error) {
	torn := fault.New(fault.Corrupt, "torn frame")
	var h [frameSize]byte
	if off+frameSize > size {
		return nil, 0, 0, torn
	}
	if _, err := j.f.ReadAt(h[:], off); err != nil {
		return nil, 0, 0, disk.Fault(err, "read", j.path)
	}
	m, n := int64(binary.LittleEndian.Uint32(h[4:])), int64(binary.LittleEndian.Uint32(h[8:]))
	if !isFrame(h[:]) || m+n > maxFrame || off+frameSize+m+n > size {
		return nil, 0, 0, torn
	}
	b := make([]byte, m+n)
	if _, err := j.f.ReadAt(b, off+frameSize); err != nil {
		return nil, 0, 0, disk.Fault(err, "read", j.path)
	}
	if pack.Sum(b) != binary.LittleEndian.Uint32(h[12:]) {
		return nil, 0, 0, torn
	}
	block, err := j.ring.Unbox(useStatement, b[:m])
	if err != nil {
		return nil, 0, 0, err
	}
	length, err := codec.FastLen(block, maxStatement)
	if err != nil {
		return nil, 0, 0, err
	}
	if statement, err = codec.DecompressFast(block, length); err != nil {
		return nil, 0, 0, err
	}
	return statement, off + frameSize + m, off + frameSize + m + n, nil
}

// Close closes the file; the journal stays.
func (j *Journal) Close() error {
	if err := j.f.Close(); err != nil {
		return disk.Fault(err, "close", j.path)
	}
	return nil
}

// Remove closes and removes the journal for good, whose checkpoints are in a point now. If it stays behind after a crash, the
// session id in the point tells that it is spent; once that point may be deleted, the journal must not come back.
func (j *Journal) Remove() error {
	_ = j.f.Close()
	if err := j.fs.Remove(j.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return disk.Fault(err, "remove", j.path)
	}
	if err := j.fs.SyncDir(filepath.Dir(j.path)); err != nil {
		return disk.Fault(err, "sync", filepath.Dir(j.path))
	}
	return nil
}
