package control

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/graph"
)

const (
	// maxMeasured bounds the mailboxes of one question.
	maxMeasured = 1000
	// measuredAtOnce is how many mailboxes are counted at a time. Each has Microsoft's limit for itself.
	measuredAtOnce = 8
)

// MeasureMailboxes implements ControlService. Refused credentials end it; they are nothing of a single mailbox.
func (s *Service) MeasureMailboxes(req *transporterv1.MeasureMailboxesRequest, stream grpc.ServerStreamingServer[transporterv1.MeasureMailboxesResponse]) error {
	ids := req.GetMailboxIds()
	if len(ids) > maxMeasured {
		return fault.InvalidField("mailbox_ids", "has more than %d entries", maxMeasured)
	}
	for n, id := range ids {
		if id == "" {
			return fault.InvalidField(fmt.Sprintf("mailbox_ids[%d]", n), "is missing")
		}
	}
	client, err := s.Accounts.Client(req.GetAccount())
	if err != nil {
		return err
	}
	options := graph.FolderOptions{Hidden: req.GetHiddenFolders(), RecoverableItems: req.GetRecoverableItems()}
	group, ctx := errgroup.WithContext(stream.Context())
	group.SetLimit(measuredAtOnce)
	var sending sync.Mutex
	for _, id := range ids {
		group.Go(func() error {
			one, err := measure(ctx, client, mail.MailboxID(id), options)
			if err != nil {
				return err
			}
			sending.Lock()
			defer sending.Unlock()
			return stream.Send(one)
		})
	}
	return group.Wait()
}

// measure counts a mailbox; its error is that of the account.
func measure(ctx context.Context, c *graph.Client, id mail.MailboxID, o graph.FolderOptions) (*transporterv1.MeasureMailboxesResponse, error) {
	folders, err := c.Folders(ctx, id, o)
	if err != nil && (ctx.Err() != nil || fault.KindOf(err) == fault.Unauthorized) {
		return nil, err
	}
	answer := &transporterv1.MeasureMailboxesResponse{MailboxId: string(id), Folders: int64(len(folders)), Error: reason(err)}
	for _, f := range folders {
		answer.Messages += int64(max(0, f.Total))
	}
	return answer, nil
}

// reason is what an error says; empty for none.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return text(err.Error())
}
