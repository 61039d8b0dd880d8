package main

import (
	"os"

	"github.com/spf13/cobra"

	"holdfast/transporter"
	"holdfast/transporter/internal/config"
)

func newRun() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run", Short: "Serve until told to stop (the default)", Args: cobra.NoArgs, RunE: runRun,
		Long: "Serve until told to stop. A Transporter that has no Director yet prints a pairing code to standard output.\n" +
			"On the first SIGTERM or Ctrl-C running tasks reach a checkpoint; a second one ends the process at once.",
	}
	config.Register(cmd.Flags())
	return cmd
}

func runRun(cmd *cobra.Command, _ []string) error {
	settings, err := config.Read(cmd.Flags(), os.LookupEnv)
	if err != nil {
		return err
	}
	settings.Options.Logger = settings.Logger(cmd.ErrOrStderr())
	settings.Options.CodeWriter = cmd.OutOrStdout()
	t, err := transporter.New(settings.Options)
	if err != nil {
		return err
	}
	return t.Run(cmd.Context())
}
