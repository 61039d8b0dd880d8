package cli

import (
	"context"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// wholeRun returns a run with all its tasks, which come in pages; the run itself is of the last page's time.
func (c *api) wholeRun(ctx context.Context, id string) (*pb.GetRunResponse, error) {
	var all pb.GetRunResponse
	q := &pb.GetRunRequest{RunId: id, Tasks: true}
	for {
		r, err := c.GetRun(ctx, q)
		if err != nil {
			return nil, err
		}
		all.Run = r.GetRun()
		all.Tasks = append(all.Tasks, r.GetTasks()...)
		if r.GetNextPageToken() == "" || r.GetNextPageToken() == q.GetPageToken() {
			return &all, nil
		}
		q.PageToken = r.GetNextPageToken()
	}
}
