package index

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"
)

// Backup identifies a backup in the index.
type Backup [32]byte

// Point identifies a recovery point.
type Point [32]byte

// PointRecord is one point of the catalogue.
type PointRecord struct {
	Backup Backup
	Sealed time.Time
	Point  Point
	Box    []byte
}

func pointKey(b Backup, sealed time.Time, p Point) []byte {
	k := make([]byte, 0, 72)
	k = append(k, b[:]...)
	k = binary.BigEndian.AppendUint64(k, uint64(sealed.UnixNano())^1<<63)
	return append(k, p[:]...)
}

func decodePointKey(k []byte) (r PointRecord, ok bool) {
	if len(k) != 72 {
		return r, false
	}
	copy(r.Backup[:], k)
	r.Sealed = time.Unix(0, int64(binary.BigEndian.Uint64(k[32:])^1<<63)).UTC()
	copy(r.Point[:], k[40:])
	return r, true
}

// Change is one transaction on the catalogue.
type Change struct {
	tx *bbolt.Tx
}

// Change runs fn in one transaction: all of it becomes durable, or nothing.
func (x *Index) Change(what string, fn func(c Change) error) error {
	return x.update(what, func(tx *bbolt.Tx) error { return fn(Change{tx}) })
}

// PutPoint records a point.
func (c Change) PutPoint(r PointRecord) error {
	k := pointKey(r.Backup, r.Sealed, r.Point)
	if err := c.tx.Bucket(bucketPlaces).Put(r.Point[:], k); err != nil {
		return err
	}
	return c.tx.Bucket(bucketPoints).Put(k, r.Box)
}

// DeletePoint forgets a point and remembers that it was deleted.
func (c Change) DeletePoint(r PointRecord) error {
	if err := c.Bury(Grave{r.Point, r.Backup}); err != nil {
		return err
	}
	if err := c.tx.Bucket(bucketMeta).Delete(deletingKey(r.Point)); err != nil {
		return err
	}
	if err := c.tx.Bucket(bucketPlaces).Delete(r.Point[:]); err != nil {
		return err
	}
	return c.tx.Bucket(bucketPoints).Delete(pointKey(r.Backup, r.Sealed, r.Point))
}

// Bury remembers that a point was deleted.
func (c Change) Bury(g Grave) error {
	var backup []byte
	if g.Backup != (Backup{}) {
		backup = g.Backup[:]
	}
	return c.tx.Bucket(bucketTombstones).Put(g.Point[:], backup)
}

// HasPoints reports whether a backup has points.
func (c Change) HasPoints(b Backup) bool {
	k, _ := c.tx.Bucket(bucketPoints).Cursor().Seek(b[:])
	return bytes.HasPrefix(k, b[:])
}

// Unbury forgets that a point was deleted.
func (c Change) Unbury(p Point) error {
	return c.tx.Bucket(bucketTombstones).Delete(p[:])
}

// Buried reports whether a point was deleted.
func (c Change) Buried(p Point) bool {
	return c.tx.Bucket(bucketTombstones).Get(p[:]) != nil
}

// AddSegment appends a segment to a backup's table of messages, or replaces the whole table by it. Where there is no table
// any more to append to, it stays so: the segment alone would be taken for the whole.
func (c Change) AddSegment(b Backup, replace bool, box []byte) error {
	bucket := c.tx.Bucket(bucketMessages)
	cursor := bucket.Cursor()
	next := uint32(1)
	for k, _ := cursor.Seek(b[:]); bytes.HasPrefix(k, b[:]); k, _ = cursor.Next() {
		if len(k) == 36 {
			next = binary.BigEndian.Uint32(k[32:]) + 1
		}
	}
	if !replace && next == 1 {
		return nil
	}
	if replace {
		if err := c.DropSegments(b); err != nil {
			return err
		}
	}
	return bucket.Put(binary.BigEndian.AppendUint32(bytes.Clone(b[:]), next), box)
}

// DropSegments forgets a backup's table of messages.
func (c Change) DropSegments(b Backup) error {
	bucket := c.tx.Bucket(bucketMessages)
	var old [][]byte
	cursor := bucket.Cursor()
	for k, _ := cursor.Seek(b[:]); bytes.HasPrefix(k, b[:]); k, _ = cursor.Next() {
		old = append(old, bytes.Clone(k))
	}
	for _, k := range old {
		if err := bucket.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// Segments hands the segments of a backup's table to fn in order. They are only valid during the call.
func (x *Index) Segments(b Backup, fn func(box []byte) error) error {
	return x.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketMessages).Cursor()
		for k, v := c.Seek(b[:]); bytes.HasPrefix(k, b[:]); k, v = c.Next() {
			if err := fn(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// Points returns the points of one backup, or of all (nil), oldest first within each backup.
func (x *Index) Points(backup *Backup) ([]PointRecord, error) {
	var list []PointRecord
	err := x.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketPoints).Cursor()
		var prefix []byte
		if backup != nil {
			prefix = backup[:]
		}
		for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
			r, ok := decodePointKey(k)
			if !ok {
				continue
			}
			r.Box = bytes.Clone(v)
			list = append(list, r)
		}
		return nil
	})
	if err != nil {
		return nil, x.fault(err)
	}
	return list, nil
}

// Grave is a point that was deleted, and the backup it was of; zero where that is not known.
type Grave struct {
	Point  Point
	Backup Backup
}

// Graves lists the points that were deleted.
func (x *Index) Graves() ([]Grave, error) {
	var list []Grave
	err := x.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketTombstones).ForEach(func(k, v []byte) error {
			if len(k) == len(Point{}) {
				g := Grave{Point: Point(k)}
				copy(g.Backup[:], v)
				list = append(list, g)
			}
			return nil
		})
	})
	return list, x.fault(err)
}

// Point returns one point of the catalogue, or nil.
func (x *Index) Point(p Point) (*PointRecord, error) {
	var found *PointRecord
	err := x.view(func(tx *bbolt.Tx) error {
		k := tx.Bucket(bucketPlaces).Get(p[:])
		r, ok := decodePointKey(k)
		if v := tx.Bucket(bucketPoints).Get(k); ok && v != nil {
			r.Box = bytes.Clone(v)
			found = &r
		}
		return nil
	})
	if err != nil {
		return nil, x.fault(err)
	}
	return found, nil
}

// Buried reports whether a point was deleted.
func (x *Index) Buried(p Point) (bool, error) {
	var buried bool
	err := x.view(func(tx *bbolt.Tx) error {
		buried = Change{tx}.Buried(p)
		return nil
	})
	return buried, x.fault(err)
}
