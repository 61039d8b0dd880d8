package jobs

import (
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// Expand returns the mailboxes of a job's source in the user's order, each once: those of whole accounts as the inventory
// has them now, without the excluded, the gone, and users without a mailbox. A mailbox that is named itself is always in,
// so that its absence is told and not passed over.
func Expand(tx *store.Tx, j record.Job) ([]record.Mailbox, error) {
	type key struct {
		account mail.AccountID
		mailbox mail.MailboxID
	}
	out := make(map[mail.MailboxID]bool, len(j.Excluded))
	for _, id := range j.Excluded {
		out[id] = true
	}
	// What is named itself keeps its own place in the order, wherever the account stands.
	named := map[key]bool{}
	for _, i := range j.Items {
		if i.Mailbox != "" {
			named[key{i.Account, i.Mailbox}] = true
		}
	}
	seen := map[key]bool{}
	var list []record.Mailbox
	add := func(m record.Mailbox) {
		if k := (key{m.Account, m.ID}); !seen[k] && !out[m.ID] {
			seen[k] = true
			list = append(list, m)
		}
	}
	for _, i := range j.Items {
		if i.Mailbox != "" {
			m, err := store.Mailboxes.Get(tx, store.MailboxKey(i.Account, i.Mailbox))
			if fault.KindOf(err) == fault.NotFound {
				m, err = record.Mailbox{Account: i.Account, ID: i.Mailbox, Name: string(i.Mailbox)}, nil
			}
			if err != nil {
				return nil, err
			}
			add(m)
			continue
		}
		var whole []record.Mailbox
		for m, err := range store.Mailboxes.All(tx, store.MailboxKey(i.Account, "")) {
			if err != nil {
				return nil, err
			}
			if m.Absent == "" && !m.Gone && !named[key{m.Account, m.ID}] {
				whole = append(whole, m)
			}
		}
		sortByName(whole)
		for _, m := range whole {
			add(m)
		}
	}
	return list, nil
}
