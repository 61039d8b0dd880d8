package index

import (
	"encoding/binary"

	"go.etcd.io/bbolt"

	"holdfast/transporter/internal/repository/pack"
)

// A pack comes into the index in a transaction of its own, and what it says of points (roots, tombstones) in a later one. So
// that a crash between the two loses no point, the index remembers up to which pack the catalogue is in line. Numbers of packs
// behind that are looked through when the repository is opened; all are where nobody vouches for the file, which may have lost
// points to damage.

var keyAdopted = []byte("adopted")

// loadAdopted reads up to which pack the catalogue is in line.
func (x *Index) loadAdopted(tx *bbolt.Tx) {
	if v := tx.Bucket(bucketMeta).Get(keyAdopted); len(v) == 4 {
		x.adopted = binary.LittleEndian.Uint32(v)
	}
	x.next = max(x.next, min(x.adopted, maxPacks)+1) // numbers are not used again
	if !x.opts.Vouched {
		x.adopted = 0
	}
}

// NotAdopted hands the entries of packs of trees to fn whose roots and tombstones may not be in the catalogue.
func (x *Index) NotAdopted(fn func(e *pack.Entry)) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketPacks).Cursor()
		for k, v := c.Seek(binary.BigEndian.AppendUint32(nil, x.adopted+1)); k != nil; k, v = c.Next() {
			info, raw, err := decodePack(k, v)
			if err != nil || info.Kind != pack.Trees { // a damaged one did not get past load
				continue
			}
			for ; len(raw) > 0; raw = raw[pack.EntrySize:] {
				e := pack.DecodeEntry(raw)
				fn(&e)
			}
		}
		return nil
	})
}

// Adopted reports whether the catalogue is in line with all packs.
func (x *Index) Adopted() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.adopted+1 == x.next
}

// Adopt runs fn in one transaction, with which the catalogue is in line with all packs.
func (x *Index) Adopt(fn func(c Change) error) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	last := x.next - 1
	err := x.update("adopt points", func(tx *bbolt.Tx) error {
		if err := tx.Bucket(bucketMeta).Put(keyAdopted, binary.LittleEndian.AppendUint32(nil, last)); err != nil {
			return err
		}
		return fn(Change{tx})
	})
	if err == nil {
		x.adopted = last
	}
	return err
}
