package pack

import (
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

// ReadHeader reads a pack's header.
func ReadHeader(r io.ReaderAt) (Header, error) {
	b := make([]byte, HeaderSize)
	if _, err := r.ReadAt(b, 0); err != nil {
		return Header{}, shortOr(err, "the pack is too short for a header")
	}
	return DecodeHeader(b)
}

// ReadFooter reads header and footer of a sealed pack of size bytes.
func ReadFooter(r io.ReaderAt, size int64) (Header, []Entry, error) {
	head := make([]byte, HeaderSize)
	if size < HeaderSize+TrailerSize || size > MaxSize {
		return Header{}, nil, fault.New(fault.Corrupt, "the pack is %d bytes long, which no pack is", size)
	}
	if _, err := r.ReadAt(head, 0); err != nil {
		return Header{}, nil, shortOr(err, "the pack ends too early")
	}
	h, err := DecodeHeader(head)
	if err != nil {
		return h, nil, err
	}
	last := make([]byte, TrailerSize)
	if _, err := r.ReadAt(last, size-TrailerSize); err != nil {
		return h, nil, shortOr(err, "the pack ends too early")
	}
	t, err := decodeTrailer(last, size)
	if err != nil {
		return h, nil, err
	}
	raw := make([]byte, int(t.count)*EntrySize)
	if _, err := r.ReadAt(raw, t.end); err != nil {
		return h, nil, shortOr(err, "the pack ends too early")
	}
	entries, err := decodeFooter(head, raw, last, t)
	return h, entries, err
}

func shortOr(err error, sentence string) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Corrupt, "%s", sentence)
	}
	return fault.New(fault.Unavailable, "read: %w; check the disk", err)
}

// ReadFrame reads the frame that an entry places, into buf's memory where it fits, and checks header and checksum. It
// returns the header's content and the stored bytes.
func ReadFrame(r io.ReaderAt, e *Entry, buf []byte) (Frame, []byte, error) {
	n := FrameSize + int(e.Stored)
	if cap(buf) < n {
		buf = make([]byte, n)
	}
	buf = buf[:n]
	if _, err := r.ReadAt(buf, int64(e.Offset)); err != nil {
		return Frame{}, nil, shortOr(err, "the pack ends before the blob does")
	}
	f, err := CheckFrame(e, buf)
	return f, buf[FrameSize:], err
}

// CheckFrame checks a frame that an entry places, header and stored bytes in one slice, and returns the header's content.
func CheckFrame(e *Entry, frame []byte) (Frame, error) {
	f, err := DecodeFrame(frame[:FrameSize])
	if err != nil {
		return f, err
	}
	if !e.Fits(&f) {
		return f, fault.New(fault.Corrupt, "another blob lies where the index places this one")
	}
	if Sum(frame[FrameSize:]) != f.Sum {
		return f, fault.New(fault.Corrupt, "the stored bytes do not fit their checksum")
	}
	return f, nil
}

// Gap is a stretch of a pack that is no whole blob.
type Gap struct {
	Offset int64
	Length int64
	Reason string
	// Torn is set for the end of an open pack, which was cut off.
	Torn bool
	// Unread is set where the disk could not read it.
	Unread bool
}

// scanWindow is how much of a pack is read at once when it is scanned, in bytes.
const scanWindow = 1 << 20

// Scan reads the frames of r from offset from to size one behind the other and hands each to blob, whose stored bytes are
// only valid during the call. A damaged stretch is handed to gap, and the scan goes on with the next frame that is whole. It
// returns where the last whole frame ends. A sealed pack is scanned up to its footer by giving that as size.
func Scan(r io.ReaderAt, from, size int64, blob func(e Entry, f *Frame, stored []byte) error, gap func(Gap)) (int64, error) {
	return scan(&scanner{r: r, size: size}, from, blob, gap)
}

// ScanAny is Scan for a file that may lie on bad sectors: what the disk cannot read is a damaged stretch like any other.
func ScanAny(r io.ReaderAt, from, size int64, blob func(e Entry, f *Frame, stored []byte) error, gap func(Gap)) (int64, error) {
	return scan(&scanner{r: r, size: size, any: true}, from, blob, gap)
}

func scan(s *scanner, from int64, blob func(e Entry, f *Frame, stored []byte) error, gap func(Gap)) (int64, error) {
	size := s.size
	end, at := from, from
	for at < size {
		f, stored, err := s.frame(at)
		if err == nil {
			e := Entry{ID: f.ID, Offset: uint32(at), Stored: f.Stored, Plain: f.Plain, Type: f.Type, Codec: f.Codec, Dict: f.Dict}
			if err := blob(e, &f, stored); err != nil {
				return end, err
			}
			at = e.End()
			end = at
			continue
		}
		if fault.KindOf(err) != fault.Corrupt {
			return end, err
		}
		next, nextErr := s.next(at + 1)
		if nextErr != nil {
			return end, nextErr
		}
		gap(Gap{Offset: at, Length: next - at, Reason: err.Error(), Unread: s.unread})
		s.unread = false
		at = next
	}
	return end, nil
}

type scanner struct {
	r    io.ReaderAt
	size int64
	at   int64 // of buf
	buf  []byte
	any  bool // what cannot be read is damage
	// unread is set when something could not be read since the last gap.
	unread bool
}

// sector is the unit in which disks fail, in bytes.
const sector = 4096

// bytes returns n bytes at off, or fewer at the end.
func (s *scanner) bytes(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), s.size-off))
	if off >= s.at && off+int64(n) <= s.at+int64(len(s.buf)) {
		return s.buf[off-s.at:][:n], nil
	}
	want := int(min(int64(max(n, scanWindow)), s.size-off))
	if cap(s.buf) < want {
		s.buf = make([]byte, want)
	}
	s.buf = s.buf[:want]
	s.at = off
	m, err := s.r.ReadAt(s.buf, off)
	if s.any && err != nil && m < n && !errors.Is(err, io.EOF) {
		m, err = s.r.ReadAt(s.buf[:n], off) // without what lies behind
		if err != nil && m < n && !errors.Is(err, io.EOF) {
			s.buf, s.unread = s.buf[:0], true
			return nil, fault.New(fault.Corrupt, "the disk cannot read it: %w", err)
		}
		s.buf = s.buf[:m]
	}
	if err != nil && m < want {
		s.buf = s.buf[:m]
		if m < n {
			return nil, shortOr(err, "the pack ends too early")
		}
	}
	return s.buf[:n], nil
}

// frame reads the frame at off and checks it.
func (s *scanner) frame(off int64) (Frame, []byte, error) {
	b, err := s.bytes(off, FrameSize)
	if err != nil {
		return Frame{}, nil, err
	}
	f, err := DecodeFrame(b)
	if err != nil {
		return f, nil, err
	}
	n := FrameSize + int(f.Stored)
	if off+int64(n) > s.size {
		return f, nil, fault.New(fault.Corrupt, "the pack ends before the blob does")
	}
	if b, err = s.bytes(off, n); err != nil {
		return f, nil, err
	}
	if Sum(b[FrameSize:]) != f.Sum {
		return f, nil, fault.New(fault.Corrupt, "the stored bytes of blob %s do not fit their checksum", f.ID)
	}
	return f, b[FrameSize:], nil
}

// next returns where the next whole frame at or behind off begins, or the end.
func (s *scanner) next(off int64) (int64, error) {
	want := binary.LittleEndian.Uint32([]byte(frameMagic))
	for off < s.size {
		b, err := s.bytes(off, scanWindow/4)
		if s.any && fault.KindOf(err) == fault.Corrupt {
			if b, err = s.bytes(off, sector); fault.KindOf(err) == fault.Corrupt {
				off = (off/sector + 1) * sector
				continue
			}
		}
		if err != nil {
			return 0, err
		}
		found := -1
		for i := 0; i+4 <= len(b); i++ {
			if binary.LittleEndian.Uint32(b[i:]) == want {
				found = i
				break
			}
		}
		if found < 0 {
			if off+int64(len(b)) >= s.size {
				return s.size, nil
			}
			off += int64(len(b)) - 3
			continue
		}
		off += int64(found)
		if _, _, err := s.frame(off); err == nil {
			return off, nil
		} else if fault.KindOf(err) != fault.Corrupt {
			return 0, err
		}
		off++
	}
	return s.size, nil
}

// Resume opens an open pack to go on with it. Entries up to known were already on record and are trusted; what lies behind
// is scanned, and the file is cut after the last whole blob. Blobs before a damaged stretch and behind it are kept alike: a
// torn end is what a crash leaves, anything else is damage that must not hide what is whole.
func Resume(fs disk.FS, dir string, name Name, repository [16]byte, known []Entry, knownEnd int64) (*Writer, []Gap, error) {
	w := &Writer{fs: fs, dir: dir, header: Header{Name: name}, byID: map[ID]int32{}}
	f, err := fs.Edit(w.Path())
	if err != nil {
		return nil, nil, disk.Fault(err, "open", w.Path())
	}
	w.f = f
	gaps, err := w.resume(repository, known, knownEnd)
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return w, gaps, nil
}

func (w *Writer) resume(repository [16]byte, known []Entry, knownEnd int64) ([]Gap, error) {
	size, err := w.f.Size()
	if err != nil {
		return nil, disk.Fault(err, "open", w.Path())
	}
	h, err := ReadHeader(w.f)
	if err != nil {
		return nil, err
	}
	if h.Repository != repository || h.Name != w.header.Name {
		return nil, fault.New(fault.Corrupt, "%s is a pack of another repository, or was renamed", w.Path())
	}
	w.header = h
	from := int64(HeaderSize)
	if knownEnd > from && knownEnd <= size {
		for _, e := range known {
			w.byID[e.ID] = int32(len(w.entries))
			w.entries = append(w.entries, e)
		}
		from = knownEnd
	}
	var gaps []Gap
	end, err := Scan(w.f, from, min(size, MaxSize), func(e Entry, _ *Frame, _ []byte) error {
		w.byID[e.ID] = int32(len(w.entries))
		w.entries = append(w.entries, e)
		return nil
	}, func(g Gap) { gaps = append(gaps, g) })
	if err != nil {
		return nil, err
	}
	if end < size {
		if err := w.f.Truncate(end); err != nil {
			return nil, disk.Fault(err, "truncate", w.Path())
		}
		if n := len(gaps); n > 0 && gaps[n-1].Offset >= end {
			gaps[n-1].Torn = true
		}
	}
	w.flushed = end
	// The process that wrote this may have died before its fsync, or met one that failed.
	if err := disk.Rewrite(w.f, from, end); err != nil {
		return nil, disk.Fault(err, "write", w.Path())
	}
	if err := w.f.Sync(); err != nil {
		return nil, disk.Fault(err, "sync", w.Path())
	}
	if err := w.fs.SyncDir(w.dir); err != nil {
		return nil, disk.Fault(err, "sync", w.dir)
	}
	w.durable = end
	return gaps, nil
}

// Path returns where a sealed pack lies.
func Path(dir string, name Name) string { return filepath.Join(dir, name.File()) }
