package api

import (
	"context"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func (s *repositories) ReclaimRepository(ctx context.Context, q *directorv1.ReclaimRepositoryRequest) (*directorv1.ReclaimRepositoryResponse, error) {
	run, err := s.Dispatcher.StartReclaim(ctx, record.RepositoryID(q.GetRepositoryId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.ReclaimRepositoryResponse{ActivityId: string(run.ID)}, nil
}

func (s *repositories) SurveyRepository(ctx context.Context, q *directorv1.SurveyRepositoryRequest) (*directorv1.SurveyRepositoryResponse, error) {
	run, err := s.Dispatcher.StartSurvey(ctx, record.RepositoryID(q.GetRepositoryId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.SurveyRepositoryResponse{ActivityId: string(run.ID)}, nil
}

func showSurvey(s *record.Survey) *directorv1.Survey {
	if s == nil {
		return nil
	}
	return &directorv1.Survey{Taken: stamp(s.Taken), NeededBytes: s.Needed, GarbageBytes: s.Garbage, Unreadable: s.Unreadable}
}

func (s *repositories) RepairRepository(ctx context.Context, q *directorv1.RepairRepositoryRequest) (*directorv1.RepairRepositoryResponse, error) {
	run, err := s.Dispatcher.StartRepair(ctx, record.RepositoryID(q.GetRepositoryId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.RepairRepositoryResponse{ActivityId: string(run.ID)}, nil
}

func (s *repositories) CopyRepository(ctx context.Context, q *directorv1.CopyRepositoryRequest) (*directorv1.CopyRepositoryResponse, error) {
	what := record.Copy{
		Target: record.RepositoryID(q.GetTargetRepositoryId()), Account: mail.AccountID(q.GetAccountId()),
		Mailbox: mail.MailboxID(q.GetMailboxId()), Job: record.JobID(q.GetJobId()), Newest: q.GetNewest(), Thorough: q.GetThorough(),
	}
	for _, p := range q.GetPointIds() {
		what.Points = append(what.Points, record.PointID(p))
	}
	run, err := s.Dispatcher.StartCopy(ctx, record.RepositoryID(q.GetRepositoryId()), what)
	if err != nil {
		return nil, err
	}
	return &directorv1.CopyRepositoryResponse{ActivityId: string(run.ID)}, nil
}

func (s *repositories) SetRepositoryCodec(ctx context.Context, q *directorv1.SetRepositoryCodecRequest) (*directorv1.SetRepositoryCodecResponse, error) {
	r, err := s.Depot.SetCodec(ctx, record.RepositoryID(q.GetRepositoryId()), record.Codec(q.GetCodec()))
	if err != nil {
		return nil, err
	}
	return &directorv1.SetRepositoryCodecResponse{Repository: s.showRepository(r)}, nil
}

func (s *repositories) ChangeRepositoryKey(ctx context.Context, q *directorv1.ChangeRepositoryKeyRequest) (*directorv1.ChangeRepositoryKeyResponse, error) {
	r, err := s.Depot.ChangeKey(ctx, record.RepositoryID(q.GetRepositoryId()), takeKey(q.GetCurrent()), takeKey(q.GetNext()))
	if err != nil {
		return nil, err
	}
	return &directorv1.ChangeRepositoryKeyResponse{Repository: s.showRepository(r)}, nil
}

func (s *repositories) DeletePoints(ctx context.Context, q *directorv1.DeletePointsRequest) (*directorv1.DeletePointsResponse, error) {
	points := make([]record.PointID, 0, len(q.GetPointIds()))
	for _, p := range q.GetPointIds() {
		points = append(points, record.PointID(p))
	}
	return &directorv1.DeletePointsResponse{}, s.Depot.DeletePoints(ctx, record.RepositoryID(q.GetRepositoryId()), points)
}

// showUpkeep adds what was done to a repository.
func showUpkeep(out *directorv1.Activity, v *dispatch.RunView) {
	out.Survey = showSurvey(v.Survey)
	out.Undo = showUndo(v.Undo)
	if r := v.Reclaim; r != nil {
		out.Reclaim = &directorv1.ReclaimReport{
			FreedBytes: r.Freed, Blobs: r.Blobs, PacksDropped: r.PacksDropped, PacksRewritten: r.PacksRewritten,
			PacksWritten: r.PacksWritten, GarbageBytes: r.Garbage, Left: r.Left,
		}
	}
	if r := v.Repair; r != nil {
		out.Repair = &directorv1.RepairReport{Points: r.Points, Blobs: r.Blobs, Bytes: r.Bytes, Repaired: r.Repaired, Damage: r.Damage}
	}
	if r := v.Copy; r != nil {
		out.Copy = &directorv1.CopyReport{
			Copied: r.Copied, Present: r.Present, Deleted: r.Deleted, LeftOut: r.LeftOut, Blobs: r.Blobs, Bytes: r.Bytes, Reasons: r.Reasons,
		}
	}
}

// maxPointIDs bounds the points that one request names.
const maxPointIDs = 1000

func validateUpkeep(m any) error {
	switch q := m.(type) {
	case *directorv1.ReclaimRepositoryRequest:
		return id("repository_id", q.GetRepositoryId())
	case *directorv1.SurveyRepositoryRequest:
		return id("repository_id", q.GetRepositoryId())
	case *directorv1.ListBackupsRequest:
		return listBackups(q)
	case *directorv1.SetRepositorySchedulesRequest:
		return first(id("repository_id", q.GetRepositoryId()), line("confirm_name", q.GetConfirmName(), maxName), repositorySchedules(q.GetSchedules()))
	case *directorv1.ListRepositoryStartsRequest:
		return first(maybeID("repository_id", q.GetRepositoryId()), between("limit", q.GetLimit(), 0, maxStarts))
	case *directorv1.RepairRepositoryRequest:
		return id("repository_id", q.GetRepositoryId())
	case *directorv1.CopyRepositoryRequest:
		if q.GetNewest() && len(q.GetPointIds()) > 0 {
			return fault.InvalidField("newest", "name points, or take the newest of each backup, not both")
		}
		return first(id("repository_id", q.GetRepositoryId()), id("target_repository_id", q.GetTargetRepositoryId()),
			maybeID("account_id", q.GetAccountId()), maybeID("mailbox_id", q.GetMailboxId()), maybeID("job_id", q.GetJobId()),
			pointIDs(q.GetPointIds()))
	case *directorv1.SetRepositoryCodecRequest:
		if q.GetCodec() == directorv1.Codec_CODEC_UNSPECIFIED {
			return bad("codec", "is missing")
		}
		return first(id("repository_id", q.GetRepositoryId()), codec(q.GetCodec()))
	case *directorv1.ChangeRepositoryKeyRequest:
		if q.GetNext() == nil {
			return fault.InvalidField("next", "give the new passphrase or key file")
		}
		return first(id("repository_id", q.GetRepositoryId()), maybeKey(q.GetCurrent()), key(q.GetNext()))
	case *directorv1.DeletePointsRequest:
		if len(q.GetPointIds()) == 0 {
			return bad("point_ids", "are missing: name the points to delete")
		}
		return first(id("repository_id", q.GetRepositoryId()), pointIDs(q.GetPointIds()))
	default:
		return validateWork(m)
	}
}

func pointIDs(ids []string) error {
	if len(ids) > maxPointIDs {
		return bad("point_ids", "are more than %d", maxPointIDs)
	}
	for _, p := range ids {
		if err := id("point_ids", p); err != nil {
			return err
		}
	}
	return nil
}
