package segment

import (
	"bytes"
	"sort"

	"holdfast/transporter/internal/search/words"
)

// dictionary is the words of a segment in memory: each behind a zero byte, so that one search for bytes finds a part of a
// word, a beginning or an end.
type dictionary struct {
	raw    []byte
	starts []uint32 // where words begin
	refs   []uint64 // where postings are: block<<32 | place, or single | document
	fields [Fields + 1]int
	sieve  sieve
}

const (
	single     = 1 << 63
	maxRaw     = 1<<32 - 1
	perWordRaw = 13 // bytes that words have on average, for the first guess
	leastWord  = 4  // bytes that a word takes in the file
)

// newDictionary reads the words of a segment.
func (s *Segment) newDictionary() (*dictionary, error) {
	guess := min(int64(s.Words), s.size/leastWord) // the number alone may be anything
	w := &dictionary{raw: make([]byte, 0, guess*perWordRaw), starts: make([]uint32, 0, guess), refs: make([]uint64, 0, guess)}
	c := newCursor(s)
	for {
		word, ref, err := c.next()
		if err != nil {
			return nil, err
		}
		if word == nil {
			break
		}
		if len(w.raw)+len(word)+1 > maxRaw {
			return nil, damaged("its dictionary cannot be read")
		}
		w.raw = append(w.raw, 0)
		w.starts = append(w.starts, uint32(len(w.raw)))
		w.raw = append(w.raw, word[1:]...)
		w.refs = append(w.refs, ref)
		w.fields[word[0]+1] = len(w.starts)
	}
	if len(w.refs) != s.Words {
		return nil, damaged("it lacks words")
	}
	w.close()
	return w, nil
}

func (w *dictionary) close() {
	w.raw = append(w.raw, 0)
	for f := 1; f < len(w.fields); f++ {
		w.fields[f] = max(w.fields[f], w.fields[f-1])
	}
	w.sieve = newSieve(w)
}

func (w *dictionary) word(i int) []byte {
	end := len(w.raw) - 1
	if i+1 < len(w.starts) {
		end = int(w.starts[i+1]) - 1
	}
	return w.raw[w.starts[i]:end]
}

// each calls fn for the words of a field that fit, in order, until it returns false.
func (w *dictionary) each(f Field, need words.Need, fn func(i int) bool) {
	lo, hi := w.fields[f], w.fields[f+1]
	if lo == hi || need.Text == "" {
		return
	}
	switch need.Fit {
	case words.Equals, words.Begins:
		text := []byte(need.Text)
		for i := lo + sort.Search(hi-lo, func(n int) bool { return bytes.Compare(w.word(lo+n), text) >= 0 }); i < hi; i++ {
			if got := w.word(i); !bytes.HasPrefix(got, text) || need.Fit == words.Equals && len(got) != len(text) || !fn(i) {
				return
			}
		}
	case words.Contains:
		w.scan(lo, hi, []byte(need.Text), fn)
	case words.Ends:
		w.scan(lo, hi, append([]byte(need.Text), 0), fn)
	}
}

// scan calls fn for the words from lo to hi in which pattern is, the zero byte behind them included.
func (w *dictionary) scan(lo, hi int, pattern []byte, fn func(i int) bool) {
	first, last := lo/runWords, (hi+runWords-1)/runWords
	may := w.sieve.may(first, last, pattern)
	for run := first; run < last; run++ {
		if !may.Has(uint32(run)) {
			continue
		}
		from := max(lo, run*runWords)
		for run+1 < last && may.Has(uint32(run+1)) {
			run++
		}
		if !w.scanAll(from, min(hi, (run+1)*runWords), pattern, fn) {
			return
		}
	}
}

// scanAll does what scan does, looking at every byte.
func (w *dictionary) scanAll(lo, hi int, pattern []byte, fn func(i int) bool) bool {
	end := len(w.raw)
	if hi < len(w.starts) {
		end = int(w.starts[hi])
	}
	for at := int(w.starts[lo]); at < end; {
		found := bytes.Index(w.raw[at:end], pattern)
		if found < 0 {
			return true
		}
		at += found
		// Words are met in order, and mostly near each other.
		n := lo
		for step := 1; n+step < hi && int(w.starts[n+step]) <= at; step *= 2 {
			n += step
		}
		n += sort.Search(hi-n, func(i int) bool { return int(w.starts[n+i]) > at }) - 1
		if !fn(n) {
			return false
		}
		lo = n
		at = int(w.starts[n]) + len(w.word(n))
	}
	return true
}
