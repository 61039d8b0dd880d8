package configfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// vocabulary gives the numbers of an enum of the API their words; the default, which is left out, is "".
type vocabulary struct {
	prefix string
	values map[string]int32
	// standard is the word for what an unspecified value means; it is left out as well.
	standard string
}

// word is how a value is written.
func (v vocabulary) word(n int32) string {
	for name, value := range v.values {
		if value == n {
			w := strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, v.prefix)), "_", "-")
			if w == "unspecified" {
				return ""
			}
			return v.plain(w)
		}
	}
	return fmt.Sprint(n)
}

// plain leaves the default out.
func (v vocabulary) plain(w string) string {
	if w == v.standard {
		return ""
	}
	return w
}

// number is the value of a word that was checked.
func (v vocabulary) number(w string) int32 {
	if w == "" {
		w = v.standard
	}
	if w == "" {
		w = "unspecified"
	}
	return v.values[v.prefix+strings.ToUpper(strings.ReplaceAll(w, "-", "_"))]
}

func (v vocabulary) check(field, w string) error {
	if w == "" {
		return nil
	}
	_, ok := v.values[v.prefix+strings.ToUpper(strings.ReplaceAll(w, "-", "_"))]
	if !ok || w == "unspecified" || w != strings.ToLower(w) {
		return invalid("%s must be one of %s, not %q", field, v.all(), w)
	}
	return nil
}

func (v vocabulary) all() string {
	names := slices.SortedFunc(maps.Keys(v.values), func(a, b string) int { return int(v.values[a] - v.values[b]) })
	var list []string
	for _, n := range names {
		if w := strings.ToLower(strings.TrimPrefix(n, v.prefix)); w != "unspecified" {
			list = append(list, strings.ReplaceAll(w, "_", "-"))
		}
	}
	return strings.Join(list, ", ")
}
