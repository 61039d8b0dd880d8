package repository

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

// useSurvey names the box of a survey in the index.
const useSurvey = "survey"

// Survey is what the last walk over everything found: Survey's, or that of a Reclaim, which leaves the backups as they were.
type Survey struct {
	Taken time.Time
	// Content and Trees count what is needed: by points, by sessions that were open or interrupted. What an open session may
	// yet need counts too.
	Content, Trees BlobSums
	// Garbage counts what nothing needs, second copies included.
	Garbage BlobSums
	// Unreadable counts parts of points that could not be read. What only they name counts as garbage.
	Unreadable int64
	// Backups are as of BackupsTaken; none before the first Survey.
	BackupsTaken time.Time
	Backups      []BackupShare
}

// BackupShare is what one backup needs, the session that is open or interrupted included.
type BackupShare struct {
	Key record.BackupKey
	// Held counts all of it, Alone what no other backup needs: garbage, were the backup deleted.
	Held, Alone BlobSums
}

// Survey walks all points and finds out exactly what is needed, what is garbage, and what each backup holds. Statistics has
// the result from then on. It takes a bit for each blob thrice, and excludes Reclaim (Conflict).
func (r *Repository) Survey(ctx context.Context, progress func(Progress)) (*Survey, error) {
	if progress == nil {
		progress = func(Progress) {}
	}
	ctx, release, err := r.occupy(ctx, "survey")
	if err != nil {
		return nil, err
	}
	defer release()
	hold := r.index.HoldAll()
	defer hold.Release()
	all := r.blobs.NewMarks()
	v := &surveyor{m: &marker{r: r, seen: all.Like(), pass: true}, all: all, shared: all.Like(), progress: progress}
	if err := v.walk(ctx); err != nil {
		return nil, err
	}
	v.m.seen = v.all
	if _, _, err := r.stones(ctx, v.m, true); err != nil {
		return nil, err
	}
	r.index.FoldVouched(v.all.Sealed)
	s, err := r.sumUp(v.all)
	if err != nil {
		return nil, err
	}
	s.Unreadable = v.unreadable
	s.Backups, s.BackupsTaken = v.shares, s.Taken
	return s, r.keepSurvey(s)
}

// surveyor walks everything twice, backup by backup: first to learn what more than one backup holds, then to weigh.
type surveyor struct {
	m           *marker
	all, shared *blob.Marks
	shares      []BackupShare
	unreadable  int64
	progress    func(Progress)
}

func (v *surveyor) walk(ctx context.Context) error {
	list, err := v.m.r.roots()
	if err != nil {
		return err
	}
	tell := func(done int) {
		v.progress(Progress{Phase: "survey", Done: int64(done), Total: int64(2 * len(list)), Bytes: v.m.read.Load()})
	}
	for i, b := range list {
		if err := v.backup(ctx, b); err != nil {
			return err
		}
		v.all.Fold(v.m.seen, v.shared)
		tell(i + 1)
	}
	v.unreadable = v.m.passed.Load()
	for i, b := range list {
		key, err := v.key(ctx, b)
		if err != nil {
			return err
		}
		if key != (record.BackupKey{}) {
			if err := v.weigh(ctx, b, key); err != nil {
				return err
			}
		}
		tell(len(list) + i + 1)
	}
	return nil
}

// backup marks what one backup needs, and nothing else.
func (v *surveyor) backup(ctx context.Context, b *backupRoots) error {
	v.m.seen.Clear()
	_, err := v.m.backup(ctx, b) // a journal that is gone meanwhile changes sums a little, no more
	return err
}

func (v *surveyor) weigh(ctx context.Context, b *backupRoots, key record.BackupKey) error {
	if err := v.backup(ctx, b); err != nil {
		return err
	}
	share := BackupShare{Key: key}
	err := v.m.r.blobs.Weigh(v.m.seen, v.shared, func(_ pack.Type, stored, plain int64, shared bool) {
		share.Held.add(stored, plain)
		if !shared {
			share.Alone.add(stored, plain)
		}
	})
	v.shares = append(v.shares, share)
	return err
}

// key returns whose backup it is; none where only a journal is left that cannot be read.
func (v *surveyor) key(ctx context.Context, b *backupRoots) (record.BackupKey, error) {
	if b.backup == (index.Backup{}) {
		return record.BackupKey{}, nil
	}
	v.m.r.mu.Lock()
	s := v.m.r.sessions[b.backup]
	v.m.r.mu.Unlock()
	if s != nil {
		return s.key, nil
	}
	points, err := v.m.r.points(ctx, &b.backup)
	if err != nil || len(points) == 0 {
		return record.BackupKey{}, err
	}
	return points[0].Key, nil
}

func (s *BlobSums) add(stored, plain int64) {
	s.Blobs++
	s.Stored += stored
	s.Plain += plain
}

// sumUp counts what is needed and what is not. What came after the marks were made counts as needed.
func (r *Repository) sumUp(m *blob.Marks) (*Survey, error) {
	s := &Survey{Taken: r.opts.Now().UTC()}
	count := func(typ pack.Type, stored, plain int64, needed bool) {
		switch {
		case !needed:
			s.Garbage.add(stored, plain)
		case typ == pack.Piece:
			s.Content.add(stored, plain)
		default:
			s.Trees.add(stored, plain)
		}
	}
	err := r.index.EachPack(func(p index.Pack, e index.Entries) error {
		bits := m.Sealed.Pack(p)
		for i := range e.Len() {
			stored, plain := e.Sizes(i)
			count(e.Type(i), stored, plain, bits == nil || bits.Has(i))
		}
		return nil
	})
	// What lies in open packs may be what an open session has just put.
	r.mu.Lock()
	busy := len(r.sessions)+len(r.copies) > 0
	r.mu.Unlock()
	r.blobs.EachOpenMarked(m, func(e *pack.Entry, marked bool) {
		count(e.Type, int64(e.Stored), int64(e.Plain), marked || busy)
	})
	return s, err
}

// keepSurvey keeps a survey for Statistics. One without backups leaves those of the one before.
func (r *Repository) keepSurvey(s *Survey) error {
	if s.BackupsTaken.IsZero() {
		before, err := r.lastSurvey()
		if err != nil {
			return err
		}
		if before != nil {
			s.Backups, s.BackupsTaken = before.Backups, before.BackupsTaken
		}
	}
	p := &pb.Survey{
		Taken: toTime(s.Taken), Content: toSums(s.Content), Trees: toSums(s.Trees), Garbage: toSums(s.Garbage), Unreadable: s.Unreadable,
		BackupsTaken: toTime(s.BackupsTaken),
	}
	for i := range s.Backups {
		b := &s.Backups[i]
		p.Backups = append(p.Backups, &pb.BackupShare{Key: toKey(b.Key), Held: toSums(b.Held), Alone: toSums(b.Alone)})
	}
	plain, err := message.Marshal(p)
	if err != nil {
		return fault.New(fault.Invalid, "a survey cannot be stored: %w", err)
	}
	return r.index.PutSurvey(r.ring.Box(nil, useSurvey, plain))
}

// lastSurvey returns what the last survey found, nil where there was none or it cannot be read any more.
func (r *Repository) lastSurvey() (*Survey, error) {
	box, err := r.index.Survey()
	if err != nil || box == nil {
		return nil, err
	}
	var p pb.Survey
	plain, err := r.ring.Unbox(useSurvey, box)
	if err == nil {
		err = proto.Unmarshal(plain, &p)
	}
	if err != nil {
		return nil, nil //nolint:nilerr // a survey can be taken again; that it is damaged harms nothing
	}
	s := &Survey{
		Taken: fromTime(p.GetTaken()), Content: fromSums(p.GetContent()), Trees: fromSums(p.GetTrees()), Garbage: fromSums(p.GetGarbage()),
		Unreadable: p.GetUnreadable(), BackupsTaken: fromTime(p.GetBackupsTaken()),
	}
	for _, b := range p.GetBackups() {
		s.Backups = append(s.Backups, BackupShare{Key: fromKey(b.GetKey()), Held: fromSums(b.GetHeld()), Alone: fromSums(b.GetAlone())})
	}
	return s, nil
}

func toSums(s BlobSums) *pb.BlobSums {
	return &pb.BlobSums{Blobs: s.Blobs, Plain: s.Plain, Stored: s.Stored}
}

func fromSums(s *pb.BlobSums) BlobSums {
	return BlobSums{Blobs: s.GetBlobs(), Plain: s.GetPlain(), Stored: s.GetStored()}
}
