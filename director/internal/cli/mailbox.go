package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newMailbox(a *app) *cobra.Command {
	return group("mailbox", "Mailboxes of the accounts", newMailboxList(a))
}

type mailboxListFlags struct {
	account, search string
	absent          bool
	limit           int
}

func newMailboxList(a *app) *cobra.Command {
	f := &mailboxListFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List mailboxes",
		Example: "  holdfast mailbox list --account Contoso\n  holdfast mailbox list --search anna",
		RunE:    func(cmd *cobra.Command, _ []string) error { return runMailboxList(cmd.Context(), a, f) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.account, "account", "", "only of this `account`")
	fl.StringVar(&f.search, "search", "", "only with this `text` in the name or address")
	fl.BoolVar(&f.absent, "absent", false, "users without a mailbox too")
	fl.IntVar(&f.limit, "limit", 0, "at most this `number`; 0 lists all")
	complete(cmd, "account", a.names(accountNames))
	mapFields(cmd, "account_id", "--account", "search", "--search", "page_size", "--limit")
	return cmd
}

func runMailboxList(ctx context.Context, a *app, f *mailboxListFlags) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	accounts, err := c.ListAccounts(ctx, &pb.ListAccountsRequest{})
	if err != nil {
		return err
	}
	req := &pb.ListMailboxesRequest{Search: f.search, Absent: f.absent}
	names := map[string]string{}
	for _, x := range accounts.GetAccounts() {
		names[x.GetId()] = x.GetName()
	}
	if f.account != "" {
		acc, err := c.account(ctx, f.account)
		if err != nil {
			return err
		}
		req.AccountId = acc.GetId()
	}
	r, err := c.mailboxes(ctx, req, f.limit)
	if err != nil {
		return err
	}
	t := newTable("ADDRESS", "NAME", "KIND", "ACCOUNT", "NOTE", "ID").shorten(1)
	for _, m := range r.GetMailboxes() {
		note := m.GetAbsent()
		if m.GetGone() {
			note = "gone from the tenant"
		}
		t.row(orDash(m.GetAddress()), m.GetName(), word(m.GetKind(), "MAILBOX_KIND_"), first(names[m.GetAccountId()], m.GetAccountId()),
			orDash(note), m.GetId())
	}
	if err := a.list(r, t, "No mailboxes found. Read them from Microsoft with: holdfast account refresh"); err != nil {
		return err
	}
	if n := int64(len(r.GetMailboxes())); n > 0 && n < r.GetTotal() {
		a.note("%s of %s shown.", count(n), count(r.GetTotal()))
	}
	return nil
}
