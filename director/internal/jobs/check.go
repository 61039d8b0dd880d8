package jobs

import (
	"fmt"
	"strings"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// check names the first field that names something that is not there, or that another job has. Old is the job as it is
// stored; zero for a new one.
func check(tx *store.Tx, j, old record.Job) error {
	if j.Draft && j.Enabled {
		return fault.InvalidField("job.enabled", "a draft cannot be enabled; complete it first")
	}
	for _, part := range []func(*store.Tx, record.Job) error{checkName, checkItems, checkDestinations, checkTransporters, checkChain} {
		if err := part(tx, j); err != nil {
			return err
		}
	}
	return checkExcluded(tx, j, old)
}

func checkName(tx *store.Tx, j record.Job) error {
	for other, err := range store.Jobs.All(tx, "") {
		if err != nil {
			return err
		}
		if other.ID == j.ID || !strings.EqualFold(other.Name, j.Name) {
			continue
		}
		if other.Deletion == nil {
			return fault.InvalidField("job.name", "another job is called %s", other.Name)
		}
		return fault.InvalidField("job.name", "another job called %s is being deleted with its backups; wait for its end, or choose another name", other.Name)
	}
	return nil
}

func checkItems(tx *store.Tx, j record.Job) error {
	for n, i := range j.Items {
		field := fmt.Sprintf("job.source.items[%d]", n)
		if !store.Accounts.Has(tx, string(i.Account)) {
			return fault.InvalidField(field+".account_id", "there is no account %q", i.Account)
		}
		if i.Mailbox != "" && !store.Mailboxes.Has(tx, store.MailboxKey(i.Account, i.Mailbox)) {
			return fault.InvalidField(field+".mailbox_id", "there is no mailbox %q; refresh the account if it is new", i.Mailbox)
		}
	}
	return nil
}

// unplaced is the field at fault when a mailbox goes nowhere.
const unplaced = "job.destination.repository_id"

// Placed returns an Invalid fault when something that the job backs up goes to no repository. A draft may leave that out.
func Placed(j record.Job) error {
	goal := j.Router()
	for n, i := range j.Items {
		switch {
		case j.Draft || goal(i.Account, i.Mailbox) != "":
		case len(j.Destinations) == 0:
			return fault.InvalidField(unplaced, "the repository is missing")
		default:
			return fault.InvalidField(unplaced, "the repository is missing, and no other is named for job.source.items[%d]", n)
		}
	}
	return nil
}

// checkDestinations counts accounts and mailboxes apart, as the API does.
func checkDestinations(tx *store.Tx, j record.Job) error {
	if j.Repository != "" && !store.Repositories.Has(tx, string(j.Repository)) {
		return fault.InvalidField(unplaced, "there is no repository %q", j.Repository)
	}
	if err := Placed(j); err != nil {
		return err
	}
	accounts, mailboxes := 0, 0
	for _, d := range j.Destinations {
		field := fmt.Sprintf("job.destination.accounts[%d]", accounts)
		if d.Mailbox != "" {
			field = fmt.Sprintf("job.destination.mailboxes[%d]", mailboxes)
			mailboxes++
		} else {
			accounts++
		}
		switch {
		case !store.Accounts.Has(tx, string(d.Account)):
			return fault.InvalidField(field+".account_id", "there is no account %q", d.Account)
		case d.Mailbox != "" && !store.Mailboxes.Has(tx, store.MailboxKey(d.Account, d.Mailbox)):
			return fault.InvalidField(field+".mailbox_id", "there is no mailbox %q; refresh the account if it is new", d.Mailbox)
		case !store.Repositories.Has(tx, string(d.Repository)):
			return fault.InvalidField(field+".repository_id", "there is no repository %q", d.Repository)
		}
	}
	return nil
}

func checkTransporters(tx *store.Tx, j record.Job) error {
	for n, id := range j.Options.Transporters {
		if !store.Transporters.Has(tx, string(id)) {
			return fault.InvalidField(fmt.Sprintf("job.options.transporter_ids[%d]", n), "there is no Transporter %q", id)
		}
	}
	return nil
}

// checkExcluded refuses an exclusion of a mailbox that no account of the job has: mail would be backed up that was meant to
// be left out. What was excluded before stays, so that a mailbox that went away does not stand in the way of an edit.
func checkExcluded(tx *store.Tx, j, old record.Job) error {
	before := make(map[mail.MailboxID]bool, len(old.Excluded))
	for _, id := range old.Excluded {
		before[id] = true
	}
	accounts := map[mail.AccountID]bool{}
	for _, i := range j.Items {
		accounts[i.Account] = true
	}
	for n, id := range j.Excluded {
		there := before[id] || j.Draft
		for account := range accounts {
			there = there || store.Mailboxes.Has(tx, store.MailboxKey(account, id))
		}
		if !there {
			return fault.InvalidField(fmt.Sprintf("job.source.excluded_mailbox_ids[%d]", n), "no account of the job has a mailbox %q", id)
		}
	}
	return nil
}
