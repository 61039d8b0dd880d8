package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newToken(a *app) *cobra.Command {
	return group("token", "Tokens for scripts", newTokenCreate(a), newTokenList(a), newTokenRevoke(a))
}

type tokenFlags struct{ role, expires string }

func newTokenCreate(a *app) *cobra.Command {
	f := &tokenFlags{}
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a token for a script",
		Long: `Makes a token that acts for you until it expires or is revoked. It never may do
more than you. It is shown once, alone on standard output: keep it in a file that
only the script can read, and give that file with --token-file or
HOLDFAST_TOKEN_FILE.`,
		Example: "  (umask 077 && holdfast token create nightly-report > nightly-report.token)\n" +
			"  holdfast token create monitoring --role auditor --expires 2030-01-01",
		Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runTokenCreate(cmd.Context(), a, args[0], f) },
	}
	roleFlag(cmd, &f.role, "the most that it may do, a `role`: auditor, operator or administrator; yours when not given")
	cmd.Flags().StringVar(&f.expires, "expires", "", "a day like 2030-01-01, or a `time`; never when not given")
	mapFields(cmd, "expires", "--expires")
	return cmd
}

func runTokenCreate(ctx context.Context, a *app, name string, f *tokenFlags) error {
	role, err := roleOf(f.role)
	if err != nil {
		return err
	}
	expires, err := a.date("--expires", f.expires)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.CreateToken(ctx, &pb.CreateTokenRequest{Name: name, Role: role, Expires: expires})
	if err != nil {
		return err
	}
	if err := a.done(r, "%s", r.GetToken()); err != nil {
		return err
	}
	a.note("This token is shown only now.")
	return nil
}

func newTokenList(a *app) *cobra.Command {
	f := &whoseFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List tokens for scripts", Example: "  holdfast token list\n  holdfast token list --all",
		RunE: func(cmd *cobra.Command, _ []string) error { return runTokenList(cmd.Context(), a, f) },
	}
	f.register(cmd)
	return cmd
}

func runTokenList(ctx context.Context, a *app, f *whoseFlags) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListTokens(ctx, &pb.ListTokensRequest{User: f.user, All: f.all})
	if err != nil {
		return err
	}
	t := newTable("ID", "NAME", "USER", "ROLE", "MADE", "EXPIRES", "LAST USED", "FROM").shorten(1)
	for _, k := range r.GetTokens() {
		t.row(k.GetId(), k.GetName(), k.GetUser(), roleWord(k.GetRole()), a.when(k.GetCreated()), a.when(k.GetExpires()), a.when(k.GetLastUsed()), orDash(k.GetRemote()))
	}
	return a.list(r, t, "There are no tokens. Make one with: holdfast token create NAME")
}

func newTokenRevoke(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "End a token at once", Example: "  holdfast token revoke 5f0c1d2e3a4b5c6d", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runTokenRevoke(cmd.Context(), a, args[0]) },
	}
}

func runTokenRevoke(ctx context.Context, a *app, id string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.RevokeToken(ctx, &pb.RevokeTokenRequest{TokenId: id})
	if err != nil {
		return err
	}
	return a.done(r, "The token is revoked.")
}
