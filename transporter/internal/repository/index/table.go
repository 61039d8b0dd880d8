package index

import (
	"encoding/binary"
	"math/bits"

	"holdfast/transporter/internal/repository/pack"
)

// table finds candidates for a blob id: open addressing with linear probing over slots of 16 bytes, in shards that grow one
// by one, so that growing costs little memory at a time. At 62-80% full it takes 20-26 bytes a blob.
//
// A slot has 64 bits of the id; the whole id is compared in the pack's entries.
type table struct {
	shards [256]shard
}

type shard struct {
	slots []slot
	used  int // slots that are not free, vacated ones included
}

type slot struct {
	hash uint64
	pack uint32 // 0 free, vacated
	at   uint32 // number of the entry in the pack
}

// vacated marks a slot whose blob is gone; probing goes on behind it.
const vacated = 1<<32 - 1

const firstSlots = 16

func hashOf(id *pack.ID) uint64 { return binary.LittleEndian.Uint64(id[1:]) }

func (s *shard) home(hash uint64) int {
	hi, _ := bits.Mul64(hash, uint64(len(s.slots)))
	return int(hi)
}

func (t *table) insert(id *pack.ID, packNumber, at uint32) {
	s := &t.shards[id[0]]
	if (s.used+1)*5 > len(s.slots)*4 {
		s.grow()
	}
	s.put(slot{hashOf(id), packNumber, at})
}

func (s *shard) put(v slot) {
	i := s.home(v.hash)
	for s.slots[i].pack != 0 {
		if i++; i == len(s.slots) {
			i = 0
		}
	}
	s.slots[i] = v
	s.used++
}

func (s *shard) grow() {
	old := s.slots
	s.slots = make([]slot, max(firstSlots, len(old)+len(old)/4+1))
	s.used = 0
	for _, v := range old {
		if v.pack != 0 && v.pack != vacated {
			s.put(v)
		}
	}
}

// candidates hands every slot that may be id's to fn until that returns true.
func (t *table) candidates(id *pack.ID, fn func(*slot) bool) {
	s := &t.shards[id[0]]
	if len(s.slots) == 0 {
		return
	}
	hash := hashOf(id)
	for i := s.home(hash); s.slots[i].pack != 0; {
		if v := &s.slots[i]; v.hash == hash && v.pack != vacated && fn(v) {
			return
		}
		if i++; i == len(s.slots) {
			i = 0
		}
	}
}

// remove takes a blob's place in one pack away.
func (t *table) remove(id *pack.ID, packNumber, at uint32) {
	t.candidates(id, func(v *slot) bool {
		if v.pack != packNumber || v.at != at {
			return false
		}
		v.pack = vacated
		return true
	})
}
