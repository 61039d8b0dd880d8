package main

import (
	"os"

	"github.com/spf13/cobra"

	"holdfast/director"
	"holdfast/director/internal/config"
)

func newResetPassword() *cobra.Command {
	cmd := &cobra.Command{
		Use: "reset-password", Short: "Give the user admin a new one-time password", Args: noArguments,
		Long: "Give the user admin a new one-time password and end their sessions. The Director must not be running.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := config.Read(cmd.Flags(), os.LookupEnv)
			if err != nil {
				return err
			}
			return director.ResetPassword(cmd.Context(), settings.Options, cmd.OutOrStdout())
		},
	}
	config.Register(cmd.Flags())
	return cmd
}
