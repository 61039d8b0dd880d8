package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"time"

	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// perPack is how many blobs a pack has: 48 MiB of blobs of 30 KB.
const perPack = 1600

// fill makes an index of count blobs, pack by pack, one durable transaction for each. Making the ids is not counted.
func fill(_ context.Context, t *measured) (counts, error) {
	x, err := index.Open(t.repository, true, index.Options{})
	if err != nil {
		return nil, err
	}
	rnd := rand.New(rand.NewPCG(3, 3))
	var spent time.Duration
	began := time.Now()
	for from := 0; from < t.count; from += perPack {
		name, entries := somePack(rnd, min(perPack, t.count-from))
		at := cpu()
		if err := x.AddPack(name, pack.Content, 48<<20, entries); err != nil {
			return nil, err
		}
		spent += cpu() - at
	}
	wall := time.Since(began)
	if err := x.Close(nil); err != nil {
		return nil, err
	}
	info, err := os.Stat(t.repository)
	if err != nil {
		return nil, err
	}
	return counts{
		"inserts_per_cpu_s": float64(t.count) / spent.Seconds(), "bytes_per_blob": float64(info.Size()) / float64(t.count),
		"wall_s": wall.Seconds(),
	}, nil
}

func somePack(rnd *rand.Rand, n int) (pack.Name, []pack.Entry) {
	var name pack.Name
	binary.LittleEndian.PutUint64(name[:], rnd.Uint64())
	binary.LittleEndian.PutUint64(name[8:], rnd.Uint64())
	entries := make([]pack.Entry, n)
	for i := range entries {
		entries[i] = pack.Entry{ID: someID(rnd), Offset: uint32(i * 30_000), Stored: 29_000, Plain: 40_000, Type: pack.Piece}
	}
	slices.SortFunc(entries, func(a, b pack.Entry) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return name, entries
}

func someID(rnd *rand.Rand) pack.ID {
	var id pack.ID
	for i := 0; i < len(id); i += 8 {
		binary.LittleEndian.PutUint64(id[i:], rnd.Uint64())
	}
	return id
}

// look opens an index and looks for blobs, every other of which is there.
func look(_ context.Context, t *measured) (counts, error) {
	before := inUse()
	began, at := time.Now(), cpu()
	x, err := index.Open(t.repository, false, index.Options{})
	if err != nil {
		return nil, err
	}
	out := counts{"open_s": time.Since(began).Seconds(), "open_cpu_s": (cpu() - at).Seconds()}
	defer x.Drop()
	blobs := 0
	for _, p := range x.Packs() {
		blobs += p.Blobs
	}
	out["memory_per_blob"] = (inUse() - before) / float64(blobs)
	ids := someThere(x, t.count)
	for i := 0; i < len(ids); i += 2 {
		ids[i][31]++
	}
	const batch = 1000
	found := 0
	began = time.Now()
	for part := range slices.Chunk(ids, batch) {
		x.Known(part, func(int) { found++ })
	}
	out["known_per_s"] = float64(len(ids)) / time.Since(began).Seconds()
	if found != len(ids)/2 {
		return nil, fmt.Errorf("%d of %d blobs were found", found, len(ids)/2)
	}
	found = 0
	began = time.Now()
	for part := range slices.Chunk(ids, batch) {
		if err := x.Find(part, func(int, index.Place) { found++ }); err != nil {
			return nil, err
		}
	}
	out["found_per_s"] = float64(len(ids)) / time.Since(began).Seconds()
	if found != len(ids)/2 {
		return nil, fmt.Errorf("%d of %d blobs were found", found, len(ids)/2)
	}
	return out, nil
}

// inUse returns how many bytes of memory are in use.
func inUse() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// someThere draws ids that are in an index which fill made, from all over it.
func someThere(x *index.Index, n int) []pack.ID {
	total := 0
	for _, p := range x.Packs() {
		total += p.Blobs
	}
	rnd := rand.New(rand.NewPCG(3, 3))
	keep := max(1, total/n)
	var ids []pack.ID
	for from := 0; from < total; from += perPack {
		_, entries := somePack(rnd, min(perPack, total-from))
		for i := from % keep; i < len(entries); i += keep {
			ids = append(ids, entries[i].ID)
		}
	}
	rand.New(rand.NewPCG(4, 4)).Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	return ids
}
