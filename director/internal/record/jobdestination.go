package record

import (
	"slices"

	"holdfast/pkg/mail"
)

// Destination is where an account, or (Mailbox set) one mailbox goes.
type Destination struct {
	Account    mail.AccountID
	Mailbox    mail.MailboxID
	Repository RepositoryID
}

// RepositoryOf returns the repository that a mailbox of the job goes to: the one named for it, else for its account, else
// the job's. With an empty mailbox, the one that later mailboxes of the account go to. Empty when there is none.
func (j *Job) RepositoryOf(account mail.AccountID, mailbox mail.MailboxID) RepositoryID {
	return j.Router()(account, mailbox)
}

// Router returns RepositoryOf as a function that answers each question in the same short time, for many mailboxes.
func (j *Job) Router() func(mail.AccountID, mail.MailboxID) RepositoryID {
	type place struct {
		account mail.AccountID
		mailbox mail.MailboxID
	}
	named := make(map[place]RepositoryID, len(j.Destinations))
	for _, d := range j.Destinations {
		named[place{d.Account, d.Mailbox}] = d.Repository
	}
	return func(account mail.AccountID, mailbox mail.MailboxID) RepositoryID {
		if r, ok := named[place{account, mailbox}]; ok {
			return r
		}
		if r, ok := named[place{account: account}]; ok {
			return r
		}
		return j.Repository
	}
}

// Repositories returns every repository that the job names, each once, the job's own first.
func (j *Job) Repositories() []RepositoryID {
	var list []RepositoryID
	add := func(r RepositoryID) {
		if r != "" && !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	add(j.Repository)
	for _, d := range j.Destinations {
		add(d.Repository)
	}
	return list
}

// AllRepositories returns every repository in which the job may have points: those of Repositories, and former ones.
func (j *Job) AllRepositories() []RepositoryID {
	list := j.Repositories()
	for _, r := range j.Former {
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// Names reports whether the job names an account: in what it backs up, or in where that goes.
func (j *Job) Names(account mail.AccountID) bool {
	return slices.ContainsFunc(j.Items, func(i SourceItem) bool { return i.Account == account }) ||
		slices.ContainsFunc(j.Destinations, func(d Destination) bool { return d.Account == account })
}
