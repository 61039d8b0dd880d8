package search

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/search/segment"
)

// The names of the index's files: 32 hexadecimal digits and an ending, as all files have in the folders of a repository.
const (
	listFile   = "00000000000000000000000000000000.list"
	segmentEnd = ".seg"
	// maxList bounds the list, in bytes.
	maxList = 1 << 20
)

// The list is a box (use "segments") of: 1, 8 bytes that tell this index from one made anew, uvarint number of the next
// document, and the 16 bytes of each segment's name, oldest first.
const (
	listUse    = "segments"
	listFormat = 1
)

func own(name string) bool {
	if len(name) < 34 || name[32] != '.' {
		return false
	}
	_, err := hex.DecodeString(name[:32])
	return err == nil
}

type listing struct {
	epoch [8]byte
	next  uint32
	names []string
}

func (l *listing) encode() []byte {
	out := append([]byte{listFormat}, l.epoch[:]...)
	out = binary.AppendUvarint(out, uint64(l.next))
	for _, n := range l.names {
		raw, _ := hex.DecodeString(n[:32]) // made by newName
		out = append(out, raw...)
	}
	return out
}

func decodeList(data []byte) (*listing, error) {
	bad := fault.New(fault.Corrupt, "the list of the search index is damaged")
	if len(data) < 10 {
		return nil, bad
	}
	if data[0] != listFormat {
		return nil, fault.New(fault.Unsupported, "the search index has format %d, which this version does not know", data[0])
	}
	l := &listing{epoch: [8]byte(data[1:9])}
	next, n := binary.Uvarint(data[9:])
	if n <= 0 || next > 1<<32-1 || (len(data)-9-n)%16 != 0 {
		return nil, bad
	}
	l.next = uint32(next)
	for data = data[9+n:]; len(data) > 0; data = data[16:] {
		name := hex.EncodeToString(data[:16]) + segmentEnd
		if slices.Contains(l.names, name) {
			return nil, bad
		}
		l.names = append(l.names, name)
	}
	return l, nil
}

func newName() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:]) + segmentEnd
}

// load reads what the list names, and removes what it does not.
func (x *Index) load(ctx context.Context) error {
	if err := x.opts.FS.MkdirAll(x.opts.Dir); err != nil {
		return disk.Fault(err, "create", x.opts.Dir)
	}
	l, err := x.readList()
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, name := range l.names {
		if err := ctx.Err(); err != nil {
			return err
		}
		s, err := x.place.Open(name, x.cache, func(c *segment.Chapter) error { return x.learn(c) })
		if errors.Is(err, fault.NotFound) {
			return fault.New(fault.Corrupt, "the search index lacks a segment: %w", err)
		}
		if err != nil {
			return err
		}
		x.segments = append(x.segments, s)
	}
	if err := x.check(l.next); err != nil {
		return err
	}
	x.orphans = map[*segment.Segment]bool{}
	placed := x.emptySets()
	for _, b := range x.backups {
		x.fill(placed, b, func(*place) bool { return true })
	}
	for _, s := range x.segments {
		if placed[s].Len() < int64(s.Present) {
			x.orphans[s] = true
		}
	}
	x.epoch, x.next = l.epoch, l.next
	x.builder = segment.NewBuilder(x.next)
	x.version++
	return x.tidy(l.names)
}

func (x *Index) readList() (*listing, error) {
	box, err := disk.ReadFile(x.opts.FS, filepath.Join(x.opts.Dir, listFile), maxList)
	if errors.Is(err, fault.NotFound) {
		l := &listing{}
		rand.Read(l.epoch[:])
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	data, err := x.lib.OpenDerived(listUse, box)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "the list of the search index is damaged: %w", err)
	}
	return decodeList(data)
}

// learn adds what a chapter of a file says. The caller holds mu.
func (x *Index) learn(c *segment.Chapter) error {
	x.backupOf(keyOfChapter(c)).apply(c, true)
	for i := range c.Points {
		x.indexed[pointID(&c.Points[i])] = true
	}
	return nil
}

// backupOf returns the backup with a key. The caller holds mu.
func (x *Index) backupOf(key record.BackupKey) *backup {
	b := x.backups[key]
	if b == nil {
		b = newBackup(key)
		x.backups[key] = b
		x.boxes[b.box()] = append(x.boxes[b.box()], b)
	}
	return b
}

// check reports what cannot be in an index that this package wrote. The caller holds mu.
func (x *Index) check(next uint32) error {
	bad := fault.New(fault.Corrupt, "the segments of the search index do not fit each other")
	at := uint64(0)
	for _, s := range x.segments {
		if uint64(s.Base) < at {
			return bad
		}
		at = uint64(s.Base) + uint64(s.Docs)
	}
	if at > uint64(next) {
		return bad
	}
	for _, b := range x.backups {
		for i := 1; i < len(b.points); i++ {
			if b.points[i].Seq <= b.points[i-1].Seq {
				return bad
			}
		}
		if n := len(b.places); n > 0 && b.places[n-1].doc >= next {
			return bad
		}
	}
	return nil
}

// tidy removes files that the list does not name.
func (x *Index) tidy(names []string) error {
	list, err := x.opts.FS.List(x.opts.Dir)
	if err != nil {
		return disk.Fault(err, "read", x.opts.Dir)
	}
	for _, f := range list {
		if own(f.Name) && f.Name != listFile && !slices.Contains(names, f.Name) && !strings.HasPrefix(f.Name, listFile) {
			_ = x.opts.FS.Remove(filepath.Join(x.opts.Dir, f.Name)) // it is in nobody's way, and the next opening tries again
		}
	}
	return nil
}

// publish puts a new segment in the place of count others from at on, durably, and then in use.
func (x *Index) publish(name string, at, count int, next uint32) error {
	s, err := x.place.Open(name, x.cache, func(*segment.Chapter) error { return nil })
	if err != nil {
		return err
	}
	if slices.ContainsFunc(x.segments[at:at+count], (*segment.Segment).Loaded) { // people search: none of them waits
		if err := s.Load(); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	l := listing{epoch: x.epoch, next: next}
	segments := slices.Concat(x.segments[:at], []*segment.Segment{s}, x.segments[at+count:])
	for _, s := range segments {
		l.names = append(l.names, s.Name)
	}
	if err := disk.WriteFile(x.opts.FS, filepath.Join(x.opts.Dir, listFile), x.lib.SealDerived(listUse, l.encode())); err != nil {
		return errors.Join(err, s.Close())
	}
	x.mu.Lock()
	old := slices.Clone(x.segments[at : at+count])
	x.segments = segments
	x.version++
	for _, s := range old {
		delete(x.orphans, s)
		_ = s.Close() // it was only read
	}
	x.mu.Unlock()
	for _, s := range old {
		_ = x.opts.FS.Remove(filepath.Join(x.opts.Dir, s.Name)) // the next opening tries again
	}
	return nil
}
