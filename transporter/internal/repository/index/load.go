package index

import (
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"sync"

	"go.etcd.io/bbolt"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/pack"
)

// Loading ten million blobs is mostly waiting for memory. So the table is made as long as it will be at once, and filled shard
// by shard: a shard fits into a processor's cache, and as the entries of a pack are sorted, each pack has those of a shard
// side by side. Processors share the packs in the first pass and the shards in the second.

// loading is a pack on its way into the table.
type loading struct {
	info  Pack
	value []byte // in the file
	raw   []byte // its entries
	// sorted is whether its entries are in the order of shards, as they were written; others are added one by one.
	sorted bool
	at     int // the entry that is next in the worker's shards
}

// load fills the table.
func (x *Index) load() error {
	return x.view(func(tx *bbolt.Tx) error {
		if info, err := os.Stat(x.path); err != nil || info.Size() < tx.Size() {
			return fault.New(fault.Corrupt, "the index %s is shorter than it was written", x.path)
		}
		x.loadAdopted(tx)
		list, err := x.listPacks(tx)
		if err != nil {
			return err
		}
		return x.fill(list)
	})
}

// listPacks returns the packs, whose values are not checked yet.
func (x *Index) listPacks(tx *bbolt.Tx) ([]loading, error) {
	var list []loading
	err := tx.Bucket(bucketPacks).ForEach(func(k, v []byte) error {
		info, raw, err := splitPack(k, v)
		if err != nil {
			return x.damaged(err)
		}
		if info.Number == 0 || info.Number > maxPacks || info.Blobs > pack.MaxBlobs {
			return fault.New(fault.Corrupt, "the index %s is damaged: pack number %d", x.path, info.Number)
		}
		if _, twice := x.byName[info.Name]; twice {
			return fault.New(fault.Corrupt, "the index %s is damaged: pack %s is in it twice", x.path, info.Name)
		}
		x.note(info)
		list = append(list, loading{info: info, value: v, raw: raw})
		return nil
	})
	return list, err
}

func (x *Index) damaged(err error) error {
	return fault.New(fault.Corrupt, "the index %s is damaged: %w", x.path, err)
}

// fill checks the packs and puts their blobs into the table.
func (x *Index) fill(list []loading) error {
	workers := min(runtime.GOMAXPROCS(0), max(1, len(list)))
	tallies := make([]tally, workers)
	err := x.share(workers, func(w int) error {
		for i := w; i < len(list); i += workers {
			if err := list[i].check(&tallies[w]); err != nil {
				return x.damaged(err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for w := range tallies {
		x.add(&tallies[w], 1)
	}
	err = x.share(workers, func(w int) error {
		from, to := w*256/workers, (w+1)*256/workers
		mine := make([]loading, 0, len(list))
		for _, p := range list {
			if p.sorted {
				p.at = sort.Search(p.info.Blobs, func(i int) bool { return int(p.raw[i*pack.EntrySize]) >= from })
				mine = append(mine, p)
			}
		}
		for s := from; s < to; s++ {
			n := 0
			for i := range tallies {
				n += tallies[i].shards[s]
			}
			x.table.shards[s].reserve(n)
			for i := range mine {
				mine[i].fill(&x.table, byte(s))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i := range list {
		if !list[i].sorted {
			x.insert(list[i].info, list[i].raw)
		}
	}
	return nil
}

// share runs work on several goroutines. What they read is a file in memory: where that was cut short, they fail.
func (x *Index) share(workers int, work func(w int) error) error {
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
			defer func() {
				if p := recover(); p != nil {
					errs[w] = fault.New(fault.Corrupt, "the index %s is damaged: %v", x.path, p)
				}
			}()
			errs[w] = work(w)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// check compares a pack's value with its checksum, and counts what is in it.
func (p *loading) check(t *tally) error {
	if err := checkPack(p.value); err != nil {
		return err
	}
	p.sorted = true
	last := byte(0)
	for raw := p.raw; len(raw) > 0; raw = raw[pack.EntrySize:] {
		p.sorted = p.sorted && raw[0] >= last
		last = raw[0]
		t.count(raw)
	}
	return nil
}

// fill puts the pack's blobs that belong to a shard into it. The shards before it were filled before.
func (p *loading) fill(t *table, shard byte) {
	raw := p.raw[p.at*pack.EntrySize:]
	for len(raw) > 0 && raw[0] == shard {
		t.insert((*pack.ID)(raw), p.info.Number, uint32(p.at))
		raw = raw[pack.EntrySize:]
		p.at++
	}
}
