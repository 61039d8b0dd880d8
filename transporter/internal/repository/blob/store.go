// Package blob keeps blobs in the packs of a repository: each once, compressed, encrypted where the repository is, found by
// the SHA-256 of its plain bytes. It owns the packs folder and tells the index what lies where.
//
// A blob is appended to an open pack and is durable after Sync; before that it can already be read and found. Every blob is
// decoded again before it is appended, and compared with the bytes it was made of: a machine with bad memory must fail here
// and not at the recovery. (Bytes that are stored as they are need no such check; the hash over them was taken by the
// caller, and the checksum in the pack is of the same memory.) What the disk makes of them is found by checksum and hash
// whenever they are read.
//
// When the disk fails or is full, the open pack is given up: its durable blobs stay, the others are forgotten, and Lost says
// so to whoever relied on them.
package blob

import (
	"bytes"
	"context"
	"crypto/rand"
	"math/bits"
	"path/filepath"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/codec"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/key"
	"holdfast/transporter/internal/repository/pack"
)

// heavyFrom is the length from which on a blob counts as heavy, in bytes: as many of them are put at a time as there are
// processors, for each takes about three times its length meanwhile.
const heavyFrom = 64 << 10

// smallBuffer is the length of the shortest buffers.
const smallBuffer = 16 << 10

// Options of a store.
type Options struct {
	FS         disk.FS
	Dir        string // of the packs
	Repository [16]byte
	Ring       *key.Ring
	Coder      *codec.Coder
	Target     int64 // a pack is sealed when it is this long
	Now        func() time.Time
	Index      *index.Index
}

// Store is an open store. It may be used by several goroutines.
type Store struct {
	opts    Options
	buffers [10]sync.Pool // of *[]byte: of smallBuffer bytes, of twice as many …
	putting [64]sync.Mutex
	heavy   chan struct{} // a place for each blob longer than heavyFrom that is being put
	files   files
	spoiled spoiled

	mu       sync.RWMutex
	open     map[pack.Kind]*pack.Writer
	leaving  []*pack.Writer // being sealed, or given up but still good for reading
	settling sync.Mutex
	sealed   []sealedPack // whose entry in the index is due
	losses   uint64
	lastLoss error

	removing sync.Mutex
	doomed   map[pack.Name]bool // packs that the index no longer has and whose files are still to be removed
}

type sealedPack struct {
	w       *pack.Writer
	entries []pack.Entry
	size    int64
}

// Put keeps data, whose SHA-256 is hash (the caller has made sure), unless it is kept already: whole, as far as is known.
// It reports whether it was not.
func (s *Store) Put(kind pack.Kind, typ pack.Type, hash record.Hash, data []byte) (fresh bool, err error) {
	id := pack.ID(s.opts.Ring.ID(hash))
	lock := &s.putting[id[0]%byte(len(s.putting))]
	lock.Lock()
	defer lock.Unlock()
	if s.known(id) {
		return false, nil
	}
	return true, s.put(kind, typ, id, data)
}

// PutAnew keeps data although it may be kept already.
func (s *Store) PutAnew(kind pack.Kind, typ pack.Type, hash record.Hash, data []byte) error {
	return s.put(kind, typ, pack.ID(s.opts.Ring.ID(hash)), data)
}

func (s *Store) put(kind pack.Kind, typ pack.Type, id pack.ID, data []byte) error {
	if len(data) > pack.MaxBlob {
		return fault.New(fault.Invalid, "a blob of %d bytes is longer than the %d that one may have", len(data), pack.MaxBlob)
	}
	if len(data) > heavyFrom {
		s.heavy <- struct{}{}
		defer func() { <-s.heavy }()
	}
	room := pack.FrameSize + codec.MaxCompressed(len(data)) + key.Overhead
	buf := s.buffer(room)
	defer s.release(buf)
	frame, err := s.encode((*buf)[:0], typ, id, data)
	if err != nil {
		return err
	}
	if err := s.append(kind, frame); err != nil {
		return err
	}
	s.spoiled.heal(id)
	return nil
}

// encode appends the frame of a blob to dst.
func (s *Store) encode(dst []byte, typ pack.Type, id pack.ID, data []byte) ([]byte, error) {
	f := pack.Frame{Type: typ, ID: id, Plain: uint32(len(data))}
	out := append(dst, make([]byte, pack.FrameSize)...)
	out, f.Codec, f.Dict = s.opts.Coder.Compress(out, data, typ == pack.Piece)
	body := out[pack.FrameSize:]
	if f.Codec == codec.Raw {
		body = data
	}
	switch {
	case s.opts.Ring.Encrypted():
		f.Stored = uint32(len(body) + key.Overhead)
		var header [48]byte
		out = s.opts.Ring.SealBlob(out[:pack.FrameSize], &f.Nonce, body, f.Sealing(&header))
	case f.Codec == codec.Raw:
		f.Stored = uint32(len(body))
		out = append(out, body...)
	default:
		f.Stored = uint32(len(body))
	}
	f.Sum = pack.Sum(out[pack.FrameSize:])
	f.Put(out)
	if err := s.compare(&f, out[pack.FrameSize:], data); err != nil {
		return nil, err
	}
	return out, nil
}

// compare decodes a frame and compares it with what it was made of.
func (s *Store) compare(f *pack.Frame, stored, data []byte) error {
	if f.Codec == codec.Raw && !s.opts.Ring.Encrypted() {
		return nil
	}
	room := len(stored)
	if f.Codec != codec.Raw {
		room += len(data)
	}
	buf := s.buffer(room)
	defer s.release(buf)
	plain, err := s.decode((*buf)[:0], f, stored)
	if err != nil || !bytes.Equal(plain, data) {
		return fault.New(fault.Corrupt, "blob %s does not decode to what it was made of; check the memory of this machine", f.ID)
	}
	return nil
}

// decode returns the plain bytes of a frame, in dst's memory where they fit. The hash is not checked.
func (s *Store) decode(dst []byte, f *pack.Frame, stored []byte) ([]byte, error) {
	if s.opts.Ring.Encrypted() {
		var header [48]byte
		var err error
		if stored, err = s.opts.Ring.OpenBlob(dst, &f.Nonce, stored, f.Sealing(&header)); err != nil {
			return nil, err
		}
		dst = stored[len(stored):]
	}
	return s.opts.Coder.Decompress(dst, f.Codec, f.Dict, stored, int(f.Plain))
}

// decodeInPlace is decode where stored may be overwritten, so that all that is needed of dst is room for the plain bytes.
func (s *Store) decodeInPlace(dst []byte, f *pack.Frame, stored []byte) ([]byte, error) {
	if !s.opts.Ring.Encrypted() || f.Codec == codec.Raw {
		if cap(dst) < int(f.Plain) {
			dst = make([]byte, 0, f.Plain)
		}
		return s.decode(dst, f, stored)
	}
	var header [48]byte
	packed, err := s.opts.Ring.OpenBlob(stored[:0], &f.Nonce, stored, f.Sealing(&header))
	if err != nil {
		return nil, err
	}
	return s.opts.Coder.Decompress(dst, f.Codec, f.Dict, packed, int(f.Plain))
}

// append adds a frame to the open pack of its kind.
func (s *Store) append(kind pack.Kind, frame []byte) error {
	for {
		w, err := s.writer(kind)
		if err != nil {
			return err
		}
		err = w.Append(frame)
		if fault.KindOf(err) == fault.Conflict { // full, or sealed a moment ago
			if err := s.rotate(w); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			s.giveUp(w, err)
			return err
		}
		if w.Size() >= s.opts.Target {
			return s.rotate(w)
		}
		return nil
	}
}

// writer returns the open pack of a kind.
func (s *Store) writer(kind pack.Kind) (*pack.Writer, error) {
	s.mu.RLock()
	w := s.open[kind]
	s.mu.RUnlock()
	if w != nil {
		return w, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.open[kind]; w != nil {
		return w, nil
	}
	h := pack.Header{Kind: kind, Repository: s.opts.Repository, Created: s.opts.Now().Unix()}
	rand.Read(h.Name[:])
	w, err := pack.Create(s.opts.FS, s.opts.Dir, h)
	if err != nil {
		return nil, err
	}
	s.open[kind] = w
	return w, nil
}

// rotate seals an open pack; the next blob begins another. Others go on meanwhile.
func (s *Store) rotate(w *pack.Writer) error {
	s.mu.Lock()
	if s.open[w.Kind()] != w {
		s.mu.Unlock()
		return nil
	}
	delete(s.open, w.Kind())
	s.leaving = append(s.leaving, w)
	s.mu.Unlock()
	return s.seal(w)
}

// SealOpen seals the packs that are open.
func (s *Store) SealOpen() error {
	for _, kind := range []pack.Kind{pack.Content, pack.Trees} {
		s.mu.RLock()
		w := s.open[kind]
		s.mu.RUnlock()
		if w != nil && w.Len() > 0 {
			if err := s.rotate(w); err != nil {
				return err
			}
		}
	}
	return nil
}

// seal seals a pack that is among those leaving and tells the index.
func (s *Store) seal(w *pack.Writer) error {
	entries, size, err := w.Seal()
	if err != nil {
		s.giveUp(w, err)
		return err
	}
	s.settling.Lock()
	defer s.settling.Unlock()
	s.sealed = append(s.sealed, sealedPack{w, entries, size})
	return s.settle()
}

// settle tells the index of packs that are sealed. The caller holds settling.
func (s *Store) settle() error {
	for len(s.sealed) > 0 {
		p := s.sealed[0]
		err := s.opts.Index.AddPack(p.w.Name(), p.w.Kind(), p.size, p.entries)
		if err != nil && !s.opts.Index.HasPack(p.w.Name()) {
			return err
		}
		// With an error, too, the index may have it: the last flush of what was written may have failed. From then on it is
		// the index's to give out and to drop; a writer that still knew its blobs would vouch for what reclaiming removes.
		s.sealed = s.sealed[1:]
		s.mu.Lock()
		for i, w := range s.leaving {
			if w == p.w {
				s.leaving = append(s.leaving[:i:i], s.leaving[i+1:]...)
				break
			}
		}
		s.mu.Unlock()
		if closeErr := p.w.Close(); err == nil && closeErr != nil {
			err = disk.Fault(closeErr, "close", p.w.Path())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// giveUp takes a pack whose file failed out of use. What is durable in it can still be read.
func (s *Store) giveUp(w *pack.Writer, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.losses++
	s.lastLoss = err
	if s.open[w.Kind()] == w {
		delete(s.open, w.Kind())
		s.leaving = append(s.leaving, w)
	}
	if w.Len() > 0 {
		return
	}
	for i, l := range s.leaving {
		if l == w {
			s.leaving = append(s.leaving[:i:i], s.leaving[i+1:]...)
			_ = w.Discard() // an empty leftover is removed when the repository is opened
			return
		}
	}
}

// Losses returns how often blobs that were put have been lost before they were durable, and why the last time.
func (s *Store) Losses() (uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.losses, s.lastLoss
}

// Sync returns when every blob that was put before is durable. Blobs of a pack that failed are not: look for them again.
func (s *Store) Sync() error {
	for _, w := range s.writers() {
		if w.Failed() != nil {
			continue
		}
		if err := w.Sync(); err != nil && !w.Closed() {
			s.giveUp(w, err)
			return err
		}
	}
	return nil
}

// known reports whether a blob is in a pack, open or sealed, and was not found to be damaged there. While there is a hold it
// stays there.
func (s *Store) known(id pack.ID) bool {
	if s.spoiled.has(id) {
		return false
	}
	if s.isOpen(id) {
		return true
	}
	known := false
	s.opts.Index.Vouch([]pack.ID{id}, func(int) { known = true })
	if known {
		return true
	}
	// It may have moved from an open pack to the index in between.
	return s.isOpen(id)
}

func (s *Store) isOpen(id pack.ID) bool {
	_, _, ok := s.findOpen(id)
	return ok
}

func (s *Store) findOpen(id pack.ID) (*pack.Writer, pack.Entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, w := range s.open {
		if e, ok := w.Find(id); ok {
			return w, e, true
		}
	}
	for _, w := range s.leaving {
		if e, ok := w.Find(id); ok {
			return w, e, true
		}
	}
	return nil, pack.Entry{}, false
}

// Hold makes what Have and Put find stay where it is until it is released, whether or not a point names it.
func (s *Store) Hold() *index.Hold { return s.opts.Index.Hold() }

// Have reports for each hash whether its bytes are kept. Those that were found to be damaged wherever they are do not count.
// While there is a hold, those that are kept stay.
func (s *Store) Have(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	return s.have(ctx, hashes, s.opts.Index.Vouch)
}

// Present reports for each hash whether its bytes are kept, and makes nothing stay.
func (s *Store) Present(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	return s.have(ctx, hashes, s.opts.Index.Known)
}

func (s *Store) have(ctx context.Context, hashes []record.Hash, known func(ids []pack.ID, found func(i int))) ([]bool, error) {
	have := make([]bool, len(hashes))
	ids := make([]pack.ID, 0, len(hashes))
	at := make([]int, 0, len(hashes))
	for i, h := range hashes {
		id := pack.ID(s.opts.Ring.ID(h))
		if s.spoiled.has(id) {
			continue
		}
		if s.isOpen(id) {
			have[i] = true
			continue
		}
		ids, at = append(ids, id), append(at, i)
	}
	const batch = 4096
	for from := 0; from < len(ids); from += batch {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := ids[from:min(from+batch, len(ids))]
		known(part, func(i int) { have[at[from+i]] = true })
	}
	for i, id := range ids { // moved from an open pack to the index in between
		if !have[at[i]] && s.isOpen(id) {
			have[at[i]] = true
		}
	}
	return have, nil
}

func (s *Store) buffer(n int) *[]byte {
	class := bits.Len(uint(max(n, smallBuffer)-1)) - bits.Len(smallBuffer-1)
	if class < len(s.buffers) {
		n = smallBuffer << class
		if b, ok := s.buffers[class].Get().(*[]byte); ok {
			return b
		}
	}
	b := make([]byte, 0, n)
	return &b
}

func (s *Store) release(b *[]byte) {
	if class := bits.Len(uint(cap(*b)-1)) - bits.Len(smallBuffer-1); class < len(s.buffers) {
		s.buffers[class].Put(b)
	}
}

// Close makes everything durable and closes the files. It returns the open packs, for the index to remember.
func (s *Store) Close() ([]index.OpenPack, error) {
	err := s.Sync()
	s.settling.Lock()
	if settleErr := s.settle(); err == nil {
		err = settleErr
	}
	s.settling.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	var open []index.OpenPack
	for kind, w := range s.open {
		delete(s.open, kind)
		if w.Failed() == nil && w.Len() == 0 {
			if discardErr := w.Discard(); err == nil {
				err = discardErr
			}
			continue
		}
		entries, end := w.Entries()
		open = append(open, index.OpenPack{Name: w.Name(), Kind: w.Kind(), End: end, Entries: entries})
		if closeErr := w.Close(); err == nil && closeErr != nil {
			err = disk.Fault(closeErr, "close", w.Path())
		}
	}
	for _, w := range s.leaving {
		_ = w.Close()
	}
	s.leaving = nil
	s.files.close()
	if len(s.doomed) > 0 {
		_, _ = s.RemoveDoomed() // whatever stays is found again when the repository is opened
	}
	return open, err
}

// Drop closes the files as a crash would.
func (s *Store) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.open {
		_ = w.Close()
	}
	for _, w := range s.leaving {
		_ = w.Close()
	}
	s.files.close()
}

// Path returns where a sealed pack lies.
func (s *Store) Path(name pack.Name) string { return filepath.Join(s.opts.Dir, name.File()) }

// EachOpen hands the entries of packs that are not in the index to fn.
func (s *Store) EachOpen(fn func(e *pack.Entry)) {
	for _, w := range s.writers() {
		entries, _ := w.Entries()
		for i := range entries {
			fn(&entries[i])
		}
	}
}
