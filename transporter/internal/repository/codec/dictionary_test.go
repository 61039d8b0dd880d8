package codec

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"holdfast/pkg/fault"
)

// letters are bodies with words of their own and much in common.
func letters(seed uint64, n int) [][]byte {
	rnd := rand.New(rand.NewPCG(seed, 3))
	var all [][]byte
	for range n {
		var b bytes.Buffer
		b.WriteString(`<html><body class="letter" style="font-family:Georgia,serif;font-size:11pt">`)
		for range 5 + rnd.IntN(40) {
			fmt.Fprintf(&b, "<p>%x %x</p>\r\n", rnd.Uint32(), rnd.Uint64())
		}
		b.WriteString("<p>The committee meets on the first Tuesday of each month in the reading room of the library.</p></body></html>")
		all = append(all, b.Bytes())
	}
	return all
}

func learner(t testing.TB, level Level, keep func(d Dictionary, content []byte) error) *Coder {
	t.Helper()
	c, err := New(Options{Level: level, Limit: 8 << 20, Keep: keep, LearnAfter: 200 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestADictionaryIsKeptBeforeItIsUsed(t *testing.T) {
	for level := Fast; level <= Best; level++ {
		kept := map[Dictionary][]byte{}
		var mu sync.Mutex
		c := learner(t, level, func(d Dictionary, content []byte) error {
			mu.Lock()
			defer mu.Unlock()
			kept[d] = bytes.Clone(content)
			return nil
		})
		type blob struct {
			in, out []byte
			kind    Kind
			dict    Dictionary
		}
		var blobs []blob
		var wg sync.WaitGroup
		for worker := range 3 {
			wg.Go(func() {
				for _, in := range letters(uint64(worker), 400) {
					out, kind, dict := stored(c, in)
					mu.Lock()
					if dict != 0 && kept[dict] == nil {
						t.Error("a dictionary is used that was not kept")
					}
					blobs = append(blobs, blob{in, out, kind, dict})
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if want := level >= Balanced; len(kept) > 0 != want || len(kept) > 1 {
			t.Fatalf("%v: %d dictionaries", level, len(kept))
		}
		later := coder(t, None)
		for d, content := range kept {
			if err := later.Add(d, content); err != nil {
				t.Fatal(err)
			}
		}
		for i := range blobs {
			b := &blobs[i]
			if back, err := later.Decompress(nil, b.kind, b.dict, b.out, len(b.in)); err != nil || !bytes.Equal(back, b.in) {
				t.Fatalf("%v: a blob does not come back: %v", level, err)
			}
			if b.dict == 0 {
				continue
			}
			for _, n := range []int{0, len(b.in) - 1, len(b.in) + 1, 1 << 20} {
				if _, err := later.Decompress(nil, b.kind, b.dict, b.out, n); fault.KindOf(err) != fault.Corrupt {
					t.Fatalf("%v with length %d: %v", level, n, err)
				}
			}
			for _, d := range []Dictionary{0, 7} {
				if _, err := later.Decompress(nil, b.kind, d, b.out, len(b.in)); fault.KindOf(err) != fault.Corrupt {
					t.Fatalf("%v with dictionary %d: %v", level, d, err)
				}
			}
		}
		if out, _, dict := c.Compress(nil, blobs[0].in, false); dict != 0 || len(out) == 0 {
			t.Error("a tree is compressed with a dictionary")
		}
	}
}

func TestADictionaryThatIsNotKeptIsNotUsed(t *testing.T) {
	calls := 0
	c := learner(t, Balanced, func(Dictionary, []byte) error { calls++; return errors.New("the disk is full") })
	for _, in := range letters(1, 600) {
		if _, _, dict := c.Compress(nil, in, true); dict != 0 {
			t.Fatal("used")
		}
	}
	if calls == 0 {
		t.Error("none was made")
	}
}

func TestNoiseMakesNoDictionary(t *testing.T) {
	c := learner(t, Balanced, func(Dictionary, []byte) error { t.Error("one was made"); return nil })
	rnd := rand.New(rand.NewPCG(1, 1))
	for range 400 { // text without anything in common
		b := make([]byte, 2000)
		for i := range b {
			b[i] = "0123456789abcdef"[rnd.IntN(16)]
		}
		c.Compress(nil, b, true)
	}
}

func TestOddSamplesAreCovered(t *testing.T) {
	same := bytes.Repeat([]byte("ab"), 3000)
	for name, in := range map[string][][]byte{
		"none": nil, "empty": {{}, {}}, "short": {[]byte("1234567"), []byte("1234567")}, "one": {same}, "same": {same, same, same},
		"zeros": {make([]byte, 9000), make([]byte, 9000)}, "noise": {noise(5000), noise(5001)},
	} {
		if got := cover(in, 4096); len(got) > 4096 {
			t.Errorf("%s: %d bytes", name, len(got))
		}
		var many [][]byte
		for range 100 {
			many = append(many, in...)
		}
		if d, err := makeDictionary(40000, many); err == nil && len(d) > MaxDictionary {
			t.Errorf("%s: a dictionary of %d bytes", name, len(d))
		}
	}
}

// made returns a dictionary of letters.
func made(t testing.TB) []byte {
	t.Helper()
	d, err := makeDictionary(40000, letters(9, 300))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDamagedDictionariesAreRefused(t *testing.T) {
	content := made(t)
	c := coder(t, Balanced)
	for name, bad := range map[string][]byte{"empty": nil, "cut": content[:100], "long": make([]byte, MaxDictionary+1), "raw": content[200:]} {
		if err := c.Add(40000, bad); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, d := range []Dictionary{0, 40001} {
		if err := c.Add(d, content); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("as number %d: %v", d, err)
		}
	}
	if err := c.Add(40000, content); err != nil {
		t.Error(err)
	}
}

func FuzzAddDictionary(f *testing.F) {
	f.Add(made(f))
	in := letters(3, 1)[0]
	f.Fuzz(func(t *testing.T, content []byte) {
		c, err := New(Options{Level: Balanced, Limit: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if c.Add(40000, content) != nil {
			return
		}
		out, kind, dict := stored(c, in)
		if back, err := c.Decompress(nil, kind, dict, out, len(in)); err != nil || !bytes.Equal(back, in) {
			t.Errorf("a dictionary that was accepted spoils blobs: %v", err)
		}
	})
}

// stored returns content as it is stored.
func stored(c *Coder, in []byte) ([]byte, Kind, Dictionary) {
	out, kind, dict := c.Compress(nil, in, true)
	if kind == Raw {
		return in, kind, dict
	}
	return out, kind, dict
}

func FuzzDecompressWithDictionary(f *testing.F) {
	c := coder(f, Balanced)
	if err := c.Add(40000, made(f)); err != nil {
		f.Fatal(err)
	}
	in := letters(3, 1)[0]
	out, _, _ := c.Compress(nil, in, true)
	f.Add(out, len(in))
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		if out, err := c.Decompress(nil, Zstd, 40000, b, n); err == nil && len(out) != n {
			t.Errorf("%d bytes, not %d", len(out), n)
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	all := letters(5, 500)
	size := 0
	for _, in := range all {
		size += len(in)
	}
	for _, with := range []bool{false, true} {
		b.Run(fmt.Sprint("dictionary=", with), func(b *testing.B) {
			c := coder(b, Balanced)
			if with {
				if err := c.Add(40000, made(b)); err != nil {
					b.Fatal(err)
				}
			}
			buf := make([]byte, 0, 1<<20)
			b.SetBytes(int64(size))
			for b.Loop() {
				stored := 0
				for _, in := range all {
					out, _, _ := c.Compress(buf[:0], in, true)
					stored += len(out)
				}
				b.ReportMetric(float64(size)/float64(stored), "ratio")
			}
		})
	}
}
