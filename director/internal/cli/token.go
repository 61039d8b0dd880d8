package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newToken(a *app) *cobra.Command {
	return group("token", "Tokens for scripts", newTokenCreate(a))
}

func newTokenCreate(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a token for a script",
		Long: `Makes a token that acts for you until it is removed. It is shown once, alone on
standard output: keep it in a file that only the script can read, and give that
file with --token-file or HOLDFAST_TOKEN_FILE.`,
		Example: "  (umask 077 && holdfast token create nightly-report > nightly-report.token)", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runTokenCreate(cmd.Context(), a, args[0]) },
	}
	mapFields(cmd, "name", "NAME")
	return cmd
}

func runTokenCreate(ctx context.Context, a *app, name string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.CreateToken(ctx, &pb.CreateTokenRequest{Name: name})
	if err != nil {
		return err
	}
	if err := a.done(r, "%s", r.GetToken()); err != nil {
		return err
	}
	a.note("This token is shown only now.")
	return nil
}
