package api

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// takeJob reads a job that was checked.
func takeJob(j *directorv1.Job) record.Job {
	r := record.Job{
		ID: record.JobID(j.GetId()), Name: j.GetName(), Edition: j.GetEdition(), Repository: record.RepositoryID(j.GetDestination().GetRepositoryId()),
		Enabled: j.GetEnabled(), Schedules: takeSchedules(j.GetSchedules()), Retention: takeRetention(j.GetRetention()), Group: j.GetGroup(),
		Options: takeJobOptions(j.GetOptions()), Draft: j.GetDraft(), Before: takeScript(j.GetBefore()), After: takeScript(j.GetAfter()),
		Reports: record.Reports{Addresses: j.GetReports().GetAddresses(), When: record.ReportWhen(j.GetReports().GetWhen())},
	}
	for _, i := range j.GetSource().GetItems() {
		r.Items = append(r.Items, record.SourceItem{
			Account: mail.AccountID(i.GetAccountId()), Mailbox: mail.MailboxID(i.GetMailboxId()),
		})
	}
	for _, id := range j.GetSource().GetExcludedMailboxIds() {
		r.Excluded = append(r.Excluded, mail.MailboxID(id))
	}
	for _, d := range j.GetDestination().GetAccounts() {
		r.Destinations = append(r.Destinations, record.Destination{
			Account: mail.AccountID(d.GetAccountId()), Repository: record.RepositoryID(d.GetRepositoryId()),
		})
	}
	for _, d := range j.GetDestination().GetMailboxes() {
		r.Destinations = append(r.Destinations, record.Destination{
			Account: mail.AccountID(d.GetAccountId()), Mailbox: mail.MailboxID(d.GetMailboxId()),
			Repository: record.RepositoryID(d.GetRepositoryId()),
		})
	}
	return r
}

func takeJobOptions(o *directorv1.JobOptions) record.JobOptions {
	r := record.JobOptions{
		MaxTasks: o.GetMaxTasks(), EvidenceCopy: o.GetEvidenceCopy(), RecoverableItems: o.GetRecoverableItems(),
		HiddenFolders: o.GetHiddenFolders(), RetryMinutes: o.GetRetryMinutes(), WhenDetached: record.WhenDetached(o.GetWhenDetached()),
	}
	if o != nil {
		r.Retries = o.Retries
	}
	for _, id := range o.GetTransporterIds() {
		r.Transporters = append(r.Transporters, record.TransporterID(id))
	}
	return r
}

func takeScript(p *directorv1.Script) *record.Script {
	if p == nil {
		return nil
	}
	return &record.Script{
		Path: p.GetPath(), Interpreter: p.GetInterpreter(), Arguments: p.GetArguments(), Environment: p.GetEnvironment(),
		Detached: p.GetDetached(), Required: p.GetRequired(), TimeoutSeconds: p.GetTimeoutSeconds(),
	}
}
