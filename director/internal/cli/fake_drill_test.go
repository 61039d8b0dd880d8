package cli

import (
	"context"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// ListRecoverySources knows the newest points of the stock, whenever they were made; Bo cannot go back.
func (d *director) ListRecoverySources(_ context.Context, r *pb.ListRecoverySourcesRequest) (*pb.ListRecoverySourcesResponse, error) {
	answer, seen := &pb.ListRecoverySourcesResponse{}, map[string]bool{}
	for _, p := range points() {
		wanted := len(r.GetMailboxIds()) == 0
		for _, id := range r.GetMailboxIds() {
			wanted = wanted || id == p.GetMailboxId()
		}
		if wanted && !seen[p.GetMailboxId()] {
			s := &pb.RecoverySource{Point: p}
			if p.GetId() == "pt-bo-1" {
				s.Problem = "the mailbox is gone from the tenant"
			}
			answer.Sources, seen[p.GetMailboxId()] = append(answer.Sources, s), true
		}
	}
	return answer, nil
}

func drills() []*pb.Drill {
	return []*pb.Drill{{
		Id: "drill-1", Name: "Weekly", JobId: "job-1", Mailboxes: 3, Messages: 20, AccountId: "acc-1", MailboxId: "mb-info1", Enabled: true,
		LastActivityId: "act-2", LastStatus: pb.RunStatus_RUN_STATUS_SUCCEEDED,
	}}
}

func (d *director) ListDrills(context.Context, *pb.ListDrillsRequest) (*pb.ListDrillsResponse, error) {
	return &pb.ListDrillsResponse{Drills: drills()}, nil
}

func (d *director) CreateDrill(_ context.Context, r *pb.CreateDrillRequest) (*pb.CreateDrillResponse, error) {
	r.GetDrill().Id = "drill-2"
	return &pb.CreateDrillResponse{Drill: r.GetDrill()}, nil
}

func (d *director) UpdateDrill(_ context.Context, r *pb.UpdateDrillRequest) (*pb.UpdateDrillResponse, error) {
	_, err := byID("drill", r.GetDrill().GetId(), drills())
	return &pb.UpdateDrillResponse{Drill: r.GetDrill()}, err
}

func (d *director) DeleteDrill(_ context.Context, r *pb.DeleteDrillRequest) (*pb.DeleteDrillResponse, error) {
	_, err := byID("drill", r.GetDrillId(), drills())
	return &pb.DeleteDrillResponse{}, err
}

func (d *director) RunDrill(_ context.Context, r *pb.RunDrillRequest) (*pb.RunDrillResponse, error) {
	_, err := byID("drill", r.GetDrillId(), drills())
	return &pb.RunDrillResponse{ActivityId: "act-1"}, err
}
