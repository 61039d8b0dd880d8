package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository"
)

// offline is what the commands on a repository have in common: how it is opened, and how they answer (answer.go).
type offline struct {
	secretFlags
	output string
	still  bool
}

// secretFlags say how an encrypted repository is opened.
type secretFlags struct{ passphraseFile, keyFile string }

func newRepository() *cobra.Command {
	cmd := &cobra.Command{
		Use: "repository", Short: "Look into a repository and bring mail out of it, without a Director", Args: cobra.NoArgs,
		Long: "Look into a repository and bring mail out of it, without a Director. The repository must not be attached anywhere:\n" +
			"detach it first. Commands that only look (info, points, folders, messages, export, diff, verify, and copy at its source) change nothing in the\n" +
			"folder, which may be on a disk that is mounted read-only; what a crash left undone is done in memory, and where the\n" +
			"index is missing that takes a moment for each pack. An encrypted one is opened with --passphrase-file (\"-\" is standard input) or --key-file; without\n" +
			"either, the passphrase is asked for where there is a terminal.\n\n" +
			"Exit codes: 0 done, 1 it could not be done (the reason is one sentence on standard error), 2 the command line is wrong,\n" +
			"3 done, but something in the repository is damaged: a verify found it, or something had to be left out.",
		Example: "  holdfast-transporter repository info /srv/holdfast/vault\n" +
			"  holdfast-transporter repository folders /srv/holdfast/vault --mailbox anna@contoso.com\n" +
			"  holdfast-transporter repository messages /srv/holdfast/vault --mailbox anna@contoso.com --folder Inbox --find invoice\n" +
			"  holdfast-transporter repository export /srv/holdfast/vault --mailbox anna@contoso.com --to /tmp/anna",
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	o := &offline{}
	flags := cmd.PersistentFlags()
	flags.StringVar(&o.passphraseFile, "passphrase-file", "", "file with the passphrase in its first line; - is standard input")
	flags.StringVar(&o.keyFile, "key-file", "", "the repository's key file")
	flags.StringVarP(&o.output, "output", "o", asTable, "`format` of the answer: table or json")
	for _, looking := range []*cobra.Command{
		newRepositoryInfo(o), newRepositoryPoints(o), newRepositoryFolders(o), newRepositoryMessages(o), newRepositoryExport(o), newRepositoryDiff(o),
		newRepositoryVerify(o), newRepositoryCopy(o),
	} {
		cmd.AddCommand(o.looks(looking))
	}
	cmd.AddCommand(newRepositoryRepair(o), newRepositoryPassphrase(o), newRepositorySearchIndex(o))
	return cmd
}

// secret reads the passphrase and names the key file.
func (f *secretFlags) secret(stdin io.Reader) (repository.Secret, error) {
	secret := repository.Secret{KeyFile: f.keyFile}
	if f.passphraseFile == "" {
		return secret, nil
	}
	var text []byte
	var err error
	if f.passphraseFile == "-" {
		text, err = io.ReadAll(io.LimitReader(stdin, 64<<10))
	} else {
		text, err = os.ReadFile(f.passphraseFile)
	}
	if err != nil {
		return secret, fault.New(fault.Invalid, "read the passphrase: %w", err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	secret.Passphrase = string(bytes.TrimRight(line, "\r"))
	return secret, nil
}

// open opens a repository with the secret.
func (f *secretFlags) open(ctx context.Context, options repository.Options, stdin io.Reader) (*repository.Repository, error) {
	secret, err := f.secret(stdin)
	if err != nil {
		return nil, err
	}
	options.Secret, options.Transporter = secret, "offline tool"
	r, err := repository.Open(ctx, options)
	if secret != (repository.Secret{}) || !errors.Is(err, fault.Unauthorized) {
		return r, err
	}
	if options.Secret.Passphrase, err = ask(err); err != nil {
		return nil, err
	}
	return repository.Open(ctx, options)
}

// ask asks for the passphrase on the terminal; without one it returns refused.
func ask(refused error) (string, error) { return askWith("Passphrase: ", refused) }

func askWith(prompt string, refused error) (string, error) {
	in := int(os.Stdin.Fd())
	if !term.IsTerminal(in) || !term.IsTerminal(int(os.Stderr.Fd())) {
		return "", refused
	}
	fmt.Fprint(os.Stderr, prompt)
	defer fmt.Fprintln(os.Stderr)
	text, err := term.ReadPassword(in)
	if err != nil {
		return "", fault.New(fault.Unavailable, "read the passphrase from the terminal: %w", err)
	}
	return string(text), nil
}

// with opens the repository at path for do, which may change it, and closes it.
func (o *offline) with(cmd *cobra.Command, path string, do func(r *repository.Repository) error) error {
	return o.use(cmd, repository.Options{Path: path}, do)
}

// looks makes a command one that can be told that the folder is a copy.
func (o *offline) looks(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&o.still, "is-copy", false, "the folder is a copy that nobody changes: look at it although another machine may not have given it back")
	return cmd
}

// look opens the repository at path for do, which changes nothing in it, and closes it.
func (o *offline) look(cmd *cobra.Command, path string, do func(r *repository.Repository) error) error {
	return o.use(cmd, repository.Options{Path: path, ReadOnly: true, Still: o.still}, do)
}

func (o *offline) use(cmd *cobra.Command, options repository.Options, do func(r *repository.Repository) error) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	r, err := o.open(cmd.Context(), options, cmd.InOrStdin())
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := r.Close(); err == nil {
			err = closeErr
		}
	}()
	return do(r)
}
