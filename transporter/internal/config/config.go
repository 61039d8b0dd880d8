// Package config reads a Transporter's settings: from flags, else the environment (HOLDFAST_TRANSPORTER_…), else a strict
// YAML file, else defaults. Each setting has one name in three spellings: --data-dir, HOLDFAST_TRANSPORTER_DATA_DIR,
// data_dir. An unknown key in the file is an error, so that a typing error cannot silently mean a default.
package config

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
	"holdfast/transporter"
)

const environment = "HOLDFAST_TRANSPORTER_"

// Settings are the options of a Transporter and how it logs.
type Settings struct {
	Options   transporter.Options
	LogLevel  hclog.Level
	LogFormat string // "text" or "json"
}

// setting is one setting; set takes what a person wrote.
type setting struct {
	name  string // as a flag
	usage string
	set   func(*Settings, string) error
}

func (s setting) env() string { return environment + strings.ToUpper(s.key()) }
func (s setting) key() string { return strings.ReplaceAll(s.name, "-", "_") }

var settings = []setting{
	{"data-dir", "folder for identity and journals (default " + DefaultDataDir() + ")", text(func(s *Settings) *string { return &s.Options.DataDir })},
	{"control-address", "address that the Director dials (default :9446)", text(func(s *Settings) *string { return &s.Options.ControlAddress })},
	{"transfer-host", "address for transfer ports (default: the host of the control address)", text(func(s *Settings) *string { return &s.Options.TransferHost })},
	{"transfer-port-first", "first port for other Transporters (default 9448)", number(func(s *Settings) *int { return &s.Options.TransferPortFirst })},
	{"transfer-port-last", "last port for other Transporters (default 10000)", number(func(s *Settings) *int { return &s.Options.TransferPortLast })},
	{"max-tasks", "tasks at once; more wait (default 8)", number(func(s *Settings) *int { return &s.Options.MaxTasks })},
	{"drain-timeout", "time for tasks to reach a checkpoint at shutdown (default 30s)", duration(func(s *Settings) *time.Duration { return &s.Options.DrainTimeout })},
	{"metrics-address", "address for Prometheus metrics and health (default off)", text(func(s *Settings) *string { return &s.Options.MetricsAddress })},
	{"log-level", "trace, debug, info, warn or error (default info)", logLevel},
	{"log-format", "text or json (default text)", logFormat},
}

func text(field func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, v string) error {
		*field(s) = v
		return nil
	}
}

func number(field func(*Settings) *int) func(*Settings, string) error {
	return func(s *Settings, v string) error {
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", v)
		}
		*field(s) = n
		return nil
	}
}

func duration(field func(*Settings) *time.Duration) func(*Settings, string) error {
	return func(s *Settings, v string) error {
		d, err := time.ParseDuration(v)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 30s or 2m", v)
		}
		*field(s) = d
		return nil
	}
}

func logLevel(s *Settings, v string) error {
	if s.LogLevel = hclog.LevelFromString(v); s.LogLevel == hclog.NoLevel {
		return fmt.Errorf("%q is none of trace, debug, info, warn, error", v)
	}
	return nil
}

func logFormat(s *Settings, v string) error {
	if v != "text" && v != "json" {
		return fmt.Errorf("%q is neither text nor json", v)
	}
	s.LogFormat = v
	return nil
}

// Register adds a flag for each setting, and --config.
func Register(flags *pflag.FlagSet) {
	flags.String("config", "", "YAML file with settings ("+environment+"CONFIG)")
	for _, s := range settings {
		flags.String(s.name, "", s.usage+" ("+s.env()+")")
	}
}

// Read returns the settings from parsed flags, the environment (os.LookupEnv, or a test's own) and the file that they
// name. It reports everything that is wrong at once.
func Read(flags *pflag.FlagSet, lookup func(string) (string, bool)) (Settings, error) {
	s := Settings{Options: transporter.Options{DataDir: DefaultDataDir()}, LogLevel: hclog.Info, LogFormat: "text"}
	var all []error
	path, _ := flags.GetString("config")
	if v, ok := lookup(environment + "CONFIG"); ok && !flags.Changed("config") {
		path = v
	}
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return s, fault.New(fault.Invalid, "read the configuration: %w", err)
		}
		all = append(all, applyFile(&s, path, data)...)
	}
	for _, one := range settings {
		where, value, ok := "--"+one.name, "", false
		if flags.Changed(one.name) {
			value, _ = flags.GetString(one.name)
			ok = true
		} else if value, ok = lookup(one.env()); ok {
			where = one.env()
		}
		if !ok {
			continue
		}
		if err := one.set(&s, value); err != nil {
			all = append(all, fault.InvalidField(one.key(), "%s: %w", where, err))
		}
	}
	if err := s.Options.Validate(); err != nil {
		all = append(all, err)
	}
	return s, errors.Join(all...)
}

// applyFile takes the settings of a file.
func applyFile(s *Settings, path string, data []byte) []error {
	wrong := func(line int, format string, args ...any) error {
		return fault.New(fault.Invalid, "%s, line %d: %s", path, line, fmt.Sprintf(format, args...))
	}
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	switch err := decoder.Decode(&doc); {
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
		i := slices.IndexFunc(settings, func(one setting) bool { return one.key() == key.Value })
		switch {
		case i < 0:
			all = append(all, wrong(key.Line, "there is no setting %q; there are: %s", key.Value, strings.Join(keys(), ", ")))
		case seen[key.Value]:
			all = append(all, wrong(key.Line, "%s is given twice", key.Value))
		case value.Kind != yaml.ScalarNode || value.Tag == "!!null":
			all = append(all, wrong(value.Line, "%s needs one value", key.Value))
		default:
			seen[key.Value] = true
			if err := settings[i].set(s, value.Value); err != nil {
				all = append(all, wrong(value.Line, "%s: %v", key.Value, err))
			}
		}
	}
	return all
}

func keys() []string {
	names := make([]string, len(settings))
	for i, s := range settings {
		names[i] = s.key()
	}
	return names
}

// DefaultDataDir returns where a service keeps its data on this system.
func DefaultDataDir() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "Holdfast", "Transporter")
	}
	return "/var/lib/holdfast-transporter"
}

// Logger returns a logger to w as the settings say.
func (s Settings) Logger(w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name: "transporter", Level: s.LogLevel, Output: w, JSONFormat: s.LogFormat == "json",
		TimeFn: func() time.Time { return time.Now().UTC() }, TimeFormat: "2006-01-02T15:04:05.000Z07:00",
	})
}
