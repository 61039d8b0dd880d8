package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"holdfast/test/bench/browse"
	"holdfast/test/bench/director"
	"holdfast/test/bench/figures"
	"holdfast/test/bench/material"
	"holdfast/test/bench/peer"
	"holdfast/test/bench/process"
	"holdfast/test/bench/repository"
	"holdfast/test/bench/search"
	"holdfast/test/bench/tenant"
)

type options struct {
	dir, out string
	only     string
	scale    float64
	rounds   int
	strict   bool
	keep     bool
}

func (o *options) wanted(figure string) bool { return strings.HasPrefix(figure, o.only) }

// errMissed fails a strict run.
var errMissed = errors.New("a goal was missed")

func run(ctx context.Context, o options, out io.Writer) error {
	if o.scale <= 0 || o.scale > 1 || o.rounds < 1 {
		return fmt.Errorf("the scale is above 0 and up to 1, and there is at least one round; not %g and %d", o.scale, o.rounds)
	}
	if names := slices.Concat(repository.Names(), tenant.Names(), director.Names(), search.Names(), browse.Names()); !slices.ContainsFunc(names, o.wanted) {
		return fmt.Errorf("no figure begins with %q; there are:\n  %s", o.only, strings.Join(names, "\n  "))
	}
	var err error
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s/%s, %d processors, %s, load %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor(), load())
	program, err := build(ctx, o.dir, "measure", "./transporter/internal/measure")
	if err != nil {
		return err
	}
	var list []figures.Figure
	for _, area := range []func(context.Context, *options, string, io.Writer) ([]figures.Figure, error){graphArea, directorArea, repositoryArea, searchArea, browseArea} {
		found, err := area(ctx, &o, program, out)
		if err != nil {
			return err
		}
		list = append(list, found...)
	}
	return report(&o, out, list)
}

// graphArea measures what has to do with Microsoft Graph.
func graphArea(ctx context.Context, o *options, program string, out io.Writer) ([]figures.Figure, error) {
	if !slices.ContainsFunc(tenant.Names(), o.wanted) {
		return nil, nil
	}
	simulator, err := build(ctx, o.dir, "graphsim", "./test/graphsim/cmd/graphsim")
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(o.dir, "tenant")
	list, err := tenant.Run(ctx, tenant.Options{
		Dir: dir, Program: program, Simulator: simulator, Scale: o.scale, Wanted: o.wanted, Out: out,
	})
	if err != nil || o.keep {
		return list, err
	}
	return list, os.RemoveAll(dir)
}

// directorArea measures the Director.
func directorArea(ctx context.Context, o *options, _ string, out io.Writer) ([]figures.Figure, error) {
	if !slices.ContainsFunc(director.Names(), o.wanted) {
		return nil, nil
	}
	for name, source := range map[string]string{
		"holdfast": "./director/cmd/holdfast", "holdfast-director": "./director/cmd/holdfast-director", director.Pretender: "./director/internal/measure",
	} {
		if _, err := build(ctx, o.dir, name, source); err != nil {
			return nil, err
		}
	}
	return director.Run(ctx, director.Options{Dir: filepath.Join(o.dir, "director"), Bin: o.dir, Scale: o.scale, Wanted: o.wanted, Out: out})
}

// searchArea measures the search in a repository.
func searchArea(ctx context.Context, o *options, program string, out io.Writer) ([]figures.Figure, error) {
	if !slices.ContainsFunc(search.Names(), o.wanted) {
		return nil, nil
	}
	return search.Run(ctx, search.Options{
		Dir: filepath.Join(o.dir, "search"), Program: program, Scale: o.scale, Keep: o.keep, Wanted: o.wanted, Out: out,
	})
}

// browseArea measures looking through a repository.
func browseArea(ctx context.Context, o *options, program string, out io.Writer) ([]figures.Figure, error) {
	if !slices.ContainsFunc(browse.Names(), o.wanted) {
		return nil, nil
	}
	return browse.Run(ctx, browse.Options{
		Dir: filepath.Join(o.dir, "browse"), Program: program, Scale: o.scale, Keep: o.keep, Wanted: o.wanted, Out: out,
	})
}

// repositoryArea measures the repository.
func repositoryArea(ctx context.Context, o *options, program string, out io.Writer) ([]figures.Figure, error) {
	if !slices.ContainsFunc(repository.Names(), o.wanted) {
		return nil, nil
	}
	r := repository.Options{
		Dir: filepath.Join(o.dir, "repositories"), Program: program, Rounds: o.rounds, Scale: o.scale, Keep: o.keep, Wanted: o.wanted, Out: out,
	}
	if err := os.RemoveAll(r.Dir); err != nil {
		return nil, err
	}
	if repository.NeedsMail(o.wanted) {
		if r.Peers = peer.Find(ctx, r.Dir, out); len(r.Peers) == 0 {
			fmt.Fprintln(out, "There is no peer to compare with: the figures beside peers are left out.")
		}
		for _, p := range r.Peers {
			fmt.Fprintf(out, "compared with %s\n", p.Version)
		}
		var err error
		if r.Mail, r.Material, err = mail(ctx, o, program, out); err != nil {
			return nil, err
		}
	}
	list, err := repository.Run(ctx, r)
	if err != nil || o.keep {
		return list, err
	}
	return list, os.RemoveAll(r.Dir)
}

func report(o *options, out io.Writer, list []figures.Figure) error {
	if err := figures.Merge(o.out, list); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := figures.Print(out, list); err != nil {
		return err
	}
	for i := range list {
		if o.strict && list[i].Missed() {
			return errMissed
		}
	}
	return nil
}

// build builds a program of the project.
func build(ctx context.Context, dir, name, source string) (string, error) {
	program := filepath.Join(dir, name)
	_, err := process.Run(ctx, process.Command{Args: []string{"go", "build", "-trimpath", "-o", program, source}, Env: os.Environ()})
	return program, err
}

// needed is the space that repositories take at their greatest, in bytes for each byte of mail: those of two peers and two of
// the product's, with room for what reclaiming writes before it removes.
const needed = 4

// mail makes the mail, unless it is there, and reads it once, so that nobody is the first to.
func mail(ctx context.Context, o *options, program string, out io.Writer) (material.Stamp, string, error) {
	plan := material.Plan(o.scale)
	dir := filepath.Join(o.dir, fmt.Sprintf("mail-%d", plan.Messages))
	stamp, ready := material.Load(dir, plan)
	room, err := free(o.dir)
	if err != nil {
		return stamp, dir, err
	}
	want := plan.Plain * needed
	if !ready {
		want += plan.Plain * 5 / 2
	}
	if room < want {
		return stamp, dir, fmt.Errorf("%s has %d MB free, the benchmark needs %d MB; free some or choose another --dir", o.dir, room>>20, want>>20)
	}
	if !ready {
		fmt.Fprintf(out, "making %d messages in %s\n", plan.Messages+plan.Later, dir)
		self, err := os.Executable()
		if err != nil {
			return stamp, dir, err
		}
		if _, err := process.Run(ctx, process.Command{Args: []string{self, makeMail, dir, fmt.Sprint(o.scale)}, Env: os.Environ()}); err != nil {
			return stamp, dir, err
		}
		if stamp, ready = material.Load(dir, plan); !ready {
			return stamp, dir, fmt.Errorf("the mail in %s is not what was asked for", dir)
		}
	}
	fmt.Fprintf(out, "%d messages and %d that come later in %d mailboxes, %d MB as .eml\n", stamp.Messages, stamp.Later, material.Mailboxes,
		stamp.Bytes>>20)
	if err := decode(ctx, program, dir); err != nil {
		return stamp, dir, err
	}
	return stamp, dir, material.Touch(ctx, dir)
}

// decodedVersion is of the form in which the measuring program keeps decoded mail; another is made anew.
const decodedVersion = "2"

// decode has the measuring program write the mail in decoded form, unless it is there.
func decode(ctx context.Context, program, dir string) error {
	mark := filepath.Join(material.Decoded(dir), "version")
	if made, err := os.ReadFile(mark); err == nil && string(made) == decodedVersion {
		return nil
	}
	if err := os.RemoveAll(material.Decoded(dir)); err != nil {
		return err
	}
	for _, from := range []string{material.Mail(dir), material.Later(dir)} {
		to := filepath.Join(material.Decoded(dir), filepath.Base(from))
		if _, err := process.Run(ctx, process.Command{Args: []string{program, "decode", "-mail", from, "-repository", to}, Env: os.Environ()}); err != nil {
			return err
		}
	}
	return os.WriteFile(mark, []byte(decodedVersion), 0o600)
}
