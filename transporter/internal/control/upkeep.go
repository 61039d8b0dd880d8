package control

import (
	"context"
	"slices"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/task"
)

// SetCodec implements ControlService.
func (s *Service) SetCodec(ctx context.Context, req *transporterv1.SetCodecRequest) (*transporterv1.SetCodecResponse, error) {
	level, ok := levels[req.GetCodec()]
	if !ok || req.GetCodec() == transporterv1.Codec_CODEC_UNSPECIFIED {
		return nil, fault.InvalidField("codec", "this Transporter does not know that compression")
	}
	repo, done, err := s.Shelf.Use(req.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	err = repo.SetLevel(ctx, level)
	done()
	if err != nil {
		return nil, err
	}
	r, err := s.describe(ctx, req.GetRepositoryId())
	return &transporterv1.SetCodecResponse{Repository: r}, err
}

// ChangeKey implements ControlService.
func (s *Service) ChangeKey(ctx context.Context, req *transporterv1.ChangeKeyRequest) (*transporterv1.ChangeKeyResponse, error) {
	repo, done, err := s.Shelf.Use(req.GetRepositoryId())
	if err != nil {
		return nil, err
	}
	defer done()
	if err := repo.ChangeSecret(ctx, secretIn(req.GetCurrent()), secretIn(req.GetNext())); err != nil {
		return nil, err
	}
	s.Logger.Info("repository key changed", "repository", req.GetRepositoryId())
	return &transporterv1.ChangeKeyResponse{}, nil
}

// upkeep makes the task of what is done to a repository as a whole.
func (s *Service) upkeep(req *transporterv1.StartTaskRequest, spec *task.Spec) (err error) {
	switch w := req.GetWork().(type) {
	case *transporterv1.StartTaskRequest_Verify:
		spec.Kind = "verify"
		spec.Exclusive = "verify " + w.Verify.GetRepositoryId()
		spec.Work, err = s.Bench.Verify(w.Verify)
	case *transporterv1.StartTaskRequest_Reclaim:
		spec.Kind = "reclaim"
		spec.Exclusive = "upkeep " + w.Reclaim.GetRepositoryId()
		spec.Work, err = s.Bench.Reclaim(w.Reclaim)
	case *transporterv1.StartTaskRequest_Survey:
		spec.Kind = "survey"
		spec.Exclusive = "upkeep " + w.Survey.GetRepositoryId()
		spec.Work, err = s.Bench.Survey(w.Survey)
	case *transporterv1.StartTaskRequest_Repair:
		spec.Kind = "repair"
		spec.Exclusive = "upkeep " + w.Repair.GetRepositoryId()
		spec.Work, err = s.Bench.Repair(w.Repair)
	case *transporterv1.StartTaskRequest_Copy:
		spec.Kind = "copy"
		spec.Exclusive = "copy " + w.Copy.GetTargetRepositoryId()
		spec.Work, err = s.Bench.Copy(w.Copy)
	default:
		err = fault.InvalidField("work", "this Transporter does not know the kind of work; it may be older than the Director")
	}
	return err
}

// upkeepOut adds what was done to a repository.
func upkeepOut(out *transporterv1.TaskState, o *task.Outcome) {
	if r := o.Reclaim; r != nil {
		out.Reclaim = &transporterv1.ReclaimReport{
			FreedBytes: r.Freed, Blobs: r.Blobs, PacksDropped: r.Dropped, PacksRewritten: r.Rewritten, PacksWritten: r.Written,
			GarbageBytes: r.Garbage, Left: sentences(r.Left),
		}
	}
	if r := o.Repair; r != nil {
		out.Repair = &transporterv1.RepairReport{
			Points: r.Points, Blobs: r.Blobs, Bytes: r.Bytes, Repaired: sentences(r.Repaired), Damage: sentences(r.Damage),
		}
	}
	if r := o.Survey; r != nil {
		out.Survey = surveyOut(r)
	}
	if r := o.Copy; r != nil {
		out.Copy = &transporterv1.CopyReport{
			Copied: r.Copied, Present: r.Present, Deleted: r.Deleted, LeftOut: r.LeftOut, Blobs: r.Blobs, Bytes: r.Bytes,
			Reasons: sentences(r.Reasons),
		}
	}
}

func surveyOut(r *task.SurveyReport) *transporterv1.Survey {
	if r == nil {
		return nil
	}
	return &transporterv1.Survey{Taken: stamp(r.Taken), NeededBytes: r.Needed, GarbageBytes: r.Garbage, Unreadable: r.Unreadable}
}

// maxSizes bounds the backups in one answer.
const maxSizes = 1000

// ListBackups implements ControlService.
func (s *Service) ListBackups(req *transporterv1.ListBackupsRequest, stream grpc.ServerStreamingServer[transporterv1.ListBackupsResponse]) error {
	repo, done, err := s.Shelf.Use(req.GetRepositoryId())
	if err != nil {
		return err
	}
	defer done()
	sums, err := repo.Statistics(stream.Context())
	if err != nil {
		return err
	}
	for part := range slices.Chunk(sums.ByBackup, maxSizes) {
		answer := &transporterv1.ListBackupsResponse{}
		for i := range part {
			answer.Backups = append(answer.Backups, sizeOut(&part[i], sums.Survey))
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
	return nil
}

func sizeOut(b *repository.BackupStatistics, survey *repository.Survey) *transporterv1.BackupSize {
	newest := pointOut(b.Newest)
	out := &transporterv1.BackupSize{
		Key: newest.GetKey(), Origin: newest.GetOrigin(), Points: int64(b.Points), Newest: newest.GetTime(),
		Messages: newest.GetCounts().GetMessages(), LogicalBytes: b.Logical, LogicalAllBytes: b.LogicalAll,
	}
	if b.Share != nil && survey != nil {
		out.HeldBytes, out.AloneBytes, out.Surveyed = b.Share.Held.Stored, b.Share.Alone.Stored, stamp(survey.BackupsTaken)
	}
	return out
}

// sentences makes a list of them fit for the wire.
func sentences(list []string) []string {
	var out []string
	for _, t := range list[:min(len(list), task.MaxLosses)] {
		out = append(out, text(t))
	}
	return out
}
