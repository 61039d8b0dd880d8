// Command holdfast-transporter is the Transporter: it keeps repositories and moves mail between them and Microsoft 365.
//
// Exit codes: 0 after an orderly end, 1 when it cannot do what was asked (the reason is one sentence on standard error),
// 2 when the command line or the configuration is wrong, 3 when it did what was asked but met damage in a repository.
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
	"holdfast/transporter/internal/memory"
)

func main() {
	memory.Frugal()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := newRoot().ExecuteContext(ctx)
	stop()
	if err == nil {
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		fmt.Fprintln(os.Stderr, "holdfast-transporter: "+line)
	}
	switch {
	case errors.Is(err, errDamaged):
		os.Exit(3)
	case errors.Is(err, fault.Invalid), errors.As(err, new(usageError)):
		os.Exit(2)
	}
	os.Exit(1)
}

// usageError is what the command line parser says.
type usageError struct{ error }

func newRoot() *cobra.Command {
	run := newRun()
	root := &cobra.Command{
		Use: "holdfast-transporter", Short: "Keep repositories and move mail between them and Microsoft 365",
		Version: version.Version, SilenceUsage: true, SilenceErrors: true, Args: cobra.NoArgs, RunE: run.RunE,
	}
	root.Flags().AddFlagSet(run.Flags())
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(run, newPairingCode(), newRepository(), newVersion())
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version.Version)
			return err
		},
	}
}
