package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

func newUser(a *app) *cobra.Command {
	return group("user", "Who may sign in, and what they may do", newUserList(a), newUserCreate(a), newUserUpdate(a), newUserReset(a), newUserDelete(a))
}

// roles are what a role is called on the command line.
var roles = map[string]pb.Role{
	"": pb.Role_ROLE_UNSPECIFIED, "auditor": pb.Role_ROLE_AUDITOR, "operator": pb.Role_ROLE_OPERATOR, "administrator": pb.Role_ROLE_ADMINISTRATOR,
}

func roleFlag(cmd *cobra.Command, to *string, usage string) {
	cmd.Flags().StringVar(to, "role", "", usage)
	complete(cmd, "role", fixed("auditor", "operator", "administrator"))
	mapFields(cmd, "role", "--role", "name", "NAME")
}

func roleOf(s string) (pb.Role, error) {
	r, ok := roles[s]
	if !ok {
		return 0, usagef("--role: %q is none; write auditor, operator or administrator", s)
	}
	return r, nil
}

func roleWord(r pb.Role) string { return word(r, "ROLE_") }

func newUserList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List who may sign in", Example: "  holdfast user list",
		RunE: func(cmd *cobra.Command, _ []string) error { return runUserList(cmd.Context(), a) },
	}
}

func runUserList(ctx context.Context, a *app) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ListUsers(ctx, &pb.ListUsersRequest{})
	if err != nil {
		return err
	}
	t := newTable("NAME", "ROLE", "STATE", "LAST SIGN-IN", "SESSIONS", "TOKENS").numbers(4, 5)
	for _, u := range r.GetUsers() {
		t.row(u.GetName(), roleWord(u.GetRole()), userState(u), a.when(u.GetLastSignIn()), fmt.Sprint(u.GetSessions()), fmt.Sprint(u.GetTokens()))
	}
	return a.list(r, t, "There are no users.")
}

func userState(u *pb.User) string {
	switch {
	case u.GetDisabled():
		return "disabled"
	case u.GetPasswordChangeRequired():
		return "one-time password"
	}
	return "active"
}

func newUserCreate(a *app) *cobra.Command {
	var role string
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a user with a one-time password",
		Long: `Makes a user. The one-time password is shown once, alone on standard output: tell
it to the user, who must set another when signing in. An auditor sees everything
but mail; an operator also runs jobs, reads mail and recovers it; an
administrator may do everything.`,
		Example: "  holdfast user create anna --role operator", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runUserCreate(cmd.Context(), a, args[0], role) },
	}
	roleFlag(cmd, &role, "`role`: auditor, operator or administrator; required")
	return cmd
}

func runUserCreate(ctx context.Context, a *app, name, role string) error {
	r, err := roleOf(role)
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	u, err := c.CreateUser(ctx, &pb.CreateUserRequest{Name: name, Role: r})
	if err != nil {
		return err
	}
	return a.oneTime(u.GetOneTimePassword(), a.done(u, "%s", u.GetOneTimePassword()))
}

// oneTime tells that the password which was printed is shown only now.
func (a *app) oneTime(password string, err error) error {
	if err == nil && password != "" {
		a.note("This one-time password is shown only now.")
	}
	return err
}

type userFlags struct {
	role     string
	disabled bool
}

func newUserUpdate(a *app) *cobra.Command {
	f := &userFlags{}
	cmd := &cobra.Command{
		Use: "update NAME", Short: "Give a user another role, disable or enable them",
		Long: `Sets a user's role, or disables them. It applies at once, also to what they have
open; a disabled user's sessions end and their tokens do not work until they are
enabled again. The last administrator stays one.`,
		Example: "  holdfast user update anna --role administrator\n  holdfast user update anna --disabled", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			role, err := roleOf(f.role)
			if err != nil {
				return err
			}
			q := &pb.UpdateUserRequest{Name: args[0], Role: role}
			if cmd.Flags().Changed("disabled") {
				q.Disabled = &f.disabled
			}
			if role == 0 && q.Disabled == nil {
				return usagef("nothing to change: give --role or --disabled")
			}
			return runUserUpdate(cmd.Context(), a, q)
		},
	}
	roleFlag(cmd, &f.role, "`role`: auditor, operator or administrator")
	cmd.Flags().BoolVar(&f.disabled, "disabled", false, "may not sign in; --disabled=false permits it again")
	return cmd
}

func runUserUpdate(ctx context.Context, a *app, q *pb.UpdateUserRequest) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.UpdateUser(ctx, q)
	if err != nil {
		return err
	}
	u := r.GetUser()
	return a.done(r, "%s is %s, %s.", u.GetName(), roleWord(u.GetRole()), userState(u))
}

func newUserReset(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "reset-password NAME", Short: "Give a user a one-time password",
		Long: `Gives a user a one-time password, shown once, alone on standard output, and ends
their sessions. Their tokens stay.`,
		Example: "  holdfast user reset-password anna", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runUserReset(cmd.Context(), a, args[0]) },
	}
}

func runUserReset(ctx context.Context, a *app, name string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	r, err := c.ResetUserPassword(ctx, &pb.ResetUserPasswordRequest{Name: name})
	if err != nil {
		return err
	}
	return a.oneTime(r.GetOneTimePassword(), a.done(r, "%s", r.GetOneTimePassword()))
}

func newUserDelete(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "delete NAME", Short: "Delete a user with their sessions and tokens",
		Example: "  holdfast user delete anna --yes", Args: takes(1, 1),
		RunE: func(cmd *cobra.Command, args []string) error { return runUserDelete(cmd.Context(), a, args[0]) },
	}
}

func runUserDelete(ctx context.Context, a *app, name string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	if err := a.confirm(ctx, fmt.Sprintf("Delete the user %s with their sessions and tokens?", name)); err != nil {
		return err
	}
	r, err := c.DeleteUser(ctx, &pb.DeleteUserRequest{Name: name})
	if err != nil {
		return err
	}
	return a.done(r, "%s is deleted.", name)
}
