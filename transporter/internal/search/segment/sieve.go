package segment

// A sieve tells which runs of words cannot have a pattern: for each hash of three bytes that follow each other it has a bit for
// each run, so that the runs which may have a pattern are what a few short rows have in common. It takes four bytes a word, a
// third of the words' own memory. Runs are short, so that three letters which one word of a hundred has leave a third of them.
type sieve struct {
	rows  []uint64 // sieveRows of them, one behind the other
	width int      // of a row
	runs  int
}

const (
	runWords  = 32
	sieveBits = 10
	sieveRows = 1 << sieveBits
)

func newSieve(w *dictionary) sieve {
	s := sieve{runs: (len(w.starts) + runWords - 1) / runWords}
	s.width = (s.runs + 63) / 64
	s.rows = make([]uint64, sieveRows*s.width)
	for run := range s.runs {
		from, to := int(w.starts[run*runWords]), len(w.raw)
		if next := (run + 1) * runWords; next < len(w.starts) {
			to = int(w.starts[next])
		}
		for i := from; i+3 <= to; i++ {
			s.rows[sieveHash(w.raw[i:])*s.width+run>>6] |= 1 << (run & 63)
		}
	}
	return s
}

func sieveHash(three []byte) int {
	v := uint32(three[0]) | uint32(three[1])<<8 | uint32(three[2])<<16
	return int(v * 2654435761 >> (32 - sieveBits))
}

// may returns the runs from lo on and before hi that may have a pattern; lo is below hi.
func (s *sieve) may(lo, hi int, pattern []byte) Set {
	first, last := lo>>6, (hi+63)>>6
	some := NewSet(uint32(s.runs))
	for i := first; i < last; i++ {
		some[i] = ^uint64(0)
	}
	for i := 0; i+3 <= len(pattern); i++ {
		row := s.rows[sieveHash(pattern[i:])*s.width:]
		for n := first; n < last; n++ {
			some[n] &= row[n]
		}
	}
	some[first] &= ^uint64(0) << (lo & 63)
	if hi&63 != 0 {
		some[last-1] &= 1<<(hi&63) - 1
	}
	return some
}

func (s *sieve) memory() int64 { return 8 * int64(len(s.rows)) }
