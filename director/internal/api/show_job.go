package api

import (
	"holdfast/director/internal/jobs"
	"holdfast/director/internal/record"
	"holdfast/director/internal/scheduler"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

func (s *jobService) showJob(l jobs.Listed) *directorv1.Job {
	j := l.Job
	out := &directorv1.Job{
		Id: string(j.ID), Name: j.Name, Edition: j.Edition, Enabled: j.Enabled, Created: stamp(j.Created), Draft: j.Draft,
		Source: &directorv1.Source{ExcludedMailboxIds: texts(j.Excluded)}, Destination: showDestination(&j), Options: showJobOptions(&j.Options),
		LastStatus: directorv1.RunStatus(l.Last.Status), LastRunId: string(l.Last.ID), LastStart: stamp(l.Last.Started),
		Group: j.Group, Retention: showRetention(&j.Retention), Before: showScript(j.Before), After: showScript(j.After),
		Reports: showReports(&j.Reports), FormerRepositoryIds: texts(j.Former), Deletion: showDeletion(j.Deletion),
	}
	for i := range j.Schedules {
		out.Schedules = append(out.Schedules, s.showSchedule(&j.Schedules[i]))
	}
	if next := scheduler.Starts([]record.Job{j}, s.Now(), 1); j.Enabled && len(next) > 0 {
		out.NextStart = stamp(next[0].Start)
	}
	for _, i := range j.Items {
		out.Source.Items = append(out.Source.Items, &directorv1.SourceItem{AccountId: string(i.Account), MailboxId: string(i.Mailbox)})
	}
	return out
}

func showDestination(j *record.Job) *directorv1.Destination {
	out := &directorv1.Destination{RepositoryId: string(j.Repository)}
	for _, d := range j.Destinations {
		if d.Mailbox == "" {
			out.Accounts = append(out.Accounts, &directorv1.AccountDestination{AccountId: string(d.Account), RepositoryId: string(d.Repository)})
			continue
		}
		out.Mailboxes = append(out.Mailboxes, &directorv1.MailboxDestination{
			AccountId: string(d.Account), MailboxId: string(d.Mailbox), RepositoryId: string(d.Repository),
		})
	}
	return out
}

func showJobOptions(o *record.JobOptions) *directorv1.JobOptions {
	return &directorv1.JobOptions{
		MaxTasks: o.MaxTasks, TransporterIds: texts(o.Transporters), EvidenceCopy: o.EvidenceCopy, RecoverableItems: o.RecoverableItems,
		HiddenFolders: o.HiddenFolders, Retries: o.Retries, RetryMinutes: o.RetryMinutes, WhenDetached: directorv1.WhenDetached(o.WhenDetached),
	}
}

func showScript(s *record.Script) *directorv1.Script {
	if s == nil {
		return nil
	}
	return &directorv1.Script{
		Path: s.Path, Interpreter: s.Interpreter, Arguments: s.Arguments, Environment: s.Environment, Detached: s.Detached,
		Required: s.Required, TimeoutSeconds: s.TimeoutSeconds,
	}
}

func showReports(r *record.Reports) *directorv1.Reports {
	if len(r.Addresses) == 0 && r.When == 0 {
		return nil
	}
	return &directorv1.Reports{Addresses: r.Addresses, When: directorv1.ReportWhen(r.When)}
}
