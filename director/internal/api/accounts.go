package api

import (
	"context"
	"time"

	"holdfast/director/internal/record"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

type accounts struct{ Options }

func (s *accounts) AddAccount(ctx context.Context, q *directorv1.AddAccountRequest) (*directorv1.AddAccountResponse, error) {
	a, permissions, err := s.Inventory.Add(ctx, takeAccount(q.GetAccount(), q.GetCredential()), !q.GetSkipTest())
	if err != nil {
		return nil, err
	}
	answer := &directorv1.AddAccountResponse{Permissions: showPermissions(permissions)}
	if !q.GetSkipTest() {
		// The account is there; that its mailboxes are not read yet is no failure of adding it.
		if err := s.Dispatcher.ReadAccount(ctx, a.ID, firstRead); err != nil {
			answer.RefreshError = err.Error()
			s.Logger.Warn("mailboxes of a new account not read", "account", a.ID, "kind", fault.KindOf(err).Error())
		} else if fresh, err := s.Inventory.Get(a.ID); err == nil {
			a = fresh
		}
	}
	answer.Account = showAccount(a)
	return answer, nil
}

// firstRead is how long adding an account waits for its mailboxes; what takes longer goes on meanwhile.
const firstRead = 10 * time.Second

func (s *accounts) UpdateAccount(ctx context.Context, q *directorv1.UpdateAccountRequest) (*directorv1.UpdateAccountResponse, error) {
	a, err := s.Inventory.Update(ctx, takeAccount(q.GetAccount(), q.GetCredential()), !q.GetSkipTest())
	if err != nil {
		return nil, err
	}
	return &directorv1.UpdateAccountResponse{Account: showAccount(a)}, nil
}

func (s *accounts) TestAccount(ctx context.Context, q *directorv1.TestAccountRequest) (*directorv1.TestAccountResponse, error) {
	a := takeAccount(q.GetAccount(), q.GetCredential())
	if id := mail.AccountID(q.GetAccountId()); id != "" && a.Credential.Empty() {
		permissions, users, err := s.Inventory.Test(ctx, id)
		if err != nil && len(permissions) == 0 {
			return nil, err
		}
		return &directorv1.TestAccountResponse{Permissions: showPermissions(permissions), Users: users}, nil
	}
	if id := mail.AccountID(q.GetAccountId()); id != "" {
		stored, err := s.Inventory.Get(id)
		if err != nil {
			return nil, err
		}
		stored.Credential = a.Credential
		a = stored
	}
	permissions, users, err := s.Inventory.Check(ctx, a)
	// A missing permission is what the test is to show: it is in the list.
	if err != nil && len(permissions) == 0 {
		return nil, err
	}
	return &directorv1.TestAccountResponse{Permissions: showPermissions(permissions), Users: users}, nil
}

func (s *accounts) ListAccounts(context.Context, *directorv1.ListAccountsRequest) (*directorv1.ListAccountsResponse, error) {
	all, err := s.Inventory.List()
	if err != nil {
		return nil, err
	}
	answer := &directorv1.ListAccountsResponse{}
	for _, a := range all {
		answer.Accounts = append(answer.Accounts, showAccount(a))
	}
	return answer, nil
}

func (s *accounts) RefreshAccount(ctx context.Context, q *directorv1.RefreshAccountRequest) (*directorv1.RefreshAccountResponse, error) {
	a, err := s.Inventory.Refresh(ctx, mail.AccountID(q.GetAccountId()))
	if err != nil {
		return nil, err
	}
	return &directorv1.RefreshAccountResponse{Account: showAccount(a)}, nil
}

func (s *accounts) RemoveAccount(ctx context.Context, q *directorv1.RemoveAccountRequest) (*directorv1.RemoveAccountResponse, error) {
	return &directorv1.RemoveAccountResponse{}, s.Inventory.Remove(ctx, mail.AccountID(q.GetAccountId()))
}

// defaultPage is the size of a page when the request names none.
const defaultPage = 100

func takeAccount(a *directorv1.Account, c *directorv1.Credential) record.Account {
	l := a.GetLimits()
	return record.Account{
		ID: mail.AccountID(a.GetId()), Name: a.GetName(), Tenant: mail.TenantID(a.GetTenantId()), ClientID: a.GetClientId(),
		Cloud: record.Cloud(a.GetCloud()), Authority: a.GetAuthority(), GraphRoot: a.GetGraphRoot(), CAPEM: a.GetCaPem(),
		Transporter: record.TransporterID(a.GetTransporterId()),
		Limits: record.Limits{
			InFlight: l.GetRequestsInFlight(), PerWindow: l.GetRequestsPerWindow(), WindowSeconds: l.GetWindowSeconds(),
			UploadPerWindow: l.GetUploadBytesPerWindow(), UploadWindowSeconds: l.GetUploadWindowSeconds(),
		},
		Credential: record.Credential{
			Secret: c.GetClientSecret(), Certificate: c.GetCertificate(), CertificatePassword: c.GetCertificatePassword(),
		},
		CredentialExpires: takeTime(a.GetCredentialExpires()),
	}
}
