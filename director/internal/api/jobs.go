package api

import (
	"context"
	"encoding/base64"

	"connectrpc.com/connect"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/director/internal/scheduler"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type jobService struct{ Options }

func (s *jobService) CreateJob(ctx context.Context, q *directorv1.CreateJobRequest) (*directorv1.CreateJobResponse, error) {
	j, err := s.Jobs.Create(ctx, takeJob(q.GetJob()))
	if err != nil {
		return nil, err
	}
	return &directorv1.CreateJobResponse{Job: s.showJob(jobs.Listed{Job: j})}, nil
}

func (s *jobService) UpdateJob(ctx context.Context, q *directorv1.UpdateJobRequest) (*directorv1.UpdateJobResponse, error) {
	j, err := s.Jobs.Update(ctx, takeJob(q.GetJob()))
	if err != nil {
		return nil, err
	}
	l, err := s.Jobs.Get(j.ID)
	if err != nil {
		return nil, err
	}
	return &directorv1.UpdateJobResponse{Job: s.showJob(l)}, nil
}

func (s *jobService) GetJob(ctx context.Context, q *directorv1.GetJobRequest) (*directorv1.GetJobResponse, error) {
	l, err := s.Jobs.Get(record.JobID(q.GetJobId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.GetJobResponse{Job: hushed(ctx, s.showJob(l))}, nil
}

func (s *jobService) ListJobs(ctx context.Context, _ *directorv1.ListJobsRequest) (*directorv1.ListJobsResponse, error) {
	all, err := s.Jobs.List()
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListJobsResponse{}
	for _, l := range all {
		answer.Jobs = append(answer.Jobs, hushed(ctx, s.showJob(l)))
	}
	return answer, nil
}

func (s *jobService) RunJob(ctx context.Context, q *directorv1.RunJobRequest) (*directorv1.RunJobResponse, error) {
	scope := dispatch.Scope{FailedOnly: q.GetFailedOnly()}
	for _, id := range q.GetMailboxIds() {
		scope.Mailboxes = append(scope.Mailboxes, mail.MailboxID(id))
	}
	run, err := s.Dispatcher.StartJob(ctx, record.JobID(q.GetJobId()), scope)
	if err != nil {
		return nil, err
	}
	return &directorv1.RunJobResponse{Run: showRun(dispatch.RunView{Run: run})}, nil
}

// defaultRuns is how many runs a list has when the request names no limit.
const defaultRuns = 50

func (s *jobService) ListRuns(_ context.Context, q *directorv1.ListRunsRequest) (*directorv1.ListRunsResponse, error) {
	list, err := s.Dispatcher.List(dispatch.Filter{
		Job: record.JobID(q.GetJobId()), Kind: record.KindBackup, Limit: orDefault(q.GetLimit(), defaultRuns),
	})
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListRunsResponse{}
	for _, v := range list {
		answer.Runs = append(answer.Runs, showRun(v))
	}
	return answer, nil
}

func orDefault(n int32, d int) int {
	if n == 0 {
		return d
	}
	return int(n)
}

func (s *jobService) GetRun(_ context.Context, q *directorv1.GetRunRequest) (*directorv1.GetRunResponse, error) {
	answer := &directorv1.GetRunResponse{}
	if !q.GetTasks() {
		v, err := s.run(record.RunID(q.GetRunId()))
		if err != nil {
			return nil, err
		}
		answer.Run, err = s.showWhole(v)
		return answer, err
	}
	if _, err := s.run(record.RunID(q.GetRunId())); err != nil {
		return nil, err
	}
	behind, err := base64.RawURLEncoding.DecodeString(q.GetPageToken())
	if err != nil {
		return nil, fault.InvalidField("page_token", "the page token is not one that was given out")
	}
	v, tasks, more, err := s.Dispatcher.LookInto(record.RunID(q.GetRunId()), record.TaskID(behind), orDefault(q.GetPageSize(), maxPageSize))
	if err != nil {
		return nil, err
	}
	if answer.Run, err = s.showWhole(v); err != nil {
		return nil, err
	}
	if more {
		answer.NextPageToken = base64.RawURLEncoding.EncodeToString([]byte(tasks[len(tasks)-1].ID))
	}
	for _, t := range tasks {
		answer.Tasks = append(answer.Tasks, showTask(t))
	}
	return answer, nil
}

// run returns the run of a job, or a recovery, undo or drill, which have tasks by mailbox too; what is done to a repository is
// none.
func (s *jobService) run(id record.RunID) (dispatch.RunView, error) {
	v, err := s.Dispatcher.Look(id)
	if err == nil && v.Kind != record.KindBackup && v.Kind != record.KindRecovery && v.Kind != record.KindUndo && v.Kind != record.KindDrill {
		return dispatch.RunView{}, fault.New(fault.NotFound, "there is no run %q", id)
	}
	return v, err
}

func (s *jobService) WatchRun(ctx context.Context, q *directorv1.WatchRunRequest, stream *connect.ServerStream[directorv1.WatchRunResponse]) error {
	id := record.RunID(q.GetRunId())
	if _, err := s.run(id); err != nil {
		return err
	}
	w, err := s.Dispatcher.Watch(id, true)
	if err != nil {
		return err
	}
	defer w.Close()
	for {
		v, tasks, last, err := w.Next(ctx)
		if err != nil {
			return err
		}
		answer := &directorv1.WatchRunResponse{Run: showRun(v)}
		for _, t := range tasks {
			answer.Tasks = append(answer.Tasks, showTask(t))
		}
		if err := stream.Send(answer); err != nil || last {
			return err
		}
	}
}

func (s *jobService) StopRun(ctx context.Context, q *directorv1.StopRunRequest) (*directorv1.StopRunResponse, error) {
	id := record.RunID(q.GetRunId())
	if _, err := s.run(id); err != nil {
		return nil, err
	}
	return &directorv1.StopRunResponse{}, s.Dispatcher.Stop(ctx, id, q.GetNow())
}

// defaultStarts is how many coming starts a list has when the request names no limit.
const defaultStarts = 10

func (s *jobService) ListStarts(_ context.Context, q *directorv1.ListStartsRequest) (*directorv1.ListStartsResponse, error) {
	var list []record.Job
	switch {
	case len(q.GetSchedules()) > 0:
		list = []record.Job{{Schedules: takeSchedules(q.GetSchedules())}}
	case q.GetJobId() != "":
		l, err := s.Jobs.Get(record.JobID(q.GetJobId()))
		if err != nil {
			return nil, err
		}
		list = []record.Job{l.Job}
	default:
		all, err := s.Jobs.List()
		if err != nil {
			return nil, err
		}
		for _, l := range all {
			if l.Enabled {
				list = append(list, l.Job)
			}
		}
	}
	answer := &directorv1.ListStartsResponse{}
	for _, o := range scheduler.Starts(list, s.Now(), orDefault(q.GetLimit(), defaultStarts)) {
		answer.Starts = append(answer.Starts, &directorv1.Start{
			JobId: string(o.Job), JobName: o.JobName, Start: stamp(o.Start), Stop: stamp(o.Stop), Zone: o.Zone, Text: o.Text,
		})
	}
	return answer, nil
}

// takeSchedules reads schedules that were checked.
func takeSchedules(list []*directorv1.Schedule) []record.Schedule {
	var out []record.Schedule
	for _, p := range list {
		if one, err := takeSchedule(p); err == nil {
			out = append(out, one)
		}
	}
	return out
}
