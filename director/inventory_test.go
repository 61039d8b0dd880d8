package director_test

import (
	"strings"
	"testing"

	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func newPorter(h *house) *fakeporter.Porter { return fakeporter.New(h.t, h.world) }

func TestAccountIsTestedBeforeItIsStored(t *testing.T) {
	h := newHouse(t)
	h.world.Tenant("tenant", "secret")
	_, err := h.accounts.AddAccount(t.Context(), addAccount("Example", "secret"))
	refused(t, "without a Transporter", err, fault.Conflict, "", "pair one first")
	p, _ := h.pair("a")
	_, err = h.accounts.AddAccount(t.Context(), addAccount("Example", "wrong"))
	refused(t, "a wrong secret", err, fault.Unauthorized, "", "secret is wrong")
	if f := asFault(err); f.RequestID != "request-1" {
		t.Errorf("Microsoft's request-id is %q", f.RequestID)
	}
	unknown := addAccount("Example", "secret")
	unknown.Account.TenantId = "nowhere"
	_, err = h.accounts.AddAccount(t.Context(), unknown)
	refused(t, "an unknown tenant", err, fault.Invalid, "account.tenant_id", "nowhere")
	p.Cut()
	h.eventually("the loss to be noticed", func() bool {
		_, err = h.accounts.AddAccount(t.Context(), addAccount("Example", "secret"))
		return err != nil && strings.Contains(err.Error(), "cannot be reached")
	})
	refused(t, "an unreachable Transporter", err, fault.Unavailable, "", p.Address())
	p.Mend()
	if list, err := h.accounts.ListAccounts(t.Context(), &directorv1.ListAccountsRequest{}); err != nil || len(list.GetAccounts()) != 0 {
		t.Errorf("something was stored: %v, %v", list, err)
	}
	var added *directorv1.AddAccountResponse
	h.eventually("the Transporter to be back", func() bool {
		added, err = h.accounts.AddAccount(t.Context(), addAccount("Example", "secret"))
		return err == nil
	})
	if added.GetAccount().GetCredential() != "secret" || len(added.GetPermissions()) != 2 {
		t.Errorf("added: %v", added)
	}
	_, err = h.accounts.AddAccount(t.Context(), addAccount("EXAMPLE", "secret"))
	refused(t, "a name that is taken", err, fault.Invalid, "account.name")
	skip := addAccount("Untested", "whatever")
	skip.SkipTest = true
	if _, err := h.accounts.AddAccount(t.Context(), skip); err != nil {
		t.Errorf("told not to test: %v", err)
	}
	update := &directorv1.UpdateAccountRequest{Account: added.GetAccount()}
	update.Account.Name = "Renamed"
	if _, err := h.accounts.UpdateAccount(t.Context(), update); err != nil {
		t.Errorf("an update keeps the secret: %v", err)
	}
	update.Credential = &directorv1.Credential{ClientSecret: "wrong"}
	_, err = h.accounts.UpdateAccount(t.Context(), update)
	refused(t, "an update with a wrong secret", err, fault.Unauthorized, "")
	test, err := h.accounts.TestAccount(t.Context(), &directorv1.TestAccountRequest{AccountId: added.GetAccount().GetId()})
	if err != nil || len(test.GetPermissions()) != 2 {
		t.Errorf("testing what is stored: %v, %v", test, err)
	}
}

func TestRefreshFindsWhatCameAndWhatWent(t *testing.T) {
	h := newHouse(t)
	h.pair("a")
	a := h.account()
	if a.GetMailboxes() != 2 || a.GetUsersWithoutMailbox() != 1 {
		t.Errorf("%d mailboxes, %d users without", a.GetMailboxes(), a.GetUsersWithoutMailbox())
	}
	list := func(q *directorv1.ListMailboxesRequest) string {
		t.Helper()
		var names []string
		q.PageSize = 1
		for {
			page, err := h.accounts.ListMailboxes(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page.GetMailboxes() {
				name := m.GetName()
				if m.GetGone() {
					name += " (gone)"
				}
				names = append(names, name)
			}
			if q.PageToken = page.GetNextPageToken(); q.PageToken == "" {
				if int(page.GetTotal()) != len(names) {
					t.Errorf("total %d, and %d names", page.GetTotal(), len(names))
				}
				return strings.Join(names, ", ")
			}
		}
	}
	for want, q := range map[string]*directorv1.ListMailboxesRequest{
		"Ada, Bo":     {AccountId: a.GetId()},
		"Ada, Bo, Cy": {Absent: true},
		"Bo":          {Search: "BO@EX"},
		"":            {Search: "nobody"},
	} {
		if got := list(q); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	h.world.Tenant("tenant", "secret",
		&transporterv1.Mailbox{Id: "m1", Name: "Ada Byron", Address: "ada@example.com"},
		&transporterv1.Mailbox{Id: "m4", Name: "Dee", Address: "dee@example.com"})
	refresh := &directorv1.RefreshAccountRequest{AccountId: a.GetId()}
	if _, err := h.accounts.RefreshAccount(t.Context(), refresh); err != nil {
		t.Fatal(err)
	}
	if got, want := list(&directorv1.ListMailboxesRequest{}), "Ada Byron, Bo (gone), Dee"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	h.world.Tenant("tenant", "another secret")
	if _, err := h.accounts.RefreshAccount(t.Context(), refresh); err == nil {
		t.Error("refreshed with a secret that is no more")
	}
	if got, want := list(&directorv1.ListMailboxesRequest{}), "Ada Byron, Bo (gone), Dee"; got != want {
		t.Errorf("after a refresh that failed: %q, want %q", got, want)
	}
	if _, err := h.accounts.RemoveAccount(t.Context(), &directorv1.RemoveAccountRequest{AccountId: a.GetId()}); err != nil {
		t.Fatal(err)
	}
	if got := list(&directorv1.ListMailboxesRequest{}); got != "" {
		t.Errorf("after removal: %q", got)
	}
}

func TestRepositoryIsMadeWhollyOrNotAtAll(t *testing.T) {
	h := newHouse(t)
	p, transporter := h.pair("a")
	create := &directorv1.CreateRepositoryRequest{
		Name: "Vault", TransporterId: transporter.GetId(), Path: "/backup/vault", Key: &directorv1.RepositoryKey{Passphrase: "passphrase"},
	}
	none := func(what string) {
		t.Helper()
		list, err := h.repositories.ListRepositories(t.Context(), &directorv1.ListRepositoriesRequest{})
		if err != nil || len(list.GetRepositories()) != 0 || h.world.Repositories() != 0 {
			t.Errorf("%s left something: %v, %d folders, %v", what, list, h.world.Repositories(), err)
		}
	}
	for what, method := range map[string]string{"a folder that cannot be": "CheckFolder", "a disk that is full": "CreateRepository"} {
		p.SetRefuse(func(m string) error {
			if m == method {
				return fault.New(fault.Exhausted, "disk full")
			}
			return nil
		})
		_, err := h.repositories.CreateRepository(t.Context(), create)
		refused(t, what, err, fault.Exhausted, "", "disk full")
		none(what)
	}
	p.SetRefuse(nil)
	p.LoseAnswer("CreateRepository")
	_, err := h.repositories.CreateRepository(t.Context(), create)
	refused(t, "a lost answer", err, fault.Unavailable, "")
	h.eventually("the unfinished repository to be gone", func() bool { return h.world.Repositories() == 0 })
	none("a lost answer")
	r := h.repository(transporter)
	if !r.GetAttached() || !r.GetEncrypted() || r.GetCodec() != directorv1.Codec_CODEC_BALANCED {
		t.Errorf("made: %v", r)
	}
	_, err = h.repositories.CreateRepository(t.Context(), create)
	refused(t, "again", err, fault.Invalid, "name")
	create.Name, create.Path = "Other", "/backup/vault"
	_, err = h.repositories.CreateRepository(t.Context(), create)
	refused(t, "the same folder", err, fault.Invalid, "path")
	create.TransporterId = "none"
	_, err = h.repositories.CreateRepository(t.Context(), create)
	refused(t, "an unknown Transporter", err, fault.Invalid, "transporter_id")
}

func TestRepositoryIsDetachedAttachedAndRemoved(t *testing.T) {
	h := newHouse(t)
	p, transporter := h.pair("a")
	r := h.repository(transporter)
	get := func() *directorv1.Repository {
		t.Helper()
		answer, err := h.repositories.GetRepository(t.Context(), &directorv1.GetRepositoryRequest{RepositoryId: r.GetId()})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetRepository()
	}
	if got := get(); got.GetFreeBytes() != 1<<30 || got.GetError() != "" {
		t.Errorf("statistics: %v", got)
	}
	if _, err := h.repositories.DetachRepository(t.Context(), &directorv1.DetachRepositoryRequest{RepositoryId: r.GetId()}); err != nil {
		t.Fatal(err)
	}
	if got := get(); got.GetAttached() || p.Attached() != 0 {
		t.Errorf("detached: %v", got)
	}
	_, err := h.repositories.ListFolders(t.Context(), &directorv1.ListFoldersRequest{RepositoryId: r.GetId(), PointId: "p"})
	refused(t, "looking into it", err, fault.Conflict, "", "detached")
	attach := &directorv1.AttachRepositoryRequest{RepositoryId: r.GetId(), Key: &directorv1.RepositoryKey{Passphrase: "wrong"}}
	_, err = h.repositories.AttachRepository(t.Context(), attach)
	refused(t, "a wrong passphrase", err, fault.Unauthorized, "")
	attach.Key = nil
	if _, err := h.repositories.AttachRepository(t.Context(), attach); err != nil {
		t.Errorf("with the passphrase that is kept: %v", err)
	}
	remove := &directorv1.RemoveRepositoryRequest{RepositoryId: r.GetId(), DeleteData: true, ConfirmName: "vault"}
	_, err = h.repositories.RemoveRepository(t.Context(), remove)
	refused(t, "deleting without its name", err, fault.Invalid, "confirm_name", "Vault")
	remove.DeleteData = false
	if _, err := h.repositories.RemoveRepository(t.Context(), remove); err != nil || h.world.Repositories() != 1 {
		t.Fatalf("removing and keeping the data: %v", err)
	}
	adopt := &directorv1.AttachRepositoryRequest{
		TransporterId: transporter.GetId(), Path: "/backup/vault", Key: &directorv1.RepositoryKey{Passphrase: "passphrase"},
	}
	back, err := h.repositories.AttachRepository(t.Context(), adopt)
	if err != nil || back.GetRepository().GetId() != r.GetId() || back.GetRepository().GetName() != "Vault" {
		t.Fatalf("bringing it in again: %v, %v", back, err)
	}
	remove.DeleteData, remove.ConfirmName = true, "Vault"
	if _, err := h.repositories.RemoveRepository(t.Context(), remove); err != nil || h.world.Repositories() != 0 {
		t.Errorf("removing with data: %v", err)
	}
}

func TestRepositoryIsAttachedAgainAfterARestartOfItsTransporter(t *testing.T) {
	h := newHouse(t)
	p, transporter := h.pair("a")
	h.repository(transporter)
	p.Kill()
	p.Start()
	h.eventually("the repository to be attached", func() bool { return p.Attached() == 1 })
}
