package record

import (
	"time"

	"holdfast/director/internal/retention"
	"holdfast/director/internal/schedule"
	"holdfast/pkg/mail"
)

// Job is what to back up, where to, and how.
type Job struct {
	ID   JobID
	Name string
	// Edition is 1 for a new job, and grows with each change; 0 in a change means that whatever is stored is changed.
	Edition int64
	// Items are in the order of processing.
	Items    []SourceItem
	Excluded []mail.MailboxID
	// Repository is where mailboxes go that Destinations do not name; empty only when they name all.
	Repository RepositoryID
	// Destinations are where some go instead, each account and each mailbox at most once.
	Destinations []Destination
	Options      JobOptions
	// Schedules start it; without any it runs on demand.
	Schedules []Schedule
	Retention Retention
	// Group orders lists; empty for none.
	Group   string
	Enabled bool
	// Draft is a job that was not filled in to the end: it neither runs nor is enabled.
	Draft bool
	// Before and After are run around each run; nil for none.
	Before, After *Script
	Reports       Reports
	// Former are repositories that mailboxes went to earlier and none goes to now. What is there stays under Retention.
	Former []RepositoryID
	// Deletion is set while the job and its backups are being deleted; nothing else of the job is left then but its name.
	Deletion *Deletion
	Created  time.Time
	LastRun  RunID
}

// SourceItem is one mailbox, or a whole account when Mailbox is empty.
type SourceItem struct {
	Account mail.AccountID
	Mailbox mail.MailboxID
}

// Schedule starts a job by the clock, or (After) after another job.
type Schedule struct {
	// Clock says when; its Zone is nil, see Located.
	Clock schedule.Schedule
	// Zone is the IANA name of the clock's zone.
	Zone string
	// After is set in place of Clock.
	After *AfterJob
}

// AfterJob starts a job when a run of another has ended.
type AfterJob struct {
	Job   JobID
	Delay time.Duration
	// After which ends; incomplete runs count as successful.
	Successful, Failed, Stopped bool
}

// Follows reports whether an end of the other job starts this one.
func (a *AfterJob) Follows(s RunStatus) bool {
	switch s {
	case RunSucceeded, RunIncomplete:
		return a.Successful
	case RunFailed:
		return a.Failed
	case RunStopped:
		return a.Stopped
	default:
		return false
	}
}

// Located returns the schedule by the clock in its zone; Invalid when there is no such zone.
func (s *Schedule) Located() (schedule.Schedule, error) {
	zone, err := ZoneOf(s.Zone)
	if err != nil {
		return schedule.Schedule{}, err
	}
	c := s.Clock
	c.Zone = zone
	return c, nil
}

// Retention says which points of each mailbox stay.
type Retention struct {
	// Policy's Zone is nil, see Located.
	Policy retention.Policy
	// Zone is an IANA name; empty for UTC.
	Zone string
}

// Located returns the policy in its zone; Invalid when there is no such zone.
func (r *Retention) Located() (retention.Policy, error) {
	p := r.Policy
	if r.Zone == "" {
		return p, nil
	}
	var err error
	p.Zone, err = ZoneOf(r.Zone)
	return p, err
}

// Plan is how far the scheduler has come with a job.
type Plan struct {
	Job JobID
	// Considered is up to when starts by the clock were considered.
	Considered time.Time
	// Followed is the last run that was considered of each job that this one follows.
	Followed map[JobID]RunID
}
