package control

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search"
)

const (
	// hitsPerAnswer is how many messages go into one answer: few, for people see the first ones while others are read.
	hitsPerAnswer = 10
	maxPatience   = 60
)

// Search implements SearchService.
func (s *Service) Search(req *transporterv1.SearchRequest, stream grpc.ServerStreamingServer[transporterv1.SearchResponse]) error {
	q, err := queryIn(req)
	if err != nil {
		return err
	}
	index, done, err := s.Shelf.Search(req.GetRepositoryId())
	if err != nil {
		return err
	}
	defer done()
	part := &transporterv1.SearchResponse{}
	answer, err := index.Search(stream.Context(), q, func(h *search.Hit) error {
		if part.Hits = append(part.Hits, hitOut(h)); len(part.Hits) < hitsPerAnswer {
			return nil
		}
		err := stream.Send(part)
		part = &transporterv1.SearchResponse{}
		return err
	})
	if err != nil {
		return err
	}
	part.Summary = &transporterv1.SearchSummary{
		Total: answer.Total, AtLeast: answer.AtLeast, NextCursor: answer.Next, PointsBehind: answer.Behind, Unreadable: answer.Unreadable,
	}
	return stream.Send(part)
}

func queryIn(req *transporterv1.SearchRequest) (search.Query, error) {
	q := search.Query{
		Text: req.GetText(), From: req.GetFrom(), To: req.GetTo(), Attachment: req.GetAttachmentName(),
		Since: timeIn(req.GetSince()), Before: timeIn(req.GetBefore()), Larger: req.GetLarger(), Smaller: req.GetSmaller(),
		Limit: int(req.GetLimit()), Cursor: req.GetCursor(), Patience: time.Duration(req.GetPatienceSeconds()) * time.Second,
		Scope: search.Scope{
			Point: record.PointID(req.GetPointId()), Backup: keyIn(req.GetKey()), Folder: mail.FolderID(req.GetFolderId()),
		},
	}
	switch req.GetAttachments() {
	case transporterv1.AttachmentFilter_ATTACHMENT_FILTER_UNSPECIFIED:
	case transporterv1.AttachmentFilter_ATTACHMENT_FILTER_WITH:
		q.WithAttachments = true
	case transporterv1.AttachmentFilter_ATTACHMENT_FILTER_WITHOUT:
		q.WithoutAttachments = true
	default:
		return q, fault.InvalidField("attachments", "this Transporter does not know that filter")
	}
	if p := req.GetPatienceSeconds(); p < 0 || p > maxPatience {
		return q, fault.InvalidField("patience_seconds", "patience is 0 to %d seconds", maxPatience)
	}
	return q, nil
}

func timeIn(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

func hitOut(h *search.Hit) *transporterv1.SearchHit {
	out := &transporterv1.SearchHit{
		Message: summaryOut(h.Message), PointId: string(h.Point), Key: keyOut(h.Backup), Origin: originOut(h.Origin), HasAttachments: h.Attachments,
		Cursor: h.Cursor,
	}
	for _, name := range h.Path {
		out.Path = append(out.Path, clip(name, maxAddress))
	}
	for i := range h.Places {
		p := &h.Places[i]
		place := &transporterv1.SearchPlace{Key: keyOut(p.Backup), FolderId: string(p.Folder), PointsMore: int32(p.More)}
		for _, ref := range p.Points {
			place.Points = append(place.Points, &transporterv1.SearchPoint{Id: string(ref.ID), Time: stamp(ref.Time)})
		}
		out.Places = append(out.Places, place)
	}
	return out
}

// GetSearchIndex implements SearchService.
func (s *Service) GetSearchIndex(_ context.Context, req *transporterv1.GetSearchIndexRequest) (*transporterv1.GetSearchIndexResponse, error) {
	index, done, err := s.Shelf.Search(req.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	defer done()
	is := index.Status()
	out := &transporterv1.SearchIndex{
		Points: is.Points, PointsBehind: is.Missing, Messages: is.Documents, Bytes: is.Bytes, MemoryBytes: is.Memory, Unreadable: is.Unreadable,
	}
	if is.Trouble != nil {
		out.Trouble = text(is.Trouble.Error())
	}
	return &transporterv1.GetSearchIndexResponse{Index: out}, nil
}

// RebuildSearchIndex implements SearchService.
func (s *Service) RebuildSearchIndex(_ context.Context, req *transporterv1.RebuildSearchIndexRequest) (*transporterv1.RebuildSearchIndexResponse, error) {
	index, done, err := s.Shelf.Search(req.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	defer done()
	index.Rebuild()
	s.Logger.Info("search index is made anew", "repository", req.GetRepositoryId())
	return &transporterv1.RebuildSearchIndexResponse{}, nil
}
