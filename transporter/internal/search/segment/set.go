package segment

import "math/bits"

// Set is a set of the documents of one segment: a bit for each number.
type Set []uint64

// NewSet returns an empty set for n documents.
func NewSet(n uint32) Set { return make(Set, (int(n)+63)/64) }

// Add adds a document, which must be below the set's number of documents.
func (s Set) Add(i uint32) { s[i>>6] |= 1 << (i & 63) }

// Has reports whether a document is in the set.
func (s Set) Has(i uint32) bool { return s[i>>6]&(1<<(i&63)) != 0 }

// And keeps what is in both.
func (s Set) And(o Set) {
	for i := range s {
		s[i] &= o[i]
	}
}

// Len returns how many documents are in the set.
func (s Set) Len() int64 {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return int64(n)
}

// Each calls fn for each document, in order.
func (s Set) Each(fn func(i uint32)) {
	for at, w := range s {
		for w != 0 {
			fn(uint32(at<<6 + bits.TrailingZeros64(w)))
			w &= w - 1
		}
	}
}
