package overview

import (
	"fmt"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/mail"
)

// waitsLong is after how long a run that waits is a problem.
const waitsLong = time.Hour

func (s *Service) ofMailboxes(st *State) {
	if n := st.Unprotected; n > 0 {
		p := Problem{
			Kind: MailboxesUnprotected, Severity: Critical, Count: n,
			Title:   counted(n, "mailbox is", "mailboxes are") + " in no job",
			Cause:   "No enabled job backs them up, so mail that is lost there cannot be brought back.",
			Remedy:  "Put them into a job, or leave them out of one by name when they need no backup.",
			Actions: []Action{DoProtect, DoListMailboxes},
		}
		st.add(p)
	}
	type of struct {
		n      int64
		oldest Mailbox
	}
	late := map[record.JobID]*of{}
	for _, m := range st.Troubled[Late] {
		l := late[m.Job]
		if l == nil {
			l = &of{oldest: m}
			late[m.Job] = l
		}
		l.n++
		if m.Due.Before(l.oldest.Due) {
			l.oldest = m
		}
	}
	for i := range st.Jobs {
		j := &st.Jobs[i]
		l := late[j.ID]
		if l == nil {
			continue
		}
		st.add(Problem{
			Kind: MailboxesLate, Severity: Critical, Count: l.n, Job: j.ID, JobName: j.Name, Since: l.oldest.Due,
			Title:   fmt.Sprintf("%s of job %s %s no point as new as its schedule promises", counted(l.n, "mailbox", "mailboxes"), j.Name, verb(l.n, "has", "have")),
			Cause:   fmt.Sprintf("The start of %s should have brought a point by now.", l.oldest.Due.UTC().Format("2006-01-02 15:04 MST")),
			Remedy:  "Look how the last runs of the job went, mend what held them up, and run the job.",
			Actions: []Action{DoRunJob, DoListMailboxes, DoEditJob},
		})
	}
	gone := map[mail.AccountID]int64{}
	since := map[mail.AccountID]time.Time{}
	for _, m := range st.Troubled[Gone] {
		gone[m.Account]++
		if m.Since.After(since[m.Account]) {
			since[m.Account] = m.Since
		}
	}
	for i := range st.Accounts {
		a := &st.Accounts[i]
		if n := gone[a.ID]; n > 0 {
			st.add(Problem{
				Kind: MailboxesGone, Severity: Notice, Count: n, Account: a.ID, AccountName: a.Name, Since: since[a.ID],
				Title:   fmt.Sprintf("%s %s not found in account %s any more", counted(n, "mailbox", "mailboxes"), verb(n, "is", "are"), a.Name),
				Cause:   "They were deleted in Microsoft 365, or the application may not see them any more. Their recovery points stay.",
				Remedy:  "If they should be there, bring them back in Microsoft 365 and refresh the account.",
				Actions: []Action{DoListMailboxes, DoRefreshAccount},
			})
		}
	}
}

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func (s *Service) ofJobs(st *State) {
	if len(st.Jobs) == 0 && len(st.Accounts) > 0 && len(st.Repositories) > 0 {
		st.add(Problem{
			Kind: JobNone, Severity: Critical, Title: "Nothing is backed up", Cause: "There is no job.",
			Remedy: "Create a job that says which mailboxes go where, and when.", Actions: []Action{DoCreateJob},
		})
	}
	for i := range st.Jobs {
		j := &st.Jobs[i]
		ends := s.runs.ofJob[j.ID]
		switch {
		case j.Deletion != nil:
			continue
		case j.Draft:
			st.add(Problem{
				Kind: JobDraft, Severity: Notice, Job: j.ID, JobName: j.Name, Since: j.Created, Title: fmt.Sprintf("Job %s is a draft", j.Name),
				Cause: "It was not filled in to the end, so it backs up nothing.", Remedy: "Fill it in and enable it, or delete it.",
				Actions: []Action{DoEditJob},
			})
			continue
		case !j.Enabled:
			st.add(Problem{
				Kind: JobDisabled, Severity: Warning, Job: j.ID, JobName: j.Name, Title: fmt.Sprintf("Job %s is disabled", j.Name),
				Cause: "It does not start by itself.", Remedy: "Enable it, or delete it if it is not needed any more; its backups can stay.",
				Actions: []Action{DoEnableJob, DoEditJob},
			})
			continue
		}
		if !s.any(j) {
			st.add(Problem{
				Kind: JobEmpty, Severity: Warning, Job: j.ID, JobName: j.Name, Title: fmt.Sprintf("Job %s has no mailbox to back up", j.Name),
				Cause:  "Its accounts have no mailboxes that are known, or all of them are left out or gone.",
				Remedy: "Refresh its accounts, or change what it backs up.", Actions: []Action{DoEditJob},
			})
		}
		if len(j.Schedules) == 0 {
			st.add(Problem{
				Kind: JobWithoutSchedule, Severity: Notice, Job: j.ID, JobName: j.Name,
				Title: fmt.Sprintf("Job %s has no schedule", j.Name), Cause: "It runs only when somebody starts it.",
				Remedy: "Give it a schedule if it should run by itself.", Actions: []Action{DoEditJob, DoRunJob},
			})
		}
		if len(ends) == 0 {
			if j.LastRun == "" && st.At.Sub(j.Created) > 24*time.Hour {
				st.add(Problem{
					Kind: JobNeverRan, Severity: Warning, Job: j.ID, JobName: j.Name, Since: j.Created, Title: fmt.Sprintf("Job %s never ran", j.Name),
					Cause: "It was made more than a day ago, and no start of it has come yet.", Remedy: "Run it now, or look at its schedule.",
					Actions: []Action{DoRunJob, DoEditJob},
				})
			}
			continue
		}
		ofEnd(st, j, ends[0])
	}
}

// any reports whether a job has a mailbox.
func (s *Service) any(j *record.Job) bool {
	out := make(map[mail.MailboxID]bool, len(j.Excluded))
	for _, id := range j.Excluded {
		out[id] = true
	}
	fits := func(i int) bool {
		m := &s.mailboxes.list[i]
		return m.Absent == "" && !m.Gone && !out[m.ID]
	}
	for _, item := range j.Items {
		if item.Mailbox != "" {
			if i, ok := s.mailboxes.at[place{item.Account, item.Mailbox}]; ok && fits(i) {
				return true
			}
			continue
		}
		span := s.mailboxes.of[item.Account]
		for i := span[0]; i < span[1]; i++ {
			if fits(i) {
				return true
			}
		}
	}
	return false
}

// ofEnd tells how the last run of a job ended, unless well.
func ofEnd(st *State, j *record.Job, e end) {
	p := Problem{Job: j.ID, JobName: j.Name, Run: e.run, Since: e.ended}
	switch e.status {
	case record.RunFailed:
		p.Kind, p.Severity, p.Count = RunFailed, Critical, int64(e.failed)
		p.Title = fmt.Sprintf("The last run of %s failed", j.Name)
		p.Cause = counted(p.Count, "mailbox", "mailboxes") + " got no point from it."
		if e.err != "" {
			p.Cause = sentence(e.err)
		}
		p.Remedy = "Look at the run for the reasons, mend them, and run again those that failed."
		p.Actions = []Action{DoRunFailed, DoOpenRun}
		if p.Count == 0 {
			p.Actions[0] = DoRunJob
		}
	case record.RunIncomplete:
		p.Kind, p.Severity, p.Count = RunIncomplete, Warning, int64(e.incomplete)
		p.Title = fmt.Sprintf("The last run of %s could not keep everything", j.Name)
		p.Cause = counted(p.Count, "mailbox got a point that lacks", "mailboxes got points that lack") + " something that could not be read."
		p.Remedy = "Look at the run for what is missing and why. The next run tries again by itself."
		p.Actions = []Action{DoOpenRun, DoRunJob}
	case record.RunStopped:
		p.Kind, p.Severity = RunStopped, Warning
		p.Title = fmt.Sprintf("The last run of %s was stopped", j.Name)
		p.Cause = "Somebody, or the end of its window, stopped it before all mailboxes were done."
		p.Remedy = "Run it again, or give it a longer window if it does not come to its end in it."
		p.Actions = []Action{DoRunJob, DoOpenRun, DoEditJob}
	default:
		return
	}
	st.add(p)
}

// ofRunning tells what has been waiting for long.
func (s *Service) ofRunning(st *State) {
	waits := map[record.RunID]time.Time{}
	for i := range st.Running {
		r := &st.Running[i]
		if r.Waiting == "" {
			continue
		}
		since, ok := s.waiting[r.ID]
		if !ok {
			since = st.At
		}
		waits[r.ID] = since
		if st.At.Sub(since) < waitsLong {
			continue
		}
		title, open := r.Title, DoOpenActivity
		if r.Kind == record.KindBackup {
			title, open = "The run of "+r.JobName, DoOpenRun
		}
		st.add(Problem{
			Kind: RunWaiting, Severity: Warning, Run: r.ID, Job: r.Job, JobName: r.JobName, Since: since,
			Title: title + " has been waiting for " + days(st.At.Sub(since)), Cause: sentence(r.Waiting),
			Remedy: "Mend what it waits for; it goes on by itself then. Or stop it.", Actions: []Action{open},
		})
	}
	s.waiting = waits
}
