package depot

import (
	"context"

	"google.golang.org/grpc"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Diff hands what differs between two points of a repository to fn part by part, the last with a summary. After an error
// of fn or of the Transporter what fn got is not all.
func (s *Service) Diff(ctx context.Context, q *transporterv1.DiffPointsRequest, fn func(*transporterv1.DiffPointsResponse) error) error {
	return streamed(ctx, s, record.RepositoryID(q.GetRepositoryId()), func(ctx context.Context, c transporterv1.ControlServiceClient) (grpc.ServerStreamingClient[transporterv1.DiffPointsResponse], error) {
		return c.DiffPoints(ctx, q)
	}, fn)
}

// MessageHistory follows a message through the points of its backup.
func (s *Service) MessageHistory(ctx context.Context, q *transporterv1.GetMessageHistoryRequest) (*transporterv1.GetMessageHistoryResponse, error) {
	var answer *transporterv1.GetMessageHistoryResponse
	err := s.With(ctx, record.RepositoryID(q.GetRepositoryId()), func(c transporterv1.ControlServiceClient) (err error) {
		answer, err = c.GetMessageHistory(ctx, q)
		return err
	})
	return answer, err
}

// ordered reports whether a list of messages is asked for in a way that older Transporters do not know, which would answer
// with the whole folder by time of receipt.
func ordered(q *transporterv1.ListMessagesRequest) bool {
	return q.GetOrder() > transporterv1.MessageOrder_MESSAGE_ORDER_RECEIVED || q.GetFilter() != "" || q.GetUnread() || q.GetFlagged() || q.GetWithAttachments()
}

// understood returns Unsupported where a list of messages is not the one that was asked for.
func understood(q *transporterv1.ListMessagesRequest, answer *transporterv1.ListMessagesResponse) error {
	if ordered(q) && answer.GetTotal() > 0 && answer.GetInFolder() == 0 {
		return fault.New(fault.Unsupported, "the Transporter is too old to sort or filter messages; upgrade it")
	}
	return nil
}
