package repository

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"holdfast/transporter/internal/repository/pack"
)

// unclosed says why a repository that was killed may lose the end of a file without a word: nobody knows how long it was.
const unclosed = "how long it was is only on record when the repository was closed"

// TestDamageToWholeFilesIsReported cuts, zeroes, removes, swaps, doubles and adds files.
func TestDamageToWholeFilesIsReported(t *testing.T) {
	list := variants(t)
	for name, s := range list {
		t.Run(name, func(t *testing.T) {
			seed := *damageSeed
			if seed == 0 {
				seed = rand.Uint64()
			}
			rnd := rand.New(rand.NewPCG(seed, 7))
			injuries := slices.Concat(s.cuts(rnd, *flips/3), s.zeroed(rnd, *flips/6), s.removals(), s.strangers(list))
			t.Logf("%d injuries; replay with -repository.damage=%d", len(injuries), seed)
			injureAll(t, s, len(injuries), func(i int) injury { return injuries[i] })
		})
	}
}

func (s *specimen) closed() bool { return len(s.files[indexSum]) > 0 }

// file is an injury to one file.
func (s *specimen) file(name, what string, do func(files map[string][]byte)) injury {
	in := injury{name: what + " " + name, place: filepath.Base(name), harmless: harmless(name), do: do}
	if kind := kindOfFile(name); !s.closed() && (kind == "journal" || kind == "open pack") {
		in.place, in.harmless, in.silent = "", unclosed, kind == "journal"
	}
	return in
}

// cuts shortens files, to n lengths or (0) to every length; the index to every sector.
func (s *specimen) cuts(rnd *rand.Rand, n int) []injury {
	var list []injury
	add := func(name string, length int) {
		list = append(list, s.file(name, fmt.Sprintf("cut to %d:", length), func(files map[string][]byte) { files[name] = files[name][:length] }))
	}
	for _, name := range s.names() {
		size := len(s.files[name])
		step := 1
		if kindOfFile(name) == "index" {
			step = 512
		}
		if n == 0 {
			for length := 0; length < size; length += step {
				add(name, length)
			}
			continue
		}
		for range min(size, 1+n/len(s.files)) {
			add(name, rnd.IntN(size))
		}
	}
	return list
}

// zeroed writes zeros over sectors.
func (s *specimen) zeroed(rnd *rand.Rand, n int) []injury {
	var list []injury
	for _, name := range s.names() {
		for at := 0; at < len(s.files[name]); at += 512 {
			end := min(at+512, len(s.files[name]))
			list = append(list, injury{
				name: fmt.Sprintf("zeros from %d on: %s", at, name), place: filepath.Base(name), harmless: harmless(name),
				do: func(files map[string][]byte) { clear(files[name][at:end]) },
			})
		}
	}
	if n > 0 && n < len(list) {
		rnd.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		list = list[:n]
	}
	return list
}

func (s *specimen) removals() []injury {
	var list []injury
	for _, name := range s.names() {
		in := s.file(name, "no", func(files map[string][]byte) { delete(files, name) })
		if kindOfFile(name) == "sum of the index" {
			in.harmless = "the index is inspected instead"
		}
		list = append(list, in)
	}
	return append(list,
		injury{name: "no descriptor at all", place: descriptorFile, do: func(files map[string][]byte) {
			delete(files, descriptorFile)
			delete(files, descriptorCopy)
		}},
		injury{name: "no index and no sum", harmless: "it is built anew", do: func(files map[string][]byte) {
			delete(files, indexFile)
			delete(files, indexSum)
		}},
	)
}

// strangers puts files where they do not belong.
func (s *specimen) strangers(others map[string]*specimen) []injury {
	var list []injury
	var sealed []string
	for _, name := range s.names() {
		if kindOfFile(name) == "sealed pack" {
			sealed = append(sealed, name)
		}
	}
	put := func(name, what string, b []byte) {
		in := injury{name: what, place: filepath.Base(name), do: func(files map[string][]byte) { files[name] = slices.Clone(b) }}
		if !strings.HasPrefix(name, packsFolder) {
			in.place, in.harmless = "", "nobody looks at it"
		}
		list = append(list, in)
	}
	for kind, o := range others {
		for _, name := range o.names() {
			if o != s && kindOfFile(name) == "sealed pack" {
				put(name, "a pack of another repository, "+kind, o.files[name])
			}
		}
	}
	for _, name := range sealed {
		double := strings.Repeat("5a", 16)
		put(filepath.Join(packsFolder, double+pack.Sealed), "a pack twice", s.files[name])
		put(filepath.Join(packsFolder, double+pack.Open), "a sealed pack as an open one", s.files[name])
		put(strings.TrimSuffix(name, pack.Sealed)+pack.Open, "a pack sealed and open", s.files[name])
	}
	put("notes.txt", "a note", []byte("x"))
	put(filepath.Join(stagingFolder, "notes.txt"), "a note among journals", []byte("x"))
	put(filepath.Join(packsFolder, "notes.txt"), "a note among packs", []byte("x"))
	a, b := sealed[0], sealed[1]
	return append(list, injury{name: "packs swapped", place: filepath.Base(a), do: func(files map[string][]byte) { files[a], files[b] = files[b], files[a] }})
}
