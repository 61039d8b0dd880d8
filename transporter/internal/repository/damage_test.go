package repository

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/transporter/internal/repository/disk/disktest"
)

var (
	flips      = flag.Int("repository.flips", 150, "how many bits of each sample are flipped; 0: every one")
	damageSeed = flag.Uint64("repository.damage", 0, "replay the flips of this seed")
	damagePart = flag.String("repository.part", "1/1", "i/n: of a sweep over every bit, do each n-th, from the i-th on")
)

// part returns which of a sweep are done: numbers first, first+every, …
func part() (first, every int, err error) {
	if n, err := fmt.Sscanf(*damagePart, "%d/%d", &first, &every); n != 2 || err != nil || first < 1 || first > every {
		return 0, 0, fmt.Errorf("-repository.part=%q is no part, as 3/10 is", *damagePart)
	}
	return first - 1, every, nil
}

// injury is something done to the files of a sample.
type injury struct {
	name  string
	place string // what a report has to name; empty where nothing need be reported
	do    func(files map[string][]byte)
	// harmless says why nobody need notice; empty: it must be noticed.
	harmless string
	// silent is set where even loss need not be told, because nobody can know of it.
	silent bool
}

// TestEveryFlippedBitIsHarmlessOrReported flips single bits of all files.
func TestEveryFlippedBitIsHarmlessOrReported(t *testing.T) {
	for name, s := range variants(t) {
		t.Run(name, func(t *testing.T) {
			seed := *damageSeed
			if seed == 0 {
				seed = rand.Uint64()
			}
			if *flips == 0 {
				n, at, err := s.sweep()
				if err != nil {
					t.Fatal(err)
				}
				t.Logf("%d bits, part %s of all", n, *damagePart)
				injureAll(t, s, n, at)
				return
			}
			injuries := s.flips(rand.New(rand.NewPCG(seed, 5)), *flips)
			t.Logf("%d bits; replay with -repository.damage=%d", len(injuries), seed)
			injureAll(t, s, len(injuries), func(i int) injury { return injuries[i] })
		})
	}
}

func (s *specimen) flip(name string, bit int) injury {
	return injury{
		name: fmt.Sprintf("bit %d of byte %d of %s", bit%8, bit/8, name), place: filepath.Base(name), harmless: harmless(name),
		do: func(files map[string][]byte) { files[name][bit/8] ^= 1 << (bit % 8) },
	}
}

// sweep returns how many bits of all files are in the part of the sweep, and flips of them. Samples have other names, keys and
// nonces each time, so the parts together flip the bits of as many samples, each bit in one of them: files are in the order
// of kind and length, which are always the same but for a few bytes.
func (s *specimen) sweep() (n int, at func(i int) injury, err error) {
	first, every, err := part()
	if err != nil {
		return 0, nil, err
	}
	names := s.names()
	slices.SortStableFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(kindOfFile(a), kindOfFile(b)), cmp.Compare(len(s.files[a]), len(s.files[b])))
	})
	total := 0
	for _, name := range names {
		total += 8 * len(s.files[name])
	}
	return (total - first + every - 1) / every, func(i int) injury {
		bit := first + i*every
		for _, name := range names {
			if bit < 8*len(s.files[name]) {
				return s.flip(name, bit)
			}
			bit -= 8 * len(s.files[name])
		}
		panic("no such bit")
	}, nil
}

// flips lists flips of n bits of all files. Files other than the index get half of them.
func (s *specimen) flips(rnd *rand.Rand, n int) []injury {
	var list []injury
	names := s.names()
	small := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return kindOfFile(name) == "index" || len(s.files[name]) == 0 })
	for i := range n {
		name := small[rnd.IntN(len(small))]
		if i%2 == 0 {
			name = indexFile
		}
		list = append(list, s.flip(name, rnd.IntN(8*len(s.files[name]))))
	}
	return list
}

// harmless says why damage to a file may go unnoticed.
func harmless(name string) string {
	switch kindOfFile(name) {
	case "lock":
		return "it only names the holder for people; the lock is the operating system's"
	case "copy of the descriptor":
		return "the descriptor counts; the copy is made anew"
	case "index":
		return "what it says is checked against itself and the packs, and most of its pages are free or half empty"
	default:
		return ""
	}
}

// injureAll does n injuries, each to a whole sample.
func injureAll(t *testing.T, s *specimen, n int, at func(i int) injury) {
	t.Helper()
	root := disktest.Dir(t)
	g, ctx := errgroup.WithContext(t.Context())
	workers := runtime.GOMAXPROCS(0)
	var mu sync.Mutex
	counts := map[string]map[string]int{}
	var failures []string
	var done atomic.Int64
	begun := time.Now()
	for w := range workers {
		dir := filepath.Join(root, fmt.Sprint(w), "repo")
		g.Go(func() error {
			for i := w; i < n && ctx.Err() == nil; i += workers {
				in := at(i)
				outcome, err := s.injure(ctx, dir, &in)
				if err != nil {
					return err
				}
				mu.Lock()
				kind := kindOfFile(in.place)
				if counts[kind] == nil {
					counts[kind] = map[string]int{}
				}
				counts[kind][outcome]++
				if strings.Contains(outcome, "\n") {
					delete(counts[kind], outcome)
					counts[kind]["FAILED"]++
					failures = append(failures, outcome)
				}
				mu.Unlock()
				if d := done.Add(1); d%20000 == 0 {
					t.Logf("%d of %d, %.0f a second", d, n, float64(d)/time.Since(begun).Seconds())
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d injuries, %.0f a second: %v", n, float64(n)/time.Since(begun).Seconds(), counts)
	for i, f := range failures {
		if i == 10 {
			t.Errorf("and %d more", len(failures)-i)
			break
		}
		t.Error(f)
	}
}

// injure does one injury and returns in a word what came of it, in several lines where that must not be.
func (s *specimen) injure(ctx context.Context, dir string, in *injury) (string, error) {
	hurt := specimen{files: map[string][]byte{}}
	for name, b := range s.files {
		hurt.files[name] = slices.Clone(b)
	}
	in.do(hurt.files)
	if err := hurt.lay(dir); err != nil {
		return "", err
	}
	v := s.guarded(ctx, dir)
	bad := func(format string, args ...any) (string, error) {
		return fmt.Sprintf("%s\n%s\nreports: %q\nmissing: %q\nrefused: %v", in.name, fmt.Sprintf(format, args...), v.reports, v.missing, v.refused), nil
	}
	if in.silent {
		v.reports = append(v.reports, "nobody can know")
	}
	if err := v.failure(); err != nil {
		return bad("%v", err)
	}
	switch {
	case v.harmless() && in.harmless == "" && in.place != "":
		return bad("nobody noticed")
	case v.harmless():
		return "harmless", nil
	case in.place != "" && !v.names(in.place):
		return bad("no report names %s", in.place)
	case v.refused != nil:
		return "refused", nil //nolint:nilerr // which is what is asked for
	case len(v.missing) > 0:
		return "reported with loss", nil
	default:
		return "reported without loss", nil
	}
}

// guarded looks, and takes a panic for what it is.
func (s *specimen) guarded(ctx context.Context, dir string) (v *view) {
	defer func() {
		if p := recover(); p != nil {
			stack := make([]byte, 8<<10)
			v = &view{}
			v.fault("panic: %v\n%s", p, stack[:runtime.Stack(stack, false)])
		}
	}()
	// A watchdog for what loops; what it does not reach ends with the time of the whole test.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return s.look(ctx, dir)
}
