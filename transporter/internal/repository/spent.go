package repository

import (
	"context"
	"slices"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/journal"
)

// A journal is spent when its point was sealed. It is removed right after that, or, where the process ended between the two,
// by the next session, which knows it by its point. So the point must not go first: the journal would be taken for that of a
// session that was interrupted, and bring back what was deleted.

// removeJournalsOf removes the journals that points which are about to be deleted have made needless.
func (r *Repository) removeJournalsOf(ctx context.Context, records []index.PointRecord) error {
	if len(records) == 0 {
		return nil
	}
	stems, err := r.journals()
	if err != nil {
		return err
	}
	for _, s := range stems {
		of := slices.DeleteFunc(slices.Clone(records), func(p index.PointRecord) bool { return stemOf(p.Backup) != s })
		if len(of) == 0 {
			continue
		}
		if err := r.removeIfSpent(ctx, s, of); err != nil {
			return err
		}
	}
	return nil
}

func (r *Repository) removeIfSpent(ctx context.Context, s stem, points []index.PointRecord) error {
	release, open, err := r.claim(ctx, s)
	if err != nil || open != nil { // an open session has looked, and its journal is its own
		return err
	}
	defer release()
	spent, err := r.spentBy(s, points)
	if err != nil || !spent {
		return err
	}
	_, err = r.removeJournal(s)
	return err
}

// spentBy reports whether one of the points was sealed from a journal that nobody has open.
func (r *Repository) spentBy(s stem, points []index.PointRecord) (bool, error) {
	st := newStage()
	j, _, err := journal.Open(r.opts.FS, r.journalPath(s), r.ring, r.id, st.apply)
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Corrupt: // the next session sets a damaged one aside
		return false, nil
	default:
	}
	if err != nil {
		return false, err
	}
	session := j.Session()
	_ = j.Close() // it was only read
	for i := range points {
		ro, err := r.loadRoot(points[i].Point)
		if fault.KindOf(err) == fault.Corrupt {
			continue
		}
		if err != nil {
			return false, err
		}
		if string(ro.pb.GetSession()) == string(session[:]) && st.coveredBy(ro) {
			return true, nil
		}
	}
	return false, nil
}

// coveredBy reports whether a point of the same session has what the journal has. A point whose sealing was told to have
// failed may be there all the same, while the session went on.
func (s *stage) coveredBy(p *root) bool {
	for n, f := range s.folders {
		at, there := p.byID[s.names[n]]
		if there && f.cursor != "" && f.cursor != p.folders[at].cursor {
			return false
		}
	}
	return true
}
