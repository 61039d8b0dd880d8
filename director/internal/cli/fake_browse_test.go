package cli

import (
	"context"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// day is a day of May 2026.
func day(n int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 5, n, 2, 0, 0, 0, time.UTC))
}

// DiffPoints sends one difference of each sort, each for itself.
func (d *director) DiffPoints(_ context.Context, q *pb.DiffPointsRequest, stream *connect.ServerStream[pb.DiffPointsResponse]) error {
	d.mu.Lock()
	d.requests = append(d.requests, q)
	d.mu.Unlock()
	if q.GetRepositoryId() != "repo-1" {
		return unknown("repository", q.GetRepositoryId())
	}
	inbox, sent := &pb.Folder{Id: "f-inbox", Name: "Posteingang"}, &pb.Folder{Id: "f-sent", Name: "Gesendet"}
	m := func(id, subject string) *pb.MessageSummary {
		return &pb.MessageSummary{Id: id, Subject: subject, Received: day(1)}
	}
	all := []*pb.Difference{
		{Kind: pb.DifferenceKind_DIFFERENCE_KIND_FOLDER_REMOVED, OldFolder: &pb.Folder{Id: "f-old", Name: "Alt"}},
		{Kind: pb.DifferenceKind_DIFFERENCE_KIND_MESSAGE_ADDED, NewFolder: inbox, New: m("m7", "New plan")},
		{Kind: pb.DifferenceKind_DIFFERENCE_KIND_MESSAGE_MOVED, OldFolder: inbox, NewFolder: sent, Old: m("m2", "Lunch"), New: m("m2", "Lunch"), Aspects: []string{"read"}},
		{Kind: pb.DifferenceKind_DIFFERENCE_KIND_UNREADABLE, NewFolder: sent, Reason: "a page is damaged", Messages: 12, InNewer: true},
	}
	total := int64(len(all))
	if q.GetLimit() > 0 {
		all = all[:min(len(all), int(q.GetLimit()))]
	}
	for _, x := range all {
		if err := stream.Send(&pb.DiffPointsResponse{Differences: []*pb.Difference{x}}); err != nil {
			return err
		}
	}
	return stream.Send(&pb.DiffPointsResponse{Summary: &pb.DiffSummary{Total: total}})
}

func (d *director) GetMessageHistory(_ context.Context, q *pb.GetMessageHistoryRequest) (*pb.GetMessageHistoryResponse, error) {
	if q.GetMessageId() != "m1" {
		return nil, unknown("message", q.GetMessageId())
	}
	inbox := &pb.Folder{Id: "f-inbox", Name: "Posteingang"}
	m := &pb.MessageSummary{Id: "m1", Subject: "Plan", Received: day(1)}
	read := &pb.MessageSummary{Id: "m1", Subject: "Plan", Received: day(1), Read: true}
	return &pb.GetMessageHistoryResponse{Points: 9, More: 1, Versions: []*pb.MessageVersion{
		{FirstTime: day(1), LastTime: day(2), Points: 2, Absent: true},
		{FirstTime: day(3), LastTime: day(3), Points: 1, Folder: inbox, Path: []string{"Posteingang"}, Message: m},
		{FirstTime: day(4), LastTime: day(8), Points: 5, Folder: inbox, Path: []string{"Posteingang", "Alt"}, Message: read, Moved: true, Aspects: []string{"read"}},
		{FirstTime: day(9), LastTime: day(9), Points: 1, Unreadable: "a page is damaged"},
	}}, nil
}
