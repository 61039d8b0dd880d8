package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"holdfast/transporter"
	"holdfast/transporter/internal/config"
)

func newPairingCode() *cobra.Command {
	cmd := &cobra.Command{
		Use: "pairing-code", Short: "Print the pairing code of the Transporter that runs on the data folder",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := config.Read(cmd.Flags(), os.LookupEnv)
			if err != nil {
				return err
			}
			code, err := transporter.ReadPairingCode(settings.Options.DataDir)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), code)
			return err
		},
	}
	config.Register(cmd.Flags())
	return cmd
}
