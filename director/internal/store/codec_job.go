package store

import (
	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
	statev1 "holdfast/pkg/pb/holdfast/state/v1"
)

func encodeJob(s *sealer, r *record.Job) (*statev1.Job, error) {
	p := &statev1.Job{
		Id: string(r.ID), Name: r.Name, Edition: r.Edition, ExcludedMailboxIds: texts[string](r.Excluded), RepositoryId: string(r.Repository),
		Options: encodeJobOptions(&r.Options), Enabled: r.Enabled, Created: stamp(r.Created), LastRunId: string(r.LastRun),
		Retention: encodeRetention(&r.Retention), Group: r.Group, Draft: r.Draft,
		Reports:             encodeReports(&r.Reports),
		FormerRepositoryIds: texts[string](r.Former), Deletion: encodeDeletion(r.Deletion),
	}
	for i := range r.Schedules {
		p.Schedules = append(p.Schedules, encodeSchedule(&r.Schedules[i]))
	}
	for _, i := range r.Items {
		p.Items = append(p.Items, &statev1.SourceItem{AccountId: string(i.Account), MailboxId: string(i.Mailbox)})
	}
	for _, d := range r.Destinations {
		p.Destinations = append(p.Destinations, &statev1.Destination{
			AccountId: string(d.Account), MailboxId: string(d.Mailbox), RepositoryId: string(d.Repository),
		})
	}
	var err error
	if p.SealedBefore, err = sealScript(s, r.Before, jobScriptPlace(p, "before")); err != nil {
		return nil, err
	}
	p.SealedAfter, err = sealScript(s, r.After, jobScriptPlace(p, "after"))
	return p, err
}

func jobScriptPlace(p *statev1.Job, when string) string { return "jobs/" + p.GetId() + "/" + when }

func decodeJob(s *sealer, p *statev1.Job) (record.Job, error) {
	r := record.Job{
		ID: record.JobID(p.GetId()), Name: p.GetName(), Edition: max(1, p.GetEdition()), Excluded: texts[mail.MailboxID](p.GetExcludedMailboxIds()),
		Repository: record.RepositoryID(p.GetRepositoryId()), Options: decodeJobOptions(p.GetOptions()), Enabled: p.GetEnabled(),
		Created: moment(p.GetCreated()), LastRun: record.RunID(p.GetLastRunId()),
		Retention: decodeRetention(p.GetRetention()), Group: p.GetGroup(), Draft: p.GetDraft(),
		Before: decodeScript(p.GetBefore()), After: decodeScript(p.GetAfter()), Reports: decodeReports(p.GetReports()), // the scripts of old
		Former: texts[record.RepositoryID](p.GetFormerRepositoryIds()), Deletion: decodeDeletion(p.GetDeletion()),
	}
	for _, one := range p.GetSchedules() {
		r.Schedules = append(r.Schedules, decodeSchedule(one))
	}
	for _, i := range p.GetItems() {
		r.Items = append(r.Items, record.SourceItem{
			Account: mail.AccountID(i.GetAccountId()), Mailbox: mail.MailboxID(i.GetMailboxId()),
		})
	}
	for _, d := range p.GetDestinations() {
		r.Destinations = append(r.Destinations, record.Destination{
			Account: mail.AccountID(d.GetAccountId()), Mailbox: mail.MailboxID(d.GetMailboxId()),
			Repository: record.RepositoryID(d.GetRepositoryId()),
		})
	}
	for _, one := range []struct {
		sealed []byte
		when   string
		into   **record.Script
	}{{p.GetSealedBefore(), "before", &r.Before}, {p.GetSealedAfter(), "after", &r.After}} {
		if len(one.sealed) == 0 {
			continue
		}
		script, err := openScript(s, one.sealed, jobScriptPlace(p, one.when))
		if err != nil {
			return record.Job{}, err
		}
		*one.into = script
	}
	return r, nil
}

func encodeJobOptions(r *record.JobOptions) *statev1.JobOptions {
	return &statev1.JobOptions{
		MaxTasks: r.MaxTasks, TransporterIds: texts[string](r.Transporters), EvidenceCopy: r.EvidenceCopy,
		RecoverableItems: r.RecoverableItems, HiddenFolders: r.HiddenFolders, Retries: r.Retries, RetryMinutes: r.RetryMinutes,
		WhenDetached: int32(r.WhenDetached),
	}
}

func decodeJobOptions(p *statev1.JobOptions) record.JobOptions {
	r := record.JobOptions{
		MaxTasks: p.GetMaxTasks(), Transporters: texts[record.TransporterID](p.GetTransporterIds()),
		EvidenceCopy: p.GetEvidenceCopy(), RecoverableItems: p.GetRecoverableItems(), HiddenFolders: p.GetHiddenFolders(),
		RetryMinutes: p.GetRetryMinutes(), WhenDetached: record.WhenDetached(p.GetWhenDetached()),
	}
	if p != nil {
		r.Retries = p.Retries
	}
	return r
}

func encodeScript(r *record.Script) *statev1.Script {
	if r == nil {
		return nil
	}
	return &statev1.Script{
		Path: r.Path, Interpreter: r.Interpreter, Arguments: r.Arguments, Environment: r.Environment, Detached: r.Detached,
		Required: r.Required, TimeoutSeconds: r.TimeoutSeconds,
	}
}

func decodeScript(p *statev1.Script) *record.Script {
	if p == nil {
		return nil
	}
	return &record.Script{
		Path: p.GetPath(), Interpreter: p.GetInterpreter(), Arguments: p.GetArguments(), Environment: p.GetEnvironment(),
		Detached: p.GetDetached(), Required: p.GetRequired(), TimeoutSeconds: p.GetTimeoutSeconds(),
	}
}

func encodeReports(r *record.Reports) *statev1.Reports {
	if len(r.Addresses) == 0 && r.When == 0 {
		return nil
	}
	return &statev1.Reports{Addresses: r.Addresses, When: int32(r.When)}
}

func decodeReports(p *statev1.Reports) record.Reports {
	return record.Reports{Addresses: p.GetAddresses(), When: record.ReportWhen(p.GetWhen())}
}

func encodeDeletion(r *record.Deletion) *statev1.Deletion {
	if r == nil {
		return nil
	}
	p := &statev1.Deletion{Asked: stamp(r.Asked)}
	for _, one := range r.Places {
		p.Places = append(p.Places, &statev1.DeletionPlace{
			RepositoryId: string(one.Repository), Name: one.Name, Deleted: one.Deleted, Done: one.Done, Waiting: one.Waiting,
		})
	}
	return p
}

func decodeDeletion(p *statev1.Deletion) *record.Deletion {
	if p == nil {
		return nil
	}
	r := &record.Deletion{Asked: moment(p.GetAsked())}
	for _, one := range p.GetPlaces() {
		r.Places = append(r.Places, record.DeletionPlace{
			Repository: record.RepositoryID(one.GetRepositoryId()), Name: one.GetName(), Deleted: one.GetDeleted(), Done: one.GetDone(),
			Waiting: one.GetWaiting(),
		})
	}
	return r
}
