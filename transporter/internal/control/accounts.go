package control

import (
	"context"

	"google.golang.org/grpc"

	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// mailboxesPerAnswer keeps an answer of ListMailboxes small.
const mailboxesPerAnswer = 200

// CheckAccount implements ControlService.
func (s *Service) CheckAccount(ctx context.Context, req *transporterv1.CheckAccountRequest) (*transporterv1.CheckAccountResponse, error) {
	client, err := s.Accounts.Client(req.GetAccount())
	if err != nil {
		return nil, err
	}
	access, err := client.CheckAccess(ctx)
	if err != nil {
		return nil, err
	}
	answer := &transporterv1.CheckAccountResponse{}
	for _, p := range access.Permissions {
		answer.Permissions = append(answer.Permissions, &transporterv1.Permission{
			Name: p.Name, Granted: p.Granted, Required: p.Required, Cost: p.Without,
		})
	}
	return answer, nil
}

// ListMailboxes implements ControlService.
func (s *Service) ListMailboxes(req *transporterv1.ListMailboxesRequest, stream grpc.ServerStreamingServer[transporterv1.ListMailboxesResponse]) error {
	client, err := s.Accounts.Client(req.GetAccount())
	if err != nil {
		return err
	}
	part := &transporterv1.ListMailboxesResponse{}
	for m, err := range client.Mailboxes(stream.Context()) {
		if err != nil {
			return err
		}
		part.Mailboxes = append(part.Mailboxes, mailboxOut(m))
		if len(part.Mailboxes) == mailboxesPerAnswer {
			if err := stream.Send(part); err != nil {
				return err
			}
			part = &transporterv1.ListMailboxesResponse{}
		}
	}
	return stream.Send(part)
}
