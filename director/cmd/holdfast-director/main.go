// Command holdfast-director is the Director: it keeps the inventory, runs the jobs, and serves API and web pages.
//
// Exit codes: 0 after an orderly end, 1 when it cannot do what was asked (the reason is one sentence on standard error),
// 2 when the command line or the configuration is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/pkg/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, "holdfast-director: "+line)
	}
	if errors.Is(err, fault.Invalid) || errors.As(err, new(usageError)) {
		os.Exit(2)
	}
	os.Exit(1)
}

// usageError is what the command line parser says.
type usageError struct{ error }

func newRoot() *cobra.Command {
	run := newRun()
	root := &cobra.Command{
		Use: "holdfast-director", Short: "Keep the inventory, run the jobs, serve API and web pages",
		Version: version.Version, SilenceUsage: true, SilenceErrors: true, Args: noArguments, RunE: run.RunE,
	}
	root.Flags().AddFlagSet(run.Flags())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(run, newResetPassword(), newRestore(), newVersion())
	return root
}

func noArguments(cmd *cobra.Command, args []string) error {
	if err := cobra.NoArgs(cmd, args); err != nil {
		return usageError{err}
	}
	return nil
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version.Version)
			return err
		},
	}
}
