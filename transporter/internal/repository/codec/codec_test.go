package codec

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"holdfast/pkg/fault"
)

func noise(n int) []byte {
	rnd := rand.New(rand.NewPCG(1, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func coder(t testing.TB, l Level) *Coder {
	t.Helper()
	c, err := New(Options{Level: l, Limit: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestBytesComeBack(t *testing.T) {
	text := []byte(strings.Repeat("All work and no play makes Jack a dull boy. ", 4000))
	cases := map[string][]byte{"empty": nil, "byte": {1}, "short": []byte("hello"), "text": text, "noise": noise(200_000), "zeros": make([]byte, 4<<20)}
	for level := None; level <= Best; level++ {
		c := coder(t, level)
		for name, in := range cases {
			prefix := []byte("prefix")
			out, kind, _ := c.Compress(bytes.Clone(prefix), in, true)
			if !bytes.HasPrefix(out, prefix) || len(out)-len(prefix) > MaxCompressed(len(in)) {
				t.Errorf("%v %s: %d bytes out", level, name, len(out))
			}
			if kind == Raw {
				out = append(out, in...)
			}
			shrinks := level != None && (name == "text" || name == "zeros")
			if shrinks != (kind != Raw) {
				t.Errorf("%v %s is compressed as %d", level, name, kind)
			}
			back, err := coder(t, None).Decompress(nil, kind, 0, out[len(prefix):], len(in))
			if err != nil || !bytes.Equal(back, in) {
				t.Errorf("%v %s does not come back: %v", level, name, err)
			}
		}
	}
}

func TestWrongLengthsAndKindsAreRefused(t *testing.T) {
	c := coder(t, Fast)
	in := bytes.Repeat([]byte("abc"), 1000)
	for level := Fast; level <= Best; level++ {
		out, kind, _ := coder(t, level).Compress(nil, in, false)
		for _, n := range []int{0, len(in) - 1, len(in) + 1, 1 << 20} {
			if _, err := c.Decompress(nil, kind, 0, out, n); fault.KindOf(err) != fault.Corrupt {
				t.Errorf("%v with length %d: %v", level, n, err)
			}
		}
	}
	if _, err := c.Decompress(nil, 9, 0, in, 3); fault.KindOf(err) != fault.Unsupported {
		t.Error(err)
	}
	if _, err := c.Decompress(nil, Zstd, 1, in, 3); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
	if _, err := New(Options{Level: 9, Limit: 1}); fault.KindOf(err) != fault.Unsupported {
		t.Error(err)
	}
}

func TestWhatIsStoredFastIsABlock(t *testing.T) {
	for _, n := range []int{0, 1, 59, 60, 61, 255, 256, 257, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1 << 24, 1<<24 + 1} {
		in := noise(n)
		out := StoreFast([]byte("prefix"), in)
		block, ok := bytes.CutPrefix(out, []byte("prefix"))
		got, err := DecompressFast(block, n)
		if !ok || err != nil || !bytes.Equal(got, in) {
			t.Errorf("%d bytes do not come back: %v", n, err)
		}
		if m, err := FastLen(block, n); err != nil || m != n {
			t.Errorf("%d bytes are said to be %d (%v)", n, m, err)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	c := coder(f, Balanced)
	for _, l := range []Level{None, Fast, Balanced} {
		out, kind, _ := coder(f, l).Compress(nil, bytes.Repeat([]byte("seed "), 100), true)
		f.Add(out, uint8(kind), 500)
	}
	f.Fuzz(func(t *testing.T, b []byte, kind uint8, n int) {
		if n < 0 || n > 1<<20 {
			return
		}
		if out, err := c.Decompress(nil, Kind(kind), 0, b, n); err == nil && len(out) != n {
			t.Errorf("%d bytes, not %d", len(out), n)
		}
		if n, err := FastLen(b, 1<<20); err == nil {
			_, _ = DecompressFast(b, n)
		}
	})
}
