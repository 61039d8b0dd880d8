package work_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const fidelityPage = "../../../../docs/recovery-fidelity.md"

// The tables of the page that are checked, by their headings, and the list of Microsoft's properties that each must have.
var fidelityTables = map[string]string{
	"Every property of a message":     "message",
	"Every property of an attachment": "attachment",
	"Meeting messages":                "meeting",
}

// claim is a row of the page: what is said to become of a property.
type claim struct {
	kept, recovered string // "yes" or "no"; "same" or "no"
	why             string
}

// sample is one message or attachment: what Graph showed of it, what the backup kept of it, and what Graph shows of the
// recovered copy. What is not there has no entry.
type sample struct{ original, kept, recovered map[string]any }

var claimRow = regexp.MustCompile("^\\| `([^`]+)` \\| ([^|]*) \\| ([^|]*) \\| ([^|]*)\\|$")

// readClaims returns the rows of the page by table and property, and what is wrong with the page itself.
func readClaims(page string) (tables map[string]map[string]claim, faults []string) {
	tables = map[string]map[string]claim{}
	table := ""
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\r\n")
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			table = fidelityTables[heading]
			continue
		}
		if table == "" || !strings.HasPrefix(line, "| `") {
			continue
		}
		m := claimRow.FindStringSubmatch(line)
		if m == nil {
			faults = append(faults, "no row of four columns: "+line)
			continue
		}
		c := claim{strings.TrimSpace(m[2]), strings.TrimSpace(m[3]), strings.TrimSpace(m[4])}
		if tables[table] == nil {
			tables[table] = map[string]claim{}
		}
		if _, twice := tables[table][m[1]]; twice {
			faults = append(faults, fmt.Sprintf("%s: two rows for %s", table, m[1]))
		}
		tables[table][m[1]] = c
	}
	return tables, faults
}

func readProperties(t *testing.T) map[string][]string {
	t.Helper()
	p, err := os.ReadFile("testdata/graph-properties.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string][]string
	if err := json.Unmarshal(p, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// lies lists what of a table is not so.
func lies(claims map[string]claim, properties []string, samples []sample) []string {
	var all []string
	for name := range claims {
		if !slices.Contains(properties, name) {
			all = append(all, name+": a row for what Microsoft's type does not have")
		}
	}
	for _, name := range properties {
		c, ok := claims[name]
		if !ok {
			all = append(all, name+": no row")
			continue
		}
		for _, wrong := range c.lies(name, samples) {
			all = append(all, name+": "+wrong)
		}
	}
	slices.Sort(all)
	return all
}

func (c claim) lies(name string, samples []sample) []string {
	var all []string
	var originals []any
	kept, recovered, present := true, true, false
	for _, s := range samples {
		was, is := s.original[name]
		originals = append(originals, was)
		present = present || is
		kept = kept && reflect.DeepEqual(was, s.kept[name])
		recovered = recovered && reflect.DeepEqual(was, s.recovered[name])
	}
	kept, recovered = kept && present, recovered && present
	for _, one := range []struct {
		what, says, yes string
		is              bool
	}{{"kept", c.kept, "yes", kept}, {"recovered", c.recovered, "same", recovered}} {
		switch {
		case one.says != one.yes && one.says != "no":
			all = append(all, fmt.Sprintf("%s is %q, neither %q nor \"no\"", one.what, one.says, one.yes))
		case one.says == one.yes && !one.is:
			all = append(all, "is said to be "+one.what+", and is not"+differing(name, samples))
		case one.says == "no" && one.is:
			all = append(all, "is said not to be "+one.what+", and it is")
		}
	}
	if recovered && !slices.ContainsFunc(originals, func(v any) bool { return !reflect.DeepEqual(v, originals[0]) }) {
		all = append(all, "all samples have the same value, which proves nothing")
	}
	if c.why == "" && (c.kept == "no" || c.recovered == "no") {
		all = append(all, "does not say why not")
	}
	return all
}

func differing(name string, samples []sample) string {
	out := ""
	for i, s := range samples {
		out += fmt.Sprintf("\n\t\tsample %d: was %.300v, kept %.300v, recovered %.300v", i+1, s.original[name], s.kept[name], s.recovered[name])
	}
	return out
}
