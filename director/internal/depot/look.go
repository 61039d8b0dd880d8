package depot

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// maxPoints bounds one list of points.
const maxPoints = 1_000_000

// Inspect asks the Transporter for a repository's statistics now. What cannot be asked is told in Error.
func (s *Service) Inspect(ctx context.Context, id record.RepositoryID) (record.Repository, error) {
	r, err := s.Get(id)
	if err != nil || !r.Attached {
		return r, err
	}
	var answer *transporterv1.GetRepositoryResponse
	asked := s.With(ctx, id, func(c transporterv1.ControlServiceClient) (err error) {
		answer, err = c.GetRepository(ctx, &transporterv1.GetRepositoryRequest{RepositoryId: string(id)})
		return err
	})
	if asked != nil {
		r.Error = asked.Error()
		return r, nil //nolint:nilerr // what cannot be asked is told in the record
	}
	s.remember(ctx, id, answer.GetRepository())
	return s.Get(id)
}

// Key chooses points; empty fields match all.
type Key struct {
	Account mail.AccountID
	Mailbox mail.MailboxID
	Job     record.JobID
}

// Points lists recovery points of a repository, newest first.
func (s *Service) Points(ctx context.Context, id record.RepositoryID, key Key) ([]*transporterv1.Point, error) {
	var points []*transporterv1.Point
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) error {
		points = nil
		stream, err := c.ListPoints(ctx, &transporterv1.ListPointsRequest{
			RepositoryId: string(id),
			Key: &transporterv1.BackupKey{
				AccountId: string(key.Account), MailboxId: string(key.Mailbox), JobId: string(key.Job),
			},
		})
		if err != nil {
			return err
		}
		for {
			part, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if points = append(points, part.GetPoints()...); len(points) > maxPoints {
				return fault.New(fault.Exhausted, "more than %d points fit; name a mailbox or a job", maxPoints)
			}
		}
	})
	slices.SortStableFunc(points, func(a, b *transporterv1.Point) int {
		return b.GetTime().AsTime().Compare(a.GetTime().AsTime())
	})
	return points, err
}

// Backups tells what each backup of a repository takes, the largest first.
func (s *Service) Backups(ctx context.Context, id record.RepositoryID) ([]*transporterv1.BackupSize, error) {
	var all []*transporterv1.BackupSize
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) error {
		all = nil
		stream, err := c.ListBackups(ctx, &transporterv1.ListBackupsRequest{RepositoryId: string(id)})
		if err != nil {
			return err
		}
		for {
			part, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if all = append(all, part.GetBackups()...); len(all) > maxPoints {
				return fault.New(fault.Exhausted, "the repository has more than %d backups", maxPoints)
			}
		}
	})
	slices.SortStableFunc(all, func(a, b *transporterv1.BackupSize) int {
		return cmp.Or(cmp.Compare(b.GetHeldBytes(), a.GetHeldBytes()), cmp.Compare(b.GetLogicalAllBytes(), a.GetLogicalAllBytes()))
	})
	return all, err
}

// Folders lists the folders of a point, with the point itself and what it lost.
func (s *Service) Folders(ctx context.Context, id record.RepositoryID, point record.PointID) (*transporterv1.ListFoldersResponse, error) {
	var answer *transporterv1.ListFoldersResponse
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) (err error) {
		answer, err = c.ListFolders(ctx, &transporterv1.ListFoldersRequest{RepositoryId: string(id), PointId: string(point)})
		return err
	})
	return answer, err
}

// Messages lists a page of a folder of a point.
func (s *Service) Messages(ctx context.Context, q *transporterv1.ListMessagesRequest) (*transporterv1.ListMessagesResponse, error) {
	var answer *transporterv1.ListMessagesResponse
	err := s.With(ctx, record.RepositoryID(q.GetRepositoryId()), func(c transporterv1.ControlServiceClient) (err error) {
		answer, err = c.ListMessages(ctx, q)
		return err
	})
	if err == nil {
		err = understood(q, answer)
	}
	return answer, err
}

// Ledger compares a point with the mailbox as it was, folder by folder.
func (s *Service) Ledger(ctx context.Context, id record.RepositoryID, point record.PointID) (*transporterv1.GetLedgerResponse, error) {
	var answer *transporterv1.GetLedgerResponse
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) (err error) {
		answer, err = c.GetLedger(ctx, &transporterv1.GetLedgerRequest{RepositoryId: string(id), PointId: string(point)})
		return err
	})
	return answer, err
}
