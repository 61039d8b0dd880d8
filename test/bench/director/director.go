// Package director measures the Director with a job of 50,000 mailboxes: the real program, driven by the operator CLI, with a
// Transporter that only pretends to work.
package director

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	pb "holdfast/pkg/pb/holdfast/director/v1"
	"holdfast/test/bench/figures"
	"holdfast/test/site"
)

// Options of a run.
type Options struct {
	Dir string // for the Director's data, emptied before and after
	// Bin is the folder of the built programs: holdfast, holdfast-director, pretender.
	Bin   string
	Scale float64
	// Wanted says which figures are asked for.
	Wanted func(figure string) bool
	Out    io.Writer // hears how far it is
}

// Pretender is the name of the Transporter's program in Options.Bin.
const Pretender = "pretender"

// most is how many mailboxes the job has at full scale.
const most = 50_000

// idle is for how long the Director is watched while nothing is to do.
const idle = 30 * time.Second

// goals are the figures with what they shall be (DESIGN 9: 50,000 mailboxes).
var goals = []struct{ name, unit, goal string }{
	{"director.start_s", "s", "<= 5"},
	{"director.memory_mb", "MB", "<= 500"},
	{"director.idle_cpu", "s/min", "<= 0.6"},
	{"director.idle_answers", "", "<= 1"},
	{"director.show_s", "s", "<= 10"},
	{"director.restart_s", "s", "<= 5"},
	{"director.stop_s", "s", "<= 20"},
}

// Names lists the figures that Run can measure.
func Names() []string {
	var list []string
	for _, g := range goals {
		list = append(list, g.name)
	}
	return list
}

// Run measures what is wanted.
func Run(ctx context.Context, o Options) ([]figures.Figure, error) {
	if err := os.RemoveAll(o.Dir); err != nil {
		return nil, err
	}
	mailboxes := max(int(most*o.Scale), 100)
	fmt.Fprintf(o.Out, "a job of %d mailboxes…\n", mailboxes)
	values, err := measure(ctx, &o, mailboxes)
	if err != nil {
		return nil, fmt.Errorf("a job of %d mailboxes: %w", mailboxes, err)
	}
	if err := os.RemoveAll(o.Dir); err != nil {
		return nil, err
	}
	var list []figures.Figure
	for _, g := range goals {
		if !o.Wanted(g.name) {
			continue
		}
		f, err := figures.New(g.name, values[g.name], g.unit, g.goal, o.Scale < 1)
		if err != nil {
			return nil, err
		}
		f.Note = fmt.Sprintf("%d mailboxes", mailboxes)
		list = append(list, f)
	}
	return list, nil
}

func measure(ctx context.Context, o *Options, mailboxes int) (values map[string]float64, err error) {
	address, err := site.FreePorts(site.Host(0), 1)
	if err != nil {
		return nil, err
	}
	s, err := site.New(site.Options{Bin: o.Bin, Dir: o.Dir, Director: address[0]})
	if err != nil {
		return nil, err
	}
	p, err := pretend(ctx, filepath.Join(o.Bin, Pretender), mailboxes)
	if err != nil {
		return nil, err
	}
	defer func() {
		if ended := p.end(); err == nil {
			err = ended
		}
	}()
	defer func() {
		if stopped := s.Director.Stop(); err == nil {
			err = stopped
		}
	}()
	if err := setUp(ctx, s, p); err != nil {
		return nil, err
	}
	values = map[string]float64{}
	timed := func(name string, fn func() error) error {
		began := time.Now()
		err := fn()
		values[name] = time.Since(began).Seconds()
		return err
	}
	steps := []func() error{
		func() error { return timed("director.start_s", func() error { return start(ctx, s, p) }) },
		func() error { return rest(ctx, s, mailboxes, values) },
		func() error { return timed("director.show_s", func() error { return show(ctx, s, mailboxes) }) },
		func() error { return memory(s, values) },
		func() error {
			return timed("director.restart_s", func() error {
				if err := s.Director.Kill(); err != nil {
					return err
				}
				return s.Director.Start(ctx)
			})
		},
		func() error { return timed("director.stop_s", func() error { return stop(ctx, s, mailboxes) }) },
		func() error { return memory(s, values) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// setUp starts the Director and makes all that a run needs.
func setUp(ctx context.Context, s *site.Site, p *pretender) error {
	if err := s.Director.Start(ctx); err != nil {
		return err
	}
	code, secret := filepath.Join(s.Dir, "code"), filepath.Join(s.Dir, "secret")
	if err := os.WriteFile(code, []byte(p.place.Code), 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(secret, []byte(p.place.Secret), 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"transporter", "pair", "one", p.place.Address, "--code-file", code},
		{"account", "add", "Contoso", "--tenant-id", p.place.Tenant, "--client-id", site.ClientID, "--secret-file", secret},
		{"account", "refresh", "Contoso"},
		{"repository", "create", "Vault", "--transporter", "one", "--path", "/vault"},
		{"job", "create", "Job", "--account", "Contoso", "--repository", "Vault"},
	} {
		if err := s.CLI(ctx, nil, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// start starts the run and waits until its tasks work.
func start(ctx context.Context, s *site.Site, p *pretender) error {
	if err := s.CLI(ctx, nil, nil, "job", "run", "Job"); err != nil {
		return err
	}
	return p.running(ctx)
}

// show has the CLI show the run with all its mailboxes.
func show(ctx context.Context, s *site.Site, mailboxes int) error {
	var r pb.GetRunResponse
	if err := s.CLI(ctx, &r, nil, "run", "show", "Job"); err != nil {
		return err
	}
	if len(r.GetTasks()) != mailboxes {
		return fmt.Errorf("run show shows %d mailboxes", len(r.GetTasks()))
	}
	return nil
}

// stop stops the run and waits until it has ended.
func stop(ctx context.Context, s *site.Site, mailboxes int) error {
	if err := s.CLI(ctx, nil, nil, "run", "stop", "Job", "--now"); err != nil {
		return err
	}
	return site.WaitFor(ctx, "the end of the run", func() (bool, error) {
		var r pb.ListRunsResponse
		err := s.CLI(ctx, &r, nil, "run", "list", "--limit", "1")
		return err == nil && slices.ContainsFunc(r.GetRuns(), func(x *pb.Run) bool {
			return x.GetStatus() == pb.RunStatus_RUN_STATUS_STOPPED && int(x.GetTasksDone()) == mailboxes
		}), err
	})
}

// memory keeps the greatest resident memory that the Director had.
func memory(s *site.Site, values map[string]float64) error {
	n, err := s.Director.PeakMemory()
	values["director.memory_mb"] = max(values["director.memory_mb"], float64(n)/1e6)
	return err
}
