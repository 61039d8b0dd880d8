// Package browse measures looking through what is kept: a folder of 200,000 messages, asked of a Transporter page by page
// over its control interface, in the oldest and the newest of eleven points that differ a little.
package browse

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"holdfast/test/bench/figures"
	"holdfast/test/bench/process"
)

// messages is the full amount.
const messages = 200_000

// Options of a run.
type Options struct {
	Dir     string // emptied before and afterwards
	Program string // the measuring program
	Scale   float64
	Keep    bool
	Wanted  func(figure string) bool
	Out     io.Writer // hears how far it is
}

// figure is a figure to come, and which number of the measuring program it is.
type figure struct {
	name, unit, goal, from string
	per                    float64
}

func all() []figure {
	return []figure{
		// The greater of oldest and newest point; of any page the slowest order, and there the slowest but one of a hundred.
		{"browse.first_page_ms", "ms", "<= 50", "first_page_ms", 1},
		{"browse.any_page_ms", "ms", "<= 100", "any_page_ms", 1},
		{"browse.typical_page_ms", "ms", "", "typical_page_ms", 1},
		// The same in processor time of the Transporter and its client, which says more on a busy machine.
		{"browse.page_cpu_ms", "ms", "", "page_cpu_ms", 1},
		{"browse.arrange_cpu_ms", "ms", "", "arrange_cpu_ms", 1},
		// The first page of an order, or of a filter, that has to be made.
		{"browse.arrange_ms", "ms", "", "arrange_ms", 1},
		{"browse.filter_ms", "ms", "", "filter_ms", 1},
		// Two points that differ in one message of a hundred, and one message through all points.
		{"browse.diff_ms", "ms", "", "diff_ms", 1},
		{"browse.history_ms", "ms", "", "history_ms", 1},
		{"browse.memory_mb", "MB", "<= 300", "peak_bytes", 1e6},
	}
}

// Names lists the figures that Run can measure.
func Names() []string {
	var list []string
	for _, f := range all() {
		list = append(list, f.name)
	}
	return list
}

// Run measures what is wanted.
func Run(ctx context.Context, o Options) (list []figures.Figure, err error) {
	if err := os.RemoveAll(o.Dir); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, err
	}
	n := strconv.Itoa(max(1000, int(messages*o.Scale)))
	var said map[string]float64
	for _, args := range [][]string{{"create"}, {"write-folder", "-count", n}, {"index-prose"}, {"browse-folder", "-asks", "200"}} {
		r, err := process.Run(ctx, process.Command{
			Args: append([]string{o.Program, args[0], "-repository", filepath.Join(o.Dir, "repository")}, args[1:]...), Env: os.Environ(),
		})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(o.Out, "  browse: %s\n", args[0])
		said = nil
		if err := json.Unmarshal([]byte(r.Stdout), &said); err != nil {
			return nil, fmt.Errorf("%s said %q: %w", args[0], r.Stdout, err)
		}
	}
	for _, want := range all() {
		if !o.Wanted(want.name) {
			continue
		}
		f, err := figures.New(want.name, said[want.from]/want.per, want.unit, want.goal, o.Scale < 1)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	if o.Keep {
		return list, nil
	}
	return list, os.RemoveAll(o.Dir)
}
