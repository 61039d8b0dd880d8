// Package index is index.bolt: where each blob lies, which points there are, and where the messages of the newest point of a
// backup are. All of it can be made again from the packs. It alone knows bbolt.
//
// Random ids are never keys (bbolt would write each 50 times): a pack is one value with its sorted entries, and a table in
// memory, filled when the index is opened, finds the pack.
//
//	meta         format → u32    repository → 16 bytes    clean → 1, only while nobody has the index open
//	             doubt → u64    sure, backup 32 → u64        (doubt.go)
//	             adopted → u32, the last pack that points are in line with (adopted.go)
//	             deleting, point 32 → 1, of points that are being deleted (deleting.go)
//	packs        number u32 → name 16, kind 1, size u64, entry 48 …, CRC-32C u32        (keys big-endian, values little-endian)
//	open         name 16 → kind 1, end u64, entry 48 …, CRC-32C u32          packs that were open when the index was closed
//	points       backup 32, sealed u64 (nanoseconds, top bit flipped), point 32 → box
//	places       point 32 → key of points
//	tombstones   point 32 → backup 32, or empty where it is not known
//	messages     backup 32, number u32 → box
//
// What is in a box is the caller's matter (CatalogPoint; segments of package repository); it is encrypted where the
// repository is.
package index

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/pack"
)

const format = 1

var (
	bucketMeta       = []byte("meta")
	bucketPacks      = []byte("packs")
	bucketOpen       = []byte("open")
	bucketPoints     = []byte("points")
	bucketPlaces     = []byte("places")
	bucketTombstones = []byte("tombstones")
	bucketMessages   = []byte("messages")

	keyFormat     = []byte("format")
	keyRepository = []byte("repository")
	keyClean      = []byte("clean")
)

// Options of an index.
type Options struct {
	Repository [16]byte
	// Hook, if set, is called at the beginning of each transaction that writes, while no other can run, and after it; its
	// error fails the transaction. Tests stop a process there.
	Hook func(when string) error
	// Vouched is whether the file is known to be as it was closed.
	Vouched bool
	// NoSync leaves transactions to the operating system: for an index that is built anew and synced at its end.
	NoSync bool
}

// Pack is what the index knows of a sealed pack.
type Pack struct {
	Number uint32
	Name   pack.Name
	Kind   pack.Kind
	Size   int64
	Blobs  int
}

// Place is where a blob lies.
type Place struct {
	Pack  pack.Name
	Entry pack.Entry
}

// Index is an open index. It may be used by several goroutines.
type Index struct {
	db   *bbolt.DB
	path string
	opts Options
	// Clean is whether the index had been closed in order.
	Clean bool

	mu     sync.RWMutex
	table  table
	packs  map[uint32]Pack
	byName map[pack.Name]uint32
	next   uint32
	// adopted is the last pack whose roots and tombstones are in the catalogue.
	adopted uint32
	sums    map[pack.Type]Sums

	vouched        []*generation // oldest first; none without a hold
	lastGeneration uint64
	condemned      map[uint32]Bits // of packs that are about to go: the entries that nobody may rely on any more
}

// Sums count blobs of one type.
type Sums struct {
	Blobs  int64
	Plain  int64
	Stored int64
}

// Open opens the index at path, or makes it where create is set. An index that cannot be used, whatever is wrong with it, is
// Corrupt: build it anew. One that is not there is NotFound.
func Open(path string, create bool, opts Options) (x *Index, err error) {
	if !create {
		if _, err := os.Stat(path); err != nil {
			return nil, disk.Fault(err, "open", path)
		}
	}
	var db *bbolt.DB
	var file *os.File
	defer func() {
		switch p := recover(); {
		case p != nil:
			// bbolt panics on some damaged pages. Where it does so before there is a DB to close, its lock has to be undone.
			x, err = nil, fault.New(fault.Corrupt, "the index %s is damaged: %v", path, p)
			if db != nil {
				_ = db.Close()
			} else if file != nil {
				disk.Unlock(file)
				_ = file.Close()
			}
		case err != nil && db != nil:
			_ = db.Close()
		}
	}()
	// The index is a file in memory: one that was cut short must be an error, not the end of the process. (The free list is
	// kept in the file, for bbolt's way of finding it anew would panic beyond our reach.)
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{
		Timeout: time.Second, FreelistType: bbolt.FreelistMapType, NoSync: opts.NoSync,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			file = f
			return f, err
		},
	})
	if err != nil {
		return nil, openFault(err, path)
	}
	x = &Index{db: db, path: path, opts: opts, packs: map[uint32]Pack{}, byName: map[pack.Name]uint32{}, next: 1, table: newTable(), sums: map[pack.Type]Sums{}, condemned: map[uint32]Bits{}}
	if err := x.prepare(create); err != nil {
		return nil, err
	}
	if err := x.load(); err != nil {
		return nil, err
	}
	return x, nil
}

func dataBuckets() [][]byte {
	return [][]byte{bucketPacks, bucketOpen, bucketPoints, bucketPlaces, bucketTombstones, bucketMessages}
}

func openFault(err error, path string) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fault.New(fault.Conflict, "the index %s is in use by another process", path)
	case errors.Is(err, os.ErrPermission), errors.Is(err, os.ErrNotExist):
		return disk.Fault(err, "open", path)
	}
	var pe *os.PathError
	if errors.As(err, &pe) {
		return disk.Fault(err, "open", path)
	}
	return fault.New(fault.Corrupt, "the index %s is damaged: %w", path, err)
}

// prepare checks or writes the meta bucket.
func (x *Index) prepare(create bool) error {
	return x.update("open", func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		if meta == nil {
			if !create {
				return fault.New(fault.Corrupt, "the index %s is damaged: it has no meta bucket", x.path)
			}
			for _, name := range append([][]byte{bucketMeta}, dataBuckets()...) {
				if _, err := tx.CreateBucketIfNotExists(name); err != nil {
					return err
				}
			}
			meta = tx.Bucket(bucketMeta)
			if err := meta.Put(keyFormat, binary.LittleEndian.AppendUint32(nil, format)); err != nil {
				return err
			}
			if err := meta.Put(keyRepository, x.opts.Repository[:]); err != nil {
				return err
			}
			// Why the index is a new one is not known here: packs may have been lost with the old one.
			if err := doubt(tx); err != nil {
				return err
			}
		}
		if f := meta.Get(keyFormat); len(f) != 4 || binary.LittleEndian.Uint32(f) < format {
			return fault.New(fault.Corrupt, "the index %s has another format; it is built anew", x.path)
		} else if v := binary.LittleEndian.Uint32(f); v > format {
			return fault.New(fault.Unsupported, "the index %s has format %d, this version reads %d; upgrade the Transporter, or remove the file: then it is built anew from the packs", x.path, v, format)
		}
		if string(meta.Get(keyRepository)) != string(x.opts.Repository[:]) {
			return fault.New(fault.Corrupt, "the index %s belongs to another repository", x.path)
		}
		for _, name := range dataBuckets() {
			if tx.Bucket(name) == nil {
				return fault.New(fault.Corrupt, "the index %s is damaged: bucket %s is missing", x.path, name)
			}
		}
		x.Clean = len(meta.Get(keyClean)) == 1
		return meta.Delete(keyClean)
	})
}

// admit adds a pack to what is in memory.
func (x *Index) admit(info Pack, raw []byte) {
	x.note(info)
	x.insert(info, raw)
	x.count(raw, 1)
}

// note adds a pack without its blobs.
func (x *Index) note(info Pack) {
	x.packs[info.Number] = info
	x.byName[info.Name] = info.Number
	x.next = max(x.next, info.Number+1)
}

func (x *Index) insert(info Pack, raw []byte) {
	for i := range info.Blobs {
		x.table.insert((*pack.ID)(raw[i*pack.EntrySize:]), info.Number, uint32(i))
	}
}

func (x *Index) count(raw []byte, sign int64) {
	var t tally
	for ; len(raw) > 0; raw = raw[pack.EntrySize:] {
		t.count(raw)
	}
	x.add(&t, sign)
}

// tally counts entries.
type tally struct {
	shards [256]int
	sums   [256]Sums // by type
}

// count counts the entry that raw begins with.
func (t *tally) count(raw []byte) {
	e := raw[:pack.EntrySize]
	t.shards[e[0]]++
	s := &t.sums[e[44]]
	s.Blobs++
	s.Stored += int64(binary.LittleEndian.Uint32(e[36:]))
	s.Plain += int64(binary.LittleEndian.Uint32(e[40:]))
}

func (x *Index) add(t *tally, sign int64) {
	for i := range t.sums {
		if n := &t.sums[i]; n.Blobs > 0 {
			s := x.sums[pack.Type(i)]
			s.Blobs += sign * n.Blobs
			s.Stored += sign * n.Stored
			s.Plain += sign * n.Plain
			x.sums[pack.Type(i)] = s
		}
	}
}

const packHead = 16 + 1 + 8

func encodePack(name pack.Name, kind pack.Kind, size int64, entries []pack.Entry) []byte {
	b := make([]byte, 0, packHead+len(entries)*pack.EntrySize+4)
	b = append(b, name[:]...)
	b = append(b, byte(kind))
	b = binary.LittleEndian.AppendUint64(b, uint64(size))
	for i := range entries {
		b = entries[i].Append(b)
	}
	return binary.LittleEndian.AppendUint32(b, pack.Sum(b))
}

func decodePack(k, v []byte) (Pack, []byte, error) {
	info, raw, err := splitPack(k, v)
	if err == nil {
		err = checkPack(v)
	}
	return info, raw, err
}

// splitPack takes a pack's value apart, checkPack compares it with its checksum.
func splitPack(k, v []byte) (Pack, []byte, error) {
	if len(k) != 4 || len(v) < packHead+4 || (len(v)-packHead-4)%pack.EntrySize != 0 {
		return Pack{}, nil, errors.New("a pack's value has a wrong length")
	}
	raw := v[packHead : len(v)-4]
	return Pack{
		Number: binary.BigEndian.Uint32(k), Name: pack.Name(v[:16]), Kind: pack.Kind(v[16]),
		Size: int64(binary.LittleEndian.Uint64(v[17:])), Blobs: len(raw) / pack.EntrySize,
	}, raw, nil
}

func checkPack(v []byte) error {
	if body := v[:len(v)-4]; pack.Sum(body) != binary.LittleEndian.Uint32(v[len(v)-4:]) {
		return errors.New("a pack's value does not fit its checksum")
	}
	return nil
}

// update runs a transaction that writes.
func (x *Index) update(what string, fn func(tx *bbolt.Tx) error) error {
	err := x.write(func(tx *bbolt.Tx) error {
		if x.opts.Hook != nil {
			if err := x.opts.Hook("before " + what); err != nil {
				return err
			}
		}
		return fn(tx)
	})
	if err == nil && x.opts.Hook != nil {
		err = x.opts.Hook("after " + what)
	}
	if err != nil {
		return x.fault(err)
	}
	return nil
}

func (x *Index) fault(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return fault.New(fault.Unavailable, "the index %s is closed", x.path)
	}
	return disk.Fault(err, "write", x.path)
}

// AddPack records a sealed pack with its sorted entries. A pack that is there already stays as it is.
func (x *Index) AddPack(name pack.Name, kind pack.Kind, size int64, entries []pack.Entry) error {
	return x.Replace([]NewPack{{name, kind, size, entries}}, nil)
}

// DropPack forgets a pack.
func (x *Index) DropPack(name pack.Name) error { return x.Replace(nil, []pack.Name{name}) }

// LosePack forgets a pack, and notes the doubt that blobs are lost with it.
func (x *Index) LosePack(name pack.Name) error {
	if err := x.Doubt(); err != nil {
		return err
	}
	return x.DropPack(name)
}

// Packs lists the sealed packs in no particular order.
func (x *Index) Packs() []Pack {
	x.mu.RLock()
	defer x.mu.RUnlock()
	list := make([]Pack, 0, len(x.packs))
	for _, p := range x.packs {
		list = append(list, p)
	}
	return list
}

// Sums returns how many blobs of each type the sealed packs have. A blob that lies in two packs counts twice.
func (x *Index) Sums() map[pack.Type]Sums {
	x.mu.RLock()
	defer x.mu.RUnlock()
	sums := make(map[pack.Type]Sums, len(x.sums))
	for t, s := range x.sums {
		sums[t] = s
	}
	return sums
}

// Known reports which blobs lie in a sealed pack and are not condemned. Nobody may rely on it that they stay: see Vouch.
func (x *Index) Known(ids []pack.ID, found func(i int)) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for i := range ids {
		if len(x.condemned) == 0 && x.table.known(&ids[i]) || len(x.condemned) > 0 && x.spot(&ids[i]).Pack != 0 {
			found(i)
		}
	}
}

// Find calls found for each id that lies in a sealed pack, with its number among ids. Of several places the first is taken.
func (x *Index) Find(ids []pack.ID, found func(i int, p Place)) error {
	return x.find(ids, func(i int, p Place) bool { found(i, p); return true })
}

// FindAll calls found for every place of a blob.
func (x *Index) FindAll(id pack.ID, found func(p Place)) error {
	return x.find([]pack.ID{id}, func(_ int, p Place) bool { found(p); return false })
}

func (x *Index) find(ids []pack.ID, found func(i int, p Place) (enough bool)) (err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var tx *bbolt.Tx
	defer func() {
		if tx != nil {
			_ = tx.Rollback() // it wrote nothing
		}
	}()
	defer x.guard(&err)()
	var packs *bbolt.Bucket
	for i := range ids {
		x.table.candidates(&ids[i], func(s *slot) bool {
			if tx == nil {
				if tx, err = x.db.Begin(false); err != nil {
					return true
				}
				packs = tx.Bucket(bucketPacks)
			}
			var k [4]byte
			binary.BigEndian.PutUint32(k[:], s.pack())
			v := packs.Get(k[:])
			at := packHead + int(s.at())*pack.EntrySize
			if len(v) < at+pack.EntrySize+4 || [32]byte(v[at:]) != ids[i] {
				return false
			}
			return found(i, Place{Pack: pack.Name(v[:16]), Entry: pack.DecodeEntry(v[at:])})
		})
		if err != nil {
			return x.fault(err)
		}
	}
	return nil
}

// Close records the open packs, marks the index clean, and closes it.
func (x *Index) Close(open []OpenPack) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	err := x.update("close", func(tx *bbolt.Tx) error {
		if err := tx.DeleteBucket(bucketOpen); err != nil {
			return err
		}
		b, err := tx.CreateBucket(bucketOpen)
		if err != nil {
			return err
		}
		for _, o := range open {
			if err := b.Put(o.Name[:], encodePack(o.Name, o.Kind, o.End, o.Entries)); err != nil {
				return err
			}
		}
		return tx.Bucket(bucketMeta).Put(keyClean, []byte{1})
	})
	if x.opts.NoSync && err == nil {
		if syncErr := x.db.Sync(); syncErr != nil {
			err = disk.Fault(syncErr, "sync", x.path)
		}
	}
	if closeErr := x.db.Close(); err == nil && closeErr != nil {
		err = fmt.Errorf("close the index: %w", closeErr)
	}
	return err
}

// Drop closes the index as a crash would: without the clean mark.
func (x *Index) Drop() { _ = x.db.Close() }
