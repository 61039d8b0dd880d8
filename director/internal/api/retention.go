package api

import (
	"context"

	"holdfast/director/internal/record"
	"holdfast/director/internal/retention"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// maxDecisions bounds the points of a preview.
const maxDecisions = 10_000

func (s *jobService) PreviewRetention(ctx context.Context, q *directorv1.PreviewRetentionRequest) (*directorv1.PreviewRetentionResponse, error) {
	l, err := s.Jobs.Get(record.JobID(q.GetJobId()))
	if err != nil {
		return nil, err
	}
	r := l.Retention
	if q.GetRetention() != nil {
		r = takeRetention(q.GetRetention())
	}
	policy, err := r.Located()
	if err != nil {
		return nil, err
	}
	backups, unread, err := s.Pruner.Preview(ctx, l.Job, mail.MailboxID(q.GetMailboxId()), policy)
	if err != nil {
		return nil, err
	}
	answer := &directorv1.PreviewRetentionResponse{UnreadRepositoryIds: texts(unread)}
	for _, kept := range []bool{false, true} {
		for _, b := range backups {
			for _, d := range b.Decisions {
				if d.Keep() != kept {
					continue
				}
				if kept {
					answer.Kept++
				} else {
					answer.Deleted++
				}
				if len(answer.Points) < maxDecisions {
					answer.Points = append(answer.Points, &directorv1.PointDecision{
						PointId: d.ID, AccountId: string(b.Account), MailboxId: string(b.Mailbox), MailboxAddress: b.Address,
						Time: stamp(d.Time), Complete: d.Complete, Reasons: reasons(d.Reasons), RepositoryId: string(d.Repository),
					})
				}
			}
		}
	}
	return answer, nil
}

func reasons(rules []retention.Rule) []string {
	var list []string
	for _, r := range rules {
		list = append(list, r.String())
	}
	return list
}

func (s *jobService) ApplyRetention(ctx context.Context, q *directorv1.ApplyRetentionRequest) (*directorv1.ApplyRetentionResponse, error) {
	return &directorv1.ApplyRetentionResponse{}, s.Pruner.Apply(ctx, record.JobID(q.GetJobId()))
}
