package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"connectrpc.com/connect"

	"holdfast/director/internal/depot"
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// browsing is the way through what is kept.
type browsing struct{ Options }

// ListPoints lists those of one repository, or of all that are attached.
func (s *repositories) ListPoints(ctx context.Context, q *directorv1.ListPointsRequest) (*directorv1.ListPointsResponse, error) {
	ids := []record.RepositoryID{record.RepositoryID(q.GetRepositoryId())}
	if ids[0] == "" {
		all, err := s.Depot.List()
		if err != nil {
			return nil, err
		}
		ids = ids[:0]
		for _, r := range all {
			if r.Attached {
				ids = append(ids, r.ID)
			}
		}
	}
	answer := &directorv1.ListPointsResponse{}
	for _, id := range ids {
		points, err := s.Depot.Points(ctx, id, depot.Key{
			Account: mail.AccountID(q.GetAccountId()), Mailbox: mail.MailboxID(q.GetMailboxId()), Job: record.JobID(q.GetJobId()),
		})
		if err != nil {
			return nil, fmt.Errorf("list the points: %w", err)
		}
		for _, p := range points {
			answer.Points = append(answer.Points, showPoint(id, p))
		}
	}
	if len(ids) > 1 {
		slices.SortStableFunc(answer.Points, func(a, b *directorv1.Point) int {
			return cmp.Compare(b.GetTime().AsTime().UnixNano(), a.GetTime().AsTime().UnixNano())
		})
	}
	answer.Total = int64(len(answer.Points))
	from := min(q.GetOffset(), answer.Total)
	to := answer.Total
	if q.GetLimit() > 0 {
		to = min(to, from+int64(q.GetLimit()))
	}
	answer.Points = answer.Points[from:to]
	return answer, nil
}

// DiffPoints passes on what the Transporter finds.
func (s *browsing) DiffPoints(ctx context.Context, q *directorv1.DiffPointsRequest, stream *connect.ServerStream[directorv1.DiffPointsResponse]) error {
	req := &transporterv1.DiffPointsRequest{
		RepositoryId: q.GetRepositoryId(), OlderPointId: q.GetOlderPointId(), NewerPointId: q.GetNewerPointId(), FolderId: q.GetFolderId(),
		Offset: q.GetOffset(), Limit: q.GetLimit(),
	}
	for _, k := range q.GetKinds() {
		req.Kinds = append(req.Kinds, transporterv1.DifferenceKind(k))
	}
	return s.Depot.Diff(ctx, req, func(part *transporterv1.DiffPointsResponse) error {
		out := &directorv1.DiffPointsResponse{}
		for _, d := range part.GetDifferences() {
			out.Differences = append(out.Differences, showDifference(d))
		}
		if sum := part.GetSummary(); sum != nil {
			out.Summary = &directorv1.DiffSummary{Total: sum.GetTotal()}
			for _, c := range sum.GetCounts() {
				out.Summary.Counts = append(out.Summary.Counts, &directorv1.DifferenceCount{Kind: directorv1.DifferenceKind(c.GetKind()), Count: c.GetCount()})
			}
		}
		return stream.Send(out)
	})
}

func showDifference(d *transporterv1.Difference) *directorv1.Difference {
	return &directorv1.Difference{
		Kind: directorv1.DifferenceKind(d.GetKind()), OldFolder: showFolder(d.GetOldFolder()), NewFolder: showFolder(d.GetNewFolder()),
		Old: maybeSummary(d.GetOld()), New: maybeSummary(d.GetNew()), Aspects: d.GetAspects(), Reason: d.GetReason(),
		Messages: d.GetMessages(), InNewer: d.GetInNewer(), Unsure: d.GetUnsure(),
	}
}

func showFolder(f *transporterv1.Folder) *directorv1.Folder {
	if f == nil {
		return nil
	}
	return &directorv1.Folder{
		Id: f.GetId(), ParentId: f.GetParentId(), Name: f.GetName(), Role: f.GetRole(), Hidden: f.GetHidden(), Messages: f.GetMessages(),
	}
}

func maybeSummary(m *transporterv1.MessageSummary) *directorv1.MessageSummary {
	if m == nil {
		return nil
	}
	return showSummary(m)
}

func (s *browsing) GetMessageHistory(ctx context.Context, q *directorv1.GetMessageHistoryRequest) (*directorv1.GetMessageHistoryResponse, error) {
	answer, err := s.Depot.MessageHistory(ctx, &transporterv1.GetMessageHistoryRequest{
		RepositoryId: q.GetRepositoryId(), PointId: q.GetPointId(), FolderId: q.GetFolderId(), MessageId: q.GetMessageId(),
	})
	if err != nil {
		return nil, err
	}
	out := &directorv1.GetMessageHistoryResponse{More: answer.GetMore(), Points: answer.GetPoints()}
	for _, v := range answer.GetVersions() {
		out.Versions = append(out.Versions, &directorv1.MessageVersion{
			FirstPointId: v.GetFirstPointId(), FirstTime: v.GetFirstTime(), LastPointId: v.GetLastPointId(), LastTime: v.GetLastTime(),
			Points: v.GetPoints(), Absent: v.GetAbsent(), Unreadable: v.GetUnreadable(), Folder: showFolder(v.GetFolder()), Path: v.GetPath(),
			Message: maybeSummary(v.GetMessage()), Categories: v.GetCategories(), Aspects: v.GetAspects(), Moved: v.GetMoved(),
		})
	}
	return out, nil
}
