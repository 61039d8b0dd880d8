package repository

import (
	"context"
	"errors"
	"io/fs"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/index"
	"holdfast/transporter/internal/repository/message"
	"holdfast/transporter/internal/repository/pack"
)

// DeletePoint removes a point from the catalogue. A tombstone in the packs keeps an index that is built anew from bringing it
// back. The space is not freed by that: see Reclaim. A point that is not there is NotFound.
func (r *Repository) DeletePoint(ctx context.Context, id record.PointID) error {
	if err := r.changeable("delete a recovery point"); err != nil {
		return err
	}
	p, _, err := r.findPoint(ctx, id)
	if err != nil {
		return err
	}
	return r.deletePoints(ctx, []index.PointRecord{*p})
}

// DeletePoints removes points from the catalogue like DeletePoint, all in one step, and returns how many. Points that are
// not there are passed over: they may have been deleted by a call whose answer was lost. A deletion that was interrupted, by a
// fault or a crash, either has not begun, or is ended when it is called again or the repository is opened again. (Only where
// the index is lost as well may some of the points stay, each as a whole.)
func (r *Repository) DeletePoints(ctx context.Context, ids []record.PointID) (int, error) {
	if err := r.changeable("delete recovery points"); err != nil {
		return 0, err
	}
	if err := r.usable(); err != nil {
		return 0, err
	}
	seen := map[index.Point]bool{}
	var records []index.PointRecord
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		want, err := parsePointID(id)
		if err != nil {
			return 0, err
		}
		rec, err := r.index.Point(want)
		if err != nil {
			return 0, err
		}
		if rec != nil && !seen[want] {
			seen[want] = true
			records = append(records, *rec)
		}
	}
	if err := r.deletePoints(ctx, records); err != nil {
		return 0, err
	}
	return len(records), nil
}

// DeleteBackup removes all points of a backup, and what an interrupted session of it left. While a session is open it is a
// Conflict; a backup of which there is nothing is NotFound.
func (r *Repository) DeleteBackup(ctx context.Context, k record.BackupKey) error {
	if err := r.changeable("delete a backup"); err != nil {
		return err
	}
	if err := r.usable(); err != nil {
		return err
	}
	backup := r.backupID(k)
	release, open, err := r.claim(ctx, stemOf(backup))
	if err != nil {
		return err
	}
	if open != nil {
		return fault.New(fault.Conflict, "mailbox %s is being backed up into repository %q by run %s; stop the run, then delete the backup", k.Mailbox, r.Name(), open.run)
	}
	defer release()
	records, err := r.index.Points(&backup)
	if err != nil {
		return err
	}
	// The journal goes first: then nothing that nobody sees stays behind, wherever this is interrupted.
	had, err := r.removeJournal(stemOf(backup))
	if err != nil {
		return err
	}
	if len(records) == 0 && !had {
		return fault.New(fault.NotFound, "there is no backup of mailbox %s by job %s in repository %q", k.Mailbox, k.Job, r.Name())
	}
	return r.deleteRecords(records)
}

func (r *Repository) removeJournal(s stem) (had bool, err error) {
	path := r.journalPath(s)
	switch err := r.opts.FS.Remove(path); {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return true, disk.Fault(err, "remove", path)
	}
	return true, disk.Fault(r.opts.FS.SyncDir(r.path(stagingFolder)), "sync", r.path(stagingFolder))
}

// deletePoints deletes points with the journals that they have made needless.
func (r *Repository) deletePoints(ctx context.Context, records []index.PointRecord) error {
	if err := r.removeJournalsOf(ctx, records); err != nil {
		return err
	}
	return r.deleteRecords(records)
}

// deleteRecords notes which points are to be deleted, makes tombstones durable, then takes them out of the catalogue. One
// alone needs no note: its tombstone says it.
func (r *Repository) deleteRecords(records []index.PointRecord) error {
	if len(records) > 1 {
		if err := r.index.Deleting(records); err != nil {
			return err
		}
	}
	return r.finishDeletion(records)
}

// resumeDeletion ends what was interrupted.
func (r *Repository) resumeDeletion() error {
	records, err := r.index.HalfDeleted()
	if err != nil {
		return err
	}
	return r.finishDeletion(records)
}

func (r *Repository) finishDeletion(records []index.PointRecord) error {
	if len(records) == 0 {
		return nil
	}
	graves := make([]index.Grave, len(records))
	for i := range records {
		graves[i] = index.Grave{Point: records[i].Point, Backup: records[i].Backup}
	}
	if err := r.bury(graves); err != nil {
		return err
	}
	return r.index.Change("delete points", func(c index.Change) error {
		for i := range records {
			if err := c.DeletePoint(records[i]); err != nil {
				return err
			}
			if !c.HasPoints(records[i].Backup) {
				if err := c.DropSegments(records[i].Backup); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// bury makes tombstones of points durable.
func (r *Repository) bury(graves []index.Grave) error {
	now := timestamppb.New(r.opts.Now().UTC())
	hashes := make([]record.Hash, 0, len(graves))
	for i := range graves {
		stone := &pb.Tombstone{Point: graves[i].Point[:], Time: now}
		if graves[i].Backup != (index.Backup{}) {
			stone.Backup = graves[i].Backup[:]
		}
		data, err := message.Marshal(stone)
		if err != nil {
			return fault.New(fault.Invalid, "a tombstone cannot be stored: %w", err)
		}
		hash := record.Sum(data)
		if err := r.blobs.PutAnew(pack.Trees, pack.Tombstone, hash, data); err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	if err := r.blobs.Sync(); err != nil {
		return err
	}
	// A pack that another's Sync found broken took tombstones with it.
	have, err := r.blobs.Present(context.Background(), hashes)
	if err != nil {
		return err
	}
	for i := range have {
		if !have[i] {
			_, why := r.blobs.Losses()
			return fault.New(fault.KindOf(why), "the deletion was lost before it was durable (%w); delete again", why)
		}
	}
	return nil
}

// graveOf returns what a tombstone says; its point has the right length.
func graveOf(stone *pb.Tombstone) index.Grave {
	g := index.Grave{Point: index.Point(stone.GetPoint())}
	copy(g.Backup[:], stone.GetBackup())
	return g
}
