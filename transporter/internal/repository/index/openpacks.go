package index

import (
	"go.etcd.io/bbolt"

	"holdfast/transporter/internal/repository/pack"
)

// OpenPack is what the index keeps of an open pack over an orderly close, so that it need not be scanned again.
type OpenPack struct {
	Name    pack.Name
	Kind    pack.Kind
	End     int64
	Entries []pack.Entry // in the order of the file
}

// OpenPacks returns the open packs that were on record when the index was opened.
func (x *Index) OpenPacks() ([]OpenPack, error) {
	var list []OpenPack
	err := x.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketOpen).ForEach(func(k, v []byte) error {
			// One that is damaged is left out: the pack is scanned instead.
			if info, raw, err := decodePack(make([]byte, 4), v); err == nil && string(k) == string(info.Name[:]) {
				o := OpenPack{Name: info.Name, Kind: info.Kind, End: info.Size}
				for i := 0; i < len(raw); i += pack.EntrySize {
					o.Entries = append(o.Entries, pack.DecodeEntry(raw[i:]))
				}
				list = append(list, o)
			}
			return nil
		})
	})
	return list, err
}

// ForgetOpen takes an open pack that is gone off the record, and notes the doubt that blobs are lost with it.
func (x *Index) ForgetOpen(name pack.Name) error {
	return x.update("forget open pack", func(tx *bbolt.Tx) error {
		if err := doubt(tx); err != nil {
			return err
		}
		return tx.Bucket(bucketOpen).Delete(name[:])
	})
}
