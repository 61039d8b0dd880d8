package tenant

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strings"
	"sync"
	"time"
)

// Mailbox is folders and messages. Reading methods need View, or Update.
type Mailbox struct {
	ID         string
	nextFolder uint32
	nextUID    uint64
	folders    map[uint32]*folderState
	messages   map[uint64]*Message // all but those of the bulk in which nothing happened
	gone       []FolderRemoval
	born       uint64
	bulk       *bulkMail           // nil for none
	taken      map[uint64]struct{} // of the bulk: those in messages, and those that are gone

	sizing sync.Mutex // guards the two below
	size   int64      // bytes, when they were counted
	sized  bool
}

// FolderRemoval is a folder that was there up to an event.
type FolderRemoval struct {
	Seq uint64
	Num uint32
}

// folderState is a folder with what is in it and the log of what happened in it.
type folderState struct {
	*Folder
	seq      uint64 // event of the newest write to the folder itself
	countSeq uint64 // event of the newest change of its counters
	children int    // direct children that are not hidden
	total    int
	unread   int
	bulk     *bulkFolder         // its share of the bulk; nil for none
	members  map[uint64]struct{} // those in Mailbox.messages
	log      []Change

	mu     sync.Mutex // guards the two caches below; they are nil when stale
	byDate []*Message
	byKey  []*Message
}

// Change is one entry of a folder's log: a write to a message in it, or a message's leaving.
type Change struct {
	Seq     uint64
	UID     uint64
	Moves   uint32 // the regular id that the change is about
	Removed bool
	Arrived bool // created here or moved in
	Changed Props
}

func (mb *Mailbox) applyFolder(f *Folder, seq uint64) {
	st := mb.folders[f.Num]
	if st == nil {
		st = &folderState{}
		mb.folders[f.Num] = st
		mb.nextFolder = max(mb.nextFolder, f.Num+1)
	} else {
		mb.countChild(st.Folder, -1, seq)
	}
	st.Folder, st.seq = f, seq
	mb.countChild(f, +1, seq)
}

func (mb *Mailbox) countChild(f *Folder, by int, seq uint64) {
	if p := mb.folders[f.Parent]; p != nil && !f.Hidden && f.Parent != f.Num {
		p.children += by
		p.countSeq = seq
	}
}

func (mb *Mailbox) applyFolderGone(num uint32, seq uint64) {
	if st := mb.folders[num]; st != nil {
		mb.countChild(st.Folder, -1, seq)
		delete(mb.folders, num)
		mb.gone = append(mb.gone, FolderRemoval{seq, num})
	}
}

func (mb *Mailbox) applyMessage(m *Message, changed Props, seq uint64) {
	m.Seq = seq
	old := mb.Message(m.UID)
	mb.take(m.UID)
	mb.messages[m.UID] = m
	mb.count(old, m)
	mb.nextUID = max(mb.nextUID, m.UID+1)
	to := mb.folders[m.Folder]
	arrived := old == nil || old.Folder != m.Folder
	if old != nil {
		from := mb.folders[old.Folder]
		from.take(old, seq)
		if arrived {
			from.log = append(from.log, Change{Seq: seq, UID: m.UID, Moves: old.Moves, Removed: true})
		}
	}
	to.give(m, seq)
	to.log = append(to.log, Change{Seq: seq, UID: m.UID, Moves: m.Moves, Arrived: arrived, Changed: changed | PropKey})
}

func (mb *Mailbox) applyGone(uid uint64, seq uint64) {
	m := mb.Message(uid)
	if m == nil {
		return
	}
	mb.take(uid)
	mb.count(m, nil)
	delete(mb.messages, uid)
	from := mb.folders[m.Folder]
	from.take(m, seq)
	from.log = append(from.log, Change{Seq: seq, UID: uid, Moves: m.Moves, Removed: true})
}

// take notes that a message is no longer as the bulk makes it.
func (mb *Mailbox) take(uid uint64) {
	if !mb.bulk.has(uid) {
		return
	}
	if mb.taken == nil {
		mb.taken = map[uint64]struct{}{}
	}
	mb.taken[uid] = struct{}{}
}

func (st *folderState) take(m *Message, seq uint64) {
	delete(st.members, m.UID)
	st.total--
	if !m.Read {
		st.unread--
	}
	st.countSeq, st.byDate, st.byKey = seq, nil, nil
}

func (st *folderState) give(m *Message, seq uint64) {
	if st.members == nil {
		st.members = map[uint64]struct{}{}
	}
	st.members[m.UID] = struct{}{}
	st.total++
	if !m.Read {
		st.unread++
	}
	st.countSeq, st.byDate, st.byKey = seq, nil, nil
}

// Message by its number; nil when it is gone.
func (mb *Mailbox) Message(uid uint64) *Message {
	if m := mb.messages[uid]; m != nil {
		return m
	}
	if _, taken := mb.taken[uid]; taken || !mb.bulk.has(uid) {
		return nil
	}
	return mb.bulk.message(mb.ID, uid, mb.born)
}

// OrderKey scatters message numbers; it is one to one.
func OrderKey(uid uint64) uint64 {
	uid ^= uid >> 31
	uid *= 0x9e3779b97f4a7c15 // odd, so multiplication is a permutation
	return uid ^ uid>>29
}

// Log is a folder's changes after an event, oldest first.
func (mb *Mailbox) Log(folder uint32, after uint64) []Change {
	log := mb.folders[folder].log
	i, _ := slices.BinarySearchFunc(log, after+1, func(c Change, seq uint64) int { return cmp.Compare(c.Seq, seq) })
	return log[i:]
}

// Conversation makes up a conversation id from a subject, so that replies share it.
func Conversation(mailbox, subject string) (string, []byte) {
	for {
		s := strings.TrimSpace(subject)
		l := strings.ToLower(s)
		switch {
		case strings.HasPrefix(l, "re:"), strings.HasPrefix(l, "aw:"), strings.HasPrefix(l, "fw:"):
			subject = s[3:]
			continue
		case strings.HasPrefix(l, "fwd:"):
			subject = s[4:]
			continue
		}
		h := fnv.New128a()
		_, _ = h.Write([]byte(mailbox + "\n" + l))
		sum := h.Sum(nil)
		return encodeID(append([]byte{0, 3, 0x24, 2}, append(sum, sum...)...)), append([]byte{1, 0xd8, 0, 0, 0, 0}, sum...)
	}
}

// Size is the bytes that a mailbox holds. The first call goes through all messages.
func (mb *Mailbox) Size() int64 {
	mb.sizing.Lock()
	defer mb.sizing.Unlock()
	if !mb.sized {
		mb.size, mb.sized = 0, true
		for _, m := range mb.messages {
			mb.size += m.Size()
		}
		for uid := range mb.untouched() {
			mb.size += mb.Message(uid).Size()
		}
	}
	return mb.size
}

func (mb *Mailbox) count(old, now *Message) {
	mb.sizing.Lock()
	defer mb.sizing.Unlock()
	if old != nil {
		mb.size -= old.Size()
	}
	if now != nil {
		mb.size += now.Size()
	}
}

// Second cuts a time to what mail keeps of it (contract 0.3).
func Second(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
