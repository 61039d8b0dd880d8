package segment

// A sieve tells for runs of words which cannot have a pattern: for each run a set of hashes of the three bytes that follow
// each other in it. It takes a third of the words' own memory, and lets a search for five bytes look at one run of fifty.
type sieve [][sieveBits / 64]uint64

const (
	chunkWords = 256
	sieveBits  = 8192
)

func newSieve(w *dictionary) sieve {
	s := make(sieve, (len(w.starts)+chunkWords-1)/chunkWords)
	for c := range s {
		from, to := int(w.starts[c*chunkWords]), len(w.raw)
		if next := (c + 1) * chunkWords; next < len(w.starts) {
			to = int(w.starts[next])
		}
		bits := &s[c]
		for i := from; i+3 <= to; i++ {
			h := sieveHash(w.raw[i:])
			bits[h>>6] |= 1 << (h & 63)
		}
	}
	return s
}

func sieveHash(three []byte) uint32 {
	v := uint32(three[0]) | uint32(three[1])<<8 | uint32(three[2])<<16
	return v * 2654435761 >> 19
}

// may reports whether a pattern may be in a run of words.
func (s sieve) may(chunk int, pattern []byte) bool {
	bits := &s[chunk]
	for i := 0; i+3 <= len(pattern); i++ {
		if h := sieveHash(pattern[i:]); bits[h>>6]&(1<<(h&63)) == 0 {
			return false
		}
	}
	return true
}
