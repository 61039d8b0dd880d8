package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository"
)

// secretFlags say how an encrypted repository is opened.
type secretFlags struct{ passphraseFile, keyFile string }

func newRepository() *cobra.Command {
	cmd := &cobra.Command{
		Use: "repository", Short: "Look into a repository without a Director", Args: cobra.NoArgs,
		Long: "Look into a repository without a Director. The repository must not be attached anywhere: detach it first.\n" +
			"An encrypted one is opened with --passphrase-file (\"-\" is standard input) or --key-file.",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var secret secretFlags
	cmd.PersistentFlags().StringVar(&secret.passphraseFile, "passphrase-file", "", "file with the passphrase in its first line")
	cmd.PersistentFlags().StringVar(&secret.keyFile, "key-file", "", "the repository's key file")
	cmd.AddCommand(newRepositoryInfo(&secret), newRepositoryVerify(&secret))
	return cmd
}

// open opens the repository at path.
func (f *secretFlags) open(ctx context.Context, path string, stdin io.Reader) (*repository.Repository, error) {
	secret := repository.Secret{KeyFile: f.keyFile}
	if f.passphraseFile != "" {
		var text []byte
		var err error
		if f.passphraseFile == "-" {
			text, err = io.ReadAll(io.LimitReader(stdin, 64<<10))
		} else {
			text, err = os.ReadFile(f.passphraseFile)
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "read the passphrase: %w", err)
		}
		line, _, _ := bytes.Cut(text, []byte("\n"))
		secret.Passphrase = string(bytes.TrimRight(line, "\r"))
	}
	return repository.Open(ctx, repository.Options{Path: path, Secret: secret, Transporter: "offline tool"})
}

func newRepositoryInfo(secret *secretFlags) *cobra.Command {
	return &cobra.Command{
		Use: "info PATH", Short: "Tell what a repository is and which backups it has", Args: cobra.ExactArgs(1),
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
			return info(cmd.Context(), cmd.OutOrStdout(), r)
		},
	}
}

func info(ctx context.Context, out io.Writer, r *repository.Repository) error {
	sums, err := r.Statistics(ctx)
	if err != nil {
		return err
	}
	backups, err := r.Backups(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "name\t%s\nid\t%s\npath\t%s\ncreated\t%s\nencrypted\t%v\n", r.Name(), r.ID(), r.Path(),
		r.Created().Format(time.RFC3339), r.Encrypted())
	fmt.Fprintf(w, "points\t%d of %d backups\non disk\t%.1f MB in %d packs\nfree\t%.1f MB\n", sums.Points, sums.Backups,
		float64(sums.Used)/1e6, sums.Packs, float64(sums.Free)/1e6)
	fmt.Fprintf(w, "deduplication\t%.2f\ncompression\t%.2f\n", sums.Deduplication(), sums.Compression())
	if len(backups) > 0 {
		fmt.Fprintf(w, "\nMAILBOX\tJOB\tPOINTS\tNEWEST\tMESSAGES\n")
	}
	for _, b := range backups {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\n", b.Newest.Origin.MailboxAddress, b.Newest.Origin.JobName, b.Points,
			b.Newest.Time.Format(time.RFC3339), b.Newest.Counts.Messages)
	}
	if err := w.Flush(); err != nil {
		return fault.New(fault.Unavailable, "write the answer: %w", err)
	}
	return nil
}
