package store

import (
	"bytes"
	"encoding/binary"
	"iter"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
)

// Tx is a transaction. It must not be used after the function that it was given to returned.
type Tx struct {
	tx       *bbolt.Tx
	s        *Store
	revision uint64
	changed  []change
}

type change struct{ table, key string }

// Revision returns the number of the last transaction that wrote.
func (t *Tx) Revision() uint64 { return t.current() }

func (t *Tx) current() uint64 {
	v := t.tx.Bucket(metaBucket).Get(revisionKey)
	if len(v) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

func (t *Tx) put(table, key string, value []byte) error {
	t.changed = append(t.changed, change{table, key})
	return t.tx.Bucket([]byte(table)).Put([]byte(key), value)
}

func (t *Tx) delete(table, key string) error {
	b := t.tx.Bucket([]byte(table))
	if b.Get([]byte(key)) == nil {
		return nil
	}
	t.changed = append(t.changed, change{table, key})
	return b.Delete([]byte(key))
}

// headSize is the length of the revision before a record.
const headSize = 8

// Table is a bucket of records of type R; P is what they are stored as. The tables are in tables.go.
type Table[R any, P proto.Message] struct {
	name string
	// noun names one record in errors.
	noun   string
	key    func(*R) string
	empty  func() P
	encode func(*sealer, *R) (P, error)
	decode func(*sealer, P) (R, error)
}

// Get returns a record; NotFound when it is not there.
func (t Table[R, P]) Get(tx *Tx, key string) (R, error) {
	v := tx.tx.Bucket([]byte(t.name)).Get([]byte(key))
	if v == nil {
		var none R
		return none, fault.New(fault.NotFound, "there is no %s %q", t.noun, key)
	}
	return t.read(tx, key, v)
}

// Has reports whether a record is there.
func (t Table[R, P]) Has(tx *Tx, key string) bool {
	return tx.tx.Bucket([]byte(t.name)).Get([]byte(key)) != nil
}

// Revision returns the number of the transaction that wrote the record; 0 when it is not there.
func (t Table[R, P]) Revision(tx *Tx, key string) uint64 {
	v := tx.tx.Bucket([]byte(t.name)).Get([]byte(key))
	if len(v) < headSize {
		return 0
	}
	return binary.BigEndian.Uint64(v)
}

// Put writes a record, new or not.
func (t Table[R, P]) Put(tx *Tx, r R) error {
	key := t.key(&r)
	if key == "" {
		return fault.New(fault.Invalid, "a %s without a key", t.noun)
	}
	p, err := t.encode(tx.s.seal, &r)
	if err != nil {
		return err
	}
	v := binary.BigEndian.AppendUint64(make([]byte, 0, headSize+proto.Size(p)), tx.revision)
	if v, err = (proto.MarshalOptions{Deterministic: true}).MarshalAppend(v, p); err != nil {
		return fault.New(fault.Invalid, "encode %s %q: %w", t.noun, key, err)
	}
	return tx.put(t.name, key, v)
}

// Insert writes a record that is not there yet; Conflict when it is.
func (t Table[R, P]) Insert(tx *Tx, r R) error {
	if t.Has(tx, t.key(&r)) {
		return fault.New(fault.Conflict, "%s %q exists already", t.noun, t.key(&r))
	}
	return t.Put(tx, r)
}

// PutAt writes a record if it still is what was read at that revision (0: not there); Conflict when it is not.
func (t Table[R, P]) PutAt(tx *Tx, r R, revision uint64) error {
	if t.Revision(tx, t.key(&r)) != revision {
		return fault.New(fault.Conflict, "%s %q was changed by somebody else; look at it again", t.noun, t.key(&r))
	}
	return t.Put(tx, r)
}

// Delete removes a record; one that is not there is no error.
func (t Table[R, P]) Delete(tx *Tx, key string) error { return tx.delete(t.name, key) }

// All returns the records whose keys begin with prefix, in order. It ends at the first error.
func (t Table[R, P]) All(tx *Tx, prefix string) iter.Seq2[R, error] { return t.From(tx, prefix, "") }

// From returns the records whose keys begin with prefix and are not before from, in order.
func (t Table[R, P]) From(tx *Tx, prefix, from string) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for k, v := range tx.scan(t.name, prefix, from) {
			r, err := t.read(tx, string(k), v)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// Backward returns the records whose keys begin with prefix, last first.
func (t Table[R, P]) Backward(tx *Tx, prefix string) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for k, v := range tx.scanBackward(t.name, prefix) {
			r, err := t.read(tx, string(k), v)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// Before returns the records whose keys are before a key, last first.
func (t Table[R, P]) Before(tx *Tx, key string) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		c := tx.tx.Bucket([]byte(t.name)).Cursor()
		k, v := c.Seek([]byte(key))
		if k == nil {
			k, v = c.Last()
		}
		for ; k != nil; k, v = c.Prev() {
			if string(k) >= key {
				continue
			}
			r, err := t.read(tx, string(k), v)
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// Count returns how many records there are.
func (t Table[R, P]) Count(tx *Tx) int { return tx.tx.Bucket([]byte(t.name)).Stats().KeyN }

// Watch returns a watch of the records whose keys begin with prefix.
func (t Table[R, P]) Watch(s *Store, prefix string) *Watch { return s.watches.add(t.name, prefix) }

func (t Table[R, P]) read(tx *Tx, key string, v []byte) (R, error) {
	var none R
	p := t.empty()
	if len(v) < headSize {
		return none, fault.New(fault.Corrupt, "%s %q is cut short", t.noun, key)
	}
	if err := proto.Unmarshal(v[headSize:], p); err != nil {
		return none, fault.New(fault.Corrupt, "decode %s %q: %w", t.noun, key, err)
	}
	r, err := t.decode(tx.s.seal, p)
	if err != nil {
		return none, err
	}
	if t.key(&r) != key {
		return none, fault.New(fault.Corrupt, "%s %q lies under the key %q", t.noun, t.key(&r), key)
	}
	return r, nil
}

func (t *Tx) scan(table, prefix, from string) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		c := t.tx.Bucket([]byte(table)).Cursor()
		for k, v := c.Seek([]byte(max(prefix, from))); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Next() {
			if !yield(k, v) {
				return
			}
		}
	}
}

func (t *Tx) scanBackward(table, prefix string) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		c := t.tx.Bucket([]byte(table)).Cursor()
		// 0xff is in no key: keys are UTF-8.
		last := c.Prev
		if behind, _ := c.Seek(append([]byte(prefix), 0xff)); behind == nil {
			last = c.Last
		}
		for k, v := last(); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, v = c.Prev() {
			if !yield(k, v) {
				return
			}
		}
	}
}

// Set is a bucket of keys without values.
type Set struct{ name string }

// Add puts a key in.
func (s Set) Add(tx *Tx, key string) error { return tx.put(s.name, key, []byte{}) }

// Remove takes a key out; one that is not there is no error.
func (s Set) Remove(tx *Tx, key string) error { return tx.delete(s.name, key) }

// Has reports whether the key is there.
func (s Set) Has(tx *Tx, key string) bool {
	return tx.tx.Bucket([]byte(s.name)).Get([]byte(key)) != nil
}

// All returns the keys that begin with prefix, in order.
func (s Set) All(tx *Tx, prefix string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range tx.scan(s.name, prefix, "") {
			if !yield(string(k)) {
				return
			}
		}
	}
}

// Backward returns the keys that begin with prefix, last first.
func (s Set) Backward(tx *Tx, prefix string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range tx.scanBackward(s.name, prefix) {
			if !yield(string(k)) {
				return
			}
		}
	}
}
