package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// The values of --output.
const (
	asTable = "table"
	asJSON  = "json"
	asYAML  = "yaml"
)

// format returns the wished output: flag, environment, file, table.
func (a *app) format() (string, error) {
	f := first(a.flags.output, a.Getenv("HOLDFAST_OUTPUT"))
	if f == "" {
		cfg, err := a.loadConfig()
		if err != nil {
			return "", err
		}
		f = first(cfg.Output, asTable)
	}
	switch f {
	case asTable, asJSON, asYAML:
		return f, nil
	}
	return "", usagef("--output must be table, json or yaml, not %q", f)
}

// print writes the API's own message as one document, or calls text for people.
func (a *app) print(m proto.Message, text func() error) error {
	f, err := a.format()
	if err != nil {
		return err
	}
	if f == asTable {
		return text()
	}
	return a.printMessage(m, f, false)
}

// printMessage writes m as JSON or YAML; in a stream of messages each JSON is one line.
func (a *app) printMessage(m proto.Message, format string, stream bool) error {
	b, err := document(m, format, stream)
	if err == nil {
		_, err = a.Stdout.Write(b)
	}
	return err
}

func document(m proto.Message, format string, stream bool) ([]byte, error) {
	raw, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if format == asYAML {
		if stream {
			out.WriteString("---\n")
		}
		err = toYAML(&out, raw)
		return out.Bytes(), err
	}
	// protojson varies its spaces on purpose; scripts and golden files want them the same.
	if stream {
		err = json.Compact(&out, raw)
	} else {
		err = json.Indent(&out, raw, "", "  ")
	}
	out.WriteByte('\n')
	return out.Bytes(), err
}

// toYAML writes a JSON document, which is YAML too, in block style and in the same order.
func toYAML(w io.Writer, raw []byte) error {
	var n yaml.Node
	if err := yaml.Unmarshal(raw, &n); err != nil {
		return err
	}
	blockStyle(&n)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(&n); err != nil {
		return err
	}
	return e.Close()
}

func blockStyle(n *yaml.Node) {
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		if len(n.Content) > 0 {
			n.Style = 0
		}
	} else if n.Tag == "!!str" {
		n.Style = 0
	}
	for _, c := range n.Content {
		blockStyle(c)
	}
}

// say writes a sentence for people to standard output.
func (a *app) say(format string, args ...any) error {
	_, err := fmt.Fprintln(a.Stdout, clean(fmt.Sprintf(format, args...)))
	return err
}

// note writes a sentence beside the output, to standard error.
func (a *app) note(format string, args ...any) {
	fmt.Fprintln(a.Stderr, clean(fmt.Sprintf(format, args...)))
}

// done prints m, or the sentence.
func (a *app) done(m proto.Message, format string, args ...any) error {
	return a.print(m, func() error { return a.say(format, args...) })
}

// list prints m as a table, or says what to do when there is nothing in it.
func (a *app) list(m proto.Message, t *table, empty string) error {
	return a.print(m, func() error {
		if len(t.rows) == 0 {
			a.note("%s", empty)
			return nil
		}
		return t.write(a.Stdout, a.Width())
	})
}

// facts prints names and values, one a line.
type facts [][2]string

func (f *facts) add(name, format string, args ...any) {
	*f = append(*f, [2]string{name, fmt.Sprintf(format, args...)})
}

// some adds the fact when there is something to say.
func (f *facts) some(name, value string) {
	if value != "" && value != "-" {
		f.add(name, "%s", value)
	}
}

func (f facts) write(w io.Writer) error {
	n := 0
	for _, p := range f {
		n = max(n, cellWidth(p[0]))
	}
	var b strings.Builder
	for _, p := range f {
		fmt.Fprintf(&b, "%s%s  %s\n", p[0], strings.Repeat(" ", n-cellWidth(p[0])), clean(p[1]))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
