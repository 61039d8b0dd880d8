// Package configfile is a Director's configuration as a YAML file: what to compare (model.go, one file per section), how
// it is read and written (decode.go), what differs (diff.go) and how that is made so over the API (apply.go).
//
// Everything is named by its name and mailboxes by their address, so that the file of one Director fits another; what has
// no name any more is written as "id:" and its id. Names differ by more than their case, as for the Director. A section
// that is left out is not looked at; a field that is left out has its default. The order of objects means nothing and is
// written by name, so that the same state gives the same bytes.
//
// A file holds no secrets, only where they are. As a Director never tells a secret, it cannot be compared: it is sent
// with a new object, where the Director asks for it again, and when the caller wants all of them renewed.
package configfile

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"holdfast/pkg/fault"
)

// Version is that of the format.
const Version = 1

// File is a configuration.
type File struct {
	Version       int               `yaml:"version"`
	Transporters  List[Transporter] `yaml:"transporters,omitempty"`
	Accounts      List[Account]     `yaml:"accounts,omitempty"`
	Repositories  List[Repository]  `yaml:"repositories,omitempty"`
	Jobs          List[Job]         `yaml:"jobs,omitempty"`
	Drills        List[Drill]       `yaml:"drills,omitempty"`
	Notifications *Notifications    `yaml:"notifications,omitempty"`
	History       *History          `yaml:"history,omitempty"`
	Backup        *Backup           `yaml:"backup,omitempty"`
}

// List is a section: nil is one that is left out, which is not the same as an empty one.
type List[T any] []T

// IsZero tells YAML which section to leave out.
func (l List[T]) IsZero() bool { return l == nil }

// Ref says where a secret is: exactly one of the two.
type Ref struct {
	// Env is the name of a variable of the environment.
	Env string `yaml:"env,omitempty"`
	// File is a path on the machine that applies the file.
	File string `yaml:"file,omitempty"`
}

func (r Ref) String() string {
	if r.File != "" {
		return "file " + r.File
	}
	return "environment variable " + r.Env
}

func (r *Ref) check(what string) error {
	if r != nil && (r.Env == "") == (r.File == "") {
		return invalid("%s: give either env or file", what)
	}
	return nil
}

// placeholder is a reference that names what is needed.
func placeholder(words ...string) *Ref {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, strings.Join(words, "_"))
	return &Ref{Env: "HOLDFAST_" + name}
}

// Encode writes the file.
func (f *File) Encode() ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(f); err != nil {
		return nil, err
	}
	err := e.Close()
	return out.Bytes(), err
}

func invalid(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }

// key is what makes two names the same.
func key(name string) string { return strings.ToLower(name) }

func byName[T any](list []T, name func(*T) string) {
	slices.SortFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(key(name(&a)), key(name(&b))), cmp.Compare(name(&a), name(&b)))
	})
}
