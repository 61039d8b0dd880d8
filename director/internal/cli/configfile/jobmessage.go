package configfile

import pb "holdfast/pkg/pb/holdfast/director/v1"

// message is the job for the API. All that it names must be there.
func (j *Job) message(r *runner, old *pb.Job, renew bool) (*pb.Job, error) {
	o := &j.Options
	m := &pb.Job{
		Id: old.GetId(), Edition: old.GetEdition(), Name: j.Name, Group: j.Group, Enabled: j.Enabled, Draft: j.Draft, Source: &pb.Source{}, Destination: &pb.Destination{},
		Options: &pb.JobOptions{
			MaxTasks: o.MaxTasks, EvidenceCopy: o.EvidenceCopy, RecoverableItems: o.RecoverableItems, HiddenFolders: o.HiddenFolders,
			Retries: o.Retries, RetryMinutes: o.RetryMinutes, WhenDetached: pb.WhenDetached(detached.number(o.WhenDetached)),
		},
		Before: j.Before.message(r, old.GetBefore(), renew), After: j.After.message(r, old.GetAfter(), renew), Reports: j.Reports.message(),
	}
	if k := j.Retention; k != nil {
		m.Retention = &pb.Retention{Last: k.Last, Daily: k.Daily, Weekly: k.Weekly, Monthly: k.Monthly, Yearly: k.Yearly, Zone: k.Zone}
	}
	for _, name := range o.Transporters {
		id, err := r.names.transporters.id(name)
		if err != nil {
			return nil, err
		}
		m.Options.TransporterIds = append(m.Options.TransporterIds, id)
	}
	var err error
	if m.Schedules, err = scheduleMessages(j.Schedules, r.names); err != nil {
		return nil, err
	}
	if err := j.sourceMessage(m.Source, r.names); err != nil {
		return nil, err
	}
	return m, j.destinationMessage(m.Destination, r.names)
}

func (j *Job) sourceMessage(s *pb.Source, n *names) error {
	for _, x := range j.Source {
		account, mailbox, err := n.both(x.Account, x.Mailbox)
		if err != nil {
			return err
		}
		s.Items = append(s.Items, &pb.SourceItem{AccountId: account, MailboxId: mailbox})
	}
	for _, x := range j.Excluded {
		_, mailbox, err := n.both(x.Account, x.Mailbox)
		if err != nil {
			return err
		}
		s.ExcludedMailboxIds = append(s.ExcludedMailboxIds, mailbox)
	}
	return nil
}

func (j *Job) destinationMessage(d *pb.Destination, n *names) (err error) {
	if d.RepositoryId, err = n.repositories.id(j.Destination.Repository); err != nil {
		return err
	}
	for _, x := range j.Destination.Accounts {
		account, err := n.accounts.id(x.Account)
		if err != nil {
			return err
		}
		repository, err := n.repositories.id(x.Repository)
		if err != nil {
			return err
		}
		d.Accounts = append(d.Accounts, &pb.AccountDestination{AccountId: account, RepositoryId: repository})
	}
	for _, x := range j.Destination.Mailboxes {
		account, mailbox, err := n.both(x.Account, x.Mailbox)
		if err != nil {
			return err
		}
		repository, err := n.repositories.id(x.Repository)
		if err != nil {
			return err
		}
		d.Mailboxes = append(d.Mailboxes, &pb.MailboxDestination{AccountId: account, MailboxId: mailbox, RepositoryId: repository})
	}
	return nil
}

// both are the ids of an account and of its mailbox, "" for all of it.
func (n *names) both(account, address string) (a, m string, err error) {
	if a, err = n.accounts.id(account); err != nil || address == "" {
		return a, "", err
	}
	m, err = n.mailboxID(a, address)
	return a, m, err
}
