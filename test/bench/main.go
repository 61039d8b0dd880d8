// Command bench measures the product, beside others where there are any, and says whether it reaches its goals. `make bench`
// runs it; docs/benchmarks.md says what is measured.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"holdfast/test/bench/material"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 4 && os.Args[1] == makeMail {
		exit(makeMaterial(os.Args[2], os.Args[3]))
	}
	var o options
	f := flag.NewFlagSet("bench", flag.ExitOnError)
	f.StringVar(&o.dir, "dir", "build/bench", "folder for mail, repositories and programs")
	f.StringVar(&o.out, "out", "build/bench.json", "file of the figures")
	f.StringVar(&o.only, "figures", "", "measure only figures whose names begin like this (\"repository.index\")")
	f.Float64Var(&o.scale, "scale", 1, "share of the full amount; less than 1 is a quick run, which judges nothing")
	f.IntVar(&o.rounds, "rounds", 3, "rounds, of which medians are taken")
	f.BoolVar(&o.strict, "strict", false, "fail when a goal is missed")
	f.BoolVar(&o.keep, "keep", false, "keep the repositories of the last round")
	_ = f.Parse(os.Args[1:]) // it exits by itself
	exit(run(ctx, o, os.Stdout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// makeMail is the first argument of a process that only makes mail: the bench itself stays small, for a program that it
// starts is counted as at least as large.
const makeMail = "make-mail"

func makeMaterial(dir, scale string) error {
	var share float64
	if _, err := fmt.Sscan(scale, &share); err != nil {
		return err
	}
	plan := material.Plan(share)
	return material.Make(dir, plan, func(done int) {
		if done%10_000 == 0 {
			fmt.Fprintf(os.Stderr, "  %d of %d messages made\n", done, plan.Messages+plan.Later)
		}
	})
}
