package index

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"math"
	"os"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

// bbolt trusts its file: a damaged page makes it read outside of the map, which ends the process, or go round in circles. So a
// file that nobody vouches for is inspected before bbolt sees it, by reading alone:
//
//	page      id u64, flags u16 (1 branch, 2 leaf, 4 meta, 16 free list), count u16, overflow u32 (pages behind it)
//	branch    for each child: offset u32, key length u32, page u64; then the keys
//	leaf      for each entry: flags u32 (1: a bucket), offset u32, key length u32, value length u32; then keys and values
//	meta      magic u32, version u32, page size u32, flags u32, root bucket, free list u64, end u64, transaction u64, FNV-1a u64
//	bucket    root page u64 (0: a leaf page follows in the value), sequence u64
//
// Offsets count from their own entry. bbolt packs keys and values without a hole behind the entries, and every page up to the
// end is in the tree or in the free list, once. What keeps to all that can be opened; what the values say is checked where
// they are read.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	flagBranch = 1
	flagLeaf   = 2
	flagMeta   = 4
	flagFree   = 16

	pageHead   = 16
	entryHead  = 16
	bucketHead = 16
	metaSize   = 64

	minPageSize = 1 << 10
	maxPageSize = 64 << 10
	// maxDepth bounds branches over one another; each has two children at the least, all but by accident a hundred.
	maxDepth = 64
)

// Inspect makes sure that the file at path is an index that can be opened, as far as its form goes. One that is not is
// Corrupt, one that is not there NotFound.
func Inspect(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return disk.Fault(err, "open", path)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return disk.Fault(err, "open", path)
	}
	i := inspector{f: f, size: info.Size(), path: path}
	return i.inspect()
}

type inspector struct {
	f    *os.File
	path string
	size int64
	page int64 // size of a page
	end  uint64
	used []bool
}

// boltMeta is what a meta page says.
type boltMeta struct {
	pageSize         uint32
	root, free, end  uint64
	transaction, sum uint64
}

func (i *inspector) damaged(format string, args ...any) error {
	return fault.New(fault.Corrupt, "the index %s is damaged: %w", i.path, fault.New(fault.Corrupt, format, args...))
}

func (i *inspector) read(off, n int64) ([]byte, error) {
	if off < 0 || n < 0 || off+n > i.size {
		return nil, i.damaged("it ends before byte %d", off+n)
	}
	b := make([]byte, n)
	if _, err := i.f.ReadAt(b, off); err != nil {
		return nil, disk.Fault(err, "read", i.path)
	}
	return b, nil
}

func (i *inspector) inspect() error {
	m, err := i.meta()
	if err != nil {
		return err
	}
	i.page, i.end = int64(m.pageSize), m.end
	if m.end < 3 || m.end > uint64(i.size/i.page) {
		return i.damaged("it ends at page %d, and has %d", m.end, i.size/i.page)
	}
	i.used = make([]bool, m.end)
	i.used[0], i.used[1] = true, true
	if err := i.freeList(m.free); err != nil {
		return err
	}
	if err := i.tree(m.root, nil, nil, 0, true); err != nil {
		return err
	}
	for id, used := range i.used {
		if !used {
			return i.damaged("page %d is nowhere", id)
		}
	}
	return nil
}

// meta returns the newer of the two meta pages that is whole.
func (i *inspector) meta() (*boltMeta, error) {
	var best *boltMeta
	sizes := []int64{0} // where a meta page may begin: the second is one page on, of whatever size
	for n := int64(minPageSize); n <= maxPageSize; n *= 2 {
		sizes = append(sizes, n)
	}
	for _, at := range sizes {
		if at+pageHead+metaSize > i.size {
			break
		}
		b, err := i.read(at, pageHead+metaSize)
		if err != nil {
			return nil, err
		}
		m := decodeMeta(b)
		if m == nil || at > 0 && int64(m.pageSize) != at || best != nil && best.pageSize != m.pageSize {
			continue
		}
		if best == nil || m.transaction > best.transaction {
			best = m
		}
	}
	if best == nil {
		return nil, i.damaged("it has no meta page")
	}
	return best, nil
}

func decodeMeta(b []byte) *boltMeta {
	le := binary.LittleEndian
	m := b[pageHead:]
	h := fnv.New64a()
	h.Write(m[:metaSize-8])
	d := &boltMeta{
		pageSize: le.Uint32(m[8:]), root: le.Uint64(m[16:]), free: le.Uint64(m[32:]), end: le.Uint64(m[40:]), transaction: le.Uint64(m[48:]), sum: le.Uint64(m[56:]),
	}
	if le.Uint32(m) != boltMagic || le.Uint32(m[4:]) != boltVersion || d.sum != h.Sum64() || le.Uint16(b[8:]) != flagMeta ||
		d.pageSize < minPageSize || d.pageSize > maxPageSize || d.pageSize&(d.pageSize-1) != 0 {
		return nil
	}
	return d
}

// take reads a page with those behind it, which nothing else may have.
func (i *inspector) take(id uint64, flags ...uint16) ([]byte, error) {
	if id < 2 || id >= i.end {
		return nil, i.damaged("there is no page %d", id)
	}
	head, err := i.read(int64(id)*i.page, pageHead)
	if err != nil {
		return nil, err
	}
	over := uint64(binary.LittleEndian.Uint32(head[12:]))
	if binary.LittleEndian.Uint64(head) != id || id+over >= i.end {
		return nil, i.damaged("the head of page %d", id)
	}
	fits := false
	for _, f := range flags {
		fits = fits || binary.LittleEndian.Uint16(head[8:]) == f
	}
	if !fits {
		return nil, i.damaged("page %d is of another kind", id)
	}
	for p := id; p <= id+over; p++ {
		if i.used[p] {
			return nil, i.damaged("page %d is in two places", p)
		}
		i.used[p] = true
	}
	return i.read(int64(id)*i.page, int64(over+1)*i.page)
}

func (i *inspector) freeList(id uint64) error {
	b, err := i.take(id, flagFree)
	if err != nil {
		return err
	}
	n, list := uint64(binary.LittleEndian.Uint16(b[10:])), b[pageHead:]
	if n == math.MaxUint16 {
		n, list = binary.LittleEndian.Uint64(list), list[8:]
	}
	if n > uint64(len(list)/8) {
		return i.damaged("the free list is longer than its pages")
	}
	last := uint64(1)
	for ; n > 0; n-- {
		p := binary.LittleEndian.Uint64(list)
		list = list[8:]
		if p <= last || p >= i.end || i.used[p] {
			return i.damaged("the free list at page %d", p)
		}
		i.used[p], last = true, p
	}
	return nil
}

// tree inspects a page of a bucket and all below. Its keys are from low on and below high, where those are given.
func (i *inspector) tree(id uint64, low, high []byte, depth int, top bool) error {
	if depth > maxDepth {
		return i.damaged("its tree is too deep")
	}
	b, err := i.take(id, flagBranch, flagLeaf)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint16(b[8:]) == flagLeaf {
		return i.leaf(b, low, high, depth, top)
	}
	n := int(binary.LittleEndian.Uint16(b[10:]))
	if n == 0 {
		return i.damaged("page %d is empty", id)
	}
	keys := make([][]byte, n)
	children := make([]uint64, n)
	at := pageHead + n*entryHead
	for k := range n {
		e := pageHead + k*entryHead
		if e+entryHead > len(b) {
			return i.damaged("page %d is too short", id)
		}
		off, size := binary.LittleEndian.Uint32(b[e:]), int(binary.LittleEndian.Uint32(b[e+4:]))
		if e+int(off) != at || size > len(b)-at {
			return i.damaged("a key of page %d", id)
		}
		keys[k], children[k] = b[at:at+size], binary.LittleEndian.Uint64(b[e+8:])
		at += size
	}
	if err := i.ascending(keys, low, high); err != nil {
		return err
	}
	for k := range n {
		upper := high
		if k+1 < n {
			upper = keys[k+1]
		}
		if err := i.tree(children[k], keys[k], upper, depth+1, top); err != nil {
			return err
		}
	}
	return nil
}

func (i *inspector) ascending(keys [][]byte, low, high []byte) error {
	for k := range keys {
		if k > 0 && bytes.Compare(keys[k-1], keys[k]) >= 0 || low != nil && bytes.Compare(keys[k], low) < 0 || high != nil && bytes.Compare(keys[k], high) >= 0 {
			return i.damaged("keys are out of order")
		}
	}
	return nil
}

// leaf inspects the entries of a leaf page. Only the top bucket has buckets in it.
func (i *inspector) leaf(b, low, high []byte, depth int, top bool) error {
	n := int(binary.LittleEndian.Uint16(b[10:]))
	keys := make([][]byte, n)
	at := pageHead + n*entryHead
	for k := range n {
		e := pageHead + k*entryHead
		if e+entryHead > len(b) {
			return i.damaged("a leaf page is too short")
		}
		flags, off := binary.LittleEndian.Uint32(b[e:]), binary.LittleEndian.Uint32(b[e+4:])
		ksize, vsize := int(binary.LittleEndian.Uint32(b[e+8:])), int(binary.LittleEndian.Uint32(b[e+12:]))
		if e+int(off) != at || ksize > len(b)-at || vsize > len(b)-at-ksize || top != (flags == 1) || flags > 1 {
			return i.damaged("an entry of a leaf page")
		}
		keys[k] = b[at : at+ksize]
		if top {
			if err := i.bucket(b[at+ksize:at+ksize+vsize], depth); err != nil {
				return err
			}
		}
		at += ksize + vsize
	}
	return i.ascending(keys, low, high)
}

func (i *inspector) bucket(v []byte, depth int) error {
	if len(v) < bucketHead {
		return i.damaged("a bucket is too short")
	}
	if root := binary.LittleEndian.Uint64(v); root != 0 {
		return i.tree(root, nil, nil, depth+1, false)
	}
	inline := v[bucketHead:]
	if len(inline) < pageHead || binary.LittleEndian.Uint64(inline) != 0 || binary.LittleEndian.Uint16(inline[8:]) != flagLeaf || binary.LittleEndian.Uint32(inline[12:]) != 0 {
		return i.damaged("a small bucket")
	}
	return i.leaf(inline, nil, nil, depth+1, false)
}
