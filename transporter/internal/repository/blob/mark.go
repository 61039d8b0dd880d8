package blob

import (
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/pack"
)

// Marks are blobs that something needs: a bit for each in the packs that there were when they were made, open ones included.
// Mark and Claim may be called by several goroutines at once.
type Marks struct {
	Sealed *index.Set
	open   []openMarks
}

type openMarks struct {
	w    *pack.Writer
	bits index.Bits
}

// NewMarks returns marks without a blob.
func (s *Store) NewMarks() *Marks {
	writers := s.writers()
	m := &Marks{Sealed: s.opts.Index.NewSet()}
	for _, w := range writers {
		if !m.Sealed.CoversName(s.opts.Index, w.Name()) { // else it was sealed meanwhile
			m.open = append(m.open, openMarks{w, make(index.Bits, (w.Len()+63)/64)})
		}
	}
	return m
}

// Like returns marks without a blob over the same packs.
func (m *Marks) Like() *Marks {
	n := &Marks{Sealed: m.Sealed.Like()}
	for _, o := range m.open {
		n.open = append(n.open, openMarks{o.w, make(index.Bits, len(o.bits))})
	}
	return n
}

// Clear takes all blobs out.
func (m *Marks) Clear() {
	m.Sealed.Clear()
	for _, o := range m.open {
		clear(o.bits)
	}
}

// Fold adds mine to m, and to twice what was in m already.
func (m *Marks) Fold(mine, twice *Marks) {
	m.Sealed.Fold(mine.Sealed, twice.Sealed)
	for at, o := range m.open {
		for i, w := range mine.open[at].bits {
			twice.open[at].bits[i] |= o.bits[i] & w
			o.bits[i] |= w
		}
	}
}

// EachOpenMarked hands the durable blobs of packs that are still open to fn, with whether they are marked. Those that came
// after the marks were made count as marked.
func (s *Store) EachOpenMarked(m *Marks, fn func(e *pack.Entry, marked bool)) {
	for _, w := range s.writers() {
		var bits index.Bits
		for _, o := range m.open {
			if o.w == w {
				bits = o.bits
			}
		}
		entries, _ := w.Entries()
		for i := range entries {
			fn(&entries[i], i >= 64*len(bits) || bits.Has(i))
		}
	}
}

// Weigh hands type and lengths of every marked blob to fn, with whether it is marked in shared too.
func (s *Store) Weigh(m, shared *Marks, fn func(typ pack.Type, stored, plain int64, shared bool)) error {
	for at, o := range m.open {
		entries, _ := o.w.Entries()
		o.bits.Each(func(i int) {
			if i < len(entries) {
				e := &entries[i]
				fn(e.Type, int64(e.Stored), int64(e.Plain), shared.open[at].bits.Has(i))
			}
		})
	}
	return s.opts.Index.Weigh(m.Sealed, func(p index.Spot, typ pack.Type, stored, plain int64) {
		fn(typ, stored, plain, shared.Sealed.Has(p))
	})
}

// Mark marks blobs. One that is in no pack the marks know of is passed over.
func (s *Store) Mark(hashes []record.Hash, m *Marks) {
	for len(hashes) > 0 {
		n := min(len(hashes), 256)
		var ids [256]pack.ID
		var found [256]bool
		for i, h := range hashes[:n] {
			ids[i] = pack.ID(s.opts.Ring.ID(h))
		}
		s.opts.Index.Spots(ids[:n], m.Sealed, func(i int, p index.Spot) {
			m.Sealed.Add(p)
			found[i] = true
		})
		for i := range ids[:n] {
			if !found[i] {
				m.markOpen(&ids[i])
			}
		}
		hashes = hashes[n:]
	}
}

func (m *Marks) markOpen(id *pack.ID) (fresh, found bool) {
	for _, o := range m.open {
		if i, ok := o.w.Number(*id); ok && i < 64*len(o.bits) {
			return o.bits.Add(i), true
		}
	}
	return false, false
}

// Claim marks one blob and reports whether it was not marked before. One that is in no pack the marks know of is never.
func (s *Store) Claim(hash record.Hash, m *Marks) (fresh bool) {
	return s.ClaimID(pack.ID(s.opts.Ring.ID(hash)), m)
}

// ClaimID is Claim for a blob that is known by its id in the packs.
func (s *Store) ClaimID(id pack.ID, m *Marks) (fresh bool) {
	found := false
	s.opts.Index.Spots([]pack.ID{id}, m.Sealed, func(_ int, p index.Spot) {
		fresh, found = m.Sealed.Add(p), true
	})
	if !found {
		fresh, found = m.markOpen(&id)
	}
	return fresh || !found
}

// writers returns the packs that are not in the index.
func (s *Store) writers() []*pack.Writer {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := append([]*pack.Writer(nil), s.leaving...)
	for _, w := range s.open {
		list = append(list, w)
	}
	return list
}
