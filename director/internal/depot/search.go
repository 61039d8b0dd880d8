package depot

import (
	"context"
	"errors"
	"io"

	"holdfast/director/internal/record"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// withSearch is With for the search service of the Transporter that has a repository.
func (s *Service) withSearch(ctx context.Context, id record.RepositoryID, fn func(transporterv1.SearchServiceClient) error) error {
	return s.With(ctx, id, func(transporterv1.ControlServiceClient) error {
		r, err := s.Get(id)
		if err != nil {
			return err
		}
		c, err := s.Fleet.Search(r.Transporter)
		if err != nil {
			return err
		}
		return fn(c)
	})
}

// Search reads one page of what matches in a repository.
func (s *Service) Search(ctx context.Context, q *transporterv1.SearchRequest) (hits []*transporterv1.SearchHit, sum *transporterv1.SearchSummary, err error) {
	err = s.withSearch(ctx, record.RepositoryID(q.GetRepositoryId()), func(c transporterv1.SearchServiceClient) error {
		hits, sum = nil, nil
		stream, err := c.Search(ctx, q)
		if err != nil {
			return err
		}
		for {
			part, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			hits = append(hits, part.GetHits()...)
			if part.GetSummary() != nil {
				sum = part.GetSummary()
			}
		}
	})
	return hits, sum, err
}

// SearchIndex tells how far the search index of a repository is.
func (s *Service) SearchIndex(ctx context.Context, id record.RepositoryID) (*transporterv1.SearchIndex, error) {
	var index *transporterv1.SearchIndex
	err := s.withSearch(ctx, id, func(c transporterv1.SearchServiceClient) error {
		r, err := c.GetSearchIndex(ctx, &transporterv1.GetSearchIndexRequest{RepositoryId: string(id)})
		index = r.GetIndex()
		return err
	})
	return index, err
}

// RebuildSearchIndex has the search index of a repository made anew, in the background.
func (s *Service) RebuildSearchIndex(ctx context.Context, id record.RepositoryID) error {
	return s.withSearch(ctx, id, func(c transporterv1.SearchServiceClient) error {
		_, err := c.RebuildSearchIndex(ctx, &transporterv1.RebuildSearchIndexRequest{RepositoryId: string(id)})
		return err
	})
}
