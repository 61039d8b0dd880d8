package content_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"holdfast/transporter/internal/content"
	"holdfast/transporter/internal/record"
)

func noise(seed uint64, n int) []byte {
	var key [32]byte
	key[0] = byte(seed)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b)
	return b
}

func cut(t *testing.T, r io.Reader) (record.Content, []byte) {
	t.Helper()
	var c content.Cutter
	var all []byte
	got, err := c.Cut(r, func(h record.Hash, data []byte) error {
		if h != record.Sum(data) || len(data) == 0 || len(data) > record.MaxPiece {
			t.Errorf("a piece of %d bytes with hash %s", len(data), h)
		}
		all = append(all, data...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, all
}

func TestPiecesMakeUpTheStream(t *testing.T) {
	for _, size := range []int{0, 1, 1000, content.Whole - 1, content.Whole, content.Whole + 1, 2 << 20, 9<<20 + 17} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			data := noise(1, size)
			got, all := cut(t, bytes.NewReader(data))
			if got.Size != int64(size) || !bytes.Equal(all, data) {
				t.Errorf("%d bytes became %d, equal %v", size, got.Size, bytes.Equal(all, data))
			}
			if size > 0 && size <= content.Whole && len(got.Pieces) != 1 || size >= 9<<20 && len(got.Pieces) < 3 {
				t.Errorf("%d pieces", len(got.Pieces))
			}
			var sum int64
			for _, p := range got.Pieces {
				sum += p.Size
			}
			if sum != got.Size {
				t.Errorf("pieces sum up to %d", sum)
			}
		})
	}
}

func TestHowAStreamIsReadDoesNotMatter(t *testing.T) {
	for _, size := range []int{100, content.Whole, content.Whole + 1, 6 << 20} {
		data := noise(2, size)
		want, _ := cut(t, bytes.NewReader(data))
		for name, r := range map[string]io.Reader{
			"halves":    iotest.HalfReader(bytes.NewReader(data)),
			"data+EOF":  iotest.DataErrReader(bytes.NewReader(data)),
			"odd":       &portions{r: bytes.NewReader(data), rng: rand.New(rand.NewPCG(3, uint64(size)))},
			"multipart": io.MultiReader(bytes.NewReader(data[:size/3]), bytes.NewReader(data[size/3:])),
		} {
			got, _ := cut(t, r)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %d: %s", name, size, diff)
			}
		}
		var c content.Cutter
		got, err := c.Bytes(data, func(record.Hash, []byte) error { return nil })
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("in memory, %d: %v %s", size, err, diff)
		}
	}
}

type portions struct {
	r   io.Reader
	rng *rand.Rand
}

func (p *portions) Read(b []byte) (int, error) {
	return p.r.Read(b[:min(len(b), p.rng.IntN(70_000))])
}

func TestABufferIsCleanForTheNextStream(t *testing.T) {
	var c content.Cutter
	emit := func(record.Hash, []byte) error { return nil }
	for i, size := range []int{3 << 20, 10, 2 << 20, 5, content.Whole + 1, 3 << 20} {
		data := noise(uint64(i), size)
		want, _ := cut(t, bytes.NewReader(data))
		got, err := c.Cut(bytes.NewReader(data), emit)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("stream %d: %v %s", i, err, diff)
		}
	}
}

func TestABrokenStreamIsNoContent(t *testing.T) {
	for _, broken := range []error{io.ErrUnexpectedEOF, errors.New("reset")} {
		for _, size := range []int{0, 10, content.Whole, content.Whole + 1, 3 << 20} {
			var c content.Cutter
			r := io.MultiReader(bytes.NewReader(noise(4, size)), iotest.ErrReader(broken))
			_, err := c.Cut(r, func(record.Hash, []byte) error { return nil })
			var read *content.ReadError
			if !errors.Is(err, broken) || !errors.As(err, &read) {
				t.Errorf("%d bytes, then %v: got %v", size, broken, err)
			}
		}
	}
}

func TestAnErrorOfTheTakerEndsTheCut(t *testing.T) {
	full := errors.New("full")
	for _, size := range []int{10, 3 << 20} {
		var c content.Cutter
		calls := 0
		_, err := c.Cut(bytes.NewReader(noise(5, size)), func(record.Hash, []byte) error { calls++; return full })
		var read *content.ReadError
		if !errors.Is(err, full) || errors.As(err, &read) || calls != 1 {
			t.Errorf("%d bytes: got %v after %d calls", size, err, calls)
		}
	}
}

func TestAnInsertionCostsAFewPieces(t *testing.T) {
	data := noise(6, 32<<20)
	before, _ := cut(t, bytes.NewReader(data))
	known := map[record.Hash]bool{}
	for _, p := range before.Pieces {
		known[p.Hash] = true
	}
	for _, at := range []int{100, 9 << 20, 25 << 20} {
		after, _ := cut(t, io.MultiReader(bytes.NewReader(data[:at]), bytes.NewReader([]byte("new")), bytes.NewReader(data[at:])))
		var fresh int64
		for _, p := range after.Pieces {
			if !known[p.Hash] {
				fresh += p.Size
			}
		}
		if fresh > 2*record.MaxPiece {
			t.Errorf("3 bytes at %d cost %d", at, fresh)
		}
	}
}

func TestCutsStayWhereTheyWere(t *testing.T) {
	got, _ := cut(t, bytes.NewReader(noise(7, 6<<20)))
	var sizes []int64
	for _, p := range got.Pieces {
		sizes = append(sizes, p.Size)
	}
	want := []int64{400058, 1479165, 389407, 1144749, 1489226, 785889, 602962}
	if diff := cmp.Diff(want, sizes); diff != "" {
		t.Errorf("large content would be stored anew (-was +is):\n%s", diff)
	}
}

func BenchmarkCut(b *testing.B) {
	data := noise(8, 32<<20)
	var c content.Cutter
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Cut(bytes.NewReader(data), func(record.Hash, []byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
