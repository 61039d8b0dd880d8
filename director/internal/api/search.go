package api

import (
	"context"

	"connectrpc.com/connect"

	"holdfast/director/internal/record"
	"holdfast/director/internal/search"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

type searches struct{ Options }

// hitsPerAnswer is how many messages go into one answer of a search.
const hitsPerAnswer = 50

// Search asks one repository, or all that are attached.
func (s *searches) Search(ctx context.Context, q *directorv1.SearchRequest, stream *connect.ServerStream[directorv1.SearchResponse]) error {
	ids := []record.RepositoryID{record.RepositoryID(q.GetRepositoryId())}
	if ids[0] == "" {
		all, err := s.Depot.List()
		if err != nil {
			return err
		}
		ids = ids[:0]
		for _, r := range all {
			if r.Attached {
				ids = append(ids, r.ID)
			}
		}
	}
	page, err := search.Find(ctx, ids, takeSearch(q), s.Depot.Search)
	if err != nil {
		return err
	}
	answer := &directorv1.SearchResponse{}
	for i := range page.Hits {
		if len(answer.Hits) == hitsPerAnswer {
			if err := stream.Send(answer); err != nil {
				return err
			}
			answer = &directorv1.SearchResponse{}
		}
		answer.Hits = append(answer.Hits, showHit(&page.Hits[i]))
	}
	answer.Summary = &directorv1.SearchSummary{
		Total: page.Total, AtLeast: page.AtLeast, NextCursor: page.Next, PointsBehind: page.Behind, Unreadable: page.Unreadable,
	}
	for _, r := range page.Searched {
		answer.Summary.Searched = append(answer.Summary.Searched, &directorv1.SearchedRepository{
			RepositoryId: string(r.Repository), PointsBehind: r.Behind, Unreadable: r.Unreadable,
		})
	}
	for _, u := range page.Unsearched {
		answer.Summary.Unsearched = append(answer.Summary.Unsearched, &directorv1.UnsearchedRepository{
			RepositoryId: string(u.Repository), Error: u.Err.Error(),
		})
	}
	return stream.Send(answer)
}

func takeSearch(q *directorv1.SearchRequest) *transporterv1.SearchRequest {
	return &transporterv1.SearchRequest{
		PointId: q.GetPointId(), FolderId: q.GetFolderId(),
		Key:  &transporterv1.BackupKey{AccountId: q.GetAccountId(), MailboxId: q.GetMailboxId(), JobId: q.GetJobId()},
		Text: q.GetText(), From: q.GetFrom(), To: q.GetTo(), AttachmentName: q.GetAttachmentName(), Since: q.GetSince(), Before: q.GetBefore(),
		Attachments: transporterv1.AttachmentFilter(q.GetAttachments()), Larger: q.GetLarger(), Smaller: q.GetSmaller(),
		Limit: q.GetLimit(), Cursor: q.GetCursor(), PatienceSeconds: q.GetPatienceSeconds(),
	}
}

func showHit(h *search.Hit) *directorv1.SearchHit {
	out := &directorv1.SearchHit{
		RepositoryId: string(h.Repository), PointId: h.GetPointId(), AccountId: h.GetKey().GetAccountId(), MailboxId: h.GetKey().GetMailboxId(),
		JobId: h.GetKey().GetJobId(), MailboxName: h.GetOrigin().GetMailboxName(), MailboxAddress: h.GetOrigin().GetMailboxAddress(),
		JobName: h.GetOrigin().GetJobName(), Message: showSummary(h.GetMessage()), Path: h.GetPath(), HasAttachments: h.GetHasAttachments(),
	}
	for _, p := range h.GetPlaces() {
		place := &directorv1.SearchPlace{JobId: p.GetKey().GetJobId(), FolderId: p.GetFolderId(), PointsMore: p.GetPointsMore()}
		for _, at := range p.GetPoints() {
			place.Points = append(place.Points, &directorv1.SearchPoint{Id: at.GetId(), Time: at.GetTime()})
		}
		out.Places = append(out.Places, place)
	}
	return out
}

func (s *searches) GetSearchIndex(ctx context.Context, q *directorv1.GetSearchIndexRequest) (*directorv1.GetSearchIndexResponse, error) {
	x, err := s.Depot.SearchIndex(ctx, record.RepositoryID(q.GetRepositoryId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.GetSearchIndexResponse{Index: showIndex(x)}, nil
}

func (s *searches) RebuildSearchIndex(ctx context.Context, q *directorv1.RebuildSearchIndexRequest) (*directorv1.RebuildSearchIndexResponse, error) {
	return &directorv1.RebuildSearchIndexResponse{}, s.Depot.RebuildSearchIndex(ctx, record.RepositoryID(q.GetRepositoryId()))
}

// maxQuery is how many characters are looked for at most; the repository's own limit is in bytes.
const maxQuery = 1000

func validateSearch(m any) error {
	switch q := m.(type) {
	case *directorv1.SearchRequest:
		if q.GetPointId() != "" && q.GetRepositoryId() == "" {
			return bad("repository_id", "is missing: a recovery point needs its repository")
		}
		if _, ok := directorv1.AttachmentFilter_name[int32(q.GetAttachments())]; !ok {
			return bad("attachments", "is none that there is")
		}
		return first(maybeID("repository_id", q.GetRepositoryId()), maybeID("point_id", q.GetPointId()), maybeID("account_id", q.GetAccountId()),
			maybeID("mailbox_id", q.GetMailboxId()), maybeID("job_id", q.GetJobId()), maybeID("folder_id", q.GetFolderId()),
			query("text", q.GetText()), query("from", q.GetFrom()), query("to", q.GetTo()), query("attachment_name", q.GetAttachmentName()),
			between("larger", q.GetLarger(), 0, 1<<50), between("smaller", q.GetSmaller(), 0, 1<<50), between("limit", q.GetLimit(), 0, search.MaxLimit),
			between("patience_seconds", q.GetPatienceSeconds(), 0, 60), line("cursor", q.GetCursor(), search.MaxCursor))
	case *directorv1.GetSearchIndexRequest:
		return id("repository_id", q.GetRepositoryId())
	case *directorv1.ListSearchIndexesRequest:
		return maybeID("repository_id", q.GetRepositoryId())
	case *directorv1.RebuildSearchIndexRequest:
		return id("repository_id", q.GetRepositoryId())
	default:
		return fault.New(fault.Unsupported, "there is no check for %T", m)
	}
}

// query is what is looked for; pasted text may have lines.
func query(field, s string) error {
	if len(s) > maxQuery {
		return bad(field, "is longer than %d bytes", maxQuery)
	}
	return nil
}
