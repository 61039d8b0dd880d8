package index

import (
	"bytes"
	"encoding/binary"

	"go.etcd.io/bbolt"

	"holdfast/transporter/internal/repository/pack"
)

var keySurvey = []byte("survey")

// PutSurvey keeps what a survey found, in a box.
func (x *Index) PutSurvey(box []byte) error {
	return x.update("survey", func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Put(keySurvey, box) })
}

// Survey returns what PutSurvey kept last, or nil.
func (x *Index) Survey() ([]byte, error) {
	var box []byte
	err := x.view(func(tx *bbolt.Tx) error {
		box = bytes.Clone(tx.Bucket(bucketMeta).Get(keySurvey))
		return nil
	})
	return box, x.fault(err)
}

// Weigh hands type and lengths of every blob of a set to fn. Packs that are gone are passed over.
func (x *Index) Weigh(set *Set, fn func(s Spot, typ pack.Type, stored, plain int64)) error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.fault(x.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketPacks)
		for number, info := range x.packs {
			bits := set.Pack(info)
			if bits.Len() == 0 {
				continue
			}
			v := b.Get(binary.BigEndian.AppendUint32(nil, number))
			if len(v) != packHead+info.Blobs*pack.EntrySize+4 {
				continue
			}
			e := Entries(v[packHead : len(v)-4])
			bits.Each(func(i int) {
				stored, plain := e.Sizes(i)
				fn(Spot{number, uint32(i)}, e.Type(i), stored, plain)
			})
		}
		return nil
	}))
}
