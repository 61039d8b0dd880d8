package index

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// Points are deleted in steps: their tombstones become durable one by one. So that all of them go or none, the index notes
// which are being deleted before the first step, and whoever opens it next goes on.

var keyDeleting = []byte("deleting")

func deletingKey(p Point) []byte {
	return append(keyDeleting[:len(keyDeleting):len(keyDeleting)], p[:]...)
}

// Deleting notes that points are being deleted. DeletePoint ends that for a point.
func (x *Index) Deleting(points []PointRecord) error {
	return x.update("begin to delete points", func(tx *bbolt.Tx) error {
		for i := range points {
			if err := tx.Bucket(bucketMeta).Put(deletingKey(points[i].Point), []byte{1}); err != nil {
				return err
			}
		}
		return nil
	})
}

// HalfDeleted lists the points of the catalogue whose deletion was begun and not ended.
func (x *Index) HalfDeleted() ([]PointRecord, error) {
	var ids []Point
	err := x.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketMeta).Cursor()
		for k, _ := c.Seek(keyDeleting); bytes.HasPrefix(k, keyDeleting); k, _ = c.Next() {
			if id := k[len(keyDeleting):]; len(id) == len(Point{}) {
				ids = append(ids, Point(id))
			}
		}
		return nil
	})
	if err != nil {
		return nil, x.fault(err)
	}
	var list []PointRecord
	for _, id := range ids {
		rec, err := x.Point(id)
		if err != nil {
			return nil, err
		}
		if rec != nil {
			list = append(list, *rec)
		}
	}
	return list, nil
}
