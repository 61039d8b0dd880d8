// Package cli is holdfast, the operator's command line: the whole of the Director's API from a shell. It uses nothing
// but that API, over HTTPS with the Connect client, so whatever it can do another program can do too.
//
// One file per group of commands (account.go, job.go, …) holds its flags and its runX functions. Around them:
// settings.go finds the Director and the token, trust.go decides whom to trust, client.go calls, resolve.go turns names
// into ids, output.go and table.go print, watch.go follows what is long, errors.go speaks to people, exit.go to scripts.
//
// Nothing here touches the process: streams, environment, clock and terminal come in as Options, so a test can do
// whatever a main can. Secrets are read from files, standard input, the environment or a prompt, never from a flag.
package cli

import (
	"context"
	"io"
	"time"
)

// Options is the world that a command runs in. System returns that of this process.
type Options struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Getenv reads a variable of the environment; nil means that there are none.
	Getenv func(string) string
	// ConfigDir holds config.yaml and session.yaml.
	ConfigDir string
	// Version is this program's own.
	Version string
	// Now defaults to time.Now.
	Now func() time.Time
	// Zone is where times are shown; nil means the local one.
	Zone *time.Location
	// Terminal is nil where questions cannot be asked.
	Terminal Terminal
	// Live is true where standard error is a terminal whose lines can be redrawn; Width is its width, 0 not known.
	Live  bool
	Width func() int
	// Wait sleeps between attempts to reach the Director; it returns early with ctx's error.
	Wait func(ctx context.Context, d time.Duration) error
	// Ticks redraws a live display between two answers of the Director; nil means never.
	Ticks <-chan time.Time
}

// Terminal asks a person.
type Terminal interface {
	// ReadLine shows the prompt and returns what was typed, without the line end.
	ReadLine(ctx context.Context, prompt string) (string, error)
	// ReadSecret is ReadLine without echo.
	ReadSecret(ctx context.Context, prompt string) (string, error)
}

// Run runs one command line (without the program's name) and returns its exit code (see exit.go). Errors are already
// printed.
func Run(ctx context.Context, o Options, args []string) int {
	a := &app{Options: o.withDefaults()}
	root := newRoot(a)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	return a.report(cmd, err)
}

func (o Options) withDefaults() Options {
	if o.Getenv == nil {
		o.Getenv = func(string) string { return "" }
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Width == nil {
		o.Width = func() int { return 0 }
	}
	if o.Wait == nil {
		o.Wait = wait
	}
	return o
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// app is one command line being run.
type app struct {
	Options
	flags globalFlags
}

// globalFlags are those that every command takes.
type globalFlags struct {
	config      string
	director    string
	tokenFile   string
	ca          string
	fingerprint string
	output      string
	timeout     time.Duration
	yes         bool
}
