package main

import (
	"context"
	"errors"
	"os"
	"runtime/pprof"
)

// profiled runs the command, and writes a profile of it if one was asked for.
func profiled(ctx context.Context, t *measured, command func(context.Context, *measured) (counts, error)) (counts, error) {
	if t.profile == "" {
		return command(ctx, t)
	}
	f, err := os.Create(t.profile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	result, err := command(ctx, t)
	pprof.StopCPUProfile()
	return result, errors.Join(err, f.Close())
}
