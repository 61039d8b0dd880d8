package repository

import (
	"context"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
	"holdfast/transporter/internal/repository/tree"
)

// rooted is a point whose root is durable, so that a Seal whose last step failed does not make another.
type rooted struct {
	id      index.Point
	root    *pb.Root
	folders []folder
	sealing *sealing
}

// Seal implements backup.Vault.
func (s *Session) Seal(ctx context.Context, sum backup.Summary) (record.Point, error) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sealed != nil && s.sealed.Run == sum.Run {
		return *s.sealed, nil
	}
	if err := s.usable(ctx); err != nil {
		return record.Point{}, err
	}
	if sum.Run == "" {
		return record.Point{}, fault.New(fault.Invalid, "a recovery point needs the run that makes it")
	}
	done, err := s.sealedBefore(sum.Run)
	if err != nil {
		return record.Point{}, err
	}
	if done != nil {
		return *done, s.end(*done, false)
	}
	if err := s.buildOnce(ctx, &sum); err != nil {
		return record.Point{}, err
	}
	p, err := s.publish()
	if err != nil {
		return record.Point{}, err
	}
	return p, s.end(p, true)
}

// sealedBefore returns the point that an earlier session made in this run.
func (s *Session) sealedBefore(run record.RunID) (*record.Point, error) {
	records, err := s.r.index.Points(&s.backup)
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(records) {
		p, err := s.r.catalogPoint(&records[i])
		if err != nil {
			return nil, err
		}
		if p.Run == run {
			return &p, nil
		}
	}
	return nil, nil
}

// end ends the session. A spent journal goes; one whose checkpoints are in no point stays for the next session.
func (s *Session) end(p record.Point, spent bool) error {
	s.sealed = &p
	s.ended = true
	defer s.leave()
	s.buryLeftovers()
	j := s.journal
	if j == nil {
		return nil
	}
	if spent || s.stage.seq == 0 {
		// A journal that cannot be removed is recognised as spent by the next session.
		if err := j.Remove(); err != nil {
			s.r.problem(j.Path(), err.Error())
			s.r.spend(j.Path())
		}
		return nil
	}
	return j.Close()
}

// buryLeftovers sees to it that roots which the session did not publish never become points. What it does not achieve is left
// to Reclaim; that matters only where the index is built anew before.
func (s *Session) buryLeftovers() {
	var list []index.Grave
	for _, id := range s.roots {
		if rec, err := s.r.index.Point(id); err == nil && rec == nil {
			list = append(list, index.Grave{Point: id, Backup: s.backup})
		}
	}
	_ = s.r.rebury(list, nil)
}

// buildOnce builds the point unless that is done. A blob that was taken for kept and turns out to be damaged when the point is
// read back counts as missing from then on, so a second building keeps it anew.
func (s *Session) buildOnce(ctx context.Context, sum *backup.Summary) error {
	if s.rooted != nil {
		return nil
	}
	spoiled := s.r.blobs.Spoiled()
	err := s.build(ctx, sum)
	if fault.KindOf(err) == fault.Corrupt && s.r.blobs.Spoiled() != spoiled {
		err = s.build(ctx, sum)
	}
	return err
}

// build makes the tree and the root durable, and reads them back.
func (s *Session) build(ctx context.Context, sum *backup.Summary) error {
	before, _ := s.r.blobs.Losses()
	w := &sealing{s: s, folders: map[mail.FolderID]bool{}, ops: map[mail.FolderID][]tree.Op{}, emptied: map[uint32]bool{}, ended: map[mail.FolderID]*namedSet{}}
	for i := range sum.Folders {
		id := sum.Folders[i].ID
		if id == "" || w.folders[id] {
			return fault.New(fault.Invalid, "the summary names folder %q twice or without id", id)
		}
		w.folders[id] = true
	}
	if err := w.collect(ctx); err != nil {
		return err
	}
	folders := make([]folder, 0, len(sum.Folders))
	for i := range sum.Folders {
		f, err := w.listed(ctx, &sum.Folders[i])
		if err != nil {
			return fault.New(fault.KindOf(err), "seal folder %s: %w", sum.Folders[i].ID, err)
		}
		folders = append(folders, f)
	}
	root, err := w.root(ctx, sum, folders)
	if err != nil {
		return err
	}
	data, err := message.Marshal(root)
	if err != nil {
		return fault.New(fault.Invalid, "a recovery point cannot be stored: %w", err)
	}
	// Everything that the root names is durable before the root is written.
	if err := s.r.blobs.Sync(); err != nil {
		return err
	}
	if after, why := s.r.blobs.Losses(); after != before {
		return fault.New(fault.KindOf(why), "pages of the recovery point are lost (%w); seal again", why)
	}
	if err := s.readBack(ctx, root, folders); err != nil {
		return err
	}
	id := record.Sum(data)
	s.r.mu.Lock()
	s.roots = append(s.roots, index.Point(id)) // until it is published it is no leftover
	s.r.mu.Unlock()
	if err := s.r.blobs.PutAnew(pack.Trees, pack.Root, id, data); err != nil {
		return err
	}
	if err := s.r.blobs.Sync(); err != nil {
		return err
	}
	if have, err := s.r.blobs.Have(ctx, []record.Hash{id}); err != nil {
		return err
	} else if !have[0] {
		_, why := s.r.blobs.Losses()
		return fault.New(fault.KindOf(why), "the recovery point is lost (%w); seal again", why)
	}
	if err := s.readBackRoot(id, data); err != nil {
		return err
	}
	s.rooted = &rooted{id: index.Point(id), root: root, folders: folders, sealing: w}
	return nil
}

// publish makes the point visible.
func (s *Session) publish() (record.Point, error) {
	ro := s.rooted
	rec, err := s.r.pointRecord(ro.id, ro.root)
	if err != nil {
		return record.Point{}, err
	}
	segment, replace := ro.sealing.segment(ro.folders)
	err = s.r.index.Change("seal", func(c index.Change) error {
		if segment != nil {
			if err := c.AddSegment(s.backup, replace, s.r.ring.Box(nil, tableUse(replace), segment)); err != nil {
				return err
			}
		}
		if err := c.Sure(s.backup, s.doubt); err != nil {
			return err
		}
		return c.PutPoint(rec)
	})
	if err != nil {
		return record.Point{}, err
	}
	return s.r.catalogPoint(&rec)
}
