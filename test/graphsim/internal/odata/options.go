package odata

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Split cuts at a separator that is outside of parentheses and quotes: "$expand=a($select=b,c),d".
func Split(s string, sep byte) []string {
	var out []string
	depth, start, quote := 0, 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\'':
			quote = !quote
		case quote:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == sep && depth == 0:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	if rest := strings.TrimSpace(s[start:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

// Expand is one item of $expand with the options in its parentheses.
type Expand struct {
	Name    string
	Options map[string]string // "$select", "$expand", "$filter"
}

// ParseExpand reads $expand.
func ParseExpand(s string) ([]Expand, error) {
	var out []Expand
	for _, item := range Split(s, ',') {
		e := Expand{Name: item, Options: map[string]string{}}
		if i := strings.IndexByte(item, '('); i >= 0 {
			if !strings.HasSuffix(item, ")") {
				return nil, fmt.Errorf("%w: $expand=%s", ErrSyntax, item)
			}
			e.Name = item[:i]
			for _, o := range Split(item[i+1:len(item)-1], ';') {
				name, value, _ := strings.Cut(o, "=")
				e.Options[strings.TrimSpace(name)] = value
			}
		}
		out = append(out, e)
	}
	return out, nil
}

// Prefer is what a request's Prefer headers ask for.
type Prefer struct {
	ImmutableID bool
	MaxPageSize int    // 0 when not asked for
	BodyType    string // "text", "html", or empty
	UnsafeHTML  bool
	Minimal     bool // return=minimal
	applied     []string
}

// ParsePrefer reads all Prefer headers, joined by commas or repeated (contract 4.2). Unknown ones are ignored.
func ParsePrefer(h http.Header) Prefer {
	var p Prefer
	for _, line := range h.Values("Prefer") {
		for _, item := range Split(strings.ReplaceAll(line, `"`, ""), ',') {
			name, value, _ := strings.Cut(item, "=")
			value = strings.TrimSpace(value)
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "idtype":
				p.ImmutableID = strings.EqualFold(value, "ImmutableId")
			case "odata.maxpagesize":
				if n, err := strconv.Atoi(value); err == nil && n > 0 {
					p.MaxPageSize = n
				}
			case "outlook.body-content-type":
				if v := strings.ToLower(value); v == "text" || v == "html" {
					p.BodyType = v
				}
			case "outlook.allow-unsafe-html":
				p.UnsafeHTML = true
			case "return":
				p.Minimal = value == "minimal"
			}
		}
	}
	return p
}

// Apply notes a preference as honoured, as it will be echoed.
func (p *Prefer) Apply(s string) {
	if !slices.Contains(p.applied, s) {
		p.applied = append(p.applied, s)
	}
}

// Applied is the Preference-Applied header, or empty.
func (p *Prefer) Applied() string { return strings.Join(p.applied, ", ") }
