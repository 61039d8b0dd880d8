package inventory

import (
	"cmp"
	"slices"
	"strings"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/mail"
)

// Filter chooses mailboxes. Empty fields match all.
type Filter struct {
	Account mail.AccountID
	// Search is part of a name or address, in any case.
	Search string
	// Absent takes in users without a mailbox.
	Absent bool
	// Kinds are those that fit; empty for all.
	Kinds []mail.MailboxKind
	// Only says of what fits otherwise whether it fits; nil for all.
	Only func(record.Mailbox) bool
	// After is the place behind which the page begins; see Place. It is good in the order by name only.
	After string
	// Offset is how many mailboxes come before the page, without After.
	Offset, Limit int
	// Order is what the list is sorted by before the name; nil is the name alone.
	Order      func(a, b record.Mailbox) int
	Descending bool
}

// Place is where a mailbox comes in the order of a list.
func Place(m record.Mailbox) string {
	return strings.ToLower(m.Name) + "\x00" + string(m.Account) + "\x00" + string(m.ID)
}

// Mailboxes returns a page of the mailboxes that fit, by name, and how many fit in all. More reports whether any come
// behind the page.
func (s *Service) Mailboxes(f Filter) (page []record.Mailbox, total int, more bool, err error) {
	prefix := ""
	if f.Account != "" {
		prefix = store.MailboxKey(f.Account, "")
	}
	search := strings.ToLower(f.Search)
	var all []record.Mailbox
	err = s.Store.View(func(tx *store.Tx) error {
		if f.Account != "" {
			if _, err := store.Accounts.Get(tx, string(f.Account)); err != nil {
				return err
			}
		}
		for m, err := range store.Mailboxes.All(tx, prefix) {
			if err != nil {
				return err
			}
			if f.fits(m, search) {
				all = append(all, m)
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, false, err
	}
	f.sort(all)
	from := min(f.Offset, len(all))
	if f.After != "" {
		from, _ = slices.BinarySearchFunc(all, f.After, func(m record.Mailbox, after string) int {
			if Place(m) <= after {
				return -1
			}
			return 1
		})
	}
	to := min(len(all), from+f.Limit)
	return all[from:to], len(all), to < len(all), nil
}

func (f *Filter) fits(m record.Mailbox, search string) bool {
	switch {
	case m.Absent != "" && !f.Absent, len(f.Kinds) > 0 && !slices.Contains(f.Kinds, m.Kind):
		return false
	case !strings.Contains(strings.ToLower(m.Name), search) && !strings.Contains(strings.ToLower(m.Address), search):
		return false
	}
	return f.Only == nil || f.Only(m)
}

// sort puts mailboxes into the order of the list; what is equal in it is by name.
func (f *Filter) sort(all []record.Mailbox) {
	slices.SortFunc(all, func(a, b record.Mailbox) int {
		c := 0
		if f.Order != nil {
			c = f.Order(a, b)
		}
		if c == 0 {
			c = cmp.Compare(Place(a), Place(b))
		}
		if f.Descending {
			return -c
		}
		return c
	})
}

// Mailbox returns one mailbox; NotFound when the last refresh and those before it did not find it.
func (s *Service) Mailbox(account mail.AccountID, id mail.MailboxID) (record.Mailbox, error) {
	var m record.Mailbox
	err := s.Store.View(func(tx *store.Tx) (err error) {
		m, err = store.Mailboxes.Get(tx, store.MailboxKey(account, id))
		return err
	})
	return m, err
}
