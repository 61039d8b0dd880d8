package cli

import (
	"context"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newSessions(a *app) *cobra.Command {
	return group("session", "Who is signed in", newSessionList(a), newSessionEnd(a), newSessionEndAll(a))
}

// whoseFlags choose whose sessions or tokens are listed.
type whoseFlags struct {
	user string
	all  bool
}

func (f *whoseFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.user, "user", "", "those of the user with this `name`; one's own when not given")
	cmd.Flags().BoolVar(&f.all, "all", false, "everybody's, for administrators")
}

func newSessionList(a *app) *cobra.Command {
	f := &whoseFlags{}
	cmd := &cobra.Command{
		Use: "list", Short: "List sessions, the last used first", Example: "  holdfast session list\n  holdfast session list --all",
		RunE: func(cmd *cobra.Command, _ []string) error { return runSessionList(cmd.Context(), a, f) },
	}
	f.register(cmd)
	return cmd
}

func runSessionList(ctx context.Context, a *app, f *whoseFlags) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListSessions(ctx, &pb.ListSessionsRequest{User: f.user, All: f.all})
	if err != nil {
		return err
	}
	t := newTable("ID", "USER", "FROM", "SIGNED IN", "LAST USED", "UNTIL", "CLIENT").shorten(6)
	for _, s := range r.GetSessions() {
		t.row(s.GetId(), s.GetUser(), orDash(s.GetRemote()), a.when(s.GetCreated()), a.when(s.GetLastUsed()), a.when(s.GetExpires()), orDash(s.GetUserAgent()))
	}
	return a.list(r, t, "There are no sessions.")
}

func newSessionEnd(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "end ID", Short: "End a session at once", Example: "  holdfast session end 5f0c1d2e3a4b5c6d", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runSessionEnd(cmd.Context(), a, args[0]) },
	}
}

func runSessionEnd(ctx context.Context, a *app, id string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.RevokeSession(ctx, &pb.RevokeSessionRequest{SessionId: id})
	if err != nil {
		return err
	}
	return a.done(r, "The session is ended.")
}

func newSessionEndAll(a *app) *cobra.Command {
	var tokens bool
	cmd := &cobra.Command{
		Use: "end-all [USER]", Short: "Sign a user out everywhere",
		Long: `Ends all sessions of a user, or your own: the one that asks among them. With
--tokens their tokens end too.`,
		Example: "  holdfast session end-all --yes\n  holdfast session end-all anna --tokens --yes", Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			user := ""
			if len(args) == 1 {
				user = args[0]
			}
			return runSessionEndAll(cmd.Context(), a, user, tokens)
		},
	}
	cmd.Flags().BoolVar(&tokens, "tokens", false, "tokens for scripts too")
	mapFields(cmd, "user", "USER")
	return cmd
}

func runSessionEndAll(ctx context.Context, a *app, user string, tokens bool) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	if err := a.confirm(ctx, "End all sessions of "+first(user, "your own user")+"?"); err != nil {
		return err
	}
	r, err := c.SignOutEverywhere(ctx, &pb.SignOutEverywhereRequest{User: user, Tokens: tokens})
	if err != nil {
		return err
	}
	return a.done(r, "%d ended.", r.GetEnded())
}
