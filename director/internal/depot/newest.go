package depot

import (
	"context"
	"errors"
	"io"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// MailboxKey names a mailbox of an account.
type MailboxKey struct {
	Account mail.AccountID
	Mailbox mail.MailboxID
}

// NewestAt returns of each mailbox that the key matches the newest point of a repository that is not newer than a moment. It
// holds one point of each mailbox, however many there are in the repository.
func (s *Service) NewestAt(ctx context.Context, id record.RepositoryID, key Key, at time.Time) (map[MailboxKey]*transporterv1.Point, error) {
	var newest map[MailboxKey]*transporterv1.Point
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) error {
		newest = map[MailboxKey]*transporterv1.Point{}
		stream, err := c.ListPoints(ctx, &transporterv1.ListPointsRequest{
			RepositoryId: string(id),
			Key:          &transporterv1.BackupKey{AccountId: string(key.Account), MailboxId: string(key.Mailbox), JobId: string(key.Job)},
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
				of := MailboxKey{mail.AccountID(p.GetKey().GetAccountId()), mail.MailboxID(p.GetKey().GetMailboxId())}
				when := p.GetTime().AsTime()
				if have := newest[of]; !when.After(at) && (have == nil || when.After(have.GetTime().AsTime())) {
					newest[of] = p
				}
			}
		}
	})
	return newest, err
}
