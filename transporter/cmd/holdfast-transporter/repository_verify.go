package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/repository"
)

// errDamaged makes main exit with 3.
var errDamaged = errors.New("the repository is damaged")

func newRepositoryVerify(secret *secretFlags) *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use: "verify PATH", Short: "Check that everything in a repository is there and as it was written", Args: cobra.ExactArgs(1),
		Long: "Check that everything in a repository is there and as it was written. It changes nothing.\n" +
			"Exit codes: 0 nothing is damaged, 3 damage was found (listed on standard output), 1 it could not be checked.",
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			r, err := secret.open(cmd.Context(), args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			defer func() {
				if closeErr := r.Close(); err == nil {
					err = closeErr
				}
			}()
			mode := repository.VerifyQuick
			if full {
				mode = repository.VerifyFull
			}
			found, err := r.Verify(cmd.Context(), mode, nil)
			if err != nil {
				return err
			}
			report := shelf.VerifyReport(found)
			out := cmd.OutOrStdout()
			for _, d := range report.Damage {
				fmt.Fprintln(out, d)
			}
			_, err = fmt.Fprintf(out, "%d points, %d blobs, %.1f MB read: %d damaged\n", report.Points, report.Blobs,
				float64(report.Bytes)/1e6, len(report.Damage))
			if err == nil && !found.Sound() {
				err = fault.New(fault.Corrupt, "%w: the lines above say what is lost and where", errDamaged)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&full, "full", false, "read and hash every byte again")
	return cmd
}
