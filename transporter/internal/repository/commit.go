package repository

import (
	"context"
	"crypto/sha256"
	"iter"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

// Commit implements backup.Vault. First all pieces become durable, then, in one frame of the journal, the checkpoint. One that
// is quiet is in no journal: most rounds bring nothing for most folders, and each frame costs a sync.
func (s *Session) Commit(ctx context.Context, c backup.Checkpoint) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if s.rooted != nil {
		return fault.New(fault.Conflict, "the session for mailbox %s is being sealed", s.key.Mailbox)
	}
	if err := checkCheckpoint(&c); err != nil {
		return err
	}
	if s.stage.quiet(&c) {
		return s.stage.apply(&pb.Checkpoint{Folder: string(c.Folder), Cursor: string(c.Cursor), Done: true}, 0)
	}
	losses, _ := s.r.blobs.Losses() // before Sync: what Keep brings from now on may be lost until the next checkpoint
	if err := s.r.blobs.Sync(); err != nil {
		return err
	}
	if err := s.checkPieces(ctx, c.Messages); err != nil {
		return err
	}
	if err := s.openJournal(); err != nil {
		return err
	}
	statement, records, sum, err := s.encodeCheckpoint(&c)
	if err != nil {
		return err
	}
	if s.last == sum { // the same once more, after a lost answer
		return nil
	}
	off, err := s.journal.Append(statement, records)
	if err != nil {
		return err
	}
	s.last = sum
	s.losses = losses
	return s.stage.apply(statement, off)
}

func checkCheckpoint(c *backup.Checkpoint) error {
	if c.Folder == "" && (c.Cursor != "" || c.Full || c.Restart || len(c.Gone) > 0) {
		return fault.New(fault.Invalid, "a checkpoint with a cursor, an enumeration or messages gone must name their folder")
	}
	for i := range c.Messages {
		if err := message.Check(&c.Messages[i]); err != nil {
			return err
		}
	}
	for _, ids := range [][]mail.MessageID{c.Gone, c.Deleted} {
		if slices.Contains(ids, "") {
			return fault.New(fault.Invalid, "a checkpoint names a message without id")
		}
	}
	return nil
}

// checkPieces makes sure that every piece that the messages name is durable: Sync has been called.
func (s *Session) checkPieces(ctx context.Context, messages []record.Message) error {
	err := s.r.present(ctx, pointers(messages), fault.Invalid)
	if fault.KindOf(err) != fault.Invalid {
		return err
	}
	if losses, why := s.r.blobs.Losses(); losses != s.losses && why != nil {
		return fault.New(fault.KindOf(why), "pieces that were put since the last checkpoint are lost (%w); begin the session again", why)
	}
	return err
}

func pointers(messages []record.Message) iter.Seq[*record.Message] {
	return func(yield func(*record.Message) bool) {
		for i := range messages {
			if !yield(&messages[i]) {
				return
			}
		}
	}
}

// keptRecords bounds the memory for sealed records that a session keeps from one checkpoint to the next, in bytes.
const keptRecords = 1 << 20

// encodeCheckpoint returns a checkpoint as it is stored, and a hash of what it says. The records are good until the next.
func (s *Session) encodeCheckpoint(c *backup.Checkpoint) (*pb.Checkpoint, []byte, [32]byte, error) {
	h := sha256.New()
	p := &pb.Checkpoint{
		Folder: string(c.Folder), Cursor: string(c.Cursor), Full: c.Full, Restart: c.Restart, Done: c.Done, Losses: toLosses(c.Losses),
	}
	for _, id := range c.Gone {
		p.Gone = append(p.Gone, string(id))
	}
	for _, id := range c.Deleted {
		p.Deleted = append(p.Deleted, string(id))
	}
	var buf []byte
	records := s.records[:0]
	folders := map[mail.FolderID]uint32{}
	for i := range c.Messages {
		m := &c.Messages[i]
		n, ok := folders[m.Folder]
		if !ok {
			n = uint32(len(p.Folders))
			folders[m.Folder] = n
			p.Folders = append(p.Folders, string(m.Folder))
		}
		var err error
		if buf, err = message.Encode(buf[:0], m); err != nil {
			return nil, nil, [32]byte{}, err
		}
		h.Write(buf)
		e := tree.Entry{Key: tree.KeyOf(m.ID, m.Received), ID: m.ID, Weight: message.Weigh(m), Record: buf}
		before := len(records)
		records = s.journal.Seal(records, &e)
		p.Messages = append(p.Messages, &pb.StagedMessage{
			IdHash: e.Key.ID[:], Folder: n, ReceivedSeconds: e.Key.Sec, ReceivedNanos: e.Key.Nano, Length: uint32(len(records) - before),
		})
	}
	if cap(records) <= keptRecords {
		s.records = records
	}
	plain, err := message.Marshal(p)
	if err != nil {
		return nil, nil, [32]byte{}, fault.New(fault.Invalid, "a checkpoint cannot be stored: %w", err)
	}
	h.Write(plain)
	return p, records, [32]byte(h.Sum(nil)), nil
}

// Pending implements backup.Vault.
func (s *Session) Pending(ctx context.Context, limit int) ([]backup.Gone, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	list, err := s.pending(ctx, limit)
	if err != nil {
		return nil, err
	}
	out := make([]backup.Gone, len(list))
	for i, g := range list {
		out[i] = backup.Gone{Message: g.id, Folder: s.stage.names[g.folder]}
	}
	return out, nil
}

// pending returns the removals that nothing has decided.
func (s *Session) pending(ctx context.Context, limit int) ([]*gone, error) {
	type place struct {
		hash   message.Hash
		folder uint32
	}
	var list []*gone
	seen := map[place]bool{}
	// The last report of a removal counts.
	for i := len(s.stage.gone) - 1; i >= 0; i-- {
		g := &s.stage.gone[i]
		at := place{g.hash, g.folder}
		if g.dropped || seen[at] {
			continue
		}
		seen[at] = true
		open, err := s.undecided(ctx, g)
		if err != nil {
			return nil, err
		}
		if open {
			list = append(list, g)
		}
	}
	slices.Reverse(list)
	if limit >= 0 && len(list) > limit {
		list = list[:limit]
	}
	return list, nil
}

func (s *Session) undecided(ctx context.Context, g *gone) (bool, error) {
	if i := s.stage.live(g.hash); i >= 0 {
		v := &s.stage.versions[i]
		return !v.deleted && v.folder == g.folder && v.seq <= g.seq, nil
	}
	places, err := s.basePlaces(ctx, g.hash)
	if err != nil {
		return false, err
	}
	for _, p := range places {
		if s.base.folders[p.folder].ID == s.stage.names[g.folder] {
			return true, nil
		}
	}
	return false, nil
}
