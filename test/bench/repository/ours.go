package repository

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"holdfast/test/bench/process"
)

// ours is one repository of the product, worked on by the measuring program, a process for each step.
type ours struct {
	program string
	dir     string
	level   string
}

func (o *ours) name() string   { return "holdfast " + o.level }
func (o *ours) folder() string { return filepath.Join(o.dir, "repository") }

func (o *ours) remove() error { return os.RemoveAll(o.dir) }

func (o *ours) create(ctx context.Context) error {
	if err := o.remove(); err != nil {
		return err
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	_, _, err := o.measure(ctx, "create", "-level", o.level)
	return err
}

// measure runs one command on the repository and returns its cost and what it counted.
func (o *ours) measure(ctx context.Context, command string, args ...string) (process.Cost, map[string]float64, error) {
	all := append([]string{o.program, command, "-repository", o.folder(), "-key", filepath.Join(o.dir, "key")}, args...)
	return measure(ctx, all)
}

func measure(ctx context.Context, args []string) (process.Cost, map[string]float64, error) {
	r, err := process.Run(ctx, process.Command{Args: args, Env: os.Environ()})
	if err != nil {
		return r.Cost, nil, err
	}
	var counted map[string]float64
	if err := json.Unmarshal([]byte(r.Stdout), &counted); err != nil {
		return r.Cost, nil, fmt.Errorf("%s said %q: %w", args[1], r.Stdout, err)
	}
	return r.Cost, counted, nil
}

// messages returns what the measuring program calls some messages of the repository.
func (o *ours) messages(ctx context.Context, n int) ([]string, error) {
	r, err := process.Run(ctx, process.Command{
		Args: []string{o.program, "list", "-repository", o.folder(), "-key", filepath.Join(o.dir, "key"), "-count", fmt.Sprint(n)},
		Env:  os.Environ(),
	})
	return strings.Fields(r.Stderr), err
}
