package overview

import (
	"time"

	"holdfast/director/internal/dispatch"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// State is how everything is at a moment.
type State struct {
	At time.Time
	// Problems, the worst first.
	Problems []Problem
	Protection
	// Troubled are the mailboxes behind the counts, by trouble, each by account and name.
	Troubled map[Trouble][]Mailbox
	// Running is what goes on.
	Running []dispatch.RunView

	Accounts     []record.Account
	Jobs         []record.Job
	Transporters []record.Transporter
	Repositories []record.Repository

	selfBackup record.SelfBackup
	plans      map[record.RepositoryID]record.RepositoryPlan
	failed     []record.Delivery
	jobs       map[record.JobID]*record.Job
}

// Protection counts mailboxes.
type Protection struct {
	Mailboxes, Protected, Waiting, Late, Unprotected, Excluded, Gone, Failed, Incomplete int64
}

// Trouble is what is the matter with a mailbox. Numbers are those of the API.
type Trouble int32

// The troubles. Failed and Incomplete are listed by Service.Results, which reads tasks.
const (
	Unprotected Trouble = 1
	Late        Trouble = 2
	Gone        Trouble = 3
	Excluded    Trouble = 4
	Waiting     Trouble = 5
	Failed      Trouble = 6
	Incomplete  Trouble = 7
)

// Mailbox is one that something is the matter with.
type Mailbox struct {
	record.Mailbox
	Job record.JobID
	Run record.RunID
	// Last is when the last point was made, zero when there is none; Due is the start that was missed.
	Last, Due, Since time.Time
	// Reason is empty where it follows from the rest.
	Reason string
}

// small reads the small tables.
func (s *Service) small(tx *store.Tx, st *State) (err error) {
	if st.Accounts, err = all(store.Accounts.All(tx, "")); err != nil {
		return err
	}
	if st.Transporters, err = all(store.Transporters.All(tx, "")); err != nil {
		return err
	}
	if st.Repositories, err = all(store.Repositories.All(tx, "")); err != nil {
		return err
	}
	st.Jobs, st.jobs = s.allJobs(), map[record.JobID]*record.Job{}
	for i := range st.Jobs {
		st.jobs[st.Jobs[i].ID] = &st.Jobs[i]
	}
	if st.selfBackup, err = store.SelfBackups.Get(tx, store.OnlyKey); err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	plans, err := all(store.RepositoryPlans.All(tx, ""))
	if err != nil {
		return err
	}
	st.plans = map[record.RepositoryID]record.RepositoryPlan{}
	for _, p := range plans {
		st.plans[p.Repository] = p
	}
	for _, d := range s.deliveries.m {
		if d.Status == record.DeliveryFailed {
			st.failed = append(st.failed, d)
		}
	}
	return nil
}

func all[R any](rows func(func(R, error) bool)) ([]R, error) {
	var list []R
	for r, err := range rows {
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

// place names a mailbox.
type place struct {
	account mail.AccountID
	mailbox mail.MailboxID
}
