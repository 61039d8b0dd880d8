package configfile

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Difference is a field that changes. Nothing is "".
type Difference struct {
	Field string `json:"field"`
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
}

// field is a leaf of an object.
type field struct{ path, value string }

// fields are the leaves of an object without secrets, in the order of the file.
func fields(v any) []field {
	var n yaml.Node
	if err := n.Encode(v); err != nil {
		panic(err) // Only of types that YAML cannot write.
	}
	var out []field
	leaves("", &n, &out)
	return out
}

func leaves(path string, n *yaml.Node, out *[]field) {
	switch {
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			p := n.Content[i].Value
			if path != "" {
				p = path + "." + p
			}
			leaves(p, n.Content[i+1], out)
		}
	case n.Kind == yaml.SequenceNode && (len(n.Content) == 0 || n.Content[0].Kind != yaml.ScalarNode):
		for i, c := range n.Content {
			leaves(fmt.Sprintf("%s[%d]", path, i+1), c, out)
		}
	case n.Kind == yaml.SequenceNode:
		var list []string
		for _, c := range n.Content {
			list = append(list, c.Value)
		}
		*out = append(*out, field{path, "[" + strings.Join(list, ", ") + "]"})
	case n.Tag != "!!null":
		*out = append(*out, field{path, short(n.Value)})
	}
}

// short stands for a text of several lines, such as a certificate.
func short(s string) string {
	if !strings.Contains(s, "\n") {
		return s
	}
	return fmt.Sprintf("%d lines (%08x)", strings.Count(s, "\n"), crc32.ChecksumIEEE([]byte(s)))
}

// compare lists what differs: what is in next in its order, then what is only in was.
func compare(was, next []field) []Difference {
	old := make(map[string]string, len(was))
	for _, f := range was {
		old[f.path] = f.value
	}
	var out []Difference
	for _, f := range next {
		if v, ok := old[f.path]; !ok || v != f.value {
			out = append(out, Difference{f.path, v, f.value})
		}
		delete(old, f.path)
	}
	for _, f := range was {
		if v, ok := old[f.path]; ok {
			out = append(out, Difference{Field: f.path, Old: v})
		}
	}
	return out
}

// renewed is the line of a secret that is sent though it cannot be compared.
func renewed(what string) Difference { return Difference{what, "(kept)", "(sent anew)"} }

// find returns the object of that name.
func find[T interface{ GetName() string }](list []T, name string) (T, bool) {
	i := slices.IndexFunc(list, func(x T) bool { return key(x.GetName()) == key(name) })
	if i < 0 {
		var none T
		return none, false
	}
	return list[i], true
}
