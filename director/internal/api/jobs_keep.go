package api

import (
	"context"

	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func (s *jobService) CloneJob(ctx context.Context, q *directorv1.CloneJobRequest) (*directorv1.CloneJobResponse, error) {
	j, err := s.Jobs.Clone(ctx, record.JobID(q.GetJobId()), q.GetName())
	if err != nil {
		return nil, err
	}
	return &directorv1.CloneJobResponse{Job: s.showJob(jobs.Listed{Job: j})}, nil
}

func (s *jobService) SetJobsEnabled(ctx context.Context, q *directorv1.SetJobsEnabledRequest) (*directorv1.SetJobsEnabledResponse, error) {
	var ids []record.JobID
	for _, id := range q.GetJobIds() {
		ids = append(ids, record.JobID(id))
	}
	list, err := s.Jobs.SetEnabled(ctx, ids, q.GetEnabled())
	if err != nil {
		return nil, err
	}
	answer := &directorv1.SetJobsEnabledResponse{}
	for _, l := range list {
		answer.Jobs = append(answer.Jobs, s.showJob(l))
	}
	return answer, nil
}

func (s *jobService) DeleteJob(ctx context.Context, q *directorv1.DeleteJobRequest) (*directorv1.DeleteJobResponse, error) {
	id := record.JobID(q.GetJobId())
	if !q.GetBackups() {
		return &directorv1.DeleteJobResponse{}, s.Jobs.Delete(ctx, id)
	}
	l, err := s.Jobs.Get(id)
	if err != nil {
		return nil, err
	}
	if l.Name != q.GetConfirmName() {
		return nil, fault.InvalidField("confirm_name", "to delete the job with all its backups, confirm with its name, %s", l.Name)
	}
	j, err := s.Jobs.DeleteWithBackups(ctx, id)
	if err != nil {
		return nil, err
	}
	return &directorv1.DeleteJobResponse{Job: s.showJob(jobs.Listed{Job: j, Last: l.Last})}, nil
}

func showDeletion(d *record.Deletion) *directorv1.Deletion {
	if d == nil {
		return nil
	}
	out := &directorv1.Deletion{Asked: stamp(d.Asked)}
	for _, p := range d.Places {
		out.Places = append(out.Places, &directorv1.DeletionPlace{
			RepositoryId: string(p.Repository), Name: p.Name, Deleted: p.Deleted, Done: p.Done, Waiting: p.Waiting,
		})
	}
	return out
}
