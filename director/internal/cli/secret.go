package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// secretFlags are the ways to give one secret: --NAME-file, --NAME-stdin, an environment variable, a prompt.
type secretFlags struct {
	name, what, env string
	// twice asks a second time, for a secret that is being chosen.
	twice bool
	file  string
	stdin bool
}

func (s *secretFlags) register(f *pflag.FlagSet) {
	f.StringVar(&s.file, s.name+"-file", "", "read the "+s.what+" from this `file`")
	f.BoolVar(&s.stdin, s.name+"-stdin", false, "read the "+s.what+" from standard input")
}

// given tells whether a flag or the environment has the secret.
func (a *app) given(s *secretFlags) bool { return s.file != "" || s.stdin || a.Getenv(s.env) != "" }

// secret returns the secret from where it was said to be, or asks for it.
func (a *app) secret(ctx context.Context, s *secretFlags) (string, error) {
	text, err := a.secretText(ctx, s)
	if err == nil && text == "" {
		return "", usagef("the %s is empty", s.what)
	}
	return text, err
}

func (a *app) secretText(ctx context.Context, s *secretFlags) (string, error) {
	switch {
	case s.file != "" && s.stdin:
		return "", usagef("give --%s-file or --%s-stdin, not both", s.name, s.name)
	case s.file != "":
		b, err := os.ReadFile(s.file)
		if err != nil {
			return "", usagef("--%s-file: %s.", s.name, fileSentence(err))
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	case s.stdin:
		return firstLine(a.Stdin)
	case a.Getenv(s.env) != "":
		return a.Getenv(s.env), nil
	case a.Terminal != nil:
		return a.askSecret(ctx, s.what, s.twice)
	}
	return "", usagef("the %s is missing: give --%s-file, --%s-stdin or %s", s.what, s.name, s.name, s.env)
}

func (a *app) askSecret(ctx context.Context, what string, twice bool) (string, error) {
	label := strings.ToUpper(what[:1]) + what[1:]
	text, err := a.Terminal.ReadSecret(ctx, label+": ")
	if err != nil || !twice {
		return text, err
	}
	again, err := a.Terminal.ReadSecret(ctx, label+" again: ")
	if err == nil && again != text {
		return "", usagef("the two entries differ; nothing was changed")
	}
	return text, err
}

func firstLine(r io.Reader) (string, error) {
	lines, err := readLines(r, 1)
	if err != nil || len(lines) == 0 {
		return "", err
	}
	return lines[0], nil
}

// readLines reads up to n lines of at most 64 KiB each.
func readLines(r io.Reader, n int) ([]string, error) {
	if r == nil {
		return nil, nil
	}
	var lines []string
	in := bufio.NewScanner(r)
	for len(lines) < n && in.Scan() {
		lines = append(lines, strings.TrimRight(in.Text(), "\r"))
	}
	if errors.Is(in.Err(), bufio.ErrTooLong) {
		return nil, usagef("a line of standard input is too long for a secret")
	}
	return lines, in.Err()
}

// confirm asks before something that cannot be taken back. Without a terminal, --yes must have been given.
func (a *app) confirm(ctx context.Context, question string) error {
	if a.flags.yes {
		return nil
	}
	if a.Terminal == nil {
		return usagef("%s Say --yes to go on; nothing was changed", question)
	}
	answer, err := a.Terminal.ReadLine(ctx, clean(question)+" [y/N] ")
	if err != nil {
		return err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errors.New("not confirmed; nothing was changed")
}
