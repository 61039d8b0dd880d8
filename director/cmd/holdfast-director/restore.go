package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast/director"
	"holdfast/director/internal/config"
	"holdfast/pkg/fault"
)

func newRestore() *cobra.Command {
	var replace bool
	var passphraseFile string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Bring the Director's state back from a backup of it",
		Long: "Bring the Director's state back from a backup of it (holdfast system backup). The Director must not be running.\n" +
			"The data folder must be empty, or --replace given: then what is in it is put aside, in a folder within it.\n" +
			"The passphrase of the backup is asked for, or read from --passphrase-file.",
		Example: "  holdfast-director restore /mnt/safe/holdfast-director-20261122T030000.000Z.hfbackup --data-dir /var/lib/holdfast-director",
		Args: func(cmd *cobra.Command, args []string) error {
			if err := cobra.ExactArgs(1)(cmd, args); err != nil {
				return usageError{fmt.Errorf("name the backup to restore: holdfast-director restore FILE")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			settings, err := config.Read(cmd.Flags(), os.LookupEnv)
			if err != nil {
				return err
			}
			passphrase, err := readPassphrase(passphraseFile, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return director.Restore(cmd.Context(), settings.Options, args[0], passphrase, replace, cmd.OutOrStdout())
		},
	}
	config.Register(cmd.Flags())
	cmd.Flags().BoolVar(&replace, "replace", false, "put aside what is in the data folder")
	cmd.Flags().StringVar(&passphraseFile, "passphrase-file", "", "read the passphrase from this `file`")
	return cmd
}

// readPassphrase reads the passphrase from a file, or asks for it at the terminal.
func readPassphrase(file string, prompt io.Writer) (string, error) {
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", fault.New(fault.Invalid, "read the passphrase: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) {
		return "", usageError{fmt.Errorf("there is no terminal to ask for the passphrase; give --passphrase-file")}
	}
	_, _ = fmt.Fprint(prompt, "Passphrase of the backup: ")
	text, err := term.ReadPassword(in)
	_, _ = fmt.Fprintln(prompt)
	return string(text), err
}
