package api

import (
	"context"

	"holdfast/director/internal/fleet"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type transporters struct{ Options }

func (s *transporters) PairTransporter(ctx context.Context, q *directorv1.PairTransporterRequest) (*directorv1.PairTransporterResponse, error) {
	t, err := s.Fleet.Pair(ctx, fleet.Candidate{
		Name: q.GetName(), Address: q.GetAddress(), Code: q.GetPairingCode(), TransferHost: q.GetTransferHost(),
	})
	if err != nil {
		return nil, err
	}
	return &directorv1.PairTransporterResponse{Transporter: s.show(t)}, nil
}

func (s *transporters) show(t record.Transporter) *directorv1.Transporter {
	return showTransporter(t, s.Fleet.Status(t.ID))
}

func (s *transporters) ListTransporters(context.Context, *directorv1.ListTransportersRequest) (*directorv1.ListTransportersResponse, error) {
	all, err := s.Fleet.List()
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListTransportersResponse{}
	for _, t := range all {
		answer.Transporters = append(answer.Transporters, s.show(t))
	}
	return answer, nil
}

// RefreshTransporter answers with what is known also when the Transporter cannot be reached: that is then said in it.
func (s *transporters) RefreshTransporter(ctx context.Context, q *directorv1.RefreshTransporterRequest) (*directorv1.RefreshTransporterResponse, error) {
	id := record.TransporterID(q.GetTransporterId())
	if _, err := s.Fleet.Get(id); err != nil {
		return nil, err
	}
	_, _ = s.Fleet.Refresh(ctx, id)
	t, err := s.Fleet.Get(id)
	if err != nil {
		return nil, err
	}
	return &directorv1.RefreshTransporterResponse{Transporter: s.show(t)}, nil
}

// TestTransporter tells what does not work in the ways.
func (s *transporters) TestTransporter(ctx context.Context, q *directorv1.TestTransporterRequest) (*directorv1.TestTransporterResponse, error) {
	var others []record.TransporterID
	for _, o := range q.GetOtherIds() {
		others = append(others, record.TransporterID(o))
	}
	ways, err := s.Fleet.Test(ctx, record.TransporterID(q.GetTransporterId()), others)
	if err != nil {
		return nil, err
	}
	answer := &directorv1.TestTransporterResponse{}
	for _, w := range ways {
		out := &directorv1.Way{
			FromName: "Director", ToId: string(w.To.ID), ToName: w.To.Name, Address: w.Address, Microseconds: w.Took.Microseconds(),
		}
		if w.From != nil {
			out.FromId, out.FromName = string(w.From.ID), w.From.Name
		}
		if w.Err != nil {
			out.Error, out.Microseconds = w.Err.Error(), 0
		}
		answer.Ways = append(answer.Ways, out)
	}
	return answer, nil
}

func (s *transporters) UpdateTransporter(ctx context.Context, q *directorv1.UpdateTransporterRequest) (*directorv1.UpdateTransporterResponse, error) {
	in := q.GetTransporter()
	t, err := s.Fleet.Update(ctx, record.Transporter{
		ID: record.TransporterID(in.GetId()), Name: in.GetName(), Address: in.GetAddress(), TransferHost: in.GetTransferHost(),
		MaxTasks: in.GetMaxTasks(),
	})
	if err != nil {
		return nil, err
	}
	return &directorv1.UpdateTransporterResponse{Transporter: s.show(t)}, nil
}

func (s *transporters) RemoveTransporter(ctx context.Context, q *directorv1.RemoveTransporterRequest) (*directorv1.RemoveTransporterResponse, error) {
	return &directorv1.RemoveTransporterResponse{}, s.Fleet.Remove(ctx, record.TransporterID(q.GetTransporterId()))
}
