package repository

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/blob"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

// usePoint names the boxes of the catalogue.
const usePoint = "point"

// Backup is all points of one mailbox by one job.
type Backup struct {
	Key    record.BackupKey
	Points int
	// Newest is the last point that was sealed.
	Newest record.Point
}

// backupID is what a backup goes by in the index and among the journals.
func (r *Repository) backupID(k record.BackupKey) index.Backup {
	h := sha256.New()
	for _, part := range []string{"backup", string(k.Account), string(k.Mailbox), string(k.Job)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return index.Backup(r.ring.ID([32]byte(h.Sum(nil))))
}

// Backups lists the backups, by mailbox address and job.
func (r *Repository) Backups(ctx context.Context) ([]Backup, error) {
	points, err := r.points(ctx, nil)
	if err != nil {
		return nil, err
	}
	return groupBackups(points), nil
}

func groupBackups(points []record.Point) []Backup {
	byKey := map[record.BackupKey]*Backup{}
	var keys []record.BackupKey
	for _, p := range points { // oldest first within a backup
		b := byKey[p.Key]
		if b == nil {
			b = &Backup{Key: p.Key}
			byKey[p.Key] = b
			keys = append(keys, p.Key)
		}
		b.Points++
		b.Newest = p
	}
	list := make([]Backup, 0, len(keys))
	for _, k := range keys {
		list = append(list, *byKey[k])
	}
	slices.SortFunc(list, func(a, b Backup) int {
		return cmp.Or(cmp.Compare(a.Newest.Origin.MailboxAddress, b.Newest.Origin.MailboxAddress),
			cmp.Compare(a.Newest.Origin.JobName, b.Newest.Origin.JobName),
			cmp.Compare(a.Key.Mailbox, b.Key.Mailbox), cmp.Compare(a.Key.Job, b.Key.Job), cmp.Compare(a.Key.Account, b.Key.Account))
	})
	return list
}

// Points lists the points of a backup, oldest first.
func (r *Repository) Points(ctx context.Context, k record.BackupKey) ([]record.Point, error) {
	id := r.backupID(k)
	return r.points(ctx, &id)
}

func (r *Repository) points(ctx context.Context, backup *index.Backup) ([]record.Point, error) {
	if err := r.usable(); err != nil {
		return nil, err
	}
	records, err := r.index.Points(backup)
	if err != nil {
		return nil, err
	}
	list := make([]record.Point, 0, len(records))
	for i := range records {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p, err := r.catalogPoint(&records[i])
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func (r *Repository) catalogPoint(p *index.PointRecord) (record.Point, error) {
	damaged := fault.New(fault.Corrupt, "the index of %s is damaged at a point; close the repository, remove %s and open it again: it is built anew", r.opts.Path, indexFile)
	plain, err := r.ring.Unbox(usePoint, p.Box)
	if err != nil {
		return record.Point{}, damaged
	}
	var c pb.CatalogPoint
	if err := proto.Unmarshal(plain, &c); err != nil || string(c.GetId()) != string(p.Point[:]) {
		return record.Point{}, damaged
	}
	return record.Point{
		ID: pointID(p.Point), Key: fromKey(c.GetKey()), Origin: fromOrigin(c.GetOrigin()), Run: record.RunID(c.GetRun()),
		Time: fromTime(c.GetTime()), Sealed: fromTime(c.GetSealed()), Counts: fromCounts(c.GetCounts()), Complete: c.GetComplete(),
		Balance: fromBalance(c.GetBalance()),
	}, nil
}

// pointRecord returns what the index keeps of a point.
func (r *Repository) pointRecord(id index.Point, root *pb.Root) (index.PointRecord, error) {
	plain, err := message.Marshal(&pb.CatalogPoint{
		Id: id[:], Key: root.GetKey(), Origin: root.GetOrigin(), Run: root.GetRun(), Time: root.GetTime(), Sealed: root.GetSealed(),
		Counts: root.GetCounts(), Complete: root.GetComplete(), Balance: root.GetBalance(),
	})
	if err != nil {
		return index.PointRecord{}, fault.New(fault.Invalid, "a recovery point cannot be stored: %w", err)
	}
	return index.PointRecord{
		Backup: r.backupID(fromKey(root.GetKey())), Sealed: fromTime(root.GetSealed()), Point: id, Box: r.ring.Box(nil, usePoint, plain),
	}, nil
}

func (r *Repository) findPoint(ctx context.Context, id record.PointID) (*index.PointRecord, record.Point, error) {
	if err := r.usable(); err != nil {
		return nil, record.Point{}, err
	}
	want, err := parsePointID(id)
	if err != nil {
		return nil, record.Point{}, err
	}
	if err := ctx.Err(); err != nil {
		return nil, record.Point{}, err
	}
	rec, err := r.index.Point(want)
	if err != nil {
		return nil, record.Point{}, err
	}
	if rec != nil {
		p, err := r.catalogPoint(rec)
		return rec, p, err
	}
	return nil, record.Point{}, fault.New(fault.NotFound, "recovery point %s is not in repository %q; it may have been deleted", id, r.Name())
}

// adopt brings the catalogue in line with roots and tombstones that opening the packs has found. What is damaged is left
// out and told. A disk that fails is another thing: without despite it ends the opening, because what is left out once is
// not looked for again before a repair; a repair goes on despite it.
func (r *Repository) adopt(ctx context.Context, found *blob.Found, despite bool) error {
	fails := func(err error) error { // the packs were there a moment ago
		if err == nil || despite || fault.KindOf(err) == fault.Corrupt && !errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return fault.New(fault.Unavailable, "the disk failed while the repository was opened: %w", err)
	}
	buried := map[index.Point]bool{}
	var graves []index.Grave
	for _, t := range found.Tombstones {
		var stone pb.Tombstone
		_, err := r.loadFound(t, &stone)
		if err == nil {
			if err := message.Understood("the mark of a deleted point", stone.GetNeeds()); err != nil {
				return err
			}
		}
		if failed := fails(err); failed != nil {
			return failed
		}
		if err != nil {
			r.problem(r.path(packsFolder), "a tombstone cannot be read: "+err.Error())
			continue
		}
		if len(stone.GetPoint()) == 32 {
			buried[index.Point(stone.GetPoint())] = true
			graves = append(graves, graveOf(&stone))
		}
	}
	known, err := r.index.Points(nil)
	if err != nil {
		return err
	}
	byID := map[pack.ID]bool{}
	for p := range buried {
		byID[pack.ID(r.ring.ID(p))] = true
	}
	type run struct {
		backup index.Backup
		run    string
	}
	runs := map[run]bool{}
	for i := range known {
		byID[pack.ID(r.ring.ID(known[i].Point))] = true
		p, err := r.catalogPoint(&known[i])
		if err != nil {
			return err
		}
		runs[run{known[i].Backup, string(p.Run)}] = true
	}
	type candidate struct {
		id  index.Point
		of  run
		rec index.PointRecord
		why error // it is not whole
	}
	var candidates []candidate
	for _, b := range found.Roots {
		if err := ctx.Err(); err != nil {
			return err
		}
		if byID[b.ID] {
			continue
		}
		byID[b.ID] = true
		root := &pb.Root{}
		id, err := r.loadFound(b, root)
		if err == nil {
			if err := message.Understood("recovery point "+string(pointID(id)), root.GetNeeds()); err != nil {
				return err
			}
		}
		if failed := fails(err); failed != nil {
			return failed
		}
		if err != nil {
			r.problem(r.path(packsFolder), "a recovery point cannot be read and is left out: "+err.Error())
			continue
		}
		if buried[id] {
			continue
		}
		c := candidate{id: id}
		if c.rec, err = r.pointRecord(id, root); err != nil {
			return err
		}
		c.of = run{c.rec.Backup, root.GetRun()}
		if b.Suspect {
			c.why = r.whole(ctx, root)
		}
		candidates = append(candidates, c)
	}
	// A run may have written several roots, of which it published the last. Those that are whole come first. A root is written
	// after all that it names is durable, so one that is not whole was damaged: what there is of it is shown.
	slices.SortFunc(candidates, func(a, b candidate) int {
		if (a.why == nil) != (b.why == nil) {
			if a.why == nil {
				return -1
			}
			return 1
		}
		return b.rec.Sealed.Compare(a.rec.Sealed)
	})
	var records []index.PointRecord
	for i := range candidates {
		c := &candidates[i]
		if runs[c.of] {
			continue
		}
		runs[c.of] = true
		records = append(records, c.rec)
		if c.why != nil {
			r.problem(r.path(packsFolder), "recovery point "+string(pointID(c.id))+" is not whole: "+c.why.Error())
		}
	}
	if len(records) == 0 && len(buried) == 0 && r.index.Adopted() {
		return nil
	}
	return r.index.Adopt(func(c index.Change) error {
		for _, g := range graves {
			if err := c.Bury(g); err != nil {
				return err
			}
		}
		for i := range known {
			if buried[known[i].Point] {
				if err := c.DeletePoint(known[i]); err != nil {
					return err
				}
			}
		}
		for i := range records {
			if c.Buried(records[i].Point) {
				continue
			}
			if err := c.PutPoint(records[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// loadFound reads a root or tombstone by its id in the packs and returns its hash.
func (r *Repository) loadFound(b blob.FoundBlob, m proto.Message) (index.Point, error) {
	data, err := r.blobs.GetByID(b.ID)
	if err != nil {
		return index.Point{}, err
	}
	if err := proto.Unmarshal(data, m); err != nil {
		return index.Point{}, fault.New(fault.Corrupt, "blob %s is no record of this format: %w", b.ID, err)
	}
	return sha256.Sum256(data), nil
}

func pointID(p index.Point) record.PointID { return record.PointID(hex.EncodeToString(p[:])) }

func parsePointID(id record.PointID) (index.Point, error) {
	var p index.Point
	if len(id) != 64 {
		return p, fault.New(fault.Invalid, "%q is not the id of a recovery point", id)
	}
	if _, err := hex.Decode(p[:], []byte(id)); err != nil {
		return p, fault.New(fault.Invalid, "%q is not the id of a recovery point", id)
	}
	return p, nil
}

func toKey(k record.BackupKey) *pb.BackupKey {
	return &pb.BackupKey{Account: string(k.Account), Mailbox: string(k.Mailbox), Job: string(k.Job)}
}

func fromKey(k *pb.BackupKey) record.BackupKey {
	return record.BackupKey{Account: mail.AccountID(k.GetAccount()), Mailbox: mail.MailboxID(k.GetMailbox()), Job: record.JobID(k.GetJob())}
}

func toOrigin(o record.Origin) *pb.Origin {
	return &pb.Origin{
		AccountName: o.AccountName, Tenant: string(o.Tenant), MailboxName: o.MailboxName, MailboxAddress: o.MailboxAddress,
		MailboxKind: uint32(o.MailboxKind), JobName: o.JobName,
	}
}

func fromOrigin(o *pb.Origin) record.Origin {
	return record.Origin{
		AccountName: o.GetAccountName(), Tenant: mail.TenantID(o.GetTenant()), MailboxName: o.GetMailboxName(),
		MailboxAddress: o.GetMailboxAddress(), MailboxKind: mail.MailboxKind(o.GetMailboxKind()), JobName: o.GetJobName(),
	}
}

func toCounts(c record.Counts) *pb.Counts {
	return &pb.Counts{Folders: c.Folders, Messages: c.Messages, Attachments: c.Attachments, Bytes: c.Bytes, Lost: c.Lost}
}

func fromCounts(c *pb.Counts) record.Counts {
	return record.Counts{Folders: c.GetFolders(), Messages: c.GetMessages(), Attachments: c.GetAttachments(), Bytes: c.GetBytes(), Lost: c.GetLost()}
}

func toTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t.UTC())
}

func fromTime(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
