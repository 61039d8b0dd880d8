// The demo shows the main job of Holdfast on one machine, with real programs and real mail: a simulated Microsoft 365
// tenant, a Director, two Transporters; a backup that streams from one to the other; damage; recovery; and a comparison of
// everything with the truth. With --check it does not stay and fails on any difference.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.StringVar(&o.bin, "bin", "build/bin", "folder of the built programs")
	flag.StringVar(&o.dir, "dir", "build/demo", "folder for everything that the demo makes; emptied first")
	flag.StringVar(&o.corpus, "corpus", "build/corpus", "folder that the real mail is downloaded to")
	flag.BoolVar(&o.check, "check", false, "do not stay at the end; fail on any difference")
	flag.BoolVar(&o.generate, "generated-only", false, "use generated mail only, download nothing")
	flag.IntVar(&o.huge, "huge", 100, "MB of one huge attachment; 0 for none")
	flag.IntVar(&o.shift, "shift", 0, "add this to every port")
	flag.DurationVar(&o.limit, "limit", 30*time.Minute, "give up after this long")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

type options struct {
	bin, dir, corpus string
	check, generate  bool
	huge, shift      int
	limit            time.Duration
}

func run(ctx context.Context, o options) (err error) {
	if o.shift != 0 {
		o.dir = fmt.Sprintf("%s-%d", o.dir, o.shift)
	}
	// Before anything is emptied: another demo may be running here.
	if err := free(placesAt(o.shift)); err != nil {
		return err
	}
	if err := os.RemoveAll(o.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	s, err := newStory(o, os.Stdout)
	if err != nil {
		return err
	}
	defer func() {
		if stopErr := s.site.Stop(); stopErr != nil {
			err = errors.Join(err, stopErr)
		}
	}()
	if err := s.tell(bounded); err != nil {
		if ctx.Err() != nil {
			return errors.New("stopped")
		}
		logs, _ := filepath.Abs(filepath.Join(o.dir, "log"))
		return fmt.Errorf("%w\nthe logs are in %s", err, logs)
	}
	s.table()
	if s.differences() > 0 {
		err = fmt.Errorf("%d differences", s.differences())
	}
	if o.check {
		return err
	}
	s.invite()
	<-ctx.Done()
	fmt.Fprintln(os.Stdout, "\nstopping what was started")
	return err
}
