package index

import (
	"hash/maphash"
	"math/bits"

	"holdfast/transporter/internal/repository/pack"
)

// table finds blobs by id: open addressing with linear probing over slots of 16 bytes, in shards that grow one by one, so
// that growing costs little memory at a time. At 62-80% full it takes 20-26 bytes a blob.
//
// A slot knows its blob by 96 bits: 8 of the id, which choose the shard, and 88 of hashes of the id under seeds that are
// drawn anew whenever the index is opened, so that nobody can make ids that collide. Among ten million blobs, an id that is
// not there is taken for one that is with a probability of 10^-22. Find compares whole ids all the same.
type table struct {
	seeds  [2]maphash.Seed
	shards [256]shard
}

type shard struct {
	slots []slot
	used  int // slots that are not free, vacated ones included
}

// slot is a hash, and behind it 24 bits of pack number, 16 bits of entry number, 24 bits of the second hash.
type slot struct {
	hash uint64
	loc  uint64
}

const (
	// maxPacks bounds pack numbers; 0 is a free slot, the greatest number one whose blob is gone: probing goes on behind it.
	maxPacks = 1<<24 - 2
	vacated  = 1<<24 - 1

	firstSlots = 16
)

func (s *slot) pack() uint32 { return uint32(s.loc >> 40) }

func (s *slot) at() uint32 { return uint32(s.loc>>24) & 0xffff }

func newTable() table { return table{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}} }

// slotOf returns the slot of a blob; with pack and entry 0 what every slot of it has in common.
func (t *table) slotOf(id *pack.ID, packNumber, at uint32) slot {
	return slot{
		hash: maphash.Bytes(t.seeds[0], id[:]),
		loc:  uint64(packNumber)<<40 | uint64(at)<<24 | maphash.Bytes(t.seeds[1], id[:])>>40,
	}
}

func (s *shard) home(hash uint64) int {
	hi, _ := bits.Mul64(hash, uint64(len(s.slots)))
	return int(hi)
}

func (t *table) insert(id *pack.ID, packNumber, at uint32) {
	s := &t.shards[id[0]]
	if (s.used+1)*5 > len(s.slots)*4 {
		s.grow()
	}
	s.put(t.slotOf(id, packNumber, at))
}

// reserve makes an empty shard long enough for n blobs, and a few more.
func (s *shard) reserve(n int) {
	if n > 0 {
		s.slots = make([]slot, max(firstSlots, n+n*2/5))
	}
}

func (s *shard) put(v slot) {
	i := s.home(v.hash)
	for s.slots[i].pack() != 0 {
		if i++; i == len(s.slots) {
			i = 0
		}
	}
	s.slots[i] = v
	s.used++
}

func (s *shard) grow() {
	old := s.slots
	live := 0
	for i := range old {
		if p := old[i].pack(); p != 0 && p != vacated {
			live++
		}
	}
	size := len(old)
	if live*5 >= size*3 { // else there is room enough once the vacated slots are free again
		size = max(firstSlots, size+size/4+1)
	}
	s.slots = make([]slot, size)
	s.used = 0
	for _, v := range old {
		if v.pack() != 0 && v.pack() != vacated {
			s.put(v)
		}
	}
}

// candidates hands every slot of a blob to fn until that returns true.
func (t *table) candidates(id *pack.ID, fn func(*slot) bool) {
	s := &t.shards[id[0]]
	if len(s.slots) == 0 {
		return
	}
	want := t.slotOf(id, 0, 0)
	const tag = 1<<24 - 1
	for i := s.home(want.hash); s.slots[i].loc>>40 != 0; {
		v := &s.slots[i]
		if v.hash == want.hash && v.loc&tag == want.loc && v.pack() != vacated && fn(v) {
			return
		}
		if i++; i == len(s.slots) {
			i = 0
		}
	}
}

// known reports whether a blob is in the table.
func (t *table) known(id *pack.ID) bool {
	found := false
	t.candidates(id, func(*slot) bool { found = true; return true })
	return found
}

// remove takes a blob's place in one pack away.
func (t *table) remove(id *pack.ID, packNumber, at uint32) {
	t.candidates(id, func(v *slot) bool {
		if v.pack() != packNumber || v.at() != at {
			return false
		}
		v.loc |= vacated << 40
		return true
	})
}
