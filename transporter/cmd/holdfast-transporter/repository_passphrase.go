package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository"
)

// passphraseAnswer says how a repository opens from now on.
type passphraseAnswer struct {
	Repository string `json:"repository"`
	OpensWith  string `json:"opens_with"`
}

func newRepositoryPassphrase(o *offline) *cobra.Command {
	var next secretFlags
	cmd := &cobra.Command{
		Use: "passphrase PATH", Short: "Change the passphrase or the key file of an encrypted repository", Args: between(1, 1),
		Long: "Change the passphrase or the key file of an encrypted repository, or one for the other. The mail in it is not touched,\n" +
			"so this takes a moment however large the repository is. If it is interrupted, the repository opens with the old\n" +
			"one or with the new one.\n\n" +
			"--passphrase-file and --key-file name what opens it now, --new-passphrase-file and --new-key-file what is to open it.\n" +
			"What is not named is asked for where there is a terminal. A new key file that does not exist is made: keep a copy of\n" +
			"it in another place, for without it nobody can read the repository.\n\n" +
			"Copies of the folder that were made before still open with the old one. A Director that attaches the repository has\n" +
			"to be told the new one.",
		Example: "  holdfast-transporter repository passphrase /srv/holdfast/vault\n" +
			"  holdfast-transporter repository passphrase /srv/holdfast/vault --passphrase-file old.txt --new-key-file /etc/holdfast/vault.key",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(); err != nil {
				return err
			}
			return o.changeSecret(cmd, args[0], &next)
		},
	}
	cmd.Flags().StringVar(&next.passphraseFile, "new-passphrase-file", "", "file with the new passphrase in its first line; - is standard input")
	cmd.Flags().StringVar(&next.keyFile, "new-key-file", "", "the new key file, which is made where there is none")
	return cmd
}

func (o *offline) changeSecret(cmd *cobra.Command, path string, next *secretFlags) error {
	switch {
	case next.passphraseFile != "" && next.keyFile != "":
		return usageError{errors.New("give --new-passphrase-file or --new-key-file, not both")}
	case next.passphraseFile == "-" && o.passphraseFile == "-":
		return usageError{errors.New("standard input can give one of the two passphrases, not both")}
	}
	if _, _, err := repository.Identify(path); err != nil {
		return err // before anything is asked
	}
	old, err := o.secret(cmd.InOrStdin())
	if err != nil {
		return err
	}
	if old.None() {
		if old.Passphrase, err = askFor("Passphrase: ", "name what opens the repository with --passphrase-file or --key-file"); err != nil {
			return err
		}
	}
	secret, err := next.secret(cmd.InOrStdin())
	if err != nil {
		return err
	}
	if secret.None() {
		if secret.Passphrase, err = askTwice(); err != nil {
			return err
		}
	}
	options := repository.Options{Path: path, Secret: old, Transporter: "offline tool"}
	if err := repository.ChangeSecret(cmd.Context(), options, secret); err != nil {
		return err
	}
	a := passphraseAnswer{Repository: path, OpensWith: "the new passphrase"}
	if secret.KeyFile != "" {
		a.OpensWith = "key file " + secret.KeyFile
	}
	return o.answer(cmd, a, func(w io.Writer) {
		fmt.Fprintf(w, "The repository in %s opens with %s from now on.\n", a.Repository, a.OpensWith)
	})
}

// askTwice asks for a new passphrase until it is given twice alike.
func askTwice() (string, error) {
	const flags = "name what is to open the repository with --new-passphrase-file or --new-key-file"
	first, err := askFor("New passphrase: ", flags)
	if err != nil {
		return "", err
	}
	again, err := askFor("New passphrase again: ", flags)
	if err != nil {
		return "", err
	}
	if first != again {
		return "", fault.New(fault.Invalid, "the new passphrase was given in two ways; nothing was changed")
	}
	return first, nil
}

// askFor asks on the terminal; where there is none, it says what to do instead.
func askFor(prompt, instead string) (string, error) {
	return askWith(prompt, fault.New(fault.Invalid, "there is no terminal to ask on; %s", instead))
}
