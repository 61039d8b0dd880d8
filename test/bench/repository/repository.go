// Package repository measures the product's repository: beside the programs of package peer on the same mail, and its index
// alone.
package repository

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"

	"holdfast/test/bench/figures"
	"holdfast/test/bench/material"
	"holdfast/test/bench/peer"
)

// Options of a run.
type Options struct {
	Dir      string // for repositories, emptied afterwards
	Program  string // the measuring program
	Material string // folder of the mail
	Mail     material.Stamp
	Rounds   int
	Scale    float64
	Peers    []*peer.Peer
	Keep     bool // leave the repositories of the last round behind
	// Wanted says which figures are asked for.
	Wanted func(figure string) bool
	Out    io.Writer // hears how far it is
}

func (o *Options) quick() bool { return o.Scale < 1 }

func (o *Options) say(format string, args ...any) { fmt.Fprintf(o.Out, format+"\n", args...) }

// goal is a figure to come.
type goal struct{ name, unit, goal string }

// lifeGoals are the figures of the repository beside its peers.
func lifeGoals() []goal {
	return []goal{
		{"repository.backup_fast_cpu_vs_best_peer", "ratio", "<= 0.35"},
		{"repository.backup_balanced_cpu_vs_best_peer", "ratio", "<= 0.5"},
		{"repository.backup_fast_from_eml_cpu_vs_best_peer", "ratio", ""},
		{"repository.size_vs_best_peer", "ratio", "<= 0.6"},
		{"repository.change_cpu_vs_best_peer", "ratio", "<= 0.1"},
		{"repository.read_speed_vs_best_peer", "ratio", ">= 1.5"},
		{"repository.verify_time_vs_best_peer", "ratio", "<= 0.4"},
		{"repository.reclaim_time_vs_best_peer", "ratio", "<= 0.25"},
		{"repository.message_warm_ms", "ms", "<= 5"},
		{"repository.message_cold_ms", "ms", "<= 50"},
		{"repository.peak_memory_mb", "MB", "<= 200"},
	}
}

func indexGoals() []goal {
	return []goal{
		{"repository.index_inserts_per_cpu_s", "1/s", ">= 500000"},
		{"repository.index_lookups_per_s", "1/s", ">= 1000000"},
		{"repository.index_bytes_per_blob", "bytes", "<= 55"},
		{"repository.index_memory_bytes_per_blob", "bytes", "<= 30"},
		{"repository.index_open_s", "s", "<= 1.5"},
	}
}

// Names lists the figures that Run can measure.
func Names() []string {
	var list []string
	for _, g := range slices.Concat(lifeGoals(), indexGoals()) {
		list = append(list, g.name)
	}
	return list
}

// NeedsMail reports whether a wanted figure is measured on mail.
func NeedsMail(wanted func(string) bool) bool {
	return slices.ContainsFunc(lifeGoals(), func(g goal) bool { return wanted(g.name) })
}

// Run measures what is wanted.
func Run(ctx context.Context, o Options) ([]figures.Figure, error) {
	var list []figures.Figure
	if slices.ContainsFunc(indexGoals(), func(g goal) bool { return o.Wanted(g.name) }) {
		found, err := measureIndex(ctx, &o)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	if NeedsMail(o.Wanted) && len(o.Peers) > 0 {
		found, err := measureLife(ctx, &o)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

// figure makes the figure of a name, if it is wanted.
func (o *Options) figure(list []figures.Figure, goals []goal, name string, value float64, note string) ([]figures.Figure, error) {
	i := slices.IndexFunc(goals, func(g goal) bool { return g.name == name })
	if i < 0 {
		return nil, fmt.Errorf("no figure is called %q", name)
	}
	if !o.Wanted(name) {
		return list, nil
	}
	f, err := figures.New(name, value, goals[i].unit, goals[i].goal, o.quick())
	f.Note = note
	return append(list, f), err
}

// size sums up the files below a folder, in bytes.
func size(dir string) (int64, error) {
	var sum int64
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}

// median of what the rounds gave; 0 of nothing.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}
