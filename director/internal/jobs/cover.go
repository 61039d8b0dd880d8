package jobs

import (
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/mail"
)

// Cover tells which jobs back a mailbox up, without expanding them.
type Cover struct{ jobs []covering }

type covering struct {
	job      record.Job
	accounts map[mail.AccountID]bool
	named    map[string]bool // by store.MailboxKey
	excluded map[mail.MailboxID]bool
}

// Cover reads the jobs as they are now. Drafts and jobs that are being deleted back nothing up.
func (s *Service) Cover() (*Cover, error) {
	c := &Cover{}
	err := s.Store.View(func(tx *store.Tx) error {
		for j, err := range store.Jobs.All(tx, "") {
			if err != nil {
				return err
			}
			if !j.Draft && j.Deletion == nil {
				c.jobs = append(c.jobs, cover(j))
			}
		}
		return nil
	})
	return c, err
}

func cover(j record.Job) covering {
	c := covering{job: j, accounts: map[mail.AccountID]bool{}, named: map[string]bool{}, excluded: map[mail.MailboxID]bool{}}
	for _, id := range j.Excluded {
		c.excluded[id] = true
	}
	for _, i := range j.Items {
		if i.Mailbox == "" {
			c.accounts[i.Account] = true
		} else {
			c.named[store.MailboxKey(i.Account, i.Mailbox)] = true
		}
	}
	return c
}

// Of returns the jobs whose source has the mailbox, as Expand would find it there, also those that are disabled.
func (c *Cover) Of(m record.Mailbox) []record.Job {
	var list []record.Job
	for i := range c.jobs {
		j := &c.jobs[i]
		whole := j.accounts[m.Account] && m.Absent == "" && !m.Gone
		if !j.excluded[m.ID] && (whole || j.named[store.MailboxKey(m.Account, m.ID)]) {
			list = append(list, j.job)
		}
	}
	return list
}
