package cli

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	pb "holdfast/pkg/pb/holdfast/director/v1"
)

// completionTimeout keeps the Tab key quick when the Director is not.
const completionTimeout = 2 * time.Second

func newCompletion(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use: "completion SHELL", Short: "Print the completion script of a shell",
		Long: `Prints a script for bash, zsh, fish or powershell that completes commands, flags
and the names of accounts, jobs, mailboxes and the rest when Tab is pressed.`,
		Example: "  source <(holdfast completion bash)\n  holdfast completion fish > ~/.config/fish/completions/holdfast.fish",
		Args:    takes(1, 1), ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.Stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.Stdout)
			case "fish":
				return root.GenFishCompletion(a.Stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.Stdout)
			}
			return usagef("the shell must be bash, zsh, fish or powershell, not %q", args[0])
		},
	}
	return cmd
}

type completion = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective)

// complete registers the completion of a flag's value. The flag exists, so registering cannot go wrong.
func complete(cmd *cobra.Command, flag string, f completion) {
	_ = cmd.RegisterFlagCompletionFunc(flag, f)
}

func fixed(words ...string) completion {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return words, cobra.ShellCompDirectiveNoFileComp
	}
}

// lister returns names, each with a hint after a tab.
type lister func(ctx context.Context, c *api, typed string) ([]string, error)

// names completes the first argument (or a flag's value) from the API. Whatever goes wrong, it is silent.
func (a *app) names(list lister) completion { return a.namesAt(list) }

// namesAt completes each argument from its own list.
func (a *app) namesAt(lists ...lister) completion {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		at := len(args)
		if len(lists) == 1 && flagBeingCompleted(cmd, args) {
			at = 0
		}
		if at >= len(lists) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		c, err := a.connect()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTimeout)
		defer cancel()
		found, err := lists[at](ctx, c, typed)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, s := range found {
			if strings.HasPrefix(strings.ToLower(s), strings.ToLower(typed)) {
				out = append(out, s)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

// flagBeingCompleted is true for commands whose arguments are complete, or that take none: then it is a flag's value.
func flagBeingCompleted(cmd *cobra.Command, args []string) bool {
	return cmd.Args == nil || len(args) == 0 || cmd.Args(cmd, append(args, "x")) != nil
}

func entry(name, hint string) string { return name + "\x00" + hint }

func oneLine(s string) string { return clean(strings.ReplaceAll(s, "\n", " ")) }

// withHints turns entries into cobra's form: the name, a tab, the hint. Tabs and line ends in names would break it.
func withHints(entries []string) []string {
	for i, e := range entries {
		name, hint, _ := strings.Cut(e, "\x00")
		name, hint = oneLine(name), oneLine(hint)
		entries[i] = name
		if hint != "" {
			entries[i] += "\t" + hint
		}
	}
	return entries
}

func accountNames(ctx context.Context, c *api, _ string) ([]string, error) {
	r, err := c.ListAccounts(ctx, &pb.ListAccountsRequest{})
	var out []string
	for _, x := range r.GetAccounts() {
		out = append(out, entry(x.GetName(), counted(x.GetMailboxes(), "mailbox")))
	}
	return withHints(out), err
}

func mailboxNames(ctx context.Context, c *api, typed string) ([]string, error) {
	r, err := c.ListMailboxes(ctx, &pb.ListMailboxesRequest{Search: typed, PageSize: 100})
	var out []string
	for _, x := range r.GetMailboxes() {
		out = append(out, entry(x.GetAddress(), x.GetName()))
	}
	return withHints(out), err
}

func transporterNames(ctx context.Context, c *api, _ string) ([]string, error) {
	r, err := c.ListTransporters(ctx, &pb.ListTransportersRequest{})
	var out []string
	for _, x := range r.GetTransporters() {
		out = append(out, entry(x.GetName(), x.GetAddress()))
	}
	return withHints(out), err
}

func repositoryNames(ctx context.Context, c *api, _ string) ([]string, error) {
	r, err := c.ListRepositories(ctx, &pb.ListRepositoriesRequest{})
	var out []string
	for _, x := range r.GetRepositories() {
		out = append(out, entry(x.GetName(), x.GetPath()))
	}
	return withHints(out), err
}

func jobNames(ctx context.Context, c *api, _ string) ([]string, error) {
	r, err := c.ListJobs(ctx, &pb.ListJobsRequest{})
	var out []string
	for _, x := range r.GetJobs() {
		out = append(out, entry(x.GetName(), word(x.GetLastStatus(), "RUN_STATUS_")))
	}
	return withHints(out), err
}

func runIDs(ctx context.Context, c *api, _ string) ([]string, error) {
	r, err := c.ListRuns(ctx, &pb.ListRunsRequest{})
	var out []string
	for _, x := range r.GetRuns() {
		out = append(out, entry(x.GetId(), x.GetJobName()+", "+word(x.GetStatus(), "RUN_STATUS_")))
	}
	return withHints(out), err
}

func activityIDs(ctx context.Context, c *api, _ string) ([]string, error) {
	r, err := c.ListActivities(ctx, &pb.ListActivitiesRequest{})
	var out []string
	for _, x := range r.GetActivities() {
		out = append(out, entry(x.GetId(), x.GetTitle()))
	}
	return withHints(out), err
}

// pointNames offers the addresses of mailboxes, each standing for its newest point: points have no names of their own.
func pointNames(ctx context.Context, c *api, typed string) ([]string, error) {
	return mailboxNames(ctx, c, typed)
}
