package store

import (
	"encoding/binary"
	"iter"
)

// Revisions returns the keys of the records that begin with prefix, in order, each with the number of the transaction that
// wrote it: what tells whether a record has changed, without decoding it.
func (t Table[R, P]) Revisions(tx *Tx, prefix string) iter.Seq2[string, uint64] {
	return func(yield func(string, uint64) bool) {
		for k, v := range tx.scan(t.name, prefix, "") {
			revision := uint64(0)
			if len(v) >= headSize {
				revision = binary.BigEndian.Uint64(v)
			}
			if !yield(string(k), revision) {
				return
			}
		}
	}
}

// SkipSync makes commits return before they are on disk. It is for tests that play long histories and kill nothing; it must be
// set before the store is shared.
func (s *Store) SkipSync() { s.db.NoSync = true }
