package depot

import (
	"context"
	"errors"
	"io"

	"holdfast/director/internal/record"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// PointIDs returns the ids of at most so many points of a repository, in no order. Less than asked for are all.
func (s *Service) PointIDs(ctx context.Context, id record.RepositoryID, key Key, most int) ([]record.PointID, error) {
	var list []record.PointID
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) error {
		list = nil
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends a stream that is not read to its end
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
			for _, p := range part.GetPoints() {
				if len(list) == most {
					return nil
				}
				list = append(list, record.PointID(p.GetId()))
			}
		}
	})
	return list, err
}
