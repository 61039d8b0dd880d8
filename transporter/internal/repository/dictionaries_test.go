package repository

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/codec"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/pack"
)

// letter makes a body such as a mail program writes around a few words.
func letter(rnd *rand.Rand, words int) []byte {
	var b bytes.Buffer
	b.WriteString(`<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"><style>p.Letter{margin:0cm;font-size:11.0pt;font-family:"Calibri",sans-serif;}</style></head><body lang="EN" link="#0563C1" vlink="#954F72">`)
	for range words {
		fmt.Fprintf(&b, `<p class="Letter">%x</p>`, rnd.Uint32())
	}
	b.WriteString(`<p class="Letter">Kind regards,<br>The office of the harbour master</p><p class="Letter" style="color:gray">This message is meant for whom it was written to. If that is not you, tell the sender and delete it.</p></body></html>`)
	return b.Bytes()
}

// correspond puts letters until a dictionary has been made, and some more, and returns them.
func correspond(t *testing.T, r *Repository, seed uint64, n int) [][]byte {
	t.Helper()
	rnd := rand.New(rand.NewPCG(seed, 2))
	s := begin(t, r, "letters")
	var all [][]byte
	for range n {
		b := letter(rnd, 10+rnd.IntN(40))
		if err := s.Put(t.Context(), sha(b), b); err != nil {
			t.Fatal(err)
		}
		all = append(all, b)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

func readsAll(t *testing.T, r *Repository, all [][]byte) error {
	t.Helper()
	for _, b := range all {
		got, err := r.blobs.Get(sha(b), nil)
		if err != nil {
			return err
		}
		if !bytes.Equal(got, b) {
			t.Fatal("a blob came back as another")
		}
	}
	return nil
}

func TestBodiesAreCompressedWithADictionaryOfTheirOwn(t *testing.T) {
	sizes := map[bool]int64{}
	for _, learn := range []bool{false, true} {
		o := testOptions(t, true)
		o.PackSize = 8 << 20
		if learn {
			o.learnAfter = 100 << 10
		}
		r := mustCreate(t, o)
		all := correspond(t, r, 1, 600)
		if n := len(r.descriptor().GetDictionaries()); (n == 1) != learn {
			t.Fatalf("learning %v: %d dictionaries", learn, n)
		}
		closed(t, r)
		for _, name := range []string{descriptorFile, descriptorCopy} {
			text, err := os.ReadFile(filepath.Join(o.Path, name))
			if err != nil || strings.Contains(string(text), "harbour") || len(text) > descriptorLimit/codec.MaxDictionaries {
				t.Errorf("%s: %d bytes, %v", name, len(text), err)
			}
		}
		r = mustOpen(t, o)
		if err := readsAll(t, r, all); err != nil {
			t.Error(err)
		}
		with := 0
		r.blobs.EachOpen(func(e *pack.Entry) {
			sizes[learn] += int64(e.Stored)
			if e.Dict != 0 {
				with++
			}
		})
		if with > 0 != learn {
			t.Errorf("learning %v: %d blobs with a dictionary", learn, with)
		}
		closed(t, r)
	}
	if sizes[true]*4 > sizes[false]*3 {
		t.Errorf("with a dictionary %d bytes, without %d", sizes[true], sizes[false])
	}
}

func TestALostDictionaryIsToldAndComesBack(t *testing.T) {
	o := testOptions(t, false)
	o.PackSize, o.learnAfter = 8<<20, 100<<10
	r := mustCreate(t, o)
	before, err := os.ReadFile(filepath.Join(o.Path, descriptorFile))
	if err != nil {
		t.Fatal(err)
	}
	all := correspond(t, r, 1, 400)
	closed(t, r)
	after, err := os.ReadFile(filepath.Join(o.Path, descriptorFile))
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		for _, name := range []string{descriptorFile, descriptorCopy} {
			if err := os.WriteFile(filepath.Join(o.Path, name), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(before) // from a copy that is too old
	r = mustOpen(t, o)
	if err := readsAll(t, r, all); fault.KindOf(err) != fault.Corrupt || !strings.Contains(err.Error(), "is lost; bring the descriptor back") {
		t.Error(err)
	}
	correspond(t, r, 2, 400) // makes another, whose number is another
	if d := r.descriptor().GetDictionaries(); len(d) != 1 {
		t.Fatalf("%d dictionaries", len(d))
	}
	if err := readsAll(t, r, all); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
	closed(t, r)
	write(after)
	r = mustOpen(t, o)
	if err := readsAll(t, r, all); err != nil {
		t.Error(err)
	}
	closed(t, r)
}

func TestADamagedDictionaryIsAProblem(t *testing.T) {
	o := testOptions(t, true)
	r := mustCreate(t, o)
	for _, box := range [][]byte{nil, {1, 2, 3}, r.ring.Box(nil, useDictionary, nil), r.ring.Box(nil, useDictionary, codec.CompressFast(nil, make([]byte, 4<<20))), r.ring.Box(nil, useDictionary, codec.CompressFast(nil, []byte("not a dictionary")))} {
		d := r.descriptor()
		d.Dictionaries = append(d.Dictionaries, &pb.Dictionary{Number: 40000, Box: box})
	}
	if _, err := writeDescriptor(disk.OS{}, o.Path, r.descriptor()); err != nil {
		t.Fatal(err)
	}
	closed(t, r)
	r = mustOpen(t, o)
	if n := len(r.Problems()); n != 5 {
		t.Errorf("%d problems: %v", n, r.Problems())
	}
	closed(t, r)
}
