package configfile

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxBytes bounds a file; a job with 10,000 mailboxes takes less than 1 MiB.
const MaxBytes = 8 << 20

// Decode reads and checks a file. Its errors are Invalid and name the line or the object.
func Decode(r io.Reader) (*File, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(b) > MaxBytes {
		return nil, invalid("the file is larger than %d MiB", MaxBytes>>20)
	}
	if err := plain(b); err != nil {
		return nil, err
	}
	f := &File{}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(f); err != nil && !errors.Is(err, io.EOF) {
		return nil, invalid("%s", sentence(err))
	}
	if f.Version != Version {
		return nil, invalid("version: must be %d, not %d: this is the only format that this program knows", Version, f.Version)
	}
	return f, f.check()
}

// plain refuses anchors, which can make much of little, and a second document, which nobody would look at.
func plain(b []byte) error {
	d := yaml.NewDecoder(bytes.NewReader(b))
	var n yaml.Node
	if err := d.Decode(&n); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		return invalid("%s", sentence(err))
	}
	if err := noAlias(&n); err != nil {
		return err
	}
	if err := d.Decode(&yaml.Node{}); !errors.Is(err, io.EOF) {
		return invalid("the file has more than one document")
	}
	return nil
}

func noAlias(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return invalid("line %d: anchors and aliases are not taken; write it out", n.Line)
	}
	for _, c := range n.Content {
		if err := noAlias(c); err != nil {
			return err
		}
	}
	return nil
}

// sentence says what is wrong in the words of the file's writer.
func sentence(err error) string {
	var te *yaml.TypeError
	if !errors.As(err, &te) || len(te.Errors) == 0 {
		return strings.TrimPrefix(err.Error(), "yaml: ")
	}
	text := te.Errors[0]
	if line, rest, ok := strings.Cut(text, ": field "); ok {
		if name, _, ok := strings.Cut(rest, " not found in type"); ok {
			return line + ": unknown key \"" + name + "\""
		}
	}
	// The value may be a secret that somebody wrote where a reference belongs.
	if line, _, ok := strings.Cut(text, ": cannot unmarshal "); ok {
		return line + ": a value of another kind belongs here"
	}
	return text
}

func (f *File) check() error {
	if err := unique("Transporter", f.Transporters, (*Transporter).name, (*Transporter).check); err != nil {
		return err
	}
	if err := unique("account", f.Accounts, (*Account).name, (*Account).check); err != nil {
		return err
	}
	if err := unique("repository", f.Repositories, (*Repository).name, (*Repository).check); err != nil {
		return err
	}
	if err := unique("job", f.Jobs, (*Job).name, (*Job).check); err != nil {
		return err
	}
	if err := unique("drill", f.Drills, (*Drill).name, (*Drill).check); err != nil {
		return err
	}
	if err := f.Notifications.check(); err != nil {
		return err
	}
	return f.Backup.check()
}

// unique checks the objects of a section and that no two have the same name.
func unique[T any](kind string, list []T, name func(*T) string, check func(*T) error) error {
	seen := map[string]bool{}
	for i := range list {
		n := name(&list[i])
		switch {
		case strings.TrimSpace(n) == "":
			return invalid("%s %d has no name", kind, i+1)
		case strings.HasPrefix(n, idPrefix):
			return invalid("%s %q: a name that begins with %q cannot be told from an id", kind, n, idPrefix)
		case seen[key(n)]:
			return invalid("two of the kind %s are called %q", kind, n)
		}
		seen[key(n)] = true
		if err := check(&list[i]); err != nil {
			return invalid("%s %q: %w", kind, n, err)
		}
	}
	return nil
}
