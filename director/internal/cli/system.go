package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/term"
)

// System returns the world of this process, and a function that ends what it started.
func System(version string) (Options, func()) {
	o := Options{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Getenv: os.Getenv, Version: version, Now: time.Now, Zone: time.Local,
	}
	if dir, err := os.UserConfigDir(); err == nil {
		o.ConfigDir = filepath.Join(dir, "holdfast")
	}
	out, in := int(os.Stderr.Fd()), int(os.Stdin.Fd())
	if term.IsTerminal(out) {
		o.Live = enableRedraw(os.Stderr) && os.Getenv("TERM") != "dumb"
		o.Width = func() int {
			w, _, err := term.GetSize(out)
			if err != nil {
				return 0
			}
			return w
		}
		if term.IsTerminal(in) {
			o.Terminal = &console{in: in, lines: bufio.NewReader(os.Stdin)}
		}
	}
	t := time.NewTicker(time.Second)
	o.Ticks = t.C
	return o, t.Stop
}

// console is the terminal of this process. Prompts go to standard error, so that standard output stays clean.
type console struct {
	in    int
	lines *bufio.Reader
}

func (c *console) ReadLine(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(os.Stderr, prompt)
	return heed(ctx, func() (string, error) {
		line, err := c.lines.ReadString('\n')
		if err == io.EOF && line != "" {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), err
	})
}

func (c *console) ReadSecret(ctx context.Context, prompt string) (string, error) {
	fmt.Fprint(os.Stderr, prompt)
	defer fmt.Fprintln(os.Stderr)
	before, err := term.GetState(c.in)
	if err != nil {
		return "", err
	}
	secret, err := heed(ctx, func() (string, error) {
		b, err := term.ReadPassword(c.in)
		return string(b), err
	})
	if ctx.Err() != nil {
		// The read is still blocked with echo off: give the shell its terminal back.
		if restoreErr := term.Restore(c.in, before); restoreErr != nil {
			return "", restoreErr
		}
	}
	return secret, err
}

// heed runs a read that cannot be cancelled and stops waiting for it when ctx ends. The abandoned read lasts at most
// as long as the process, which ends right after.
func heed(ctx context.Context, read func() (string, error)) (string, error) {
	type answer struct {
		text string
		err  error
	}
	c := make(chan answer, 1)
	go func() {
		text, err := read()
		c <- answer{text, err}
	}()
	select {
	case r := <-c:
		return r.text, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
