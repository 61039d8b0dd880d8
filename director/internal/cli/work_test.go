package cli

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// jobList is the stock, or what a test put in its place.
func (d *director) jobList() []*pb.Job {
	if d.jobs == nil {
		return jobs()
	}
	var list []*pb.Job
	for _, j := range d.jobs {
		list = append(list, proto.CloneOf(j))
	}
	return list
}

func (d *director) ListJobs(context.Context, *pb.ListJobsRequest) (*pb.ListJobsResponse, error) {
	return &pb.ListJobsResponse{Jobs: d.jobList()}, nil
}

func (d *director) GetJob(_ context.Context, r *pb.GetJobRequest) (*pb.GetJobResponse, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.deletions) > 0 {
		next := d.deletions[0]
		d.deletions = d.deletions[1:]
		if next == nil {
			return nil, unknown("job", r.GetJobId())
		}
		return &pb.GetJobResponse{Job: &pb.Job{Id: r.GetJobId(), Name: "Daily", Deletion: next}}, nil
	}
	x, err := byID("job", r.GetJobId(), d.jobList())
	return &pb.GetJobResponse{Job: x}, err
}

func (d *director) CreateJob(_ context.Context, r *pb.CreateJobRequest) (*pb.CreateJobResponse, error) {
	if err := d.checkJob(r.GetJob()); err != nil {
		return nil, err
	}
	j := proto.CloneOf(r.GetJob())
	j.Id = "job-9"
	return &pb.CreateJobResponse{Job: j}, nil
}

func (d *director) UpdateJob(_ context.Context, r *pb.UpdateJobRequest) (*pb.UpdateJobResponse, error) {
	if _, err := byID("job", r.GetJob().GetId(), d.jobList()); err != nil {
		return nil, err
	}
	return &pb.UpdateJobResponse{Job: r.GetJob()}, d.checkJob(r.GetJob())
}

func (d *director) checkJob(j *pb.Job) error {
	if j.GetOptions().GetMaxTasks() < 0 {
		return fault.InvalidField("job.options.max_tasks", "must not be negative")
	}
	if id := j.GetDestination().GetRepositoryId(); id != "" || !j.GetDraft() && len(j.GetDestination().GetAccounts())+len(j.GetDestination().GetMailboxes()) == 0 {
		if _, err := byID("repository", id, repositories()); err != nil {
			return err
		}
	}
	for _, s := range j.GetSource().GetItems() {
		if _, err := byID("account", s.GetAccountId(), accounts()); err != nil {
			return err
		}
		if s.GetMailboxId() == "" {
			continue
		}
		if m, err := byID("mailbox", s.GetMailboxId(), mailboxStock()); err != nil || m.GetAccountId() != s.GetAccountId() {
			return unknown("mailbox", s.GetMailboxId())
		}
	}
	return nil
}

func (d *director) DeleteJob(_ context.Context, r *pb.DeleteJobRequest) (*pb.DeleteJobResponse, error) {
	x, err := byID("job", r.GetJobId(), d.jobList())
	if err != nil || !r.GetBackups() {
		return &pb.DeleteJobResponse{}, err
	}
	if r.GetConfirmName() != x.GetName() {
		return nil, fault.InvalidField("confirm_name", "confirm with the name")
	}
	return &pb.DeleteJobResponse{Job: x}, nil
}

func (d *director) CloneJob(_ context.Context, r *pb.CloneJobRequest) (*pb.CloneJobResponse, error) {
	x, err := byID("job", r.GetJobId(), d.jobList())
	if err != nil {
		return nil, err
	}
	x.Id, x.Name, x.Enabled = "job-9", r.GetName(), false
	return &pb.CloneJobResponse{Job: x}, nil
}

func (d *director) SetJobsEnabled(_ context.Context, r *pb.SetJobsEnabledRequest) (*pb.SetJobsEnabledResponse, error) {
	out := &pb.SetJobsEnabledResponse{}
	for _, id := range r.GetJobIds() {
		x, err := byID("job", id, d.jobList())
		if err != nil {
			return nil, err
		}
		x.Enabled = r.GetEnabled()
		out.Jobs = append(out.Jobs, x)
	}
	return out, nil
}

func (d *director) RunJob(_ context.Context, r *pb.RunJobRequest) (*pb.RunJobResponse, error) {
	_, err := byID("job", r.GetJobId(), jobs())
	return &pb.RunJobResponse{Run: runs()[0]}, err
}

func (d *director) ListRuns(_ context.Context, r *pb.ListRunsRequest) (*pb.ListRunsResponse, error) {
	all := slices.DeleteFunc(runs(), func(x *pb.Run) bool { return r.GetJobId() != "" && x.GetJobId() != r.GetJobId() })
	return &pb.ListRunsResponse{Runs: all}, nil
}

func (d *director) PreviewRetention(context.Context, *pb.PreviewRetentionRequest) (*pb.PreviewRetentionResponse, error) {
	return &pb.PreviewRetentionResponse{Kept: 1, Deleted: 1, Points: []*pb.PointDecision{
		{PointId: "pt-0", MailboxAddress: "anna@contoso.com", Time: at("2026-02-28 03:00:00"), Complete: true},
		{PointId: "pt-1", MailboxAddress: "anna@contoso.com", Time: at("2026-03-01 03:00:00"), Reasons: []string{"newest", "daily"}},
	}}, nil
}

func (d *director) ApplyRetention(context.Context, *pb.ApplyRetentionRequest) (*pb.ApplyRetentionResponse, error) {
	return &pb.ApplyRetentionResponse{}, nil
}

func (d *director) GetLedger(_ context.Context, r *pb.GetLedgerRequest) (*pb.GetLedgerResponse, error) {
	if !strings.HasPrefix(r.GetTaskId(), "t") {
		return nil, fault.New(fault.NotFound, "there is no task %q", r.GetTaskId())
	}
	out := &pb.GetLedgerResponse{
		Balance: &pb.Balance{Tenant: 40_012, Kept: 40_000, Folders: 3, Unexplained: 1},
		Folders: []*pb.LedgerFolder{
			{FolderId: "f1", Path: "/Inbox", Before: 30_000, Tenant: 30_011, Kept: 30_000, Reasons: []*pb.LedgerReason{
				{Cause: pb.LedgerCause_LEDGER_CAUSE_LOST, Messages: 2, Text: "could not be kept; the losses of the point say why"},
				{Cause: pb.LedgerCause_LEDGER_CAUSE_CHANGED, Messages: 8, Text: "came while the run went on; the next run has them"},
				{Cause: pb.LedgerCause_LEDGER_CAUSE_UNEXPLAINED, Messages: 1, Text: "no reason is known"},
			}},
			{FolderId: "f2", Path: "/Inbox/Projects", Before: 11, Tenant: 10, Kept: 11, Reasons: []*pb.LedgerReason{
				{Cause: pb.LedgerCause_LEDGER_CAUSE_CHANGED, Messages: -1, Text: "went while the run went on"},
			}},
			{FolderId: "f3", Path: "/Secret", Before: 7, Tenant: 7, Reasons: []*pb.LedgerReason{
				{Cause: pb.LedgerCause_LEDGER_CAUSE_EXCLUDED, Messages: 7, Text: "hidden folders are left out by the job's options"},
			}},
		},
	}
	if r.GetAll() {
		out.Folders = append(out.Folders, &pb.LedgerFolder{FolderId: "f4", Path: "/Sent", Before: 5, Tenant: 5, Kept: 5})
	}
	return out, nil
}

func (d *director) ListStarts(_ context.Context, r *pb.ListStartsRequest) (*pb.ListStartsResponse, error) {
	if r.GetJobId() == "job-2" {
		return &pb.ListStartsResponse{}, nil
	}
	return &pb.ListStartsResponse{Starts: []*pb.Start{
		{JobId: "job-1", JobName: "Daily", Start: at("2026-03-01 22:00:00"), Stop: at("2026-03-02 06:00:00"), Zone: "UTC", Text: "every day at 22:00 until 06:00 on the next day (UTC)"},
		{JobId: "job-1", JobName: "Daily", Start: at("2026-03-31 03:00:00"), Zone: "UTC", Text: "the last day of every month at 03:00 (UTC)"},
	}}, nil
}

func (d *director) EstimateJob(_ context.Context, r *pb.EstimateJobRequest) (*pb.EstimateJobResponse, error) {
	if n := len(r.GetJob().GetSource().GetItems()); n > 0 {
		return &pb.EstimateJobResponse{Mailboxes: int32(n), NewMailboxes: int32(n)}, nil
	}
	if r.GetJobId() == "job-2" {
		return &pb.EstimateJobResponse{Mailboxes: 2, NewMailboxes: 2, Assumptions: []string{"account Contoso could not be measured: no Transporter can be reached"}}, nil
	}
	yes, no := true, false
	return &pb.EstimateJobResponse{
		Mailboxes: 120, FromRuns: 40, Measured: 60, NewMailboxes: 80, TasksAtOnce: 3, Window: durationpb.New(8 * time.Hour),
		First: &pb.Estimate{
			Least: durationpb.New(2 * time.Hour), Likely: durationpb.New(9 * time.Hour), Most: durationpb.New(40 * time.Hour), Messages: 1_200_000,
			Bytes: 84_000_000_000, Requests: 367_200, LongestMailboxId: "mb-anna", Longest: durationpb.New(3 * time.Hour), Fits: &no,
			Slowest: []*pb.MailboxEstimate{
				{AccountId: "acc-1", MailboxId: "mb-anna", MailboxName: "Anna", Likely: durationpb.New(3 * time.Hour), Messages: 400_000},
				{AccountId: "acc-1", MailboxId: "mb-bo", MailboxName: "Bo", Likely: durationpb.New(20 * time.Minute), Messages: 41_000},
			},
		},
		Next: &pb.Estimate{
			Least: durationpb.New(4 * time.Minute), Likely: durationpb.New(11 * time.Minute), Most: durationpb.New(time.Hour), Messages: 24_000,
			Bytes: 1_680_000_000, Requests: 12_400, Fits: &yes,
		},
		Windows:     []*pb.WindowFit{{Text: "every day at 22:00 until 06:00 on the next day (UTC)", Window: durationpb.New(8 * time.Hour), NextFits: true}},
		Assumptions: []string{"20 of 120 mailboxes are like the mean of the 100 that are known", "a request takes a quarter of a second; at least 80 ms, at most a second"},
	}, nil
}

func (d *director) GetRun(_ context.Context, r *pb.GetRunRequest) (*pb.GetRunResponse, error) {
	x, err := byID("run", r.GetRunId(), runs())
	if y, other := byID("activity", r.GetRunId(), activities()); err != nil && other == nil { // recoveries have parts too
		x, err = &pb.Run{Id: y.GetId(), Status: y.GetStatus()}, nil
	}
	out := &pb.GetRunResponse{Run: x}
	if r.GetTasks() { // in pages of one
		all := tasks()
		n := 0
		if t := r.GetPageToken(); t != "" {
			n = int(t[0] - 'a')
		}
		if out.Tasks = all[n : n+1]; n+1 < len(all) {
			out.NextPageToken = string(rune('a' + n + 1))
		}
	}
	return out, err
}

func (d *director) WatchRun(ctx context.Context, r *pb.WatchRunRequest, s *connect.ServerStream[pb.WatchRunResponse]) error {
	if _, err := byID("run", r.GetRunId(), runs()); err != nil {
		return err
	}
	d.mu.Lock()
	var mine []*pb.WatchRunResponse
	if len(d.runStreams) > 0 {
		mine, d.runStreams = d.runStreams[0], d.runStreams[1:]
	}
	d.mu.Unlock()
	return play(ctx, mine, s.Send, d.hang)
}

func (d *director) WatchActivity(ctx context.Context, r *pb.WatchActivityRequest, s *connect.ServerStream[pb.WatchActivityResponse]) error {
	d.mu.Lock()
	var mine []*pb.WatchActivityResponse
	if len(d.activityStreams) > 1 {
		mine, d.activityStreams = d.activityStreams[0], d.activityStreams[1:]
	} else if len(d.activityStreams) == 1 {
		mine = d.activityStreams[0]
	}
	d.mu.Unlock()
	return play(ctx, mine, s.Send, d.hang)
}

// play sends answers; a nil one is the end of the Director's process.
func play[T any](ctx context.Context, all []*T, send func(*T) error, hang func()) error {
	for _, m := range all {
		if m == nil {
			return fault.New(fault.Unavailable, "the Director is stopping")
		}
		if err := send(m); err != nil {
			return err
		}
	}
	if hang != nil {
		hang()
		<-ctx.Done()
		return errors.New("the caller went away")
	}
	return nil
}

func (d *director) StopRun(_ context.Context, r *pb.StopRunRequest) (*pb.StopRunResponse, error) {
	_, err := byID("run", r.GetRunId(), runs())
	return &pb.StopRunResponse{}, err
}

func (d *director) StartRecovery(_ context.Context, r *pb.StartRecoveryRequest) (*pb.StartRecoveryResponse, error) {
	for _, one := range r.GetMailboxes() {
		if p, err := byID("recovery point", one.GetPointId(), points()); err != nil || p.GetRepositoryId() != one.GetRepositoryId() {
			return nil, unknown("recovery point", one.GetPointId())
		}
	}
	if len(r.GetMailboxes()) > 0 {
		return &pb.StartRecoveryResponse{ActivityId: "act-1"}, nil
	}
	p, err := byID("recovery point", r.GetPointId(), points())
	if err != nil || p.GetRepositoryId() != r.GetRepositoryId() {
		return nil, unknown("recovery point", r.GetPointId())
	}
	if r.GetIfExists() == pb.IfExists_IF_EXISTS_UNSPECIFIED {
		return nil, fault.InvalidField("if_exists", "must be given")
	}
	if (r.GetMailboxId() == "") != (r.GetAccountId() == "") {
		return nil, fault.InvalidField("mailbox_id", "account and mailbox go together")
	}
	for _, id := range r.GetFolderIds() {
		if _, err := byID("folder", id, folders()); err != nil {
			return nil, err
		}
	}
	for _, m := range r.GetMessages() {
		if _, err := byID("message", m.GetMessageId(), d.messages[p.GetId()+"/"+m.GetFolderId()]); err != nil {
			return nil, err
		}
	}
	return &pb.StartRecoveryResponse{ActivityId: "act-1"}, nil
}

func (d *director) ListPlan(_ context.Context, r *pb.ListPlanRequest) (*pb.ListPlanResponse, error) {
	if _, err := byID("activity", r.GetActivityId(), activities()); err != nil {
		return nil, err
	}
	all := []*pb.PlanItem{
		{Action: "create", Message: message("m1", "Plan"), Folder: []string{"Inbox", "Travel"}, To: []string{"Posteingang", "Travel"}, Count: 1},
		{Action: "impossible", Message: &pb.MessageSummary{}, Folder: []string{"Inbox"}, Count: 12, Reason: "they cannot be read"},
	}
	all = slices.DeleteFunc(all, func(i *pb.PlanItem) bool { return r.GetAction() != "" && r.GetAction() != i.GetAction() })
	return &pb.ListPlanResponse{Items: all[min(int(r.GetOffset()), len(all)):], Total: int64(len(all)), Beyond: 3}, nil
}

func (d *director) UndoRecovery(_ context.Context, r *pb.UndoRecoveryRequest) (*pb.UndoRecoveryResponse, error) {
	x, err := byID("activity", r.GetActivityId(), activities())
	if err != nil {
		return nil, err
	}
	if x.GetKind() != pb.ActivityKind_ACTIVITY_KIND_RECOVERY {
		return nil, fault.InvalidField("activity_id", "only a recovery can be undone")
	}
	return &pb.UndoRecoveryResponse{ActivityId: "act-1"}, nil
}

func (d *director) ListActivities(_ context.Context, r *pb.ListActivitiesRequest) (*pb.ListActivitiesResponse, error) {
	all := slices.DeleteFunc(activities(), func(x *pb.Activity) bool { return r.GetRunningOnly() && ended(x.GetStatus()) })
	return &pb.ListActivitiesResponse{Activities: all}, nil
}

func (d *director) GetActivity(_ context.Context, r *pb.GetActivityRequest) (*pb.GetActivityResponse, error) {
	x, err := byID("activity", r.GetActivityId(), activities())
	return &pb.GetActivityResponse{Activity: x}, err
}

func (d *director) StopActivity(_ context.Context, r *pb.StopActivityRequest) (*pb.StopActivityResponse, error) {
	_, err := byID("activity", r.GetActivityId(), activities())
	return &pb.StopActivityResponse{}, err
}
