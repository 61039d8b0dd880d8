package index

import (
	"math/bits"
	"sync/atomic"

	"holdfast/transporter/internal/repository/pack"
)

// Set is a set of places of blobs: one bit for each in the sealed packs that there were when it was made. Places in packs that
// came later are not in it and cannot be added. Add may be called by several goroutines at once; the other methods not
// beside it.
type Set struct {
	first map[uint32]int // pack number → word; never changed, shared with sets of the same packs
	words []uint64
}

// Spot is a place by numbers: of the pack, and of the entry in it.
type Spot struct {
	Pack, At uint32
}

// NewSet returns an empty set over the packs that there are.
func (x *Index) NewSet() *Set {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.newSet()
}

func (x *Index) newSet() *Set {
	s := &Set{first: make(map[uint32]int, len(x.packs))}
	n := 0
	for number, p := range x.packs {
		s.first[number] = n
		n += (p.Blobs + 63) / 64
	}
	s.words = make([]uint64, n)
	return s
}

// Like returns an empty set over the same packs.
func (s *Set) Like() *Set { return &Set{first: s.first, words: make([]uint64, len(s.words))} }

// Covers reports whether places in a pack can be in the set.
func (s *Set) Covers(number uint32) bool {
	_, ok := s.first[number]
	return ok
}

// CoversName is Covers for a pack by its name.
func (s *Set) CoversName(x *Index, name pack.Name) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	number, ok := x.byName[name]
	return ok && s.Covers(number)
}

// Add adds a place and reports whether it was not in the set before. A place in a pack that the set does not cover is
// left out.
func (s *Set) Add(p Spot) (fresh bool) {
	first, ok := s.first[p.Pack]
	if !ok {
		return false
	}
	word, bit := &s.words[first+int(p.At/64)], uint64(1)<<(p.At%64)
	if atomic.LoadUint64(word)&bit != 0 {
		return false
	}
	return atomic.OrUint64(word, bit)&bit == 0
}

// Has reports whether a place is in the set.
func (s *Set) Has(p Spot) bool {
	first, ok := s.first[p.Pack]
	return ok && atomic.LoadUint64(&s.words[first+int(p.At/64)])>>(p.At%64)&1 != 0
}

// Clear empties the set.
func (s *Set) Clear() { clear(s.words) }

// Fold adds mine to s, and to twice what was in s already. All three are over the same packs.
func (s *Set) Fold(mine, twice *Set) {
	for i, w := range mine.words {
		if w != 0 {
			twice.words[i] |= s.words[i] & w
			s.words[i] |= w
		}
	}
}

// Pack returns the places of a pack that are in the set, as bits.
func (s *Set) Pack(p Pack) Bits {
	first, ok := s.first[p.Number]
	if !ok {
		return nil
	}
	return s.words[first : first+(p.Blobs+63)/64]
}

// Bits are numbers of entries of one pack.
type Bits []uint64

// Has reports whether entry i is among them.
func (b Bits) Has(i int) bool { return b[i/64]>>(i%64)&1 != 0 }

// Set adds entry i.
func (b Bits) Set(i int) { b[i/64] |= 1 << (i % 64) }

// Len counts them.
func (b Bits) Len() int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// Each hands every number to fn.
func (b Bits) Each(fn func(i int)) {
	for at, w := range b {
		for ; w != 0; w &= w - 1 {
			fn(at*64 + bits.TrailingZeros64(w))
		}
	}
}

// Spots calls found for each id that lies in a pack which the set covers, with its number among ids. Of several places it is
// always the same one, the last: the others are copies that nobody needs.
func (x *Index) Spots(ids []pack.ID, in *Set, found func(i int, s Spot)) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for i := range ids {
		if s := x.last(&ids[i], in.Covers); s.Pack != 0 {
			found(i, s)
		}
	}
}

// last returns the last place of a blob in a pack that fits; pack 0 where there is none.
func (x *Index) last(id *pack.ID, fits func(number uint32) bool) Spot {
	var best Spot
	x.table.candidates(id, func(v *slot) bool {
		s := Spot{v.pack(), v.at()}
		if (s.Pack > best.Pack || s.Pack == best.Pack && s.At > best.At) && fits(s.Pack) {
			best = s
		}
		return false
	})
	return best
}

// Add adds entry i, beside others who add, and reports whether it was not there before.
func (b Bits) Add(i int) (fresh bool) {
	bit := uint64(1) << (i % 64)
	return atomic.OrUint64(&b[i/64], bit)&bit == 0
}
