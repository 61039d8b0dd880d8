package search_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk/disktest"
	"holdfast/transporter/internal/search"
)

func dice(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// pages reads all pages of an answer.
func pages(t *testing.T, x *search.Index, q search.Query) ([]found, *search.Answer) {
	t.Helper()
	var list []found
	var first *search.Answer
	for {
		n := 0
		answer, err := x.Search(t.Context(), q, func(h *search.Hit) error {
			list = append(list, shown(h))
			n++
			return nil
		})
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		if first == nil {
			first = answer
		}
		if n > q.Limit {
			t.Fatalf("a page of %d has %d", q.Limit, n)
		}
		if answer.Next == "" {
			return list, first
		}
		q.Cursor = answer.Next
	}
}

// compare asks an index that is up to date and looks at everything.
func (w *world) compare(t *testing.T, x *search.Index, n int) (hits int) {
	t.Helper()
	for range n {
		q := w.query()
		if _, err := x.Search(t.Context(), q, func(*search.Hit) error { return nil }); errors.Is(err, fault.Invalid) {
			continue
		}
		got, answer := pages(t, x, q)
		want := w.brute(&q)
		for i := 1; i < len(got); i++ {
			if got[i-1].received.Before(got[i].received) {
				t.Fatalf("%+v: not newest first", q)
			}
		}
		slices.SortFunc(got, order)
		if d := cmp.Diff(want, got, cmp.AllowUnexported(found{})); d != "" {
			t.Fatalf("%+v: %s", q, d)
		}
		if answer.Total > int64(len(want)) || !answer.AtLeast && answer.Total != int64(len(want)) || answer.Behind != 0 {
			t.Fatalf("%+v: %+v for %d messages", q, answer, len(want))
		}
		hits += len(want)
	}
	return hits
}

func update(t *testing.T, x *search.Index) {
	t.Helper()
	if err := x.Update(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// someDeleted deletes points; of some of them the index is told.
func (w *world) someDeleted(x *search.Index) {
	for _, k := range w.lib.order {
		all := w.rnd.IntN(12) == 0
		for _, p := range slices.Clone(w.lib.points[k]) {
			if all || w.rnd.IntN(8) == 0 {
				w.lib.remove(p.ID)
				if w.rnd.IntN(2) == 0 {
					x.Deleted([]record.PointID{p.ID})
				}
			}
		}
	}
}

func TestSearchFindsWhatLookingAtEverythingFinds(t *testing.T) {
	rnd := dice(t)
	w := newWorld(rnd)
	dir := t.TempDir()
	options := search.Options{Dir: dir, Build: 60 << 10, Segments: 2 + rnd.IntN(3), Cache: 1 << 20}
	x := search.New(w.lib, options)
	hits := 0
	for range 24 {
		for range 1 + rnd.IntN(4) {
			w.back()
		}
		if rnd.IntN(3) == 0 {
			w.someDeleted(x)
		}
		if rnd.IntN(6) == 0 {
			x.Sweep()
		}
		update(t, x)
		if rnd.IntN(5) == 0 { // begin with the files
			x = search.New(w.lib, options)
			update(t, x)
		}
		hits += w.compare(t, x, 25)
	}
	if s := x.Status(); hits < 300 || s.Missing != 0 || s.Segments > 12 {
		t.Errorf("only %d messages were found; %+v", hits, s)
	}
}

func TestWhatNoPointHoldsIsDropped(t *testing.T) {
	rnd := dice(t)
	w := newWorld(rnd)
	x := search.New(w.lib, search.Options{Dir: t.TempDir()})
	for range 10 {
		w.back()
	}
	update(t, x)
	full := x.Status()
	var ids []record.PointID
	for _, k := range w.lib.order {
		for _, p := range slices.Clone(w.lib.points[k]) {
			ids = append(ids, p.ID)
			w.lib.remove(p.ID)
		}
	}
	x.Deleted(ids)
	answer, err := x.Search(t.Context(), search.Query{}, func(*search.Hit) error { return nil })
	if err != nil || answer.Total != 0 {
		t.Errorf("deleted points are found at once: %+v, %v", answer, err)
	}
	update(t, x)
	empty := x.Status()
	if full.Documents == 0 || empty.Documents != 0 || empty.Words != 0 || empty.Points != 0 {
		t.Errorf("first %+v, then %+v", full, empty)
	}
	for range 10 { // the same backups go on
		w.back()
	}
	update(t, x)
	w.compare(t, x, 50)
}

func TestPowerCutsCostNothing(t *testing.T) {
	rnd := dice(t)
	w := newWorld(rnd)
	dir := disktest.Dir(t)
	died := 0
	for round := range 60 {
		d, err := disktest.New(disktest.Options{Root: dir, Rand: rnd, Left: rnd.IntN(60)})
		if err != nil {
			t.Fatal(err)
		}
		x := search.New(w.lib, search.Options{Dir: filepath.Join(dir, "search"), FS: d, Build: 20 << 10, Segments: 2})
		for err == nil && !d.Dead() {
			w.back()
			if rnd.IntN(3) == 0 {
				w.someDeleted(x)
			}
			err = x.Update(t.Context())
		}
		if d.Dead() {
			died++
		}
		if err := d.Cut(); err != nil {
			t.Fatal(err)
		}
		if round%6 != 0 {
			continue
		}
		x = search.New(w.lib, search.Options{Dir: filepath.Join(dir, "search")})
		update(t, x)
		w.compare(t, x, 8)
	}
	if died < 50 {
		t.Errorf("the power was cut %d times", died)
	}
}

func TestADamagedIndexIsMadeAnew(t *testing.T) {
	rnd := dice(t)
	w := newWorld(rnd)
	dir := t.TempDir()
	options := search.Options{Dir: dir, Segments: 3}
	for range 12 {
		w.back()
		x := search.New(w.lib, options)
		update(t, x)
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) < 2 {
			t.Fatal(files, err)
		}
		path := files[rnd.IntN(len(files))]
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, ".seg") && rnd.IntN(4) == 0 {
			err = os.Remove(path)
		} else {
			data[rnd.IntN(len(data))] ^= 0x41
			err = os.WriteFile(path, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		// An index that is open meets the damage when it reads on: an error, or a right answer.
		for range 10 {
			q := w.query()
			q.Limit = 1000
			var got []found
			_, err := x.Search(t.Context(), q, func(h *search.Hit) error { got = append(got, shown(h)); return nil })
			if err == nil {
				slices.SortFunc(got, order)
				if d := cmp.Diff(w.brute(&q), got, cmp.AllowUnexported(found{})); d != "" {
					t.Fatal(d)
				}
			} else if !errors.Is(err, fault.Unavailable) && !errors.Is(err, fault.Invalid) {
				t.Fatal(err)
			}
		}
		x = search.New(w.lib, options)
		update(t, x)
		x.Rebuild() // what was not read yet may still be damaged
		update(t, x)
		w.compare(t, x, 20)
	}
}

func TestNothingReadableIsOnTheDisk(t *testing.T) {
	w := newWorld(dice(t))
	for range 10 {
		w.back()
	}
	dir := t.TempDir()
	update(t, search.New(w.lib, search.Options{Dir: dir}))
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"invoic", "box1", "AAMk", "schmidt"} {
			if bytes.Contains(data, []byte(word)) {
				t.Errorf("%s has %q in it", f.Name(), word)
			}
		}
	}
}

func TestASearchSaysWhatIsNotIndexedYet(t *testing.T) {
	w := newWorld(dice(t))
	x := search.New(w.lib, search.Options{Dir: t.TempDir()})
	none := func(*search.Hit) error { return nil }
	if _, err := x.Search(t.Context(), search.Query{}, none); !errors.Is(err, fault.Unavailable) {
		t.Errorf("before it is opened: %v", err)
	}
	old := w.back()
	update(t, x)
	p := w.back()
	x.Sealed(p)
	if a, err := x.Search(t.Context(), search.Query{}, none); err != nil || a.Behind != 1 {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := x.Search(t.Context(), search.Query{Scope: search.Scope{Point: old.ID}}, none); err != nil || a.Behind != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	update(t, x)
	if a, err := x.Search(t.Context(), search.Query{}, none); err != nil || a.Behind != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	w.lib.remove(p.ID)
	if _, err := x.Search(t.Context(), search.Query{Scope: search.Scope{Point: p.ID}}, none); !errors.Is(err, fault.NotFound) {
		t.Errorf("a deleted point: %v", err)
	}
}

func TestABodyThatCannotBeReadHidesNothingElse(t *testing.T) {
	w := newWorld(dice(t))
	b := w.boxes[0]
	m := w.message(b)
	m.Subject, m.Body = "needle", w.lib.put("lost words")
	w.lib.damaged[m.Body.Pieces[0].Hash] = true
	w.lib.seal(record.BackupKey{Account: "a", Mailbox: "m"}, b.folders, []record.Message{m})
	x := search.New(w.lib, search.Options{Dir: t.TempDir()})
	update(t, x)
	a, err := x.Search(t.Context(), search.Query{Text: "needle"}, func(*search.Hit) error { return nil })
	if err != nil || a.Total != 1 || a.Unreadable != 1 {
		t.Errorf("%+v, %v", a, err)
	}
}
