package codec

import (
	"encoding/binary"
	"slices"
)

// Choosing what goes into a dictionary: the stretches of the samples whose words occur in the most other samples. A word is
// any run of wordSize bytes, counted by its hash.
const (
	wordSize     = 8
	wordBits     = 18 // of the table of counts
	stretchSize  = 256
	shortest     = 32 // a stretch that is trimmed to less is left out
	offsetsTable = 3
)

// words are counts of words by their hashes.
type words []uint16

func wordAt(b []byte) uint32 {
	return uint32(binary.LittleEndian.Uint64(b) * 0x9E3779B185EBCA87 >> (64 - wordBits))
}

// countWords counts in how many samples each word occurs.
func countWords(samples [][]byte) words {
	counts := make(words, 1<<wordBits)
	last := make([]uint16, 1<<wordBits)
	for n, s := range samples {
		for i := 0; i+wordSize <= len(s); i++ {
			if w := wordAt(s[i:]); last[w] != uint16(n+1) {
				last[w] = uint16(n + 1)
				counts[w]++
			}
		}
	}
	// What only one sample has is worth nothing.
	for w := range counts {
		if counts[w] == 1 {
			counts[w] = 0
		}
	}
	return counts
}

type stretch struct {
	bytes []byte
	score int
}

// cover returns up to size bytes that cover the samples best, the best of them last: there a reference to them is shortest.
func cover(samples [][]byte, size int) []byte {
	counts := countWords(samples)
	var chosen []stretch
	total := 0
	for total < size {
		before := total
		// Round by round each sample may give one stretch, so that no sample fills the dictionary alone.
		for _, s := range samples {
			best := counts.best(s)
			if len(best.bytes) < shortest {
				continue
			}
			counts.take(best.bytes)
			chosen = append(chosen, best)
			if total += len(best.bytes); total >= size {
				break
			}
		}
		if total == before {
			break
		}
	}
	slices.SortStableFunc(chosen, func(a, b stretch) int { return a.score - b.score })
	var out []byte
	for _, c := range chosen {
		out = append(out, c.bytes...)
	}
	return out[max(0, len(out)-size):]
}

// best returns the stretch of a sample that has the highest sum of counts, each word once.
func (c words) best(s []byte) stretch {
	inside := map[uint32]int{}
	score, best, at := 0, 0, -1
	for i := 0; i+wordSize <= len(s); i++ {
		w := wordAt(s[i:])
		if inside[w]++; inside[w] == 1 {
			score += int(c[w])
		}
		if from := i - (stretchSize - wordSize) - 1; from >= 0 {
			w := wordAt(s[from:])
			if inside[w]--; inside[w] == 0 {
				score -= int(c[w])
				delete(inside, w)
			}
		}
		if score > best {
			best, at = score, i
		}
	}
	if at < 0 {
		return stretch{}
	}
	from, to := max(0, at-(stretchSize-wordSize)), at+wordSize
	for from+wordSize < to && c[wordAt(s[from:])] == 0 {
		from++
	}
	return stretch{s[from:to], best}
}

// take makes the words of a stretch worth nothing, for they are in the dictionary.
func (c words) take(b []byte) {
	for i := 0; i+wordSize <= len(b); i++ {
		c[wordAt(b[i:])] = 0
	}
}
