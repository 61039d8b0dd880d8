package repository

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"holdfast/test/bench/figures"
	"holdfast/test/bench/material"
)

// perBlob is what a repository may use of memory for each blob, in bytes, beside what is measured.
const perBlob = 30

// measureLife runs the rounds and compares.
func measureLife(ctx context.Context, o *Options) ([]figures.Figure, error) {
	l := &life{o: o}
	for _, p := range o.Peers {
		l.all = append(l.all, &contestant{name: p.Name, peer: p, seen: map[string][]float64{}})
	}
	for _, level := range []string{"fast", "balanced"} {
		our := &ours{program: o.Program, dir: filepath.Join(o.Dir, level), level: level}
		l.all = append(l.all, &contestant{name: our.name(), ours: our, seen: map[string][]float64{}})
	}
	boxes, err := os.ReadDir(material.Mail(o.Material))
	if err != nil {
		return nil, err
	}
	for _, b := range boxes[int(float64(len(boxes))*deletedShare+0.5):] {
		l.kept = append(l.kept, b.Name())
	}
	if err := material.Leave(o.Material); err != nil { // of a run that was stopped
		return nil, err
	}
	if err := l.rounds(ctx); err != nil {
		return nil, err
	}
	return l.figures()
}

func (l *life) figures() ([]figures.Figure, error) {
	goals := lifeGoals()
	var list []figures.Figure
	add := func(name string, value float64, note string) (err error) {
		if err == nil {
			list, err = l.o.figure(list, goals, "repository."+name, value, note)
		}
		return err
	}
	for _, c := range []struct{ name, our, what, unit string }{
		{"backup_fast_cpu_vs_best_peer", "fast", "backup cpu", "s"},
		{"backup_balanced_cpu_vs_best_peer", "balanced", "backup cpu", "s"},
		{"backup_fast_from_eml_cpu_vs_best_peer", "fast", "parsing cpu", "s"},
		{"size_vs_best_peer", "balanced", "size", "bytes"},
		{"change_cpu_vs_best_peer", "balanced", "change cpu", "s"},
		{"read_speed_vs_best_peer", "balanced", "read wall", "s"},
		{"verify_time_vs_best_peer", "balanced", "verify wall", "s"},
		{"reclaim_time_vs_best_peer", "balanced", "reclaim wall", "s"},
	} {
		what := strings.ReplaceAll(c.what, "parsing", "backup") // which the peers do in any case
		best, note := l.best(what, c.unit)
		our := l.median(c.our, c.what)
		if c.what == "reclaim wall" {
			_, freed := l.best("freed", "bytes")
			note += fmt.Sprintf("; freed %s bytes and left %s of garbage, %s", figures.Short(l.median(c.our, "freed")),
				figures.Short(l.median(c.our, "garbage")), freed)
		}
		value := our / best
		if c.name == "read_speed_vs_best_peer" {
			value = best / our
		}
		if err := add(c.name, value, fmt.Sprintf("%s %s, %s", figures.Short(our), c.unit, note)); err != nil {
			return nil, err
		}
	}
	_, cold := l.best("cold ms", "ms")
	if err := add("message_warm_ms", l.median("balanced", "warm median_ms"), fmt.Sprintf("of 1,000: 99th percentile %s ms, worst %s ms",
		figures.Short(l.median("balanced", "warm p99_ms")), figures.Short(l.median("balanced", "warm max_ms")))); err != nil {
		return nil, err
	}
	if err := add("message_cold_ms", l.median("balanced", "cold ms"), fmt.Sprintf("worst of %d: %s ms; %s", coldMessages,
		figures.Short(l.median("balanced", "cold max ms")), cold)); err != nil {
		return nil, err
	}
	memory, note := l.memory()
	return list, add("peak_memory_mb", memory, note)
}

// memory is the greatest peak of the product's steps, less what blobs may cost.
func (l *life) memory() (float64, string) {
	worst, note := 0.0, ""
	for _, c := range l.all {
		if c.ours == nil {
			note += fmt.Sprintf(", %s %s MB", c.name, figures.Short(maximum(c.seen["memory"])/1e6))
			continue
		}
		worst = math.Max(worst, (maximum(c.seen["memory"])-perBlob*median(c.seen["blobs"]))/1e6)
	}
	return worst, fmt.Sprintf("of all steps, less %d bytes a blob%s", perBlob, note)
}

func maximum(values []float64) float64 {
	m := 0.0
	for _, v := range values {
		m = math.Max(m, v)
	}
	return m
}

// best returns the least of the peers' medians, and all of them in words.
func (l *life) best(what, unit string) (float64, string) {
	best, note := math.Inf(1), ""
	for _, c := range l.all {
		if c.peer == nil {
			continue
		}
		m := median(c.seen[what])
		best = math.Min(best, m)
		if note != "" {
			note += ", "
		}
		note += fmt.Sprintf("%s %s %s", c.name, figures.Short(m), unit)
	}
	return best, note
}

func (l *life) median(level, what string) float64 {
	for _, c := range l.all {
		if c.ours != nil && c.ours.level == level {
			return median(c.seen[what])
		}
	}
	return math.NaN()
}
