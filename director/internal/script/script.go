// Package script runs the administrator's own programs before and after a job on the Director's machine: with a time limit
// that ends everything they started, and with so much of their output kept as a person reads.
package script

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast/pkg/fault"
)

// Bounds.
const (
	// DefaultLimit and MaxLimit bound how long a script may take.
	DefaultLimit = time.Hour
	MaxLimit     = 24 * time.Hour
	// keptOutput is how much of the output is kept, in bytes, half of it from the beginning and half from the end.
	keptOutput = 64 << 10
	maxArgs    = 100
	maxText    = 4096
	// drain is how long output may still come after the script has ended, from what it left running.
	drain = 2 * time.Second
)

// Script is a program to run.
type Script struct {
	// Path of the program, absolute. With Interpreter it is that one's first argument.
	Path string
	// Interpreter, absolute or a name to be looked for ("/bin/sh", "powershell.exe"); empty to run Path itself.
	Interpreter string
	Args        []string
	// Limit is how long it may take; 0 means DefaultLimit.
	Limit time.Duration
}

// Validate reports what is wrong with the script without looking for it, as an Invalid fault with the field.
func (s *Script) Validate() error {
	switch {
	case s.Path == "":
		return fault.InvalidField("path", "the script needs a path")
	case !filepath.IsAbs(s.Path):
		return fault.InvalidField("path", "the script's path must be absolute, not %q", s.Path)
	case len(s.Path) > maxText || len(s.Interpreter) > maxText:
		return fault.InvalidField("path", "a path has at most %d bytes", maxText)
	case len(s.Args) > maxArgs || slices.ContainsFunc(s.Args, func(a string) bool { return len(a) > maxText }):
		return fault.InvalidField("args", "a script takes at most %d arguments of %d bytes", maxArgs, maxText)
	case slices.ContainsFunc(append([]string{s.Path, s.Interpreter}, s.Args...), func(a string) bool { return strings.ContainsRune(a, 0) }):
		return fault.InvalidField("args", "paths and arguments cannot hold a zero byte")
	case s.Limit < 0 || s.Limit > MaxLimit:
		return fault.InvalidField("limit", "the time limit is at most %s", MaxLimit)
	}
	return nil
}

// Result is how a script ended.
type Result struct {
	Started, Ended time.Time
	// Code is its exit code; -1 when it did not exit by itself.
	Code int
	// Output is what it wrote to standard output and error, shortened in the middle. Dropped is how many bytes are missing.
	Output  string
	Dropped int64
	// Err is why it did not succeed: NotFound (no such file), Denied, Timeout, Canceled, or Invalid for an exit code other
	// than 0.
	Err error
}

// Run runs the script to its end, or to its limit, or until the context is done; then everything that it started is ended
// too, as far as the system knows of it. env is added to the Director's own environment.
func Run(ctx context.Context, s Script, env map[string]string) Result {
	r := Result{Started: time.Now(), Code: -1}
	if err := s.Validate(); err != nil {
		return r.end(err)
	}
	if err := s.look(); err != nil {
		return r.end(err)
	}
	limit := s.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	timed, cancel := context.WithTimeoutCause(ctx, limit, fault.New(fault.Timeout, "the script %s was ended after %s, its time limit", s.Path, limit))
	defer cancel()
	argv := append([]string{s.Path}, s.Args...)
	if s.Interpreter != "" {
		argv = append([]string{s.Interpreter}, argv...)
	}
	cmd := exec.CommandContext(timed, argv[0], argv[1:]...) //nolint:gosec // running what the administrator named is the purpose
	cmd.Env = append(surroundings(), pairs(env)...)
	cmd.WaitDelay = drain
	kept := &output{}
	cmd.Stdout, cmd.Stderr = kept, kept
	family, err := prepare(cmd)
	if err != nil {
		return r.end(err)
	}
	defer family.close()
	cmd.Cancel = family.kill
	err = cmd.Start()
	if err == nil {
		err = family.adopt(cmd.Process)
		err = errors.Join(cmd.Wait(), err)
	}
	if cmd.ProcessState != nil {
		r.Code = cmd.ProcessState.ExitCode()
	}
	r.Output, r.Dropped = kept.text()
	return r.end(s.explain(timed, err, r.Code))
}

func (r Result) end(err error) Result {
	r.Ended, r.Err = time.Now(), err
	return r
}

// look says clearly what would make starting fail.
func (s *Script) look() error {
	info, err := os.Stat(s.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "there is no script %s on the Director's machine", s.Path)
	case err != nil:
		return fault.New(fault.Denied, "the script %s cannot be reached: %w", s.Path, err)
	case info.IsDir():
		return fault.New(fault.Invalid, "%s is a folder, not a script", s.Path)
	}
	return nil
}

// explain turns the end of the process into a fault.
func (s *Script) explain(ctx context.Context, err error, code int) error {
	var exit *exec.ExitError
	switch cause := context.Cause(ctx); {
	case err == nil, errors.Is(err, exec.ErrWaitDelay) && code == 0: // what it left behind still held its output
		return nil
	case cause != nil && errors.Is(cause, fault.Timeout):
		return cause
	case cause != nil:
		return fault.New(fault.Canceled, "the script %s was ended because its job was stopped", s.Path)
	case errors.As(err, &exit) && code >= 0:
		return fault.New(fault.Invalid, "the script %s failed with exit code %d", s.Path, code)
	case errors.As(err, &exit):
		return fault.New(fault.Invalid, "the script %s was ended by somebody else (%s)", s.Path, exit)
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.Denied, "the script %s must not be executed by the Director: make it executable, or name its interpreter", s.Path)
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "the interpreter of %s is not on the Director's machine: %w", s.Path, err)
	}
	return fault.New(fault.Invalid, "the script %s cannot be started: %w", s.Path, err)
}

// surroundings is the Director's own environment without what is meant for the Director alone.
func surroundings() []string {
	return slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(strings.ToUpper(v), "=")
		return strings.HasPrefix(name, "HOLDFAST_") || name == "CREDENTIALS_DIRECTORY" || name == "NOTIFY_SOCKET"
	})
}

// pairs returns the environment in the form of the system, sorted.
func pairs(env map[string]string) []string {
	var list []string
	for k, v := range env {
		list = append(list, fmt.Sprintf("%s=%s", k, strings.ReplaceAll(v, "\x00", "")))
	}
	slices.Sort(list)
	return list
}
