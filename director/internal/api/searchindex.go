package api

import (
	"context"

	"golang.org/x/sync/errgroup"

	"holdfast/director/internal/record"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// askedTogether is how many repositories are asked for their index at the same time.
const askedTogether = 8

// ListSearchIndexes asks one repository, or all that are attached.
func (s *searches) ListSearchIndexes(ctx context.Context, q *directorv1.ListSearchIndexesRequest) (*directorv1.ListSearchIndexesResponse, error) {
	var list []record.Repository
	if id := record.RepositoryID(q.GetRepositoryId()); id != "" {
		r, err := s.Depot.Get(id)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	} else {
		all, err := s.Depot.List()
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			if r.Attached {
				list = append(list, r)
			}
		}
	}
	out := &directorv1.ListSearchIndexesResponse{Indexes: make([]*directorv1.RepositorySearchIndex, len(list))}
	var wait errgroup.Group
	wait.SetLimit(askedTogether)
	for i := range list {
		wait.Go(func() error {
			one := &directorv1.RepositorySearchIndex{RepositoryId: string(list[i].ID), RepositoryName: list[i].Name}
			if x, err := s.Depot.SearchIndex(ctx, list[i].ID); err != nil {
				one.Error = err.Error()
			} else {
				one.Index = showIndex(x)
			}
			out.Indexes[i] = one
			return nil
		})
	}
	_ = wait.Wait() // errors are in the answers
	return out, ctx.Err()
}

func showIndex(x *transporterv1.SearchIndex) *directorv1.SearchIndex {
	return &directorv1.SearchIndex{
		Points: x.GetPoints(), PointsBehind: x.GetPointsBehind(), Messages: x.GetMessages(), Bytes: x.GetBytes(), MemoryBytes: x.GetMemoryBytes(),
		Unreadable: x.GetUnreadable(), Trouble: x.GetTrouble(),
	}
}
