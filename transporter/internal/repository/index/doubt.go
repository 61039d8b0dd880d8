package index

import (
	"encoding/binary"

	"go.etcd.io/bbolt"
)

// Whenever blobs may have been lost, the index notes a doubt: it counts it. A backup is sure when a session has looked
// through all that the backup's newest point needs since the last doubt, and has sealed what it found.

var (
	keyDoubt = []byte("doubt")
	keySure  = []byte("sure")
)

func doubt(tx *bbolt.Tx) error {
	meta := tx.Bucket(bucketMeta)
	return meta.Put(keyDoubt, binary.BigEndian.AppendUint64(nil, number(meta.Get(keyDoubt))+1))
}

func number(b []byte) uint64 {
	if len(b) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// Doubt notes that blobs may have been lost.
func (x *Index) Doubt() error { return x.update("doubt", doubt) }

// Doubt notes that blobs may have been lost.
func (c Change) Doubt() error { return doubt(c.tx) }

// Doubts returns the number of the last doubt.
func (x *Index) Doubts() (uint64, error) {
	n, _, err := x.Doubtful(Backup{})
	return n, err
}

// Doubtful reports whether blobs may have been lost since the backup was sure, and the number of the last doubt.
func (x *Index) Doubtful(b Backup) (doubt uint64, doubtful bool, err error) {
	err = x.view(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(bucketMeta)
		doubt = number(meta.Get(keyDoubt))
		doubtful = doubt != number(meta.Get(append(keySure[:len(keySure):len(keySure)], b[:]...)))
		return nil
	})
	if err != nil {
		return 0, false, x.fault(err)
	}
	return doubt, doubtful, nil
}

// Sure notes that nothing which the backup's newest point needs was lost up to a doubt, or that it was noted in the point.
func (c Change) Sure(b Backup, doubt uint64) error {
	meta, k := c.tx.Bucket(bucketMeta), append(keySure[:len(keySure):len(keySure)], b[:]...)
	if number(meta.Get(k)) == doubt {
		return nil
	}
	return meta.Put(k, binary.BigEndian.AppendUint64(nil, doubt))
}
