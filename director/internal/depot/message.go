package depot

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"holdfast/director/internal/record"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// Message returns what is kept of a message.
func (s *Service) Message(ctx context.Context, q *transporterv1.GetMessageRequest) (*transporterv1.GetMessageResponse, error) {
	var answer *transporterv1.GetMessageResponse
	err := s.With(ctx, record.RepositoryID(q.GetPlace().GetRepositoryId()), func(c transporterv1.ControlServiceClient) (err error) {
		answer, err = c.GetMessage(ctx, q)
		return err
	})
	return answer, err
}

// Export hands a message, or an archive of many, to fn part by part. After an error of fn or of the Transporter what fn
// got is no whole file.
func (s *Service) Export(ctx context.Context, id record.RepositoryID, q *transporterv1.ExportRequest, fn func(*transporterv1.ExportResponse) error) error {
	return streamed(ctx, s, id, func(ctx context.Context, c transporterv1.ControlServiceClient) (grpc.ServerStreamingClient[transporterv1.ExportResponse], error) {
		return c.Export(ctx, q)
	}, fn)
}

// Content hands the bytes of a message's text or attachment to fn part by part.
func (s *Service) Content(ctx context.Context, q *transporterv1.ReadContentRequest, fn func(*transporterv1.ReadContentResponse) error) error {
	return streamed(ctx, s, record.RepositoryID(q.GetRepositoryId()), func(ctx context.Context, c transporterv1.ControlServiceClient) (grpc.ServerStreamingClient[transporterv1.ReadContentResponse], error) {
		return c.ReadContent(ctx, q)
	}, fn)
}

// streamed hands the parts of a stream to fn. A stream that broke after its first part is not begun again.
func streamed[T any](ctx context.Context, s *Service, id record.RepositoryID, open func(context.Context, transporterv1.ControlServiceClient) (grpc.ServerStreamingClient[T], error), fn func(*T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var broke error
	err := s.With(ctx, id, func(c transporterv1.ControlServiceClient) error {
		stream, err := open(ctx, c)
		if err != nil {
			return err
		}
		for begun := false; ; begun = true {
			part, err := stream.Recv()
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil && begun:
				broke = err
				return nil
			case err != nil:
				return err
			}
			if broke = fn(part); broke != nil {
				return nil //nolint:nilerr // it is returned beside
			}
		}
	})
	return errors.Join(err, broke)
}
