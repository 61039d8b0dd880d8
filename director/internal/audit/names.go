package audit

import (
	"strings"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/mail"
)

// maxNamed is how many objects are looked up for one call.
const maxNamed = 200

// Named adds the names that objects have now; what is not there stays without. It changes the list.
func (l *Log) Named(list []record.AuditObject) []record.AuditObject {
	if len(list) == 0 {
		return list
	}
	err := l.Store.View(func(tx *store.Tx) error {
		accounts := map[string]bool{}
		for i := range list {
			if list[i].Kind == "account" {
				accounts[list[i].ID] = true
			}
		}
		for i := range min(len(list), maxNamed) {
			if list[i].Name == "" {
				list[i].Name = nameOf(tx, list[i], accounts)
			}
		}
		return nil
	})
	if err != nil {
		l.Logger.Error("names for the audit log not read", "error", err)
	}
	return list
}

// nameOf returns what an object is called; empty when it has no name or is not there. A mailbox is one of the accounts.
func nameOf(tx *store.Tx, o record.AuditObject, accounts map[string]bool) string {
	switch o.Kind {
	case "account":
		return named(tx, store.Accounts.Get, o.ID, func(r *record.Account) string { return r.Name })
	case "mailbox":
		for account := range accounts {
			key := store.MailboxKey(mail.AccountID(account), mail.MailboxID(o.ID))
			if name := named(tx, store.Mailboxes.Get, key, func(r *record.Mailbox) string { return r.Name }); name != "" {
				return name
			}
		}
	case "transporter":
		return named(tx, store.Transporters.Get, o.ID, func(r *record.Transporter) string { return r.Name })
	case "repository":
		return named(tx, store.Repositories.Get, o.ID, func(r *record.Repository) string { return r.Name })
	case "job":
		return named(tx, store.Jobs.Get, o.ID, func(r *record.Job) string { return r.Name })
	case "run", "activity":
		return named(tx, store.Runs.Get, o.ID, func(r *record.Run) string { return r.JobName })
	case "session", "token":
		if len(o.ID) != record.TokenIDLength {
			return ""
		}
		for t, err := range store.Tokens.All(tx, o.ID) {
			if err != nil {
				return ""
			}
			return strings.TrimSpace(t.User + " " + t.Name)
		}
	}
	return ""
}

func named[R any](tx *store.Tx, get func(*store.Tx, string) (R, error), key string, name func(*R) string) string {
	r, err := get(tx, key)
	if err != nil {
		return ""
	}
	return name(&r)
}
