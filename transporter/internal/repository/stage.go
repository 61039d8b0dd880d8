package repository

import (
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/repository/message"
)

// stage is what the checkpoints of a session amount to. It holds where records are, not the records: about 130 bytes for each.
type stage struct {
	numbers map[mail.FolderID]uint32 // of folders, for short
	names   []mail.FolderID

	seq      uint32 // number of the last checkpoint
	versions []version
	newest   map[message.Hash]int32 // the last of versions for a message
	gone     []gone
	losses   []stagedLoss
	folders  map[uint32]*folderStage
}

// version is one committed record, or the word that a message is deleted.
type version struct {
	hash    message.Hash
	by      uint32 // folder whose checkpoint it came in
	folder  uint32 // folder that it lies in
	sec     int64
	nano    uint32
	length  uint32
	off     int64 // in the journal
	seq     uint32
	prev    int32 // the version before of the same message, or -1
	dropped bool  // forgotten by a restart: Lookup still finds it, the point does not
	deleted bool
}

type gone struct {
	id      mail.MessageID
	hash    message.Hash
	folder  uint32
	seq     uint32 // 0: known from the last point
	dropped bool
}

type stagedLoss struct {
	loss mail.Loss
	by   uint32
}

// folderStage is how far a folder got in the session.
type folderStage struct {
	cursor      mail.Cursor
	told        bool   // a checkpoint said whether the cursor lies inside an enumeration,
	enumerating bool   // and this is what it said
	since       uint32 // the checkpoint in which an enumeration began
	complete    bool   // a full enumeration came to its end
	restarted   bool   // one began in this session
}

func newStage() *stage {
	return &stage{
		numbers: map[mail.FolderID]uint32{}, newest: map[message.Hash]int32{},
		folders: map[uint32]*folderStage{},
	}
}

func (s *stage) number(f mail.FolderID) uint32 {
	n, ok := s.numbers[f]
	if !ok {
		n = uint32(len(s.names))
		s.names = append(s.names, f)
		s.numbers[f] = n
	}
	return n
}

// apply adds a checkpoint whose records begin at off in the journal.
func (s *stage) apply(c *pb.Checkpoint, off int64) error {
	s.seq++
	by := s.number(mail.FolderID(c.GetFolder()))
	if c.GetRestart() {
		s.restart(by)
	}
	for _, m := range c.GetMessages() {
		if len(m.GetIdHash()) != 16 || int(m.GetFolder()) >= len(c.GetFolders()) {
			return fault.New(fault.Corrupt, "a checkpoint in a journal is damaged")
		}
		v := version{
			hash: message.Hash(m.GetIdHash()), by: by, folder: s.number(mail.FolderID(c.GetFolders()[m.GetFolder()])),
			sec: m.GetReceivedSeconds(), nano: m.GetReceivedNanos(), length: m.GetLength(), off: off, seq: s.seq, prev: -1,
		}
		off += int64(v.length)
		s.add(v)
	}
	for _, id := range c.GetGone() {
		s.gone = append(s.gone, gone{id: mail.MessageID(id), hash: message.HashOf(mail.MessageID(id)), folder: by, seq: s.seq})
	}
	for _, id := range c.GetDeleted() {
		s.add(version{hash: message.HashOf(mail.MessageID(id)), by: by, seq: s.seq, prev: -1, deleted: true})
	}
	for _, l := range c.GetLosses() {
		s.losses = append(s.losses, stagedLoss{fromLoss(l), by})
	}
	if c.GetFolder() != "" {
		s.advance(by, c)
	}
	return nil
}

func (s *stage) add(v version) {
	if last, ok := s.newest[v.hash]; ok {
		v.prev = last
	}
	s.newest[v.hash] = int32(len(s.versions))
	s.versions = append(s.versions, v)
}

// quiet reports whether a checkpoint says nothing but that a round of changes came to its end and brought nothing, of a folder
// of which the session has said nothing yet. The journal goes without it, and the point has it: a session that ends before
// goes on from the beginning of the round, which is one request, as it is from its end.
func (s *stage) quiet(c *backup.Checkpoint) bool {
	if !c.Done || c.Full || c.Restart || c.Cursor == "" || len(c.Messages)+len(c.Gone)+len(c.Deleted)+len(c.Losses) > 0 {
		return false
	}
	n, known := s.numbers[c.Folder]
	return !known || s.folders[n] == nil
}

func (s *stage) advance(by uint32, c *pb.Checkpoint) {
	f := s.folders[by]
	if f == nil {
		f = &folderStage{}
		s.folders[by] = f
	}
	if c.GetCursor() != "" {
		f.cursor = mail.Cursor(c.GetCursor())
	}
	full := c.GetFull() || c.GetRestart()
	if full || c.GetDone() {
		f.told = true
		f.enumerating = full && !c.GetDone()
		f.complete = f.complete || full && c.GetDone()
		if full && f.since == 0 {
			f.since = s.seq
		}
	}
}

// restarted reports whether the folder was begun anew in this session, so that nothing it has of the last point counts.
func (s *stage) restarted(folder uint32) bool {
	f := s.folders[folder]
	return f != nil && f.restarted
}

// restart forgets what was committed for a folder.
func (s *stage) restart(by uint32) {
	for i := range s.versions {
		if s.versions[i].by == by {
			s.versions[i].dropped = true
		}
	}
	for i := range s.gone {
		if s.gone[i].folder == by && s.gone[i].seq > 0 {
			s.gone[i].dropped = true
		}
	}
	kept := s.losses[:0]
	for _, l := range s.losses {
		if l.by != by {
			kept = append(kept, l)
		}
	}
	s.losses = kept
	s.folders[by] = &folderStage{restarted: true}
}

// last returns the newest version of a message as Lookup sees it, forgotten records included; -1 where there is none.
func (s *stage) last(h message.Hash) int32 {
	return s.first(h, func(v *version) bool { return !v.dropped || !v.deleted })
}

// live returns the newest version that counts for the point; -1 where the last point's does.
func (s *stage) live(h message.Hash) int32 {
	return s.first(h, func(v *version) bool { return !v.dropped })
}

func (s *stage) first(h message.Hash, fits func(v *version) bool) int32 {
	i, ok := s.newest[h]
	if !ok {
		return -1
	}
	for i >= 0 && !fits(&s.versions[i]) {
		i = s.versions[i].prev
	}
	return i
}
