package cli

import (
	"cmp"
	"slices"
	"strings"

	"holdfast/pkg/fault"
)

// candidate is a thing that a person may name.
type candidate struct {
	id, name string
	// alias is a second name: a mailbox's address.
	alias string
	// hint tells candidates of the same name apart.
	hint string
}

func (c candidate) label() string {
	s := c.name
	if c.alias != "" {
		s = c.alias
	}
	if c.hint != "" {
		return s + " (" + c.hint + ", id " + c.id + ")"
	}
	return s + " (id " + c.id + ")"
}

// minPrefix is the least of an id that names the whole of it.
const minPrefix = 4

// pick finds what ref names: by id, by name or address, by name in other case, by the first characters of an id. Of
// two that fit equally well it takes none.
func pick(kind, ref string, all []candidate) (candidate, error) {
	fits := []func(candidate) bool{
		func(c candidate) bool { return c.id == ref },
		func(c candidate) bool { return c.name == ref || c.alias == ref },
		func(c candidate) bool { return strings.EqualFold(c.name, ref) || strings.EqualFold(c.alias, ref) },
		func(c candidate) bool { return len(ref) >= minPrefix && strings.HasPrefix(c.id, ref) },
	}
	if ref == "" {
		return candidate{}, usagef("the name of the %s is empty", kind)
	}
	for _, fit := range fits {
		var found []candidate
		for _, c := range all {
			if fit(c) {
				found = append(found, c)
			}
		}
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return candidate{}, fault.New(fault.Conflict, "%q can be more than one %s: %s. Use the id", ref, kind, labels(found))
		}
	}
	return candidate{}, notFound(kind, ref, all)
}

// maxShown is how many candidates an error lists.
const maxShown = 8

func labels(all []candidate) string {
	var out []string
	for i, c := range all {
		if i == maxShown {
			out = append(out, "and "+count(int64(len(all)-i))+" more")
			break
		}
		out = append(out, c.label())
	}
	return strings.Join(out, ", ")
}

// notFound names what comes nearest, or all when there are few.
func notFound(kind, ref string, all []candidate) error {
	if len(all) == 0 {
		return fault.New(fault.NotFound, "no %s is called %q", kind, ref)
	}
	var names []string
	for _, c := range all {
		name := first(c.alias, c.name)
		if len(all) <= maxShown || near(ref, c.name) || near(ref, c.alias) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if len(names) == 0 {
		return fault.New(fault.NotFound, "no %s is called %q", kind, ref)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(distance(ref, a), distance(ref, b)) })
	if len(names) > maxShown {
		names = names[:maxShown]
	}
	return fault.New(fault.NotFound, "no %s is called %q; there is %s", kind, ref, strings.Join(names, ", "))
}

func near(ref, name string) bool {
	r, n := strings.ToLower(ref), strings.ToLower(name)
	return name != "" && (strings.Contains(n, r) || distance(r, n) <= 2)
}

// distance is how many letters must be changed, added or removed (Levenshtein).
func distance(a, b string) int {
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		last := row[0]
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			last, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, last+cost)
		}
	}
	return row[len(y)]
}
