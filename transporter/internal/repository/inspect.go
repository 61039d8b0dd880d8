package repository

import (
	"context"
	"fmt"
	"math"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/tree"
)

// What was lost and the next session
//
// Damage is mended by reading again from the mailbox. Nobody knows at the time of the damage what it touches, so the index
// only counts a doubt: when a pack is gone or cut, when a blob was found damaged, when a repair takes damaged blobs out,
// when the index itself is a new one. A session of a backup that is not sure since the last doubt looks through all that
// its base and its journal name, and begins from a state that leads the engine to everything that is lost:
//
//   - a message of which bytes are lost is among the losses, so it is read again. Lookup gives what is left of it, marked,
//     so that it is not taken for whole. The pieces are kept under the hashes they had, and so every older point that
//     names them is whole again as well;
//   - a folder with pages that cannot be read, or with many such messages, loses its cursor, so it is enumerated anew. What
//     is there and whole is not downloaded again. As a tree is shaped by its messages alone, the lost pages come back too.
//
// Sealing makes the backup sure. If the session is interrupted, the next one looks again. All of it follows from blobs that
// are missing, so it does not depend on the index to survive.

// inspectBatch is for how many pieces the index is asked at once.
const inspectBatch = 4096

// manyLost is how many lost messages of a folder, above this number and one in so many, make enumerating it cheaper than
// asking for them one by one: a page brings up to 100 (contract 4.1) for one request.
const manyLost = 50

// inspect finds what of the base and the journal is lost, if there was a doubt since the backup was sure.
func (s *Session) inspect(ctx context.Context) error {
	var doubtful bool
	var err error
	if s.doubt, doubtful, err = s.r.index.Doubtful(s.backup); err != nil || !doubtful {
		return err
	}
	s.r.trees.forget() // what it has in memory may be lost on disk
	if s.base != nil {
		t := &messageTable{identity: identity(s.base.folders), appended: math.MaxInt32}
		for i := range s.base.folders {
			if err := s.inspectFolder(ctx, &s.base.folders[i], t); err != nil {
				return err
			}
		}
		slices.SortFunc(t.entries, compareLocated)
		s.table = t
	}
	return s.inspectStage(ctx)
}

// inspectFolder looks through a folder of the base, and gathers its messages for the table on the way.
func (s *Session) inspectFolder(ctx context.Context, f *folder, t *messageTable) error {
	if f.tree == nil {
		return nil
	}
	in := inspection{r: s.r}
	unreadable := int64(0)
	err := tree.Range(ctx, s.r.trees, *f.tree, 0, f.tree.Sums.Messages, false, func(e *tree.Entry) error {
		t.entries = append(t.entries, located{e.Key.ID, f.short, e.Key.Sec, e.Key.Nano})
		if s.stage.live(e.Key.ID) >= 0 {
			return nil // a newer record counts
		}
		m, err := e.Message(f.ID)
		if err != nil {
			unreadable++
			return nil //nolint:nilerr // it is read anew with its folder
		}
		return in.add(ctx, m)
	}, func(g tree.Gap) error {
		unreadable += g.Count
		return nil
	})
	if err == nil {
		err = in.flush(ctx)
	}
	if err != nil {
		return err
	}
	switch {
	case unreadable > 0:
		s.hurt(f.ID, fmt.Sprintf("the records of %d messages are lost", unreadable))
	case int64(len(in.lost)) > manyLost+f.tree.Sums.Messages/manyLost:
		s.hurt(f.ID, fmt.Sprintf("bytes of %d messages are lost", len(in.lost)))
	default:
		s.found = append(s.found, in.lost...)
	}
	return nil
}

// inspectStage looks through what an interrupted session committed.
func (s *Session) inspectStage(ctx context.Context) error {
	in := inspection{r: s.r}
	for h := range s.stage.newest {
		i := s.stage.live(h)
		if i < 0 || s.stage.versions[i].deleted {
			continue
		}
		v := &s.stage.versions[i]
		e, err := s.journal.Record(v.off, v.length)
		if err != nil {
			return err
		}
		m, err := e.Message(s.stage.names[v.folder])
		if err != nil {
			return err
		}
		if err := in.add(ctx, m); err != nil {
			return err
		}
	}
	if err := in.flush(ctx); err != nil {
		return err
	}
	s.found = append(s.found, in.lost...)
	return nil
}

// inspection asks for the pieces of messages, many at once.
type inspection struct {
	r      *Repository
	hashes []record.Hash
	of     []int32 // which of messages names the hash
	names  []mail.Loss
	lost   []mail.Loss
}

func (in *inspection) add(ctx context.Context, m *record.Message) error {
	in.names = append(in.names, mail.Loss{Message: m.ID, Folder: m.Folder, Subject: m.Subject, What: "message", Reason: lostBytes})
	_ = message.Contents(m, func(c *record.Content) error {
		for i := range c.Pieces {
			in.hashes = append(in.hashes, c.Pieces[i].Hash)
			in.of = append(in.of, int32(len(in.names)-1))
		}
		return nil
	})
	if len(in.hashes) < inspectBatch {
		return nil
	}
	return in.flush(ctx)
}

func (in *inspection) flush(ctx context.Context) error {
	have, err := in.r.blobs.Have(ctx, in.hashes)
	if err != nil {
		return err
	}
	last := int32(-1)
	for i := range have {
		if !have[i] && in.of[i] != last {
			last = in.of[i]
			in.lost = append(in.lost, in.names[last])
		}
	}
	in.hashes, in.of, in.names = in.hashes[:0], in.of[:0], in.names[:0]
	return nil
}

// lostBytes is the reason of losses that damage brought.
const lostBytes = "bytes of it were lost in the repository, by a damaged or missing pack; it is read again"

// strip takes content whose bytes are lost out of a record, and marks it as lost there.
func (r *Repository) strip(ctx context.Context, m *record.Message) error {
	var hashes []record.Hash
	_ = message.Contents(m, func(c *record.Content) error {
		for i := range c.Pieces {
			hashes = append(hashes, c.Pieces[i].Hash)
		}
		return nil
	})
	have, err := r.blobs.Have(ctx, hashes)
	if err != nil || !slices.Contains(have, false) {
		return err
	}
	missing := map[record.Hash]bool{}
	for i := range have {
		if !have[i] {
			missing[hashes[i]] = true
		}
	}
	stripMessage(m, missing)
	return nil
}

// stripMessage strips a message and those attached to it. As in every record, what an attachment lacks is also told of the
// message that it is attached to.
func stripMessage(m *record.Message, missing map[record.Hash]bool) {
	empty := func(c *record.Content, what string) bool {
		if !slices.ContainsFunc(c.Pieces, func(p record.Piece) bool { return missing[p.Hash] }) {
			return false
		}
		*c = record.Content{}
		m.Lost = append(m.Lost, what+" was lost in the repository")
		return true
	}
	empty(&m.Body, "the body")
	empty(&m.MIME, "the MIME copy")
	for i := range m.Attachments {
		a := &m.Attachments[i]
		if empty(&a.Content, fmt.Sprintf("attachment %d", i+1)) {
			a.Lost = "it was lost in the repository"
		}
		if a.Item == nil {
			continue
		}
		before := len(a.Item.Lost)
		if stripMessage(a.Item, missing); len(a.Item.Lost) > before {
			m.Lost = append(m.Lost, fmt.Sprintf("a part of attachment %d was lost in the repository", i+1))
		}
	}
}

// hurt notes that a folder of the base cannot be built on: it is read from its beginning.
func (s *Session) hurt(f mail.FolderID, reason string) {
	s.hurtMu.Lock()
	defer s.hurtMu.Unlock()
	if s.hurts == nil {
		s.hurts = map[mail.FolderID]string{}
	}
	if _, ok := s.hurts[f]; !ok {
		s.hurts[f] = reason
	}
}

// hurtAll notes that something is lost which concerns all folders.
func (s *Session) hurtAll(reason string) {
	for i := range s.base.folders {
		s.hurt(s.base.folders[i].ID, reason)
	}
}

// isHurt reports whether a folder of the base cannot be built on, and why.
func (s *Session) isHurt(f mail.FolderID) (string, bool) {
	s.hurtMu.Lock()
	defer s.hurtMu.Unlock()
	reason, ok := s.hurts[f]
	return reason, ok
}

// met notes damage to a folder of the base that was met underway. It returns what is to be returned for it: nil for
// damage, which costs only what it hides.
func (s *Session) met(f mail.FolderID, err error) error {
	if fault.KindOf(err) != fault.Corrupt {
		return err
	}
	s.hurt(f, err.Error())
	return nil
}

// noteDoubt tells the index of blobs that were found to be damaged since it was told last.
func (r *Repository) noteDoubt() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := r.blobs.Spoiled()
	if n == r.doubted {
		return nil
	}
	if err := r.index.Doubt(); err != nil {
		return err
	}
	r.doubted = n
	return nil
}
