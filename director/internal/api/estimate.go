package api

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"holdfast/director/internal/estimate"
	"holdfast/director/internal/forecast"
	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// estimateJob checks what is to be estimated: of a job that is not saved what a run needs to know, and no more.
func estimateJob(q *directorv1.EstimateJobRequest) error {
	j := q.GetJob()
	switch {
	case q.GetJobId() != "" && j != nil:
		return bad("job_id", "name a stored job or describe another, not both")
	case j == nil:
		return id("job_id", q.GetJobId())
	}
	return first(source(j), jobOptions(j.GetOptions()), schedules("job.schedules", j.GetSchedules()))
}

func (s *jobService) EstimateJob(ctx context.Context, q *directorv1.EstimateJobRequest) (*directorv1.EstimateJobResponse, error) {
	j := takeJob(q.GetJob())
	if q.GetJob() == nil {
		l, err := s.Jobs.Get(record.JobID(q.GetJobId()))
		if err != nil {
			return nil, err
		}
		if j = l.Job; j.Deletion != nil {
			return nil, fault.New(fault.Conflict, "job %s is being deleted with its backups", j.Name)
		}
	}
	f, err := s.Forecast.Job(ctx, j)
	if err != nil {
		return nil, err
	}
	return showForecast(&f), nil
}

func showForecast(f *forecast.Forecast) *directorv1.EstimateJobResponse {
	out := &directorv1.EstimateJobResponse{
		Mailboxes: int32(f.Mailboxes), FromRuns: int32(f.FromRuns), Measured: int32(f.Measured), NewMailboxes: int32(f.New),
		First: showEstimate(f.First, f.Window), Next: showEstimate(f.Next, f.Window), Assumptions: f.Assumed,
		Window: length(f.Window), TasksAtOnce: int32(f.Slots),
	}
	if f.First == nil {
		return out
	}
	for _, w := range f.Windows {
		out.Windows = append(out.Windows, &directorv1.WindowFit{
			Text: w.Text, Window: durationpb.New(w.Time), FirstFits: f.First.Likely <= w.Time, NextFits: f.Next.Likely <= w.Time,
		})
	}
	return out
}

func showEstimate(r *estimate.Run, window time.Duration) *directorv1.Estimate {
	if r == nil {
		return nil
	}
	second := func(d time.Duration) *durationpb.Duration { return durationpb.New(d.Round(time.Second)) }
	out := &directorv1.Estimate{
		Least: second(r.Least), Likely: second(r.Likely), Most: second(r.Most), Messages: r.Messages, Bytes: r.Bytes, Requests: r.Requests,
	}
	for n, s := range r.Slowest {
		if n == 0 {
			out.LongestMailboxId, out.Longest = string(s.Mailbox.ID), second(s.Likely)
		}
		out.Slowest = append(out.Slowest, &directorv1.MailboxEstimate{
			AccountId: string(s.Mailbox.Account), MailboxId: string(s.Mailbox.ID), MailboxName: s.Mailbox.Name, Likely: second(s.Likely), Messages: s.Messages,
		})
	}
	if window > 0 {
		fits := r.Likely <= window
		out.Fits = &fits
	}
	return out
}
