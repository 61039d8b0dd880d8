// Package inventory is the Microsoft 365 accounts and their mailboxes. It never talks to Microsoft: a Transporter signs in
// and lists on its behalf.
package inventory

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/fleet"
	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/director/internal/wire"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

// refreshWait bounds the reading of all mailboxes of a tenant.
const refreshWait = 30 * time.Minute

// Options of a Service.
type Options struct {
	Store  *store.Store
	Fleet  *fleet.Fleet
	Logger hclog.Logger
	Now    func() time.Time
}

// Service keeps accounts and mailboxes. Its methods may be called by several goroutines.
type Service struct{ Options }

// New returns the service.
func New(o Options) *Service { return &Service{o} }

// Get returns an account with its credential.
func (s *Service) Get(id mail.AccountID) (record.Account, error) {
	var a record.Account
	err := s.Store.View(func(tx *store.Tx) (err error) {
		a, err = store.Accounts.Get(tx, string(id))
		return err
	})
	return a, err
}

// List returns all accounts in the order in which they were added.
func (s *Service) List() ([]record.Account, error) {
	var all []record.Account
	err := s.Store.View(func(tx *store.Tx) error {
		for a, err := range store.Accounts.All(tx, "") {
			if err != nil {
				return err
			}
			all = append(all, a)
		}
		return nil
	})
	return all, err
}

// Check signs in with an account, stored or not, and returns its permissions and number of users. A permission that
// nothing works without is Denied.
func (s *Service) Check(ctx context.Context, a record.Account) ([]record.Permission, int64, error) {
	client, err := s.client(a)
	if err != nil {
		return nil, 0, err
	}
	answer, err := client.CheckAccount(ctx, &transporterv1.CheckAccountRequest{Account: wire.Account(a)})
	if err != nil {
		return nil, 0, err
	}
	permissions := wire.Permissions(answer.GetPermissions())
	for _, p := range permissions {
		if p.Required && !p.Granted {
			return permissions, answer.GetUsers(), fault.New(fault.Denied, "the application lacks the permission %s: %s", p.Name, p.Cost)
		}
	}
	return permissions, answer.GetUsers(), nil
}

func (s *Service) client(a record.Account) (transporterv1.ControlServiceClient, error) {
	id, err := s.Fleet.Pick(a.Transporter)
	if err != nil {
		return nil, err
	}
	return s.Fleet.Client(id)
}

// Add stores a new account once it was tested, or at once when test is not set.
func (s *Service) Add(ctx context.Context, a record.Account, test bool) (record.Account, []record.Permission, error) {
	id, err := record.NewID()
	if err != nil {
		return record.Account{}, nil, err
	}
	a.ID, a.Created = mail.AccountID(id), s.Now()
	a.CredentialExpires = expires(a.Credential, a.CredentialExpires)
	if err := s.Store.View(func(tx *store.Tx) error { return s.free(tx, a) }); err != nil {
		return record.Account{}, nil, err
	}
	var permissions []record.Permission
	if test {
		if permissions, _, err = s.Check(ctx, a); err != nil {
			return record.Account{}, permissions, err
		}
		a.Missing = missing(permissions)
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := s.free(tx, a); err != nil {
			return err
		}
		return store.Accounts.Insert(tx, a)
	})
	return a, permissions, err
}

// Update changes an account, tested first unless told not to. An empty credential keeps the stored one.
func (s *Service) Update(ctx context.Context, a record.Account, test bool) (record.Account, error) {
	old, err := s.Get(a.ID)
	if err != nil {
		return record.Account{}, err
	}
	renewed := !a.Credential.Empty()
	if !renewed {
		a.Credential = old.Credential
	}
	a.CredentialExpires = expires(a.Credential, a.CredentialExpires)
	var permissions []record.Permission
	if test {
		if permissions, _, err = s.Check(ctx, a); err != nil {
			return record.Account{}, err
		}
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := store.Accounts.Get(tx, string(a.ID))
		if err != nil {
			return err
		}
		a.Created, a.Refreshed, a.Mailboxes, a.WithoutMailbox = now.Created, now.Refreshed, now.Mailboxes, now.WithoutMailbox
		switch {
		case test:
			a.Missing = missing(permissions)
		case !renewed: // what was refused with another credential says nothing of this one
			a.Trouble, a.TroubleKind, a.TroubleSince, a.Missing = now.Trouble, now.TroubleKind, now.TroubleSince, now.Missing
		}
		if err := s.free(tx, a); err != nil {
			return err
		}
		return store.Accounts.Put(tx, a)
	})
	return a, err
}

// free reports whether the name is no other account's, and the Transporter there.
func (s *Service) free(tx *store.Tx, a record.Account) error {
	if a.Transporter != "" && !store.Transporters.Has(tx, string(a.Transporter)) {
		return fault.InvalidField("account.transporter_id", "there is no Transporter %q", a.Transporter)
	}
	for other, err := range store.Accounts.All(tx, "") {
		if err != nil {
			return err
		}
		if other.ID != a.ID && strings.EqualFold(other.Name, a.Name) {
			return fault.InvalidField("account.name", "another account is called %s", other.Name)
		}
	}
	return nil
}

// Remove forgets an account and its mailboxes. Backups stay. Conflict while a job names it.
func (s *Service) Remove(ctx context.Context, id mail.AccountID) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := store.Accounts.Get(tx, string(id)); err != nil {
			return err
		}
		for j, err := range store.Jobs.All(tx, "") {
			if err != nil {
				return err
			}
			if j.Names(id) {
				return fault.New(fault.Conflict, "job %s backs up this account; take it out of the job first", j.Name)
			}
		}
		var mailboxes []string
		for m, err := range store.Mailboxes.All(tx, store.MailboxKey(id, "")) {
			if err != nil {
				return err
			}
			mailboxes = append(mailboxes, store.MailboxKey(m.Account, m.ID))
		}
		for _, key := range mailboxes {
			if err := store.Mailboxes.Delete(tx, key); err != nil {
				return err
			}
		}
		return store.Accounts.Delete(tx, string(id))
	})
}

// Refresh reads the mailboxes of the tenant anew. All of the list is kept, or nothing when it could not be read whole.
func (s *Service) Refresh(ctx context.Context, id mail.AccountID) (record.Account, error) {
	a, err := s.Get(id)
	if err != nil {
		return record.Account{}, err
	}
	found, err := s.read(ctx, a)
	if err != nil {
		s.note(ctx, a, err)
		return record.Account{}, err
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if a, err = store.Accounts.Get(tx, string(id)); err != nil {
			return err
		}
		if err := s.merge(tx, &a, found); err != nil {
			return err
		}
		a.Refreshed = s.Now()
		a.Trouble, a.TroubleKind, a.TroubleSince = "", 0, time.Time{}
		return store.Accounts.Put(tx, a)
	})
	return a, err
}

func (s *Service) read(ctx context.Context, a record.Account) (map[mail.MailboxID]record.Mailbox, error) {
	client, err := s.client(a)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, refreshWait)
	defer cancel()
	stream, err := client.ListMailboxes(ctx, &transporterv1.ListMailboxesRequest{Account: wire.Account(a)})
	if err != nil {
		return nil, err
	}
	found := map[mail.MailboxID]record.Mailbox{}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		for _, m := range part.GetMailboxes() {
			if m.GetId() != "" {
				found[mail.MailboxID(m.GetId())] = wire.MailboxRecord(a.ID, m)
			}
		}
	}
}

// merge writes what differs, and marks as gone what was not found.
func (s *Service) merge(tx *store.Tx, a *record.Account, found map[mail.MailboxID]record.Mailbox) error {
	now := s.Now()
	a.Mailboxes, a.WithoutMailbox = 0, 0
	known := map[mail.MailboxID]record.Mailbox{}
	for m, err := range store.Mailboxes.All(tx, store.MailboxKey(a.ID, "")) {
		if err != nil {
			return err
		}
		known[m.ID] = m
	}
	for id, m := range found {
		if m.Absent == "" {
			a.Mailboxes++
		} else {
			a.WithoutMailbox++
		}
		old, ok := known[id]
		m.Since = old.Since
		if ok && m == old {
			continue
		}
		m.Since = now
		if err := store.Mailboxes.Put(tx, m); err != nil {
			return err
		}
	}
	for id, m := range known {
		if _, ok := found[id]; ok || m.Gone {
			continue
		}
		m.Gone, m.Since = true, now
		if err := store.Mailboxes.Put(tx, m); err != nil {
			return err
		}
	}
	return nil
}
