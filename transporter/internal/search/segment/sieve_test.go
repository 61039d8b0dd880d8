package segment

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"holdfast/transporter/internal/search/words"
)

// randomDictionary has a few letters only, so that parts of words are in many of them, and fields that begin within a run.
func randomDictionary(rnd *rand.Rand) *dictionary {
	w := &dictionary{}
	for f := range Fields {
		seen := map[string]bool{}
		for range rnd.IntN(12 * runWords) {
			seen[randomLetters(rnd, 1+rnd.IntN(9))] = true
		}
		var list []string
		for s := range seen {
			list = append(list, s)
		}
		slices.Sort(list)
		for _, s := range list {
			w.raw = append(w.raw, 0)
			w.starts = append(w.starts, uint32(len(w.raw)))
			w.raw = append(w.raw, s...)
			w.refs = append(w.refs, single)
			w.fields[f+1] = len(w.starts)
		}
	}
	w.close()
	return w
}

func randomLetters(rnd *rand.Rand, n int) string {
	var out []byte
	for range n {
		out = append(out, []string{"a", "b", "c", "ж", "京"}[rnd.IntN(5)]...)
	}
	return string(out)
}

// TestWordsAreFoundAsByLookingAtEachOfThem holds every way to fit against each word on its own.
func TestWordsAreFoundAsByLookingAtEachOfThem(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	fits := map[words.Fit]func(word, text []byte) bool{
		words.Contains: bytes.Contains, words.Begins: bytes.HasPrefix, words.Ends: bytes.HasSuffix, words.Equals: bytes.Equal,
	}
	for range 60 {
		w := randomDictionary(rnd)
		for range 40 {
			f, text := Field(rnd.IntN(int(Fields))), randomLetters(rnd, 1+rnd.IntN(5))
			for fit, fits := range fits {
				var got, want []int
				w.each(f, words.Need{Fit: fit, Text: text}, func(i int) bool { got = append(got, i); return true })
				for i := w.fields[f]; i < w.fields[f+1]; i++ {
					if fits(w.word(i), []byte(text)) {
						want = append(want, i)
					}
				}
				if !slices.Equal(got, want) {
					t.Fatalf("field %d, fit %d, %q: words %v, want %v", f, fit, text, got, want)
				}
			}
		}
	}
}

// TestASieveKeepsFewRuns makes sure that it spares work, which no answer shows.
func TestASieveKeepsFewRuns(t *testing.T) {
	w := &dictionary{}
	for i := range 64 * runWords {
		w.raw = append(w.raw, 0)
		w.starts = append(w.starts, uint32(len(w.raw)))
		w.raw = append(w.raw, fmt.Sprintf("word%06d", i)...)
	}
	w.close()
	if n := w.sieve.may(0, w.sieve.runs, []byte("qzxqzxqzx")).Len(); n > 2 {
		t.Errorf("%d of %d runs may have what no word has", n, w.sieve.runs)
	}
	if n := w.sieve.may(0, w.sieve.runs, []byte("word")).Len(); n != int64(w.sieve.runs) {
		t.Errorf("%d of %d runs may have what every word has", n, w.sieve.runs)
	}
	if n := w.sieve.may(3, 5, []byte("word")).Len(); n != 2 {
		t.Errorf("%d runs may have what every word of two has", n)
	}
}
