package graphsim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// CompareOptions says what may differ between an original and its restored copy.
type CompareOptions struct {
	// Ignore fields of messages by their JSON name ("headersSha256", "attachments.contentType").
	Ignore []string
	// Folder maps paths of the original to those expected of the copy, for recoveries to another place. Default: the same.
	Folder func(path string) string
	// ExtraFine does not list messages that the copy has more.
	ExtraFine bool
	// NoFolders compares messages only.
	NoFolders bool
	// MessagesIn limits the comparison to messages of the original for which it returns true. Default: all.
	MessagesIn func(*TruthMessage) bool
	// Plain expects of the copy what Graph can write: meeting messages come back as plain ones (contract 6.1), reference
	// attachments are missing (6.4).
	Plain bool
}

// Difference is one thing that is not as it was. Kind is "missing", "extra" or "differs".
type Difference struct {
	Kind    string `json:"kind"`
	Path    string `json:"path"`
	Message string `json:"message,omitempty"` // internet message id; empty for a folder
	Field   string `json:"field,omitempty"`
	Want    string `json:"want,omitempty"`
	Got     string `json:"got,omitempty"`
}

func (d Difference) String() string {
	path := strings.ReplaceAll(d.Path, PathSeparator, " › ")
	if d.Kind == "differs" {
		return fmt.Sprintf("%s %s: %s is %s, was %s", path, d.Message, d.Field, d.Got, d.Want)
	}
	return fmt.Sprintf("%s %s: %s", path, d.Message, d.Kind)
}

// Compare lists, field by field, how got departs from want. Messages are matched by folder, internet message id and
// time, and among several of the same by likeness; ids and times of creation and change do not count.
func Compare(want, got []TruthLine, o CompareOptions) []Difference {
	var out []Difference
	if !o.NoFolders {
		out = compareFolders(want, got, o)
	}
	left := map[string][]map[string]any{}
	var order []string
	for _, l := range got {
		if l.Message == nil {
			continue
		}
		k := matchKey(l.Message.Path, l.Message)
		if left[k] == nil {
			order = append(order, k)
		}
		left[k] = append(left[k], fields(l.Message, o))
	}
	for _, l := range want {
		m := l.Message
		if m == nil || (o.MessagesIn != nil && !o.MessagesIn(m)) {
			continue
		}
		path := o.path(m.Path)
		k := matchKey(path, m)
		f := fields(m, o)
		f["path"] = path
		i := closest(f, left[k])
		if i < 0 {
			out = append(out, Difference{Kind: "missing", Path: path, Message: m.InternetMessageID})
			continue
		}
		out = append(out, fieldDifferences(path, m.InternetMessageID, "", f, left[k][i])...)
		left[k] = slices.Delete(left[k], i, i+1)
	}
	if o.ExtraFine {
		return out
	}
	for _, k := range order {
		for _, f := range left[k] {
			id, _ := f["internetMessageId"].(string)
			path, _ := f["path"].(string)
			out = append(out, Difference{Kind: "extra", Path: path, Message: id})
		}
	}
	return out
}

func (o *CompareOptions) path(p string) string {
	if o.Folder == nil {
		return p
	}
	return o.Folder(p)
}

func matchKey(path string, m *TruthMessage) string {
	return path + "\x00" + m.InternetMessageID + "\x00" + m.Received.UTC().Format(time.RFC3339)
}

func compareFolders(want, got []TruthLine, o CompareOptions) []Difference {
	have := map[string]*TruthFolder{}
	for _, l := range got {
		if l.Folder != nil {
			have[l.Folder.Path] = l.Folder
		}
	}
	var out []Difference
	for _, l := range want {
		f := l.Folder
		if f == nil || f.Search {
			continue
		}
		path := o.path(f.Path)
		g := have[path]
		if g == nil {
			out = append(out, Difference{Kind: "missing", Path: path})
		} else if f.Hidden != g.Hidden {
			out = append(out, Difference{Kind: "differs", Path: path, Field: "hidden", Want: fmt.Sprint(f.Hidden), Got: fmt.Sprint(g.Hidden)})
		}
	}
	return out
}

// fields is a message as JSON has it, without what does not count.
func fields(m *TruthMessage, o CompareOptions) map[string]any {
	c := stripped(m)
	if o.Plain {
		plain(c)
	}
	p, err := json.Marshal(c)
	out := map[string]any{}
	if err == nil {
		err = json.Unmarshal(p, &out)
	}
	if err != nil {
		panic(err) // plain values: cannot happen
	}
	for _, name := range o.Ignore {
		drop(out, strings.Split(name, "."))
	}
	return out
}

func plain(m *TruthMessage) {
	m.Type, m.Extended = "", nil
	m.Attachments = slices.DeleteFunc(slices.Clone(m.Attachments), func(a TruthAttachment) bool { return a.Kind == "reference" })
	m.HasAttachments = slices.ContainsFunc(m.Attachments, func(a TruthAttachment) bool { return !a.Inline })
	for i := range m.Attachments {
		if m.Attachments[i].Item != nil {
			plain(m.Attachments[i].Item)
		}
	}
}

func drop(v any, path []string) {
	switch v := v.(type) {
	case map[string]any:
		if len(path) == 1 {
			delete(v, path[0])
			return
		}
		drop(v[path[0]], path[1:])
	case []any:
		for _, e := range v {
			drop(e, path)
		}
	}
}

// closest is the candidate with the fewest differences; -1 without any.
func closest(want map[string]any, candidates []map[string]any) int {
	best, least := -1, 0
	for i, c := range candidates {
		n := len(fieldDifferences("", "", "", want, c))
		if best < 0 || n < least {
			best, least = i, n
		}
	}
	return best
}

func fieldDifferences(path, id, prefix string, want, got any) []Difference {
	if reflect.DeepEqual(want, got) {
		return nil
	}
	w, ok1 := want.(map[string]any)
	g, ok2 := got.(map[string]any)
	if ok1 && ok2 {
		var out []Difference
		for _, name := range keys(w, g) {
			out = append(out, fieldDifferences(path, id, strings.TrimPrefix(prefix+"."+name, "."), w[name], g[name])...)
		}
		return out
	}
	a, ok1 := want.([]any)
	b, ok2 := got.([]any)
	if ok1 && ok2 && len(a) == len(b) {
		var out []Difference
		for i := range a {
			out = append(out, fieldDifferences(path, id, fmt.Sprintf("%s[%d]", prefix, i), a[i], b[i])...)
		}
		return out
	}
	return []Difference{{Kind: "differs", Path: path, Message: id, Field: prefix, Want: show(want), Got: show(got)}}
}

func keys(a, b map[string]any) []string {
	var out []string
	for k := range a {
		out = append(out, k)
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

func show(v any) string {
	p, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(p)
}
