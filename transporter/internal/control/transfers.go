package control

import (
	"context"

	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/control/ferry"
)

// OpenTransfer implements ControlService.
func (s *Service) OpenTransfer(_ context.Context, req *transporterv1.OpenTransferRequest) (*transporterv1.OpenTransferResponse, error) {
	_, done, err := s.Shelf.Use(req.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	done() // it is there; the session uses it again when it begins
	opened, err := s.Transfers.Open(ferry.Request{
		Task: req.GetTaskId(), Repository: req.GetRepositoryId(), Key: keyIn(req.GetKey()), Source: req.GetSourceTransporterId(),
	})
	if err != nil {
		return nil, err
	}
	return &transporterv1.OpenTransferResponse{TransferId: opened.ID, Port: int32(opened.Port), Token: opened.Token}, nil
}

// CloseTransfer implements ControlService.
func (s *Service) CloseTransfer(_ context.Context, req *transporterv1.CloseTransferRequest) (*transporterv1.CloseTransferResponse, error) {
	s.Transfers.Close(req.GetTransferId())
	return &transporterv1.CloseTransferResponse{}, nil
}

// OpenProbe implements ControlService.
func (s *Service) OpenProbe(_ context.Context, req *transporterv1.OpenProbeRequest) (*transporterv1.OpenProbeResponse, error) {
	port, err := s.Transfers.OpenProbe(req.GetSourceTransporterId())
	return &transporterv1.OpenProbeResponse{Port: int32(port)}, err
}

// Probe implements ControlService.
func (s *Service) Probe(ctx context.Context, req *transporterv1.ProbeRequest) (*transporterv1.ProbeResponse, error) {
	took, err := s.Transfers.Probe(ctx, req.GetAddress(), req.GetTransporterId())
	return &transporterv1.ProbeResponse{Microseconds: took.Microseconds()}, err
}
