package api

import (
	"fmt"

	"holdfast/director/internal/jobs"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// Bounds of a job's options.
const (
	maxRetries      = 10
	maxRetryMinutes = 24 * 60
)

// job checks a job. In a draft nothing needs to be there but the name; what is there is checked as ever.
func job(j *directorv1.Job) error {
	if j == nil {
		return bad("job", "is missing")
	}
	if err := name("job.name", j.GetName()); err != nil {
		return err
	}
	if j.GetDraft() && j.GetEnabled() {
		return fault.InvalidField("job.enabled", "a draft cannot be enabled; complete it first")
	}
	return first(
		source(j), destination(j), jobOptions(j.GetOptions()),
		schedules("job.schedules", j.GetSchedules()),
		keeping("job.retention", j.GetRetention()),
		groupName("job.group", j.GetGroup()),
		script("job.before", j.GetBefore(), j.GetDraft()), script("job.after", j.GetAfter(), j.GetDraft()),
		reports("job.reports", j.GetReports()),
	)
}

// groupName is a name that may be absent.
func groupName(field, s string) error {
	if s == "" {
		return nil
	}
	return name(field, s)
}

func jobOptions(o *directorv1.JobOptions) error {
	if _, ok := directorv1.WhenDetached_name[int32(o.GetWhenDetached())]; !ok {
		return bad("job.options.when_detached", "is none that there is")
	}
	return first(
		between("job.options.max_tasks", o.GetMaxTasks(), 0, maxTasks),
		ids("job.options.transporter_ids", o.GetTransporterIds()),
		once("job.options.transporter_ids", "", o.GetTransporterIds(), func(id string) string { return id }),
		between("job.options.retries", o.GetRetries(), 0, maxRetries),
		between("job.options.retry_minutes", o.GetRetryMinutes(), 0, maxRetryMinutes),
	)
}

// source checks what a job backs up.
func source(j *directorv1.Job) error {
	const field = "job.source.items"
	items := j.GetSource().GetItems()
	if len(items) == 0 && !j.GetDraft() {
		return bad("job.source", "is empty: name at least one account or mailbox")
	}
	if err := count(field, len(items)); err != nil {
		return err
	}
	single := map[string]int{}
	for n, i := range items {
		at := fmt.Sprintf("%s[%d]", field, n)
		if err := first(id(at+".account_id", i.GetAccountId()), maybeID(at+".mailbox_id", i.GetMailboxId())); err != nil {
			return err
		}
		if i.GetMailboxId() != "" {
			single[i.GetMailboxId()] = n
		}
	}
	const excluded = "job.source.excluded_mailbox_ids"
	out := j.GetSource().GetExcludedMailboxIds()
	err := first(
		once(field, "", items, func(i *directorv1.SourceItem) mailboxOf { return mailboxOf{i.GetAccountId(), i.GetMailboxId()} }),
		ids(excluded, out),
		once(excluded, "", out, func(id string) string { return id }),
	)
	if err != nil {
		return err
	}
	for n, id := range out {
		if at, ok := single[id]; ok {
			return fault.InvalidField(fmt.Sprintf("%s[%d]", excluded, n), "mailbox %q is backed up (items[%d]) and excluded: take one away", id, at)
		}
	}
	return nil
}

// mailboxOf is a mailbox of an account, or the account when the second is empty.
type mailboxOf struct{ account, mailbox string }

// once says which entry repeats an earlier one. Inner is the field in the entry that is at fault; empty for the entry.
func once[T any, K comparable](field, inner string, list []T, key func(T) K) error {
	seen := make(map[K]int, len(list))
	for n, one := range list {
		k := key(one)
		if earlier, ok := seen[k]; ok {
			return fault.InvalidField(fmt.Sprintf("%s[%d]%s", field, n, inner), "the same was named before, as entry %d: name it once", earlier)
		}
		seen[k] = n
	}
	return nil
}

// destination checks where a job's mailboxes go, and that each goes somewhere.
func destination(j *directorv1.Job) error {
	d := j.GetDestination()
	const accounts, mailboxes = "job.destination.accounts", "job.destination.mailboxes"
	err := first(
		maybeID("job.destination.repository_id", d.GetRepositoryId()), count(accounts, len(d.GetAccounts())), count(mailboxes, len(d.GetMailboxes())),
	)
	if err != nil {
		return err
	}
	for n, a := range d.GetAccounts() {
		at := fmt.Sprintf("%s[%d]", accounts, n)
		if err := first(id(at+".account_id", a.GetAccountId()), id(at+".repository_id", a.GetRepositoryId())); err != nil {
			return err
		}
	}
	for n, m := range d.GetMailboxes() {
		at := fmt.Sprintf("%s[%d]", mailboxes, n)
		err := first(id(at+".account_id", m.GetAccountId()), id(at+".mailbox_id", m.GetMailboxId()), id(at+".repository_id", m.GetRepositoryId()))
		if err != nil {
			return err
		}
	}
	err = first(
		once(accounts, ".account_id", d.GetAccounts(), (*directorv1.AccountDestination).GetAccountId),
		once(mailboxes, ".mailbox_id", d.GetMailboxes(), func(m *directorv1.MailboxDestination) mailboxOf {
			return mailboxOf{m.GetAccountId(), m.GetMailboxId()}
		}),
	)
	if err != nil || j.GetDraft() {
		return err
	}
	return first(inSource(j), jobs.Placed(takeJob(j)))
}

// inSource says which destination is of something that the job does not back up.
func inSource(j *directorv1.Job) error {
	accounts, items := map[string]bool{}, map[mailboxOf]bool{}
	for _, i := range j.GetSource().GetItems() {
		accounts[i.GetAccountId()] = true
		items[mailboxOf{i.GetAccountId(), i.GetMailboxId()}] = true
	}
	for n, a := range j.GetDestination().GetAccounts() {
		if !accounts[a.GetAccountId()] {
			return fault.InvalidField(fmt.Sprintf("job.destination.accounts[%d].account_id", n), "account %q is not in the job's source", a.GetAccountId())
		}
	}
	for n, m := range j.GetDestination().GetMailboxes() {
		if !items[mailboxOf{m.GetAccountId(), ""}] && !items[mailboxOf{m.GetAccountId(), m.GetMailboxId()}] {
			return fault.InvalidField(fmt.Sprintf("job.destination.mailboxes[%d].mailbox_id", n), "mailbox %q is not in the job's source", m.GetMailboxId())
		}
	}
	return nil
}
