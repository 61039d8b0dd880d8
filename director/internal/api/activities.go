package api

import (
	"context"

	"connectrpc.com/connect"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type activities struct{ Options }

func (s *activities) ListActivities(_ context.Context, q *directorv1.ListActivitiesRequest) (*directorv1.ListActivitiesResponse, error) {
	list, err := s.Dispatcher.List(dispatch.Filter{Running: q.GetRunningOnly(), Before: record.RunID(q.GetBeforeId()), Limit: orDefault(q.GetLimit(), defaultRuns)})
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListActivitiesResponse{}
	for _, v := range list {
		// Lists go without what only the activity's own page shows.
		v.LossesMore += int64(len(v.Losses))
		v.Losses = nil
		answer.Activities = append(answer.Activities, showActivity(v))
	}
	return answer, nil
}

func (s *activities) GetActivity(_ context.Context, q *directorv1.GetActivityRequest) (*directorv1.GetActivityResponse, error) {
	v, err := s.Dispatcher.Look(record.RunID(q.GetActivityId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.GetActivityResponse{Activity: showActivity(v)}, nil
}

func (s *activities) WatchActivity(ctx context.Context, q *directorv1.WatchActivityRequest, stream *connect.ServerStream[directorv1.WatchActivityResponse]) error {
	w, err := s.Dispatcher.Watch(record.RunID(q.GetActivityId()), false)
	if err != nil {
		return err
	}
	defer w.Close()
	for {
		v, _, last, err := w.Next(ctx)
		if err != nil {
			return err
		}
		if err := stream.Send(&directorv1.WatchActivityResponse{Activity: showActivity(v)}); err != nil || last {
			return err
		}
	}
}

func (s *activities) StopActivity(ctx context.Context, q *directorv1.StopActivityRequest) (*directorv1.StopActivityResponse, error) {
	return &directorv1.StopActivityResponse{}, s.Dispatcher.Stop(ctx, record.RunID(q.GetActivityId()), q.GetNow())
}
