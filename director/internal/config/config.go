// Package config reads a Director's settings: from flags, else the environment (HOLDFAST_DIRECTOR_…), else a strict YAML
// file, else defaults. Each setting has one name in three spellings: --data-dir, HOLDFAST_DIRECTOR_DATA_DIR, data_dir. An
// unknown key in the file is an error, so that a typing error cannot silently mean a default.
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

	"holdfast/director"
	"holdfast/pkg/fault"
)

const environment = "HOLDFAST_DIRECTOR_"

// maxFile bounds the configuration file, in bytes.
const maxFile = 1 << 20

// Settings are the options of a Director and how it logs.
type Settings struct {
	Options   director.Options
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
	{"data-dir", "folder for everything that the Director keeps (default " + DefaultDataDir() + ")", text(func(s *Settings) *string { return &s.Options.DataDir })},
	{"address", "address of API and web pages (default :4443)", text(func(s *Settings) *string { return &s.Options.Address })},
	{"certificate-file", "certificate for HTTPS, PEM (default: a self-signed one)", text(func(s *Settings) *string { return &s.Options.CertificateFile })},
	{"private-key-file", "private key of the certificate, PEM", text(func(s *Settings) *string { return &s.Options.PrivateKeyFile })},
	{"extra-names", "names for the self-signed certificate besides this machine's, separated by commas", names},
	{"key-file", "key that seals secrets (default: director.key in the data folder)", text(func(s *Settings) *string { return &s.Options.KeyFile })},
	{"metrics-address", "address for metrics and health over plain HTTP (default off)", text(func(s *Settings) *string { return &s.Options.MetricsAddress })},
	{"drain-timeout", "time for calls to end at shutdown (default 15s)", duration(func(s *Settings) *time.Duration { return &s.Options.DrainTimeout })},
	{"status-every", "how often Transporters are asked for their state (default 10s)", duration(func(s *Settings) *time.Duration { return &s.Options.StatusEvery })},
	{"retry-limit", "temporary faults in a row that end a task (default 10)", number(func(s *Settings) *int { return &s.Options.Retry.Limit })},
	{"retry-base", "wait after the first temporary fault, doubled with each (default 3s)", duration(func(s *Settings) *time.Duration { return &s.Options.Retry.Base })},
	{"retry-max", "longest wait between attempts (default 2m)", duration(func(s *Settings) *time.Duration { return &s.Options.Retry.Max })},
	{"start-wait", "how long a run waits for a first Transporter to be reached (default 10m)", duration(func(s *Settings) *time.Duration { return &s.Options.Retry.StartWait })},
	{"lost-after", "how long a working Transporter may be out of reach (default 2h)", duration(func(s *Settings) *time.Duration { return &s.Options.Retry.LostAfter })},
	{"log-level", "trace, debug, info, warn or error (default info)", logLevel},
	{"log-format", "text or json (default text)", logFormat},
}

func text(field func(*Settings) *string) func(*Settings, string) error {
	return func(s *Settings, v string) error {
		*field(s) = v
		return nil
	}
}

func names(s *Settings, v string) error {
	s.Options.ExtraNames = nil
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.TrimSpace(name); name != "" {
			s.Options.ExtraNames = append(s.Options.ExtraNames, name)
		}
	}
	return nil
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
	s := Settings{Options: director.Options{DataDir: DefaultDataDir()}, LogLevel: hclog.Info, LogFormat: "text"}
	var all []error
	path, _ := flags.GetString("config")
	if v, ok := lookup(environment + "CONFIG"); ok && !flags.Changed("config") {
		path = v
	}
	if path != "" {
		data, err := readFile(path)
		if err != nil {
			return s, err
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
func applyFile(s *Settings, path string, data []byte) []error {
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
	list := make([]string, len(settings))
	for i, s := range settings {
		list[i] = s.key()
	}
	return list
}

// DefaultDataDir returns where a service keeps its data on this system.
func DefaultDataDir() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "Holdfast", "Director")
	}
	return "/var/lib/holdfast-director"
}

// Logger returns a logger to w as the settings say.
func (s Settings) Logger(w io.Writer) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{
		Name: "director", Level: s.LogLevel, Output: w, JSONFormat: s.LogFormat == "json",
		TimeFn: func() time.Time { return time.Now().UTC() }, TimeFormat: "2006-01-02T15:04:05.000Z07:00",
	})
}
