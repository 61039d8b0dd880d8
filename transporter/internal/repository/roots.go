package repository

import (
	"context"
	"encoding/hex"
	"strings"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/journal"
	"holdfast/transporter/internal/repository/message"
)

// backupRoots are what keeps blobs of one backup alive.
type backupRoots struct {
	backup  index.Backup // zero where only a journal tells of the backup
	points  []index.Point
	stem    stem
	journal bool
}

// roots returns everything that keeps blobs alive, backup by backup: the points of the catalogue, what open sessions build
// on, and the journals. What comes to be needed after the call comes from these, or from what a session put or was told to
// be there; with the exception of a journal that is gone when it is looked for: its point was sealed meanwhile.
func (r *Repository) roots() ([]*backupRoots, error) {
	// The journals come first: one that goes then is in the catalogue, which is read after it.
	stems, err := r.journals()
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	points, err := r.index.Points(nil)
	if err != nil {
		return nil, err
	}
	var list []*backupRoots
	byStem := map[stem]*backupRoots{}
	of := func(b index.Backup, s stem) *backupRoots {
		roots := byStem[s]
		if roots == nil {
			roots = &backupRoots{stem: s}
			byStem[s] = roots
			list = append(list, roots)
		}
		if b != (index.Backup{}) {
			roots.backup = b
		}
		return roots
	}
	for i := range points {
		b := of(points[i].Backup, stemOf(points[i].Backup))
		b.points = append(b.points, points[i].Point)
	}
	for backup, s := range r.sessions {
		b := of(backup, stemOf(backup))
		b.points = append(b.points, s.bases...)
	}
	for s := range r.copies {
		for b, points := range s.keeps() {
			roots := of(b, stemOf(b))
			roots.points = append(roots.points, points...)
		}
	}
	for _, s := range stems {
		of(index.Backup{}, s).journal = true
	}
	return list, nil
}

// journals lists the journals in the staging folder.
func (r *Repository) journals() ([]stem, error) {
	files, err := r.opts.FS.List(r.path(stagingFolder))
	if err != nil {
		return nil, disk.Fault(err, "read", r.path(stagingFolder))
	}
	var list []stem
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name, journalEnding)
		raw, err := hex.DecodeString(name)
		if ok && err == nil && len(raw) == len(stem{}) {
			list = append(list, stem(raw))
		}
	}
	return list, nil
}

// journal marks what a journal names and what it builds on. It reports whether the journal was gone.
func (m *marker) journal(ctx context.Context, s stem) (gone bool, err error) {
	for {
		release, open, err := m.r.claim(ctx, s)
		if err != nil {
			return false, err
		}
		if open == nil {
			defer release()
			return m.closedJournal(ctx, s)
		}
		ended, err := m.session(ctx, open)
		if err != nil || !ended {
			return false, err
		}
	}
}

// session marks what the checkpoints of an open session name, or reports that it has ended.
func (m *marker) session(ctx context.Context, s *Session) (ended bool, err error) {
	const batch = 256 // records between which the session can go on
	var base *index.Point
	for at, more := 0, true; more; {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		s.mu.RLock()
		if s.ended {
			s.mu.RUnlock()
			return true, nil
		}
		if s.base != nil {
			base = &s.base.id
		}
		for end := at + batch; at < end && at < len(s.stage.versions); at++ {
			v := &s.stage.versions[at]
			if v.deleted {
				continue
			}
			if err := m.staged(s.journal, v.off, v.length); err != nil {
				s.mu.RUnlock()
				return false, err
			}
		}
		more = at < len(s.stage.versions)
		s.mu.RUnlock()
	}
	if base != nil {
		return false, m.point(ctx, *base)
	}
	return false, nil
}

// closedJournal marks what the journal of no open session names.
func (m *marker) closedJournal(ctx context.Context, s stem) (gone bool, err error) {
	type place struct {
		off    int64
		length uint32
	}
	var places []place
	j, head, err := journal.Open(m.r.opts.FS, m.r.journalPath(s), m.r.ring, m.r.id, func(c *pb.Checkpoint, off int64) error {
		for _, v := range c.GetMessages() {
			places = append(places, place{off, v.GetLength()})
			off += int64(v.GetLength())
		}
		return ctx.Err()
	})
	switch fault.KindOf(err) {
	case fault.NotFound:
		return true, nil
	case fault.Corrupt:
		return false, nil // the next session sets it aside and begins anew
	default:
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = j.Close() }() // it was only read
	if base := head.GetBase(); len(base) == len(index.Point{}) {
		// A journal whose base cannot be read is discarded by the next session.
		if _, err := m.r.loadRoot(index.Point(base)); fault.KindOf(err) == fault.Corrupt {
			return false, nil
		}
		if err := m.point(ctx, index.Point(base)); err != nil {
			return false, err
		}
	}
	for i, p := range places {
		if i%256 == 0 && ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err := m.staged(j, p.off, p.length); err != nil {
			return false, err
		}
	}
	return false, nil
}

// staged marks what one record of a journal names. A record that is damaged keeps nothing alive: nobody can read it.
func (m *marker) staged(j *journal.Journal, off int64, length uint32) error {
	e, err := j.Record(off, length)
	if err == nil {
		m.hashes = m.hashes[:0]
		err = message.Pieces(e.Record, func(h record.Hash) { m.hashes = append(m.hashes, h) })
	}
	if fault.KindOf(err) == fault.Corrupt {
		return nil
	}
	if err != nil {
		return err
	}
	m.r.blobs.Mark(m.hashes, m.seen)
	return nil
}

// publishedOrNearly returns the points that are in the catalogue or about to be, and the backups that have any.
func (r *Repository) publishedOrNearly() ([]index.Point, map[index.Backup]bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	records, err := r.index.Points(nil)
	if err != nil {
		return nil, nil, err
	}
	list := make([]index.Point, 0, len(records))
	backups := map[index.Backup]bool{}
	for i := range records {
		list = append(list, records[i].Point)
		backups[records[i].Backup] = true
	}
	for b, s := range r.sessions {
		list = append(list, s.roots...)
		backups[b] = true
	}
	for s := range r.copies {
		list = append(list, s.roots...)
	}
	return list, backups, nil
}
