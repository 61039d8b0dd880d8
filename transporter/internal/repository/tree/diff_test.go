package tree

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

// plain is what a tree should hold: the text of each message by its number.
type plain map[int]string

func (p plain) tree(t *testing.T, m *memory) *Ref {
	t.Helper()
	var put []Entry
	for n, text := range p {
		put = append(put, entry(n, text))
	}
	return build(t, m, nil, put, nil)
}

// change does as a mailbox between two backups: a run of messages goes, some change, some come.
func (p plain) change(rnd *rand.Rand, span int) plain {
	out := maps.Clone(p)
	for range rnd.IntN(3) {
		from, n := rnd.IntN(span), rnd.IntN(span/4+1)
		for i := from; i < from+n; i++ {
			if rnd.IntN(2) == 0 {
				delete(out, i)
			} else if rnd.IntN(4) == 0 {
				out[i] = fmt.Sprintf("%03d", rnd.IntN(1000))
			}
		}
	}
	for range rnd.IntN(6) {
		out[rnd.IntN(span)] = fmt.Sprintf("%03d", rnd.IntN(1000))
	}
	return out
}

func describe(p Pair) string {
	side := func(e *Entry) string {
		if e == nil {
			return "-"
		}
		return string(e.ID) + "=" + string(e.Record[:3])
	}
	return side(p.Old) + " " + side(p.New)
}

// brute is the difference by looking at everything.
func brute(a, b plain) []string {
	var keys []int
	for n := range a {
		keys = append(keys, n)
	}
	for n := range b {
		if _, in := a[n]; !in {
			keys = append(keys, n)
		}
	}
	slices.SortFunc(keys, func(x, y int) int { return entry(x, "").Key.Compare(entry(y, "").Key) })
	var out []string
	for _, n := range keys {
		var p Pair
		if text, in := a[n]; in {
			e := entry(n, text)
			p.Old = &e
		}
		if text, in := b[n]; in {
			e := entry(n, text)
			p.New = &e
		}
		if p.Old == nil || p.New == nil || a[n] != b[n] {
			out = append(out, describe(p))
		}
	}
	return out
}

func TestDiffFindsWhatLookingAtEverythingFinds(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for range 60 {
		span := []int{1, 3, 40, 600, 4000}[rnd.IntN(5)]
		m := newMemory()
		a := plain{}
		for range rnd.IntN(span + 1) {
			a[rnd.IntN(span)] = fmt.Sprintf("%03d", rnd.IntN(1000))
		}
		b := a.change(rnd, span)
		var got []string
		err := Diff(t.Context(), m, a.tree(t, m), b.tree(t, m), func(p Pair) error { got = append(got, describe(p)); return nil }, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := brute(a, b); !slices.Equal(got, want) {
			t.Fatalf("%d and %d messages: got %d differences, want %d", len(a), len(b), len(got), len(want))
		}
	}
}

func TestDiffReadsWhatDiffersOnly(t *testing.T) {
	m := newMemory()
	a := plain{}
	for n := range 20_000 {
		a[n] = "one"
	}
	before := a.tree(t, m)
	b := maps.Clone(a)
	b[7_000] = "two"
	delete(b, 7_003)
	b[30_000] = "new"
	after := b.tree(t, m)
	m.loads = 0
	n := 0
	if err := Diff(t.Context(), m, before, after, func(Pair) error { n++; return nil }, nil); err != nil {
		t.Fatal(err)
	}
	loads := m.loads
	leaves, err := leavesOf(t.Context(), m, *before, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n != 3 || loads > 60 || len(leaves) < 500 {
		t.Errorf("%d differences by reading %d pages and nodes of %d, want 3 by a few", n, loads, len(leaves))
	}
}

// broken is a store in which some blobs are damaged.
type broken struct {
	*memory
	bad map[record.Hash]bool
}

func (b *broken) Load(hash record.Hash) ([]byte, error) {
	if b.bad[hash] {
		return nil, fault.New(fault.Corrupt, "damaged")
	}
	return b.memory.Load(hash)
}

func (b *broken) Save(typ pack.Type, hash record.Hash, data []byte) error {
	return b.memory.Save(typ, hash, data)
}

func TestDamageHidesNothingElse(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	told := 0
	for range 60 {
		m := newMemory()
		a := plain{}
		for range 1500 {
			a[rnd.IntN(3000)] = fmt.Sprintf("%03d", rnd.IntN(1000))
		}
		b := a.change(rnd, 3000)
		refs := [2]*Ref{a.tree(t, m), b.tree(t, m)}
		s := &broken{m, map[record.Hash]bool{}}
		lost := [2]map[string]bool{{}, {}} // ids on damaged pages
		for _, ref := range refs {
			leaves, err := leavesOf(t.Context(), m, *ref, nil)
			if err != nil {
				t.Fatal(err)
			}
			for range rnd.IntN(3) {
				s.bad[leaves[rnd.IntN(len(leaves))].Hash] = true
			}
		}
		for i, ref := range refs {
			leaves, _ := leavesOf(t.Context(), m, *ref, nil)
			for _, l := range leaves {
				if s.bad[l.Hash] {
					_ = Page(m, l, func(e *Entry) error { lost[i][string(e.ID)] = true; return nil })
				}
			}
		}
		var got []string
		var damage []Damage
		err := Diff(t.Context(), s, refs[0], refs[1], func(p Pair) error { got = append(got, describe(p)); return nil },
			func(d Damage) error { damage = append(damage, d); return nil })
		if err != nil {
			t.Fatal(err)
		}
		told += len(damage)
		// Whatever is told is true, and what is not told is in the range of something damaged.
		want := brute(a, b)
		var missing int64
		for _, line := range want {
			if !slices.Contains(got, line) {
				missing++
			}
		}
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Fatalf("%q is told and not true", line)
			}
		}
		var hidden int64
		for _, d := range damage {
			hidden += d.Messages + d.Unsure
			if d.Err == nil || d.Messages == 0 {
				t.Errorf("damage %+v", d)
			}
		}
		if missing > hidden {
			t.Fatalf("%d differences are missing, and damage accounts for %d", missing, hidden)
		}
	}
	if told == 0 {
		t.Error("no damage was ever met")
	}
}
