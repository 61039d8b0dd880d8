// Package settings reads what a program is set to: from flags, else the environment (HOLDFAST_DIRECTOR_…), else a strict YAML
// file, else defaults. Each setting has one name in three spellings: --data-dir, HOLDFAST_DIRECTOR_DATA_DIR, data_dir. An
// unknown key in the file is an error, so that a typing error cannot silently mean a default.
package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"holdfast/pkg/fault"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// Setting is one setting of a program whose options are an O; Set takes what a person wrote.
type Setting[O any] struct {
	// Name is that of the flag.
	Name, Usage string
	Set         func(*O, string) error
}

func (s *Setting[O]) key() string { return strings.ReplaceAll(s.Name, "-", "_") }

// Program is what can be set of a program. How it logs is among it without being named.
type Program[O any] struct {
	// Name is part of the names of variables and of the log: "director".
	Name string
	List []Setting[O]
	// Check reports what is wrong with options as a whole.
	Check func(*O) error
}

// Settings are the options of a program and how it logs.
type Settings[O any] struct {
	Options   O
	LogLevel  hclog.Level
	LogFormat string // "text" or "json"
	// Program is the program's name.
	Program string
}

// Text returns a Set that takes the text as it is.
func Text[O any](field func(*O) *string) func(*O, string) error {
	return func(o *O, v string) error {
		*field(o) = v
		return nil
	}
}

// Number returns a Set that takes whole numbers.
func Number[O any](field func(*O) *int) func(*O, string) error {
	return func(o *O, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", v)
		}
		*field(o) = n
		return nil
	}
}

// Duration returns a Set that takes durations as Go writes them.
func Duration[O any](field func(*O) *time.Duration) func(*O, string) error {
	return func(o *O, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 30s or 2m", v)
		}
		*field(o) = d
		return nil
	}
}

// all returns the settings of the program with those of its log.
func (p *Program[O]) all() []Setting[Settings[O]] {
	var list []Setting[Settings[O]]
	for _, s := range p.List {
		list = append(list, Setting[Settings[O]]{s.Name, s.Usage, func(all *Settings[O], v string) error { return s.Set(&all.Options, v) }})
	}
	return append(list,
		Setting[Settings[O]]{"log-level", "trace, debug, info, warn or error (default info)", logLevel[O]},
		Setting[Settings[O]]{"log-format", "text or json (default text)", logFormat[O]},
	)
}

func logLevel[O any](s *Settings[O], v string) error {
	if s.LogLevel = hclog.LevelFromString(v); s.LogLevel == hclog.NoLevel {
		return fmt.Errorf("%q is none of trace, debug, info, warn, error", v)
	}
	return nil
}

func logFormat[O any](s *Settings[O], v string) error {
	if v != "text" && v != "json" {
		return fmt.Errorf("%q is neither text nor json", v)
	}
	s.LogFormat = v
	return nil
}

// variable returns the name of a variable of the environment.
func (p *Program[O]) variable(key string) string {
	return "HOLDFAST_" + strings.ToUpper(p.Name) + "_" + strings.ToUpper(key)
}

// Register adds a flag for each setting, and --config.
func (p *Program[O]) Register(flags *pflag.FlagSet) {
	flags.String("config", "", "YAML file with settings ("+p.variable("config")+")")
	for _, s := range p.all() {
		flags.String(s.Name, "", s.Usage+" ("+p.variable(s.key())+")")
	}
}

// Read returns the settings from parsed flags, the environment (os.LookupEnv, or a test's own) and the file that they
// name, and defaults where these say nothing. It reports everything that is wrong at once, each as Invalid.
func (p *Program[O]) Read(flags *pflag.FlagSet, lookup func(string) (string, bool), defaults O) (Settings[O], error) {
	s := Settings[O]{Options: defaults, LogLevel: hclog.Info, LogFormat: "text", Program: p.Name}
	list := p.all()
	var wrong []error
	path, _ := flags.GetString("config")
	if v, ok := lookup(p.variable("config")); ok && !flags.Changed("config") {
		path = v
	}
	if path != "" {
		data, err := readFile(path)
		if err != nil {
			return s, err
		}
		wrong = append(wrong, applyFile(&s, list, path, data)...)
	}
	for _, one := range list {
		where, value, ok := "--"+one.Name, "", false
		if flags.Changed(one.Name) {
			value, _ = flags.GetString(one.Name)
			ok = true
		} else if value, ok = lookup(p.variable(one.key())); ok {
			where = p.variable(one.key())
		}
		if !ok {
			continue
		}
		if err := one.Set(&s, value); err != nil {
			wrong = append(wrong, fault.InvalidField(one.key(), "%s: %w", where, err))
		}
	}
	if err := p.Check(&s.Options); err != nil {
		wrong = append(wrong, err)
	}
	return s, errors.Join(wrong...)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the configuration: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the configuration: %w", err)
	}
	if len(data) > maxFile {
		return nil, fault.New(fault.Invalid, "the configuration %s is larger than %d bytes", path, maxFile)
	}
	return data, nil
}

// applyFile takes the settings of a file.
func applyFile[S any](s *S, list []Setting[S], path string, data []byte) []error {
	wrong := func(line int, format string, args ...any) error {
		return fault.New(fault.Invalid, "%s, line %d: %s", path, line, fmt.Sprintf(format, args...))
	}
	var doc yaml.Node
	switch err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return []error{fault.New(fault.Invalid, "%s: %w", path, err)}
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		if len(doc.Content) == 1 && doc.Content[0].Tag == "!!null" {
			return nil
		}
		return []error{wrong(doc.Line, "the file must be a list of “key: value” lines")}
	}
	var all []error
	seen := map[string]bool{}
	for pair := range slices.Chunk(doc.Content[0].Content, 2) {
		key, value := pair[0], pair[1]
		i := slices.IndexFunc(list, func(one Setting[S]) bool { return one.key() == key.Value })
		switch {
		case i < 0:
			all = append(all, wrong(key.Line, "there is no setting %q; there are: %s", key.Value, strings.Join(keys(list), ", ")))
		case seen[key.Value]:
			all = append(all, wrong(key.Line, "%s is given twice", key.Value))
		case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
			all = append(all, wrong(value.Line, "%s needs one value", key.Value))
		default:
			seen[key.Value] = true
			if err := list[i].Set(s, value.Value); err != nil {
				all = append(all, wrong(value.Line, "%s: %v", key.Value, err))
			}
		}
	}
	return all
}

func keys[S any](list []Setting[S]) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].key()
	}
	return out
}

// DataDir returns where a service keeps its data on this system, by its name as in Program.
func DataDir(name string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "Holdfast", strings.ToUpper(name[:1])+name[1:])
	}
	return "/var/lib/holdfast-" + name
}

// Logger returns a logger to w as the settings say.
func (s *Settings[O]) Logger(w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name: s.Program, Level: s.LogLevel, Output: w, JSONFormat: s.LogFormat == "json",
		TimeFn: func() time.Time { return time.Now().UTC() }, TimeFormat: "2006-01-02T15:04:05.000Z07:00",
	})
}
