package index

import (
	"encoding/binary"

	"go.etcd.io/bbolt"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/pack"
)

// Entries are the entries of a pack as they lie in the index, sorted by id. They are only valid during the call that hands
// them out.
type Entries []byte

// Len counts them.
func (e Entries) Len() int { return len(e) / pack.EntrySize }

// Entry returns entry i.
func (e Entries) Entry(i int) pack.Entry { return pack.DecodeEntry(e[i*pack.EntrySize:]) }

// Type returns the type of entry i.
func (e Entries) Type(i int) pack.Type { return pack.Type(e[i*pack.EntrySize+44]) }

// Sizes returns the stored and the plain length of entry i.
func (e Entries) Sizes(i int) (stored, plain int64) {
	return int64(binary.LittleEndian.Uint32(e[i*pack.EntrySize+36:])), int64(binary.LittleEndian.Uint32(e[i*pack.EntrySize+40:]))
}

func (e Entries) id(i int) *pack.ID { return (*pack.ID)(e[i*pack.EntrySize:]) }

func (x *Index) entries(number uint32, fn func(e Entries)) error {
	return x.fault(x.view(func(tx *bbolt.Tx) error {
		k := binary.BigEndian.AppendUint32(nil, number)
		_, raw, err := decodePack(k, tx.Bucket(bucketPacks).Get(k))
		if err != nil {
			return fault.New(fault.Corrupt, "the index %s is damaged: %w", x.path, err)
		}
		fn(raw)
		return nil
	}))
}

// EachPack hands every sealed pack with its entries to fn.
func (x *Index) EachPack(fn func(p Pack, e Entries) error) error {
	return x.fault(x.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketPacks).ForEach(func(k, v []byte) error {
			info, raw, err := decodePack(k, v)
			if err != nil {
				return fault.New(fault.Corrupt, "the index %s is damaged: %w", x.path, err)
			}
			return fn(info, raw)
		})
	}))
}

// PackEntries returns the entries of one pack; none where it is not there.
func (x *Index) PackEntries(name pack.Name) ([]pack.Entry, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	number, ok := x.byName[name]
	if !ok {
		return nil, nil
	}
	var list []pack.Entry
	err := x.entries(number, func(e Entries) {
		list = make([]pack.Entry, e.Len())
		for i := range list {
			list[i] = e.Entry(i)
		}
	})
	return list, err
}

// HasPack reports whether a sealed pack is there.
func (x *Index) HasPack(name pack.Name) bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	_, ok := x.byName[name]
	return ok
}

// NewPack is a pack to record.
type NewPack struct {
	Name    pack.Name
	Kind    pack.Kind
	Size    int64
	Entries []pack.Entry // sorted
}

// Replace records packs and drops others, in one transaction: blobs of the old ones that live on lie in the new ones. Packs
// to record that are there already and packs to drop that are not are passed over. On an error either may have become
// durable; the index in memory is what its file says.
func (x *Index) Replace(add []NewPack, drop []pack.Name) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := replacement{x: x}
	for i := range add {
		if _, there := x.byName[add[i].Name]; there {
			continue
		}
		if x.next+uint32(len(r.added)) > maxPacks || len(add[i].Entries) > pack.MaxBlobs {
			return fault.New(fault.Exhausted, "the repository has as many packs as it can; begin another")
		}
		a := &add[i]
		r.added = append(r.added, Pack{Number: x.next + uint32(len(r.added)), Name: a.Name, Kind: a.Kind, Size: a.Size, Blobs: len(a.Entries)})
		r.values = append(r.values, encodePack(a.Name, a.Kind, a.Size, a.Entries))
	}
	for _, name := range drop {
		if number, ok := x.byName[name]; ok {
			r.dropped = append(r.dropped, number)
		}
	}
	if len(r.added) == 0 && len(r.dropped) == 0 {
		return nil
	}
	err := x.update("replace packs", r.write)
	if err == nil || r.written() {
		r.apply()
	}
	return err
}

type replacement struct {
	x       *Index
	added   []Pack
	values  [][]byte // of added
	dropped []uint32
	gone    [][]byte // their entries
}

func packKey(number uint32) []byte { return binary.BigEndian.AppendUint32(nil, number) }

func (r *replacement) write(tx *bbolt.Tx) error {
	b := tx.Bucket(bucketPacks)
	for _, number := range r.dropped {
		v := b.Get(packKey(number))
		var raw []byte
		if len(v) >= packHead+4 {
			raw = append(raw, v[packHead:len(v)-4]...)
		}
		r.gone = append(r.gone, raw)
		if err := b.Delete(packKey(number)); err != nil {
			return err
		}
	}
	b.FillPercent = 1 // keys only rise
	for i := range r.added {
		if err := tx.Bucket(bucketOpen).Delete(r.added[i].Name[:]); err != nil {
			return err
		}
		if err := b.Put(packKey(r.added[i].Number), r.values[i]); err != nil {
			return err
		}
	}
	return nil
}

// written reports whether a transaction that ended in an error is in the file all the same: its last fsync may have failed.
func (r *replacement) written() bool {
	done := false
	_ = r.x.view(func(tx *bbolt.Tx) error { // an index that cannot be read either is as before
		b := tx.Bucket(bucketPacks)
		switch {
		case len(r.added) > 0:
			done = b.Get(packKey(r.added[0].Number)) != nil
		default:
			done = b.Get(packKey(r.dropped[0])) == nil
		}
		return nil
	})
	return done && len(r.gone) == len(r.dropped)
}

// apply brings what is in memory up to the transaction.
func (r *replacement) apply() {
	x := r.x
	for i := range r.added {
		raw := r.values[i][packHead : len(r.values[i])-4]
		x.admit(r.added[i], raw)
		x.vouchPack(r.added[i].Number)
	}
	for i, number := range r.dropped {
		x.expel(number, r.gone[i])
	}
}

// expel takes a pack out of what is in memory.
func (x *Index) expel(number uint32, raw []byte) {
	for i := 0; i*pack.EntrySize < len(raw); i++ {
		x.table.remove((*pack.ID)(raw[i*pack.EntrySize:]), number, uint32(i))
	}
	x.count(raw, -1)
	delete(x.byName, x.packs[number].Name)
	delete(x.packs, number)
	delete(x.condemned, number)
	for _, g := range x.vouched {
		delete(g.added, number)
	}
}
