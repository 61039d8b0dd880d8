// Package figures keeps what benchmarks measured: one file for all of them (build/bench.json), and the table that people
// read. A benchmark adds its figures with Merge; those of others stay.
//
//	{"figures":[{"name":"repository.backup_fast_cpu_vs_best_peer","value":0.3,"unit":"ratio","goal":"<= 0.35","met":true}]}
//
// Met is missing where there is no goal, and where the run was too small to say (quick).
package figures

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Figure is one number that was measured.
type Figure struct {
	// Name is area.figure in lower case ("repository.index_lookups_per_s").
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Goal is what the value shall be ("<= 0.35", ">= 500000"); empty when it is only to be known.
	Goal string `json:"goal,omitempty"`
	// Met is whether it is; nil without a goal, and in a quick run.
	Met *bool `json:"met,omitempty"`
	// Quick marks a run on less than the full amount.
	Quick bool `json:"quick,omitempty"`
	// Note says what else there is to know: the numbers of the others, for one.
	Note string `json:"note,omitempty"`
}

// New returns a figure and judges it, unless the run was a quick one.
func New(name string, value float64, unit, goal string, quick bool) (Figure, error) {
	f := Figure{Name: name, Value: value, Unit: unit, Goal: goal, Quick: quick}
	if area, figure, ok := strings.Cut(name, "."); !ok || area == "" || figure == "" {
		return f, fmt.Errorf("%q is not the name of a figure: area.figure", name)
	}
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return f, fmt.Errorf("%s has no value", name)
	}
	if goal == "" {
		return f, nil
	}
	met, err := meets(value, goal)
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	if !quick {
		f.Met = &met
	}
	return f, nil
}

func meets(value float64, goal string) (bool, error) {
	sign, number, ok := strings.Cut(goal, " ")
	limit, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil {
		return false, fmt.Errorf("the goal %q is no sign and number", goal)
	}
	switch sign {
	case "<=":
		return value <= limit, nil
	case ">=":
		return value >= limit, nil
	case "<":
		return value < limit, nil
	case ">":
		return value > limit, nil
	}
	return false, fmt.Errorf("the goal %q begins with none of <=, <, >=, >", goal)
}

// Missed reports whether the figure has a goal and does not reach it.
func (f *Figure) Missed() bool { return f.Met != nil && !*f.Met }

type file struct {
	Figures []Figure `json:"figures"`
}

// Load returns the figures of a file; one that is not there has none.
func Load(path string) ([]Figure, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("read %s (remove it to begin anew): %w", path, err)
	}
	return f.Figures, nil
}

// Merge puts figures into a file, in place of those of the same names. The file is sorted by name.
func Merge(path string, list []Figure) error {
	all, err := Load(path)
	if err != nil {
		return err
	}
	for _, f := range list {
		if i := slices.IndexFunc(all, func(g Figure) bool { return g.Name == f.Name }); i >= 0 {
			all[i] = f
		} else {
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b Figure) int { return cmp.Compare(a.Name, b.Name) })
	var data bytes.Buffer
	e := json.NewEncoder(&data)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(file{all}); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, data.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// Print writes the table.
func Print(w io.Writer, list []Figure) error {
	t := tabwriter.NewWriter(w, 2, 0, 2, ' ', 0)
	fmt.Fprintln(t, "figure\tvalue\tunit\tgoal\t\tmeasured")
	for i := range list {
		f := &list[i]
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", f.Name, Short(f.Value), f.Unit, cmp.Or(f.Goal, "-"), f.verdict(), f.Note)
	}
	return t.Flush()
}

func (f *Figure) verdict() string {
	switch {
	case f.Goal == "":
		return ""
	case f.Quick:
		return "quick run"
	case f.Missed():
		return "missed"
	default:
		return "met"
	}
}

// Short writes a number with three significant digits, or whole where it is large.
func Short(v float64) string {
	if math.Abs(v) >= 1000 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
