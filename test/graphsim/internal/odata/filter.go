package odata

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrSyntax is a query option that cannot be read.
var ErrSyntax = errors.New("invalid query option")

// ErrProperty is a property that does not exist or cannot be filtered by.
var ErrProperty = errors.New("property cannot be used here")

// Object is what a filter looks at.
type Object interface {
	// Value of a property path such as "isRead" or "from/emailAddress/address": string, bool, int64, time.Time, nil for
	// null, or []string for a collection. ok is false for a property that does not exist.
	Value(path string) (value any, ok bool)
	// Any tells whether some element of a collection satisfies the predicate; elements are Objects.
	Any(path string) (elements []Object, ok bool)
}

// Filter is a parsed $filter.
type Filter struct {
	root  node
	paths []string // properties in the order in which they are named
	ops   map[string]bool
}

// Paths are the properties that the filter names, in order.
func (f *Filter) Paths() []string { return f.paths }

// Uses tells whether an operator or function occurs: "ne", "not", "endswith" and so on.
func (f *Filter) Uses(op string) bool { return f.ops[op] }

// Match evaluates the filter.
func (f *Filter) Match(o Object) (bool, error) { return f.root(o) }

type node func(Object) (bool, error)

// ParseFilter reads a $filter. An empty one matches everything.
func ParseFilter(s string) (*Filter, error) {
	f := &Filter{ops: map[string]bool{}}
	if strings.TrimSpace(s) == "" {
		f.root = func(Object) (bool, error) { return true, nil }
		return f, nil
	}
	p := &parser{filter: f}
	if err := p.lex(s); err != nil {
		return nil, err
	}
	root, err := p.or()
	if err != nil {
		return nil, err
	}
	if p.peek() != "" {
		return nil, fmt.Errorf("%w: unexpected %q", ErrSyntax, p.peek())
	}
	f.root = root
	return f, nil
}

type parser struct {
	toks   []string
	pos    int
	filter *Filter
	prefix string // range variable of an any(), such as "ep/"
}

func (p *parser) peek() string {
	if p.pos < len(p.toks) {
		return p.toks[p.pos]
	}
	return ""
}

func (p *parser) next() string { t := p.peek(); p.pos++; return t }

func (p *parser) expect(t string) error {
	if got := p.next(); got != t {
		return fmt.Errorf("%w: %q where %q should be", ErrSyntax, got, t)
	}
	return nil
}

func (p *parser) or() (node, error) {
	left, err := p.and()
	for err == nil && p.peek() == "or" {
		p.next()
		var right node
		right, err = p.and()
		l := left
		left = func(o Object) (bool, error) {
			if ok, err := l(o); ok || err != nil {
				return ok, err
			}
			return right(o)
		}
	}
	return left, err
}

func (p *parser) and() (node, error) {
	left, err := p.not()
	for err == nil && p.peek() == "and" {
		p.next()
		var right node
		right, err = p.not()
		l := left
		left = func(o Object) (bool, error) {
			if ok, err := l(o); !ok || err != nil {
				return false, err
			}
			return right(o)
		}
	}
	return left, err
}

func (p *parser) not() (node, error) {
	switch p.peek() {
	case "not":
		p.next()
		p.filter.ops["not"] = true
		n, err := p.not()
		return func(o Object) (bool, error) { ok, err := n(o); return !ok, err }, err
	case "(":
		p.next()
		n, err := p.or()
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	}
	return p.term()
}

func (p *parser) term() (node, error) {
	name := p.next()
	if name == "" || strings.ContainsAny(name[:1], "'(),") {
		return nil, fmt.Errorf("%w: unexpected %q", ErrSyntax, name)
	}
	switch fn := strings.ToLower(name); {
	case p.peek() == "(" && strings.HasSuffix(fn, "/any"):
		return p.any(name[:len(name)-len("/any")])
	case p.peek() == "(" && (fn == "startswith" || fn == "endswith" || fn == "contains"):
		return p.call(fn)
	}
	path := p.path(name)
	op := strings.ToLower(p.next())
	p.filter.ops[op] = true
	if op == "in" {
		return p.in(path)
	}
	lit, err := literal(p.next())
	if err != nil {
		return nil, err
	}
	if op == "" || !strings.Contains(" eq ne gt ge lt le ", " "+op+" ") {
		return nil, fmt.Errorf("%w: unknown operator %q", ErrSyntax, op)
	}
	return func(o Object) (bool, error) { return compareProperty(o, path, op, lit) }, nil
}

func (p *parser) path(name string) string {
	if p.prefix != "" {
		if name+"/" == p.prefix {
			return "$it"
		}
		return strings.TrimPrefix(name, p.prefix)
	}
	p.filter.paths = append(p.filter.paths, name)
	return name
}

func (p *parser) in(path string) (node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var lits []any
	for {
		lit, err := literal(p.next())
		if err != nil {
			return nil, err
		}
		lits = append(lits, lit)
		switch t := p.next(); t {
		case ",":
		case ")":
			return func(o Object) (bool, error) {
				for _, lit := range lits {
					if ok, err := compareProperty(o, path, "eq", lit); ok || err != nil {
						return ok, err
					}
				}
				return false, nil
			}, nil
		default:
			return nil, fmt.Errorf("%w: unexpected %q", ErrSyntax, t)
		}
	}
}

func (p *parser) call(fn string) (node, error) {
	p.next()
	p.filter.ops[fn] = true
	path := p.path(p.next())
	if err := p.expect(","); err != nil {
		return nil, err
	}
	lit, err := literal(p.next())
	if err != nil {
		return nil, err
	}
	want, ok := lit.(string)
	if !ok {
		return nil, fmt.Errorf("%w: %s needs a string", ErrSyntax, fn)
	}
	test := map[string]func(s, part string) bool{
		"startswith": strings.HasPrefix, "endswith": strings.HasSuffix, "contains": strings.Contains,
	}[fn]
	return func(o Object) (bool, error) {
		v, ok := o.Value(path)
		if !ok {
			return false, fmt.Errorf("%w: %s", ErrProperty, path)
		}
		s, _ := v.(string)
		return test(strings.ToLower(s), strings.ToLower(want)), nil
	}, p.expect(")")
}

func (p *parser) any(path string) (node, error) {
	p.next()
	p.filter.paths = append(p.filter.paths, path)
	v := strings.TrimSuffix(p.next(), ":")
	if p.peek() == ":" {
		p.next()
	}
	inner := &parser{toks: p.toks, pos: p.pos, filter: p.filter, prefix: v + "/"}
	n, err := inner.or()
	if err != nil {
		return nil, err
	}
	p.pos = inner.pos
	return func(o Object) (bool, error) {
		elements, ok := o.Any(path)
		if !ok {
			return false, fmt.Errorf("%w: %s", ErrProperty, path)
		}
		for _, e := range elements {
			if ok, err := n(e); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	}, p.expect(")")
}

func compareProperty(o Object, path, op string, lit any) (bool, error) {
	v, ok := o.Value(path)
	if !ok {
		return false, fmt.Errorf("%w: %s", ErrProperty, path)
	}
	c, comparable := compare(v, lit)
	if !comparable {
		if v == nil || lit == nil {
			return op == "ne", nil
		}
		return false, fmt.Errorf("%w: %s is not of the literal's type", ErrProperty, path)
	}
	switch op {
	case "eq":
		return c == 0, nil
	case "ne":
		return c != 0, nil
	case "gt":
		return c > 0, nil
	case "ge":
		return c >= 0, nil
	case "lt":
		return c < 0, nil
	default:
		return c <= 0, nil
	}
}

func compare(v, lit any) (int, bool) {
	switch v := v.(type) {
	case string:
		l, ok := lit.(string)
		return strings.Compare(strings.ToLower(v), strings.ToLower(l)), ok
	case bool:
		l, ok := lit.(bool)
		if v == l {
			return 0, ok
		}
		return 1, ok
	case int64:
		l, ok := lit.(int64)
		return int(v - l), ok
	case time.Time:
		l, ok := lit.(time.Time)
		return v.Compare(l), ok
	case nil:
		return 0, lit == nil
	}
	return 0, false
}
