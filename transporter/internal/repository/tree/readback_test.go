package tree

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/pack"
)

// brokenBuilder is a builder that spoils the page or node that comes as number at, of its type.
func brokenBuilder(m *memory, put []Entry, typ pack.Type, at int, how func(data []byte) []byte) (*builder, *int) {
	met := 0
	b := &builder{s: m, load: func(at int64) (Entry, error) { return put[at], nil }}
	b.spoil = func(t pack.Type, data []byte) []byte {
		if t != typ {
			return data
		}
		if met++; met != at {
			return data
		}
		return how(data)
	}
	return b, &met
}

func opsOf(put []Entry) []Op {
	var ops []Op
	for i := range put {
		ops = append(ops, Op{Key: put[i].Key, At: int64(i)})
	}
	slices.SortFunc(ops, func(a, b Op) int { return a.Key.Compare(b.Key) })
	return ops
}

// splitEntries cuts a page into its entries.
func splitEntries(t *testing.T, page []byte) [][]byte {
	t.Helper()
	var list [][]byte
	for rest := page[1:]; len(rest) > 0; {
		_, behind, err := DecodeEntry(rest)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, rest[:len(rest)-len(behind)])
		rest = behind
	}
	return list
}

func TestWhatABrokenBuilderMakesIsNotSaved(t *testing.T) {
	var put []Entry
	for n := range 3000 {
		put = append(put, entry(n, "abc"))
	}
	joined := func(parts ...[]byte) []byte { return bytes.Join(append([][]byte{{version}}, parts...), nil) }
	for name, c := range map[string]struct {
		typ pack.Type
		how func(data []byte) []byte
	}{
		// What a builder did whose buffer of entries a node had been written to.
		"a node's bytes in place of an entry": {pack.Page, func(page []byte) []byte {
			list := splitEntries(t, page)
			node := appendChild([]byte{version, 1}, &Ref{First: put[0].Key, Sums: Sums{Messages: 1}})
			list[1] = bytes.Repeat(node, 1+len(list[1])/len(node))[:len(list[1])]
			return joined(list...)
		}},
		"an entry is left out": {pack.Page, func(page []byte) []byte {
			list := splitEntries(t, page)
			return joined(slices.Delete(list, 1, 2)...)
		}},
		"an entry of the page before is left in": {pack.Page, func(page []byte) []byte {
			early := entry(0, "abc")
			return joined(append([][]byte{early.Append(nil)}, splitEntries(t, page)...)...)
		}},
		"one entry is twice in it": {pack.Page, func(page []byte) []byte {
			list := splitEntries(t, page)
			list[1] = list[0]
			return joined(list...)
		}},
		"two entries are the wrong way round": {pack.Page, func(page []byte) []byte {
			list := splitEntries(t, page)
			list[0], list[1] = list[1], list[0]
			return joined(list...)
		}},
		"a record is another": {pack.Page, func(page []byte) []byte {
			page = bytes.Clone(page)
			page[len(page)-1]++
			return page
		}},
		"a page is empty":  {pack.Page, func([]byte) []byte { return []byte{version} }},
		"a page is a node": {pack.Page, func([]byte) []byte { return appendChild([]byte{version, 1}, &Ref{}) }},
		"a child is left out": {pack.Node, func(node []byte) []byte {
			children, err := decodeNode(node, 1)
			if err != nil {
				t.Fatal(err)
			}
			out := []byte{version, 1}
			for i := range children[1:] {
				out = appendChild(out, &children[i])
			}
			return out
		}},
		"a child has another hash": {pack.Node, func(node []byte) []byte {
			node = bytes.Clone(node)
			node[2]++
			return node
		}},
		"a node says another level": {pack.Node, func(node []byte) []byte {
			node = bytes.Clone(node)
			node[1]++
			return node
		}},
	} {
		m, at := newMemory(), 3
		if c.typ == pack.Node {
			at = 1
		}
		b, met := brokenBuilder(m, put, c.typ, at, c.how)
		ref, err := b.build(t.Context(), nil, opsOf(put), nil)
		if ref != nil && err == nil || fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "nothing was sealed") {
			t.Errorf("%s: %v, %v", name, ref, err)
		}
		if *met != at {
			t.Errorf("%s: the building went on to number %d", name, *met)
		}
		for _, data := range m.blobs { // only what came before is there
			if decodePage(data, func(*Entry) error { return nil }) == nil {
				continue
			}
			if _, err := decodeNode(data, data[1]); err != nil {
				t.Errorf("%s: what is spoiled was saved", name)
			}
		}
	}
}

// TestAnyBitABuilderGetsWrongIsSeen flips bits anywhere in pages and nodes.
func TestAnyBitABuilderGetsWrongIsSeen(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	var put []Entry
	for n := range 3000 {
		put = append(put, entry(n, "abc"))
	}
	for i := range 200 {
		typ, at := pack.Page, 1+rnd.IntN(20)
		if i%2 == 0 {
			typ, at = pack.Node, 1
		}
		var bit int
		b, _ := brokenBuilder(newMemory(), put, typ, at, func(data []byte) []byte {
			bit = rnd.IntN(8 * len(data))
			data[bit/8] ^= 1 << (bit % 8)
			return data
		})
		if _, err := b.build(t.Context(), nil, opsOf(put), nil); err == nil {
			t.Fatalf("seed %d: bit %d of a blob of type %d may be wrong", seed, bit, typ)
		}
	}
}

// TestATreeThatLosesAPageIsNotGivenOut lets the levels forget what was saved.
func TestATreeThatLosesAPageIsNotGivenOut(t *testing.T) {
	var put []Entry
	for n := range 3000 {
		put = append(put, entry(n, "abc"))
	}
	pages := 0
	b := &builder{s: newMemory(), load: func(at int64) (Entry, error) { return put[at], nil }}
	b.spoil = func(typ pack.Type, data []byte) []byte {
		if typ == pack.Page {
			if pages++; pages == 5 {
				b.levels[0] = b.levels[0][:len(b.levels[0])-1]
			}
		}
		return data
	}
	if _, err := b.build(t.Context(), nil, opsOf(put), nil); fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "of 3000 messages") {
		t.Error(err)
	}
	if ref, err := b.build(t.Context(), nil, nil, nil); err == nil {
		t.Error("a builder is used twice:", ref)
	}
}

func BenchmarkBuild(b *testing.B) {
	var put []Entry
	var bytes int64
	for n := range 20_000 {
		put = append(put, entry(n, "abc"))
		bytes += int64(len(put[n].Record))
	}
	ops := opsOf(put)
	b.SetBytes(bytes)
	for b.Loop() {
		if _, err := Build(b.Context(), newMemory(), nil, ops, func(at int64) (Entry, error) { return put[at], nil }, nil, nil); err != nil {
			b.Fatal(err)
		}
	}
}
