package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newAccount(a *app) *cobra.Command {
	return group("account", "Microsoft 365 tenants whose mail is backed up",
		newAccountAdd(a), newAccountList(a), newAccountTest(a), newAccountUpdate(a), newAccountRefresh(a), newAccountRemove(a))
}

// clouds are the words for --cloud.
var clouds = map[string]pb.Cloud{
	"global": pb.Cloud_CLOUD_GLOBAL, "us-gov-l4": pb.Cloud_CLOUD_US_GOV_L4, "us-gov-l5": pb.Cloud_CLOUD_US_GOV_L5,
	"china": pb.Cloud_CLOUD_CHINA, "custom": pb.Cloud_CLOUD_CUSTOM,
}

type accountFlags struct {
	name, tenant, client, cloud   string
	authority, graphRoot, graphCA string
	transporter                   string
	certificate                   string
	secret, certificatePassword   secretFlags
	askSecret, skipTest           bool
	inFlight, requests, window    int32
	uploadBytes                   int64
	uploadWindow                  int32
}

func (f *accountFlags) register(cmd *cobra.Command, a *app) {
	fl := cmd.Flags()
	f.secret = secretFlags{name: "secret", what: "client secret", env: "HOLDFAST_CLIENT_SECRET"}
	f.certificatePassword = secretFlags{name: "certificate-password", what: "certificate password", env: "HOLDFAST_CERTIFICATE_PASSWORD"}
	fl.StringVar(&f.tenant, "tenant-id", "", "directory (tenant) `id`")
	fl.StringVar(&f.client, "client-id", "", "application (client) `id`")
	f.secret.register(fl)
	fl.StringVar(&f.certificate, "certificate", "", "PEM or PFX `file` with certificate and key, instead of a secret")
	f.certificatePassword.register(fl)
	fl.StringVar(&f.cloud, "cloud", "global", "`cloud`: global, us-gov-l4, us-gov-l5, china or custom")
	fl.StringVar(&f.authority, "authority", "", "`url` of the sign-in service, with --cloud custom")
	fl.StringVar(&f.graphRoot, "graph-root", "", "`url` of Microsoft Graph, with --cloud custom")
	fl.StringVar(&f.graphCA, "graph-ca", "", "PEM `file` of CAs to trust for these, with --cloud custom")
	fl.StringVar(&f.transporter, "transporter", "", "`transporter` that signs in for checks and lists; any when not given")
	fl.BoolVar(&f.skipTest, "skip-test", false, "save without testing the credentials")
	fl.Int32Var(&f.inFlight, "limit-in-flight", 0, "`requests` at once to a mailbox; 0 is Microsoft's own limit")
	fl.Int32Var(&f.requests, "limit-requests", 0, "`requests` to a mailbox in a window")
	fl.Int32Var(&f.window, "limit-window", 0, "`seconds` of that window")
	fl.Int64Var(&f.uploadBytes, "limit-upload-bytes", 0, "`bytes` written to a mailbox in a window")
	fl.Int32Var(&f.uploadWindow, "limit-upload-window", 0, "`seconds` of that window")
	complete(cmd, "cloud", fixed("global", "us-gov-l4", "us-gov-l5", "china", "custom"))
	complete(cmd, "transporter", a.names(transporterNames))
	mapFields(cmd, "account.name", "NAME", "account.tenant_id", "--tenant-id", "account.client_id", "--client-id",
		"account.cloud", "--cloud", "account.authority", "--authority", "account.graph_root", "--graph-root",
		"account.ca_pem", "--graph-ca", "account.transporter_id", "--transporter", "credential", "--secret-file",
		"credential.client_secret", "--secret-file", "credential.certificate", "--certificate",
		"credential.certificate_password", "--certificate-password-file",
		"account.limits.requests_in_flight", "--limit-in-flight", "account.limits.requests_per_window", "--limit-requests",
		"account.limits.window_seconds", "--limit-window", "account.limits.upload_bytes_per_window", "--limit-upload-bytes",
		"account.limits.upload_window_seconds", "--limit-upload-window")
}

// apply writes the flags that were given into acc.
func (f *accountFlags) apply(ctx context.Context, c *api, fl *pflag.FlagSet, acc *pb.Account) error {
	for flag, field := range map[string]*string{
		"name": &acc.Name, "tenant-id": &acc.TenantId, "client-id": &acc.ClientId,
		"authority": &acc.Authority, "graph-root": &acc.GraphRoot,
	} {
		if fl.Changed(flag) {
			*field = fl.Lookup(flag).Value.String()
		}
	}
	if fl.Changed("cloud") || acc.Cloud == pb.Cloud_CLOUD_UNSPECIFIED {
		var ok bool
		if acc.Cloud, ok = clouds[f.cloud]; !ok {
			return usagef("--cloud must be global, us-gov-l4, us-gov-l5, china or custom, not %q", f.cloud)
		}
	}
	if f.graphCA != "" {
		pem, err := os.ReadFile(f.graphCA)
		if err != nil {
			return usagef("--graph-ca: %s.", fileSentence(err))
		}
		acc.CaPem = pem
	}
	if fl.Changed("transporter") {
		id, err := c.transporterID(ctx, f.transporter)
		if err != nil {
			return err
		}
		acc.TransporterId = id
	}
	f.applyLimits(fl, acc)
	return nil
}

func (f *accountFlags) applyLimits(fl *pflag.FlagSet, acc *pb.Account) {
	l := acc.GetLimits()
	if l == nil {
		l = &pb.Limits{}
	}
	changed := false
	for flag, set := range map[string]func(){
		"limit-in-flight":     func() { l.RequestsInFlight = f.inFlight },
		"limit-requests":      func() { l.RequestsPerWindow = f.requests },
		"limit-window":        func() { l.WindowSeconds = f.window },
		"limit-upload-bytes":  func() { l.UploadBytesPerWindow = f.uploadBytes },
		"limit-upload-window": func() { l.UploadWindowSeconds = f.uploadWindow },
	} {
		if fl.Changed(flag) {
			set()
			changed = true
		}
	}
	if changed {
		acc.Limits = l
	}
}

// credential reads the secret or the certificate.
func (f *accountFlags) credential(ctx context.Context, a *app) (*pb.Credential, error) {
	if f.certificate == "" {
		secret, err := a.secret(ctx, &f.secret)
		return &pb.Credential{ClientSecret: secret}, err
	}
	if f.secret.file != "" || f.secret.stdin {
		return nil, usagef("give a secret or a --certificate, not both")
	}
	b, err := os.ReadFile(f.certificate)
	if err != nil {
		return nil, usagef("--certificate: %s.", fileSentence(err))
	}
	cr := &pb.Credential{Certificate: b}
	if a.given(&f.certificatePassword) {
		cr.CertificatePassword, err = a.secret(ctx, &f.certificatePassword)
	}
	return cr, err
}

func newAccountAdd(a *app) *cobra.Command {
	f := &accountFlags{}
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Add a Microsoft 365 account",
		Long: `Adds a Microsoft 365 tenant. It needs an application registered in Microsoft
Entra with the application permissions Mail.ReadWrite and User.Read.All, granted
by an administrator; Mail.Read is enough to back up only. The credentials are
tested first, and nothing is saved when they do not work; then the mailboxes of
the tenant are listed.`,
		Example: "  holdfast account add Contoso --tenant-id 6babcaad-604b-40ac-a9d7-9fd97c0b779f \\\n" +
			"    --client-id 1b730954-1685-4b74-9bfd-dac224a7b894 --secret-file secret.txt",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAccountAdd(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	f.register(cmd, a)
	return cmd
}

func runAccountAdd(ctx context.Context, a *app, f *accountFlags, fl *pflag.FlagSet, name string) error {
	if f.tenant == "" || f.client == "" {
		return usagef("--tenant-id and --client-id are needed")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	acc := &pb.Account{Name: name}
	if err := f.apply(ctx, c, fl, acc); err != nil {
		return err
	}
	cred, err := f.credential(ctx, a)
	if err != nil {
		return err
	}
	r, err := c.AddAccount(ctx, &pb.AddAccountRequest{Account: acc, Credential: cred, SkipTest: f.skipTest})
	if err != nil {
		return err
	}
	switch why := r.GetRefreshError(); {
	case why != "":
		a.note("Its mailboxes could not be listed yet: %s. Try: holdfast account refresh %q", why, name)
	case !f.skipTest && r.GetAccount().GetRefreshed() == nil: // a Director that does not do it itself
		// The account is saved; that its mailboxes cannot be listed now is no failure of adding it.
		fresh, err := c.RefreshAccount(ctx, &pb.RefreshAccountRequest{AccountId: r.GetAccount().GetId()})
		if err != nil {
			a.note("Its mailboxes could not be listed yet: %v. Try: holdfast account refresh %q", err, name)
		} else {
			r.Account = fresh.GetAccount()
		}
	}
	return a.print(r, func() error {
		what := counted(r.GetAccount().GetMailboxes(), "mailbox")
		if r.GetAccount().GetRefreshed() == nil {
			what = "its mailboxes are not listed yet"
		}
		if err := a.say("Added %s (id %s): %s.", r.GetAccount().GetName(), r.GetAccount().GetId(), what); err != nil {
			return err
		}
		return a.permissions(r.GetPermissions())
	})
}

// permissions prints what the application may do, and what does not work without the rest.
func (a *app) permissions(all []*pb.Permission) error {
	if len(all) == 0 {
		return nil
	}
	t := newTable("PERMISSION", "GRANTED", "WITHOUT IT")
	for _, p := range all {
		cost := "-"
		if !p.GetGranted() {
			cost = orDash(p.GetCost())
		}
		t.row(p.GetName(), yesNo(p.GetGranted()), cost)
	}
	return t.write(a.Stdout, 0)
}

func newAccountList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the accounts", Example: "  holdfast account list",
		RunE: func(cmd *cobra.Command, _ []string) error { return runAccountList(cmd.Context(), a) },
	}
}

func runAccountList(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListAccounts(ctx, &pb.ListAccountsRequest{})
	if err != nil {
		return err
	}
	t := newTable("NAME", "TENANT", "CLOUD", "CREDENTIAL", "MAILBOXES", "REFRESHED", "ID").numbers(4).shorten(0)
	for _, x := range r.GetAccounts() {
		t.row(x.GetName(), x.GetTenantId(), word(x.GetCloud(), "CLOUD_"), orDash(x.GetCredential()), count(x.GetMailboxes()),
			a.when(x.GetRefreshed()), x.GetId())
	}
	return a.list(r, t, "No accounts yet. Add one with: holdfast account add")
}

func newAccountTest(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "test ACCOUNT", Short: "Test the credentials of an account",
		Long: `Signs in to Microsoft and says which permissions are there, and what will not
work without the others. Ends with 1 when a permission is missing that even a
backup needs.`,
		Example: "  holdfast account test Contoso", Args: takes(1, 1), ValidArgsFunction: a.names(accountNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runAccountTest(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "account_id", "ACCOUNT")
	return cmd
}

func runAccountTest(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	acc, err := c.account(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.TestAccount(ctx, &pb.TestAccountRequest{AccountId: acc.GetId()})
	if err != nil {
		return err
	}
	if err := a.print(r, func() error {
		users := ""
		if r.GetUsers() > 0 {
			users = "; it has " + counted(r.GetUsers(), "user")
		}
		if err := a.say("%s can be signed in to%s.", acc.GetName(), users); err != nil {
			return err
		}
		return a.permissions(r.GetPermissions())
	}); err != nil {
		return err
	}
	for _, p := range r.GetPermissions() {
		if p.GetRequired() && !p.GetGranted() {
			return fault.New(fault.Conflict, "the permission %s is missing: %s", p.GetName(),
				first(p.GetCost(), "grant it to the application in Microsoft Entra"))
		}
	}
	return nil
}

func newAccountUpdate(a *app) *cobra.Command {
	f := &accountFlags{}
	cmd := &cobra.Command{
		Use: "update ACCOUNT", Short: "Change an account",
		Long: `Changes what is named and keeps the rest. A new secret or certificate is tested
before it replaces the old one.`,
		Example: "  holdfast account update Contoso --secret-file secret.txt\n  holdfast account update Contoso --name \"Contoso Ltd\"",
		Args:    takes(1, 1), ValidArgsFunction: a.names(accountNames),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runAccountUpdate(cmd.Context(), a, f, cmd.Flags(), args[0])
		},
	}
	f.register(cmd, a)
	cmd.Flags().StringVar(&f.name, "name", "", "new `name`")
	cmd.Flags().BoolVar(&f.askSecret, "ask-secret", false, "ask for a new client secret")
	mapFields(cmd, "account.name", "--name", "account.id", "ACCOUNT")
	return cmd
}

func runAccountUpdate(ctx context.Context, a *app, f *accountFlags, fl *pflag.FlagSet, ref string) error {
	if err := anyChanged(fl); err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	acc, err := c.account(ctx, ref)
	if err != nil {
		return err
	}
	if err := f.apply(ctx, c, fl, acc); err != nil {
		return err
	}
	req := &pb.UpdateAccountRequest{Account: acc, SkipTest: f.skipTest}
	if f.askSecret || f.certificate != "" || f.secret.file != "" || f.secret.stdin {
		if req.Credential, err = f.credential(ctx, a); err != nil {
			return err
		}
	}
	r, err := c.UpdateAccount(ctx, req)
	if err != nil {
		return err
	}
	return a.done(r, "Changed %s.", r.GetAccount().GetName())
}

// anyChanged refuses an update that changes nothing.
func anyChanged(fl *pflag.FlagSet) error {
	changed := false
	fl.Visit(func(f *pflag.Flag) {
		switch f.Name {
		case "director", "token-file", "ca", "fingerprint", "config", "output", "timeout", "yes":
		default:
			changed = true
		}
	})
	if !changed {
		return usagef("nothing to change: say what with a flag")
	}
	return nil
}

func newAccountRefresh(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "refresh ACCOUNT", Short: "Read the mailboxes of an account anew",
		Example: "  holdfast account refresh Contoso", Args: takes(1, 1), ValidArgsFunction: a.names(accountNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runAccountRefresh(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "account_id", "ACCOUNT")
	return cmd
}

func runAccountRefresh(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	acc, err := c.account(ctx, ref)
	if err != nil {
		return err
	}
	r, err := c.RefreshAccount(ctx, &pb.RefreshAccountRequest{AccountId: acc.GetId()})
	if err != nil {
		return err
	}
	return a.done(r, "%s has %s; %s without one.", r.GetAccount().GetName(), counted(r.GetAccount().GetMailboxes(), "mailbox"),
		counted(r.GetAccount().GetUsersWithoutMailbox(), "user"))
}

func newAccountRemove(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "remove ACCOUNT", Short: "Remove an account from the inventory",
		Long:    "Removes an account. Its backups stay in their repositories and stay recoverable.",
		Example: "  holdfast account remove Contoso --yes", Args: takes(1, 1), ValidArgsFunction: a.names(accountNames),
		RunE: func(cmd *cobra.Command, args []string) error { return runAccountRemove(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "account_id", "ACCOUNT")
	return cmd
}

func runAccountRemove(ctx context.Context, a *app, ref string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	acc, err := c.account(ctx, ref)
	if err != nil {
		return err
	}
	if err := a.confirm(ctx, "Remove the account "+acc.GetName()+"? Its backups stay."); err != nil {
		return err
	}
	r, err := c.RemoveAccount(ctx, &pb.RemoveAccountRequest{AccountId: acc.GetId()})
	if err != nil {
		return err
	}
	return a.done(r, "Removed %s. Its backups stay recoverable.", acc.GetName())
}
