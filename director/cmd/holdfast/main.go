// Command holdfast is the operator's command line: the whole of the Director's API from a shell.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"holdfast/director/internal/cli"
	"holdfast/pkg/version"
)

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first Ctrl-C is heard everywhere; a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	world, done := cli.System(version.Version)
	defer done()
	return cli.Run(ctx, world, os.Args[1:])
}
