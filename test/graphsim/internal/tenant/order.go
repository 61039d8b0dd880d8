package tenant

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"time"
)

// Entry is a message in a list: enough to order it by, so that a page of a large folder makes the page's messages only.
type Entry struct {
	UID      uint64
	Received time.Time
}

func newestFirst(a, b Entry) int {
	return cmp.Or(b.Received.Compare(a.Received), cmp.Compare(b.UID, a.UID))
}

// Older tells whether a message comes after another in a list that is newest first.
func (e Entry) Older(than Entry) bool { return newestFirst(than, e) < 0 }

func entryOf(m *Message) Entry { return Entry{m.UID, m.Received} }

// untouched are the numbers of the bulk's messages in which nothing happened, newest first.
func (mb *Mailbox) untouched() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		if mb.bulk == nil {
			return
		}
		for uid := uint64(mb.bulk.Messages); uid > 0; uid-- {
			if _, taken := mb.taken[uid]; !taken && !yield(uid) {
				return
			}
		}
	}
}

// untouchedIn is the same for one folder.
func (mb *Mailbox) untouchedIn(f *bulkFolder) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		if f == nil {
			return
		}
		for p := f.count - 1; p >= 0; p-- {
			uid := f.uid(p)
			if _, taken := mb.taken[uid]; !taken && !yield(uid) {
				return
			}
		}
	}
}

// merge yields kept messages, which are sorted, among those of the bulk.
func (mb *Mailbox) merge(kept []*Message, bulk iter.Seq[uint64]) iter.Seq[Entry] {
	return func(yield func(Entry) bool) {
		for uid := range bulk {
			e := Entry{uid, mb.bulk.received(uid)}
			for len(kept) > 0 && newestFirst(entryOf(kept[0]), e) < 0 {
				if !yield(entryOf(kept[0])) {
					return
				}
				kept = kept[1:]
			}
			if !yield(e) {
				return
			}
		}
		for _, m := range kept {
			if !yield(entryOf(m)) {
				return
			}
		}
	}
}

// Newest are the messages of a folder, newest first. The mailbox must not change meanwhile.
func (mb *Mailbox) Newest(folder uint32) iter.Seq[Entry] {
	st := mb.folders[folder]
	if st == nil {
		return func(func(Entry) bool) {}
	}
	return mb.merge(mb.keptByDate(st), mb.untouchedIn(st.bulk))
}

// All are the messages of a folder and of those below it, newest first.
func (mb *Mailbox) All(top uint32) iter.Seq[Entry] {
	var kept []*Message
	within := map[uint32]bool{}
	for _, f := range append(mb.Tree(top), mb.Folder(top)) {
		within[f.Num] = true
		kept = append(kept, mb.keptByDate(mb.folders[f.Num])...)
	}
	slices.SortFunc(kept, func(a, b *Message) int { return newestFirst(entryOf(a), entryOf(b)) })
	return mb.merge(kept, func(yield func(uint64) bool) {
		for uid := range mb.untouched() {
			if f, _ := mb.bulk.where(uid); within[f.num] && !yield(uid) {
				return
			}
		}
	})
}

// Messages of a folder, newest first, collected: for changing them while they are gone through.
func (mb *Mailbox) Messages(folder uint32) []Entry { return slices.Collect(mb.Newest(folder)) }

func (mb *Mailbox) keptByDate(st *folderState) []*Message {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.byDate == nil {
		st.byDate = mb.sorted(st, func(a, b *Message) int { return newestFirst(entryOf(a), entryOf(b)) })
	}
	return st.byDate
}

// Place is how far a scattered enumeration has come: in the bulk, then among the kept ones.
type Place struct {
	Bulk uint64
	Key  uint64
}

// Scattered are the messages of a folder after a place, in an order that has nothing to do with their dates, and stays the
// same as long as they stay: the order of a first delta round (contract 14.4). With each comes the place behind it.
func (mb *Mailbox) Scattered(folder uint32, from Place) iter.Seq2[*Message, Place] {
	st := mb.folders[folder]
	return func(yield func(*Message, Place) bool) {
		if f := st.bulk; f != nil {
			for from.Bulk < uint64(f.count) {
				uid := f.scattered(from.Bulk)
				from.Bulk++
				if _, taken := mb.taken[uid]; !taken && !yield(mb.Message(uid), from) {
					return
				}
			}
		}
		all := mb.keptByKey(st)
		i := 0
		if from.Key != 0 {
			i = sort.Search(len(all), func(i int) bool { return OrderKey(all[i].UID) > from.Key })
		}
		for _, m := range all[i:] {
			from.Key = OrderKey(m.UID)
			if !yield(m, from) {
				return
			}
		}
	}
}

func (mb *Mailbox) keptByKey(st *folderState) []*Message {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.byKey == nil {
		st.byKey = mb.sorted(st, func(a, b *Message) int { return cmp.Compare(OrderKey(a.UID), OrderKey(b.UID)) })
	}
	return st.byKey
}

func (mb *Mailbox) sorted(st *folderState, less func(a, b *Message) int) []*Message {
	out := make([]*Message, 0, len(st.members))
	for uid := range st.members {
		out = append(out, mb.messages[uid])
	}
	slices.SortFunc(out, less)
	return out
}
