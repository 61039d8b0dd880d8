package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/shelf"
	"holdfast/transporter/internal/repository"
)

// errDamaged makes main exit with 3: what was asked is done, but something in the repository is damaged.
var errDamaged = errors.New("the repository is damaged")

// verifyAnswer is what verify found.
type verifyAnswer struct {
	Points int64    `json:"points"`
	Blobs  int64    `json:"blobs"`
	Bytes  int64    `json:"bytes"`
	Damage []string `json:"damage"`
}

func newRepositoryVerify(o *offline) *cobra.Command {
	var full bool
	cmd := &cobra.Command{
		Use: "verify PATH", Short: "Check that everything in a repository is there and as it was written", Args: between(1, 1),
		Long: "Check that everything in a repository is there and as it was written. It changes nothing, so the next backups do not\n" +
			"look for what is lost because of it: a repair, or a verify while the repository is attached, sees to that.\n" +
			"Exit codes: 0 nothing is damaged, 3 damage was found (listed on standard output), 1 it could not be checked.",
		Example: "  holdfast-transporter repository verify /srv/holdfast/vault --full",
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.look(cmd, args[0], func(r *repository.Repository) error {
				mode := repository.VerifyQuick
				if full {
					mode = repository.VerifyFull
				}
				progress, end := showProgress(os.Stderr)
				found, err := r.Verify(cmd.Context(), mode, progress)
				end()
				if err != nil {
					return err
				}
				report := shelf.VerifyReport(cmd.Context(), r, found)
				a := verifyAnswer{report.Points, report.Blobs, report.Bytes, append([]string{}, report.Damage...)}
				err = o.answer(cmd, a, func(w io.Writer) {
					for _, d := range a.Damage {
						fmt.Fprintln(w, d)
					}
					fmt.Fprintf(w, "%d points, %d blobs, %s read: %d damaged\n", a.Points, a.Blobs, megabytes(a.Bytes), len(a.Damage))
				})
				if err == nil && !found.Sound() {
					err = fault.New(fault.Corrupt, "%w: the answer says what is lost and where", errDamaged)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&full, "full", false, "read and hash every byte again")
	return cmd
}
