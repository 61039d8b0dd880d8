package repository

import (
	"encoding/binary"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/message"
)

// namedSet is what an enumeration has named.
type namedSet struct {
	all       bool
	hashes    []uint64 // sorted
	inherited int      // of them from the last point
}

func (n *namedSet) has(h message.Hash) bool {
	if n.all {
		return true
	}
	_, ok := slices.BinarySearch(n.hashes, short(h))
	return ok
}

func short(h message.Hash) uint64 { return binary.BigEndian.Uint64(h[:]) }

// named gathers what the enumeration of a folder has named, in this session and, unless it began anew, before.
func (w *sealing) named(was *folder, st *folderStage, number uint32) (*namedSet, error) {
	n := &namedSet{all: was == nil || was.tree == nil}
	since := st.since
	if was != nil && was.enumerating && !st.restarted {
		since = 0
		n.all = n.all || was.namedAll
		data, err := w.s.r.trees.loadList(was.named)
		if fault.KindOf(err) == fault.Corrupt {
			w.s.hurt(was.ID, err.Error())
			n.all = true // who was named is not known, so all stay until the folder was read again
		} else if err != nil {
			return nil, err
		}
		for ; len(data) >= 8; data = data[8:] {
			n.hashes = append(n.hashes, binary.BigEndian.Uint64(data))
		}
		n.inherited = len(n.hashes)
	}
	for _, i := range w.of(number) {
		v := &w.s.stage.versions[i]
		if v.seq >= since {
			n.hashes = append(n.hashes, short(v.hash))
		} else {
			n.all = false // it is in the folder, and the enumeration has yet to say so
		}
	}
	slices.Sort(n.hashes)
	n.hashes = slices.Compact(n.hashes)
	return n, nil
}

// of returns the versions that count and that came for a folder or lie in it.
func (w *sealing) of(number uint32) []int32 {
	if w.versions == nil {
		w.versions = map[uint32][]int32{}
		for i := range w.s.stage.versions {
			v := &w.s.stage.versions[i]
			if v.dropped || v.deleted {
				continue
			}
			w.versions[v.folder] = append(w.versions[v.folder], int32(i))
			if v.by != v.folder {
				w.versions[v.by] = append(w.versions[v.by], int32(i))
			}
		}
	}
	return w.versions[number]
}

// saveNamed records what an enumeration that is not at its end has named, so that the next session can go on with it. Until
// the end nothing is missing from the point: who was not named may still be.
func (w *sealing) saveNamed(out *folder, named *namedSet) error {
	if out.namedAll {
		return nil
	}
	data := make([]byte, 0, 8*len(named.hashes))
	for _, h := range named.hashes {
		data = binary.BigEndian.AppendUint64(data, h)
	}
	var err error
	out.named, err = w.s.r.trees.saveList(data)
	return err
}
