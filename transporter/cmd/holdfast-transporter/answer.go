package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"holdfast/pkg/fault"
)

// The values of --output.
const (
	asTable = "table"
	asJSON  = "json"
)

func (o *offline) check() error {
	if o.output != asTable && o.output != asJSON {
		return usageError{fmt.Errorf("--output must be table or json, not %q", o.output)}
	}
	return nil
}

// answer writes v as one JSON document, or lets text write a table for people.
func (o *offline) answer(cmd *cobra.Command, v any, text func(w io.Writer)) error {
	out := cmd.OutOrStdout()
	var err error
	if o.output == asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		err = e.Encode(v)
	} else {
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		text(w)
		err = w.Flush()
	}
	return unwritten(err)
}

func unwritten(err error) error {
	if err != nil {
		return fault.New(fault.Unavailable, "write the answer: %w", err)
	}
	return nil
}

// cell makes text fit for one cell of a table: no control characters, which a terminal would obey, and not too long.
func cell(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)
	if runes := []rune(s); most > 0 && len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// between is the rule for how many arguments a command takes; breaking it is an error of usage.
func between(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := cobra.RangeArgs(least, most)(cmd, args); err != nil {
			return usageError{fmt.Errorf("%w; usage: %s", err, cmd.UseLine())}
		}
		return nil
	}
}
