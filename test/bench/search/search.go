// Package search measures the search in a repository: a million invented messages are backed up, indexed and looked into.
package search

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
const messages = 1_000_000

// Options of a run.
type Options struct {
	Dir     string // emptied before and afterwards
	Program string // the measuring program
	Scale   float64
	Keep    bool
	Wanted  func(figure string) bool
	Out     io.Writer // hears how far it is
}

// figure is a figure to come, and how it follows from what was counted.
type figure struct {
	name, unit, goal string
	value            func(c counted) float64
}

// counted is what the steps said.
type counted struct{ written, indexed, asked map[string]float64 }

func all() []figure {
	asked := func(key string) func(counted) float64 { return func(c counted) float64 { return c.asked[key] } }
	return []figure{
		{"search.p50_ms", "ms", "<= 20", asked("p50_ms")},
		{"search.p99_ms", "ms", "<= 100", asked("p99_ms")},
		{"search.common_p50_ms", "ms", "", asked("common_p50_ms")},
		{"search.rare_p50_ms", "ms", "", asked("rare_p50_ms")},
		{"search.absent_p50_ms", "ms", "", asked("absent_p50_ms")},
		{"search.memory_mb", "MB", "<= 500", func(c counted) float64 { return c.asked["peak_bytes"] / 1e6 }},
		{"search.index_share_of_text", "ratio", "<= 0.25", func(c counted) float64 { return c.indexed["index_bytes"] / c.written["text_bytes"] }},
		{"search.index_messages_per_cpu_s", "1/s", "", func(c counted) float64 { return c.indexed["documents"] / c.indexed["index_cpu_s"] }},
		{"search.index_memory_mb", "MB", "<= 150", func(c counted) float64 { return (c.indexed["peak_bytes"] - c.indexed["idle_bytes"]) / 1e6 }},
		{"search.index_process_memory_mb", "MB", "", func(c counted) float64 { return c.indexed["peak_bytes"] / 1e6 }},
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
	var c counted
	for _, step := range []struct {
		args []string
		into *map[string]float64
	}{
		{[]string{"create"}, nil}, {[]string{"write-prose", "-count", n}, &c.written}, {[]string{"index-prose"}, &c.indexed}, {[]string{"ask-prose"}, &c.asked},
	} {
		r, err := process.Run(ctx, process.Command{
			Args: append([]string{o.Program, step.args[0], "-repository", filepath.Join(o.Dir, "repository")}, step.args[1:]...), Env: os.Environ(),
		})
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(o.Out, "  search: %s\n", step.args[0])
		if step.into == nil {
			continue
		}
		if err := json.Unmarshal([]byte(r.Stdout), step.into); err != nil {
			return nil, fmt.Errorf("%s said %q: %w", step.args[0], r.Stdout, err)
		}
	}
	for _, want := range all() {
		if !o.Wanted(want.name) {
			continue
		}
		f, err := figures.New(want.name, want.value(c), want.unit, want.goal, o.Scale < 1)
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
