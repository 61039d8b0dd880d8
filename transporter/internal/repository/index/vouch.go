package index

import (
	"holdfast/transporter/internal/repository/pack"
)

// A session that was told that a blob is kept relies on it, although no point names it yet. So while a Hold is out, the index
// keeps for each blob that Vouch has found a bit, and takes every pack that is added for vouched as a whole. Condemn respects
// that. The check and the bit are under one lock with Condemn: a blob is either vouched for or condemned, never both.
//
// The bits are kept in generations, so that sessions which overlap without end do not keep them for ever: a generation goes
// when all holds are gone that began in it or before.
type generation struct {
	number  uint64
	holders int
	set     *Set
	added   map[uint32]bool // packs that came while it was the newest
}

// Hold keeps what was vouched for since it was taken.
type Hold struct {
	x      *Index
	number uint64
}

// Hold begins to keep what Vouch finds. Release ends it.
func (x *Index) Hold() *Hold {
	x.mu.Lock()
	defer x.mu.Unlock()
	if len(x.vouched) == 0 {
		x.generation()
	}
	g := x.vouched[len(x.vouched)-1]
	g.holders++
	return &Hold{x, g.number}
}

// HoldAll also keeps what is kept already for others, even when they release it. Holds after it begin a new generation.
func (x *Index) HoldAll() *Hold {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.generation()
	g := x.vouched[0]
	g.holders++
	return &Hold{x, g.number}
}

func (x *Index) generation() {
	x.lastGeneration++
	x.vouched = append(x.vouched, &generation{number: x.lastGeneration, set: x.newSet(), added: map[uint32]bool{}})
}

// Release ends a hold. Releasing again does nothing.
func (h *Hold) Release() {
	x := h.x
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, g := range x.vouched {
		if g.number == h.number {
			g.holders--
			h.number = 0
		}
	}
	for len(x.vouched) > 0 && x.vouched[0].holders == 0 {
		x.vouched = x.vouched[1:]
	}
}

// Vouch reports which blobs lie in a sealed pack and are not condemned. While there is a hold they stay.
func (x *Index) Vouch(ids []pack.ID, found func(i int)) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	for i := range ids {
		s := x.spot(&ids[i])
		if s.Pack == 0 {
			continue
		}
		if n := len(x.vouched); n > 0 {
			x.vouched[n-1].set.Add(s) // packs that it does not cover are vouched for as a whole
		}
		found(i)
	}
}

// spot returns the last place of a blob that is not condemned.
func (x *Index) spot(id *pack.ID) Spot {
	if len(x.condemned) == 0 {
		return x.last(id, func(uint32) bool { return true })
	}
	var best Spot
	x.table.candidates(id, func(v *slot) bool {
		s := Spot{v.pack(), v.at()}
		if (s.Pack > best.Pack || s.Pack == best.Pack && s.At > best.At) && !x.isCondemned(s) {
			best = s
		}
		return false
	})
	return best
}

func (x *Index) isCondemned(s Spot) bool {
	b, ok := x.condemned[s.Pack]
	return ok && b.Has(int(s.At))
}

// vouchPack takes a new pack for vouched. The caller holds mu.
func (x *Index) vouchPack(number uint32) {
	if n := len(x.vouched); n > 0 {
		x.vouched[n-1].added[number] = true
	}
}

// isVouched reports whether a place is vouched for. The caller holds mu.
func (x *Index) isVouched(s Spot) bool {
	for _, g := range x.vouched {
		if g.added[s.Pack] || g.set.Has(s) {
			return true
		}
	}
	return false
}

// FoldVouched adds to a set what is vouched for.
func (x *Index) FoldVouched(into *Set) {
	x.mu.Lock() // not beside Vouch, which sets bits
	defer x.mu.Unlock()
	for number, info := range x.packs {
		bits := into.Pack(info)
		if bits == nil {
			continue
		}
		for _, g := range x.vouched {
			for i, w := range g.set.Pack(info) {
				bits[i] |= w
			}
			for i := 0; i < info.Blobs && g.added[number]; i++ {
				bits.Set(i)
			}
		}
	}
}

// Condemned is what became of a pack that is to go.
type Condemned struct {
	Pack Pack
	// Live are the entries to keep.
	Live Bits
	// Copies are entries that go because another place, which stays, has the same blob.
	Copies Bits
}

// Condemn freezes what is alive in a pack: what is in live and what is vouched for. All else in it is condemned: from now on
// Vouch and Known do not find it there, so that it is written anew where it is needed. Replace drops the pack, Pardon takes
// the word back. A pack that is not there, or that live does not cover, is not condemned.
func (x *Index) Condemn(name pack.Name, live *Set) (*Condemned, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	info, ok := x.packs[x.byName[name]]
	if !ok || !live.Covers(info.Number) {
		return nil, nil
	}
	c := &Condemned{Pack: info, Live: append(Bits(nil), live.Pack(info)...), Copies: make(Bits, (info.Blobs+63)/64)}
	for _, g := range x.vouched {
		if g.added[info.Number] {
			for i := range info.Blobs {
				c.Live.Set(i)
			}
		}
		for i, w := range g.set.Pack(info) {
			c.Live[i] |= w
		}
	}
	dead := make(Bits, len(c.Live))
	for i := range info.Blobs {
		if !c.Live.Has(i) {
			dead.Set(i)
		}
	}
	err := x.entries(info.Number, func(raw Entries) {
		dead.Each(func(i int) {
			x.table.candidates(raw.id(i), func(v *slot) bool {
				s := Spot{v.pack(), v.at()}
				if s.Pack == info.Number {
					if s.At != uint32(i) && c.Live.Has(int(s.At)) {
						c.Copies.Set(i)
					}
				} else if !x.isCondemned(s) && (!live.Covers(s.Pack) || live.Has(s) || x.isVouched(s)) {
					c.Copies.Set(i)
				}
				return false
			})
		})
	})
	if err != nil {
		return nil, err
	}
	x.condemned[info.Number] = dead
	return c, nil
}

// Pardon takes Condemn back.
func (x *Index) Pardon(p Pack) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.condemned, p.Number)
}

// Standing is a place of a blob that is not condemned.
type Standing struct {
	Place
	Spot Spot
}

// Standing returns the places of a blob outside of one pack that are not condemned.
func (x *Index) Standing(id pack.ID, outside pack.Name) ([]Standing, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var spots []Spot
	x.table.candidates(&id, func(v *slot) bool {
		if s := (Spot{v.pack(), v.at()}); x.packs[s.Pack].Name != outside && !x.isCondemned(s) {
			spots = append(spots, s)
		}
		return false
	})
	var list []Standing
	for _, s := range spots {
		err := x.entries(s.Pack, func(e Entries) {
			if entry := e.Entry(int(s.At)); entry.ID == id {
				list = append(list, Standing{Place{x.packs[s.Pack].Name, entry}, s})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}
