package tree

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

// memory is a Store in memory that counts.
type memory struct {
	blobs        map[record.Hash][]byte
	loads, saves int
}

func newMemory() *memory { return &memory{blobs: map[record.Hash][]byte{}} }

func (m *memory) Load(hash record.Hash) ([]byte, error) {
	m.loads++
	b, ok := m.blobs[hash]
	if !ok {
		return nil, errors.New("no such blob")
	}
	return b, nil
}

func (m *memory) Save(_ pack.Type, hash record.Hash, data []byte) error {
	if _, ok := m.blobs[hash]; !ok {
		m.saves++
		m.blobs[hash] = slices.Clone(data)
	}
	return nil
}

func entry(n int, text string) Entry {
	id := mail.MessageID(fmt.Sprintf("message-%06d", n))
	at := time.Unix(int64(n/3)*60, 0) // several in one second
	rnd := rand.New(rand.NewPCG(uint64(n), 1))
	rec := append([]byte(text), make([]byte, 300+rnd.IntN(1500))...)
	return Entry{Key: KeyOf(id, at), ID: id, Weight: message.Weight{Attachments: 1, Bytes: int64(n)}, Record: rec}
}

// build applies entries (and removals) to a tree.
func build(t testing.TB, m *memory, base *Ref, put []Entry, vacate []Key) *Ref {
	t.Helper()
	var ops []Op
	for i := range put {
		ops = append(ops, Op{Key: put[i].Key, At: int64(i)})
	}
	for _, k := range vacate {
		ops = append(ops, Op{Key: k, At: Vacate})
	}
	slices.SortFunc(ops, func(a, b Op) int { return a.Key.Compare(b.Key) })
	ref, err := Build(t.Context(), m, base, ops, func(at int64) (Entry, error) { return put[at], nil }, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func all(t testing.TB, m *memory, ref *Ref, from, limit int64, newest bool) []string {
	t.Helper()
	var list []string
	if ref == nil {
		return nil
	}
	err := Range(context.Background(), m, *ref, from, limit, newest, func(e *Entry) error {
		list = append(list, string(e.ID)+" "+string(e.Record[:3]))
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestATreeDependsOnItsMessagesAlone(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		m := newMemory()
		state := map[int]string{}
		var ref *Ref
		for round := range 12 {
			var put []Entry
			var vacate []Key
			touched := map[int]bool{}
			for range 1 + rnd.IntN(400) {
				n := rnd.IntN(3000)
				if touched[n] {
					continue
				}
				touched[n] = true
				if _, in := state[n]; in && rnd.IntN(3) == 0 {
					vacate = append(vacate, entry(n, "").Key)
					delete(state, n)
				} else {
					text := fmt.Sprintf("%03d", round)
					put = append(put, entry(n, text))
					state[n] = text
				}
			}
			ref = build(t, m, ref, put, vacate)
			var whole []Entry
			var want []string
			for n, text := range state {
				whole = append(whole, entry(n, text))
			}
			slices.SortFunc(whole, func(a, b Entry) int { return a.Key.Compare(b.Key) })
			for _, e := range whole {
				want = append(want, string(e.ID)+" "+string(e.Record[:3]))
			}
			if got := all(t, m, ref, 0, 1<<40, false); !slices.Equal(got, want) {
				t.Fatalf("seed %d round %d: the tree does not hold what it should", seed, round)
			}
			fresh := build(t, m, nil, whole, nil)
			if ref.Hash != fresh.Hash || ref.Sums != fresh.Sums || ref.Level != fresh.Level {
				t.Fatalf("seed %d round %d: built step by step it is %v, at once %v", seed, round, ref, fresh)
			}
			for _, newest := range []bool{false, true} {
				from, limit := rnd.IntN(len(want)), 1+rnd.IntN(50)
				expect := slices.Clone(want)
				if newest {
					slices.Reverse(expect)
				}
				if got := all(t, m, ref, int64(from), int64(limit), newest); !slices.Equal(got, expect[from:min(from+limit, len(expect))]) {
					t.Fatalf("seed %d: a range from %d is wrong", seed, from)
				}
			}
			for range 20 {
				n := rnd.IntN(3000)
				e := entry(n, "")
				got, err := Find(t.Context(), m, *ref, e.Key.ID, e.Key.Sec)
				if _, in := state[n]; err != nil || in != (got != nil) {
					t.Fatalf("seed %d: find %d: %v, %v", seed, n, got, err)
				}
			}
		}
	}
}

func TestAnEmptiedFolderHasNoTree(t *testing.T) {
	m := newMemory()
	ref := build(t, m, nil, []Entry{entry(1, "one"), entry(2, "two")}, nil)
	if ref = build(t, m, ref, nil, []Key{entry(1, "").Key, entry(2, "").Key, entry(3, "").Key}); ref != nil {
		t.Error(ref)
	}
	if ref = build(t, m, nil, nil, nil); ref != nil {
		t.Error(ref)
	}
}

func TestASmallChangeCostsLittle(t *testing.T) {
	m := newMemory()
	var entries []Entry
	for n := range 20_000 {
		entries = append(entries, entry(n, "old"))
	}
	ref := build(t, m, nil, entries, nil)
	if ref.Level < 2 {
		t.Errorf("20,000 messages make %d levels", ref.Level)
	}
	m.loads, m.saves = 0, 0
	next := build(t, m, ref, []Entry{entry(10_000, "new")}, nil)
	if m.saves > 6 || m.loads > 40 {
		t.Errorf("one change saved %d blobs and loaded %d", m.saves, m.loads)
	}
	m.saves = 0
	if again := build(t, m, next, []Entry{entry(10_000, "old")}, nil); again.Hash != ref.Hash || m.saves != 0 {
		t.Errorf("changed back, %d blobs were saved", m.saves)
	}
	m.loads = 0
	all(t, m, ref, 19_000, 10, true)
	if m.loads > 8 {
		t.Errorf("a page of ten at 19,000 loaded %d blobs", m.loads)
	}
}

func TestHugeRecordsHaveTheirOwnPages(t *testing.T) {
	m := newMemory()
	var entries []Entry
	for n := range 10 {
		e := entry(n, "big")
		e.Record = append(e.Record, make([]byte, 200_000)...)
		entries = append(entries, e)
	}
	ref := build(t, m, nil, entries, nil)
	if got := all(t, m, ref, 0, 100, false); len(got) != 10 {
		t.Error(got)
	}
	if ref.Sums.Messages != 10 || ref.Sums.Attachments != 10 || ref.Sums.Bytes != 45 {
		t.Error(ref.Sums)
	}
}

// A page that is full when an entry comes ends before it, and may be the last that its node takes: the entry must not
// suffer from the node that is then written.
func TestAnEntryOutlivesTheNodeThatEndsBeforeIt(t *testing.T) {
	m := newMemory()
	var put []Entry
	for n := range 3 * maxNode {
		e := entry(n, "abc")
		if e.Record = e.Record[:300]; n%4 == 3 { // it ends the page before it
			e.Record = append(e.Record, make([]byte, maxPage-1000)...)
		}
		put = append(put, e)
	}
	ref := build(t, m, nil, put, nil)
	if ref.Level < 2 {
		t.Fatalf("a tree of level %d has too few nodes to show anything", ref.Level)
	}
	if got := all(t, m, ref, 0, int64(len(put)), false); len(got) != len(put) {
		t.Errorf("%d of %d messages come back", len(got), len(put))
	}
}

func FuzzDecodePage(f *testing.F) {
	e := entry(1, "one")
	f.Add(e.Append([]byte{version}))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = decodePage(b, func(e *Entry) error { return nil })
		if e, rest, err := DecodeEntry(b); err == nil {
			out := e.Append(nil)
			if again, _, err := DecodeEntry(out); err != nil || again.Key != e.Key || len(out)+len(rest) > len(b) {
				t.Error("an entry does not come back", err)
			}
		}
	})
}

func FuzzDecodeNode(f *testing.F) {
	r := Ref{Hash: record.Hash{1}, First: Key{Sec: 5}, Sums: Sums{Messages: 3}}
	f.Add(appendChild([]byte{version, 1}, &r), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, level uint8) {
		if level == 0 {
			return
		}
		if children, err := decodeNode(b, level); err == nil && len(children) > maxNode {
			t.Error("too many children")
		}
	})
}
