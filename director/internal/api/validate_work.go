package api

import (
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// maxRuns bounds a list of runs or activities, maxStarts one of coming starts.
const (
	maxRuns   = 10_000
	maxStarts = 1000
)

func validateWork(m any) error {
	switch q := m.(type) {
	case *directorv1.CreateJobRequest:
		return job(q.GetJob())
	case *directorv1.UpdateJobRequest:
		return first(id("job.id", q.GetJob().GetId()), job(q.GetJob()))
	case *directorv1.GetJobRequest:
		return id("job_id", q.GetJobId())
	case *directorv1.DeleteJobRequest:
		return first(id("job_id", q.GetJobId()), line("confirm_name", q.GetConfirmName(), maxName))
	case *directorv1.CloneJobRequest:
		return first(id("job_id", q.GetJobId()), name("name", q.GetName()))
	case *directorv1.SetJobsEnabledRequest:
		if len(q.GetJobIds()) == 0 {
			return bad("job_ids", "is empty: name at least one job")
		}
		return ids("job_ids", q.GetJobIds())
	case *directorv1.RunJobRequest:
		return first(id("job_id", q.GetJobId()), ids("mailbox_ids", q.GetMailboxIds()))
	case *directorv1.ListRunsRequest:
		return first(maybeID("job_id", q.GetJobId()), between("limit", q.GetLimit(), 0, maxRuns))
	case *directorv1.GetRunRequest:
		return first(id("run_id", q.GetRunId()), between("page_size", q.GetPageSize(), 0, maxPageSize), line("page_token", q.GetPageToken(), maxPath))
	case *directorv1.WatchRunRequest:
		return id("run_id", q.GetRunId())
	case *directorv1.GetLedgerRequest:
		return ledger(q)
	case *directorv1.StopRunRequest:
		return id("run_id", q.GetRunId())
	case *directorv1.PreviewRetentionRequest:
		return first(id("job_id", q.GetJobId()), maybeID("mailbox_id", q.GetMailboxId()), keeping("retention", q.GetRetention()))
	case *directorv1.ApplyRetentionRequest:
		return id("job_id", q.GetJobId())
	case *directorv1.EstimateJobRequest:
		return estimateJob(q)
	case *directorv1.ListStartsRequest:
		return first(maybeID("job_id", q.GetJobId()), between("limit", q.GetLimit(), 0, maxStarts), schedules("schedules", q.GetSchedules()))
	case *directorv1.StartRecoveryRequest, *directorv1.ListRecoverySourcesRequest, *directorv1.ListPlanRequest, *directorv1.UndoRecoveryRequest,
		*directorv1.CreateDrillRequest, *directorv1.UpdateDrillRequest, *directorv1.DeleteDrillRequest, *directorv1.ListDrillsRequest,
		*directorv1.RunDrillRequest:
		return validateRecovery(m)
	case *directorv1.ListActivitiesRequest:
		return first(maybeID("before_id", q.GetBeforeId()), between("limit", q.GetLimit(), 0, maxRuns))
	case *directorv1.GetActivityRequest:
		return id("activity_id", q.GetActivityId())
	case *directorv1.WatchActivityRequest:
		return id("activity_id", q.GetActivityId())
	case *directorv1.StopActivityRequest:
		return id("activity_id", q.GetActivityId())
	default:
		return validateNotification(m)
	}
}
