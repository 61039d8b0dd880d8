package main

import (
	"os"

	"github.com/spf13/cobra"

	"holdfast/director"
	"holdfast/director/internal/config"
	"holdfast/director/internal/logtail"
)

func newRun() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run", Short: "Serve until told to stop (the default)", Args: noArguments, RunE: runRun,
		Long: "Serve until told to stop. The first start prints a one-time password for the user admin to standard output.\n" +
			"Tasks at Transporters go on while the Director is stopped; it finds them again.",
	}
	config.Register(cmd.Flags())
	return cmd
}

func runRun(cmd *cobra.Command, _ []string) error {
	settings, err := config.Read(cmd.Flags(), os.LookupEnv)
	if err != nil {
		return err
	}
	lines := logtail.New(cmd.ErrOrStderr(), 0)
	settings.Options.Logger, settings.Options.RecentLog = settings.Logger(lines), lines.Lines
	settings.Options.Announce = cmd.OutOrStdout()
	d, err := director.New(cmd.Context(), settings.Options)
	if err != nil {
		return err
	}
	return d.Run(cmd.Context())
}
