package segment_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/search/segment"
	"holdfast/transporter/internal/search/words"
)

// open is a sealer that hides nothing; with sum it notices changes, without, decoders meet whatever there is.
type open struct{ sum bool }

func (o open) SealDerived(use string, data []byte) []byte {
	if !o.sum {
		return bytes.Clone(data)
	}
	return append([]byte(fmt.Sprintf("%08x", hash(use, data))), data...)
}

func (o open) OpenDerived(use string, box []byte) ([]byte, error) {
	if !o.sum {
		return box, nil
	}
	if len(box) < 8 || string(box[:8]) != fmt.Sprintf("%08x", hash(use, box[8:])) {
		return nil, fault.New(fault.Corrupt, "changed")
	}
	return box[8:], nil
}

func hash(use string, data []byte) uint32 {
	h := uint32(2166136261)
	for _, c := range append([]byte(use), data...) {
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

func place(t testing.TB, sum bool) segment.Place {
	t.Helper()
	return segment.Place{FS: disk.OS{}, Dir: t.TempDir(), Sealer: open{sum}}
}

// told is a document with its texts, as a test knows it.
type told struct {
	doc     segment.Doc
	box     segment.Mailbox
	texts   [segment.Fields][]byte
	dropped bool
}

var vocabulary = strings.Fields("alpha beta gamma alphabet bet 東京都 ภาษาไทย straße x1 été zeta " + strings.Repeat("long", 20))

func invent(rnd *rand.Rand, n int) told {
	d := told{doc: segment.Doc{
		ID: fmt.Sprintf("AAMk%d", n), Received: rnd.Int64N(1e9) - 1e8, Size: rnd.Int64N(1e6), Attachments: rnd.IntN(3) == 0,
	}, box: segment.Mailbox{Account: "a", Mailbox: fmt.Sprint("m", rnd.IntN(3))}}
	for i := range d.doc.Key {
		d.doc.Key[i] = byte(rnd.Uint32())
	}
	for f := range d.texts {
		for range rnd.IntN(5) {
			d.texts[f] = words.Append(d.texts[f], []byte(vocabulary[rnd.IntN(len(vocabulary))]))
		}
		if rnd.IntN(10) == 0 {
			d.texts[f] = words.Append(d.texts[f], []byte(fmt.Sprint("n", rnd.IntN(1000))))
		}
	}
	return d
}

func write(t testing.TB, p segment.Place, name string, base uint32, all []told, chapters ...segment.Chapter) {
	t.Helper()
	b := segment.NewBuilder(base)
	for i := range all {
		d := all[i].doc
		d.Mailbox = b.Mailbox(all[i].box)
		n, err := b.Add(d, &all[i].texts)
		if err != nil || n != base+uint32(i) {
			t.Fatal(n, err)
		}
	}
	for _, c := range chapters {
		b.AddChapter(c)
	}
	if err := p.Write(name, b); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, p segment.Place, name string) (*segment.Segment, []segment.Chapter) {
	t.Helper()
	var chapters []segment.Chapter
	s, err := p.Open(name, segment.NewCache(1<<20), func(c *segment.Chapter) error {
		chapters = append(chapters, *c)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, chapters
}

func fits(text []byte, n words.Need) (found bool) {
	words.Each(text, func(w []byte) {
		switch s := string(w); n.Fit {
		case words.Contains:
			found = found || strings.Contains(s, n.Text)
		case words.Begins:
			found = found || strings.HasPrefix(s, n.Text)
		case words.Ends:
			found = found || strings.HasSuffix(s, n.Text)
		case words.Equals:
			found = found || s == n.Text
		}
	})
	return found
}

func compare(t testing.TB, rnd *rand.Rand, s *segment.Segment, all []told) {
	t.Helper()
	for range 300 {
		word := []rune(vocabulary[rnd.IntN(len(vocabulary))])
		from := rnd.IntN(len(word))
		part := words.Normal(string(word[from : from+1+rnd.IntN(len(word)-from)]))
		need := words.Need{Fit: words.Fit(rnd.IntN(4)), Text: part}
		f := segment.Field(rnd.IntN(int(segment.Fields)))
		got := segment.NewSet(s.Docs)
		if err := s.Match(t.Context(), f, need, got); err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if want := !all[i].dropped && fits(all[i].texts[f], need); got.Has(uint32(i)) != want {
				t.Fatalf("document %d, field %d, %+v: got %v, want %v", i, f, need, !want, want)
			}
		}
	}
	for i := range all {
		d, err := s.Doc(uint32(i))
		if all[i].dropped {
			if !errors.Is(err, fault.NotFound) {
				t.Fatalf("a dropped document: %v", err)
			}
			continue
		}
		if err != nil || s.Mailboxes[d.Mailbox] != all[i].box {
			t.Fatal(err, d)
		}
		d.Mailbox = 0
		if d != all[i].doc {
			t.Fatalf("got %+v, want %+v", d, all[i].doc)
		}
	}
}

func some(rnd *rand.Rand) segment.Chapter {
	c := segment.Chapter{Account: "a", Mailbox: "m", Job: fmt.Sprint(rnd.IntN(9))}
	for i := range rnd.IntN(4) {
		p := segment.Point{Seq: uint32(i), Time: rnd.Int64(), Sealed: -rnd.Int64(), Table: rnd.Uint32(), Unreadable: rnd.Uint64()}
		p.ID[3] = byte(i)
		c.Points = append(c.Points, p)
		c.Folders = append(c.Folders, segment.Folder{No: rnd.Uint32(), ID: strings.Repeat("x", rnd.IntN(5))})
		c.Tables = append(c.Tables, segment.Table{No: 1, Folders: []segment.Branch{{No: 4, Parent: rnd.Uint32()}}})
	}
	for range rnd.IntN(50) {
		c.Events = append(c.Events, segment.Event{Seq: rnd.Uint32(), Doc: rnd.Uint32(), Folder: rnd.Uint32N(9), Gone: rnd.IntN(2) == 0})
	}
	return c
}

func each(list []segment.Chapter) func(fn func(*segment.Chapter) error) error {
	return func(fn func(*segment.Chapter) error) error {
		for i := range list {
			if err := fn(&list[i]); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestWhatIsWrittenIsFound(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	p := place(t, true)
	var parts []*segment.Segment
	var whole []told
	base := uint32(70)
	var chapters []segment.Chapter
	for i, n := range []int{1, 5000, 0, 700} {
		var all []told
		for k := range n {
			all = append(all, invent(rnd, k))
		}
		name := fmt.Sprint("part", i)
		mine := []segment.Chapter{some(rnd), some(rnd)}
		write(t, p, name, base, all, mine...)
		s, read := load(t, p, name)
		if s.Base != base || int(s.Docs) != n {
			t.Fatal(s.Base, s.Docs)
		}
		if d := cmp.Diff(mine, read); d != "" {
			t.Fatal(d)
		}
		if n > 0 {
			compare(t, rnd, s, all)
		}
		parts, whole, chapters = append(parts, s), append(whole, all...), append(chapters, mine...)
		base += uint32(n)
	}
	for i := range whole {
		whole[i].dropped = rnd.IntN(3) == 0
	}
	keep := func(doc uint32) bool { return !whole[doc-70].dropped }
	if err := p.Merge(t.Context(), "whole", parts, keep, each(chapters)); err != nil {
		t.Fatal(err)
	}
	s, read := load(t, p, "whole")
	if d := cmp.Diff(chapters, read); d != "" {
		t.Fatal(d)
	}
	compare(t, rnd, s, whole)
	keys := 0
	err := s.Keys(s.All(), func(doc uint32, k segment.Key) {
		keys++
		if k != whole[doc].doc.Key {
			t.Errorf("document %d has another key", doc)
		}
	})
	if err != nil || keys != s.Present {
		t.Fatal(keys, s.Present, err)
	}
}

func TestDamageIsNeverAWrongAnswer(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	p := place(t, true)
	var all []told
	for k := range 100 {
		all = append(all, invent(rnd, k))
	}
	write(t, p, "s", 0, all, some(rnd))
	path := filepath.Join(p.Dir, "s")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	noticed := 0
	for range 400 {
		bad := slices.Clone(good)
		switch rnd.IntN(3) {
		case 0:
			bad = bad[:rnd.IntN(len(bad))]
		default:
			bad[rnd.IntN(len(bad))] ^= byte(1 << rnd.IntN(8))
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if look(t, p, all) != nil {
			noticed++
		}
	}
	if noticed < 395 { // the format's bytes beyond the first may change unnoticed
		t.Errorf("%d of 400 damages were noticed", noticed)
	}
}

// look opens segment s and reads everything; answers that are given must be right.
func look(t *testing.T, p segment.Place, all []told) error {
	s, err := p.Open("s", segment.NewCache(1<<20), func(*segment.Chapter) error { return nil })
	if err != nil {
		return err
	}
	defer s.Close()
	got := segment.NewSet(s.Docs)
	need := words.Need{Fit: words.Contains, Text: "bet"}
	if err := s.Match(t.Context(), segment.Text, need, got); err != nil {
		return err
	}
	for i := range all {
		if got.Has(uint32(i)) != fits(all[i].texts[0], need) {
			t.Fatalf("document %d", i)
		}
		d, err := s.Doc(uint32(i))
		if err != nil {
			return err
		}
		if d.ID != all[i].doc.ID {
			t.Fatalf("%+v", d)
		}
	}
	return nil
}

// FuzzOpen meets decoders with bytes that no seal holds back.
func FuzzOpen(f *testing.F) {
	rnd := rand.New(rand.NewPCG(1, 1))
	p := place(f, false)
	var all []told
	for k := range 12 {
		all = append(all, invent(rnd, k))
	}
	write(f, p, "seed", 0, all, some(rnd))
	good, err := os.ReadFile(filepath.Join(p.Dir, "seed"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, 0, byte(0))
	for i := range 200 {
		f.Add(good, i*len(good)/200, byte(rnd.Uint32()))
	}
	f.Fuzz(func(t *testing.T, data []byte, at int, with byte) {
		if len(data) > 64<<10 { // what can go wrong with more goes wrong with less
			return
		}
		if data = bytes.Clone(data); at >= 0 && at < len(data) {
			data[at] ^= with
		}
		files := newShelves()
		files.put("s", data)
		p := segment.Place{FS: files, Sealer: open{}}
		s, err := p.Open("s", segment.NewCache(1<<20), func(*segment.Chapter) error { return nil })
		if err != nil {
			return
		}
		defer s.Close()
		for fit := range words.Fit(4) {
			_ = s.Match(t.Context(), segment.Text, words.Need{Fit: fit, Text: "a"}, segment.NewSet(s.Docs))
		}
		_ = s.Keys(s.All(), func(uint32, segment.Key) {})
		_ = p.Merge(t.Context(), "m", []*segment.Segment{s}, func(uint32) bool { return true }, each(nil))
	})
}
