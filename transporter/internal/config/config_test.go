package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/pflag"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/config"
)

// read reads settings from arguments, an environment and the text of a file.
func read(t *testing.T, args []string, env map[string]string, file string) (config.Settings, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Register(flags)
	if file != "" {
		path := filepath.Join(t.TempDir(), "transporter.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Read(flags, func(key string) (string, bool) {
		v, ok := env[key]
		return v, ok
	})
}

func TestFlagsGoBeforeTheEnvironmentBeforeTheFile(t *testing.T) {
	s, err := read(t, []string{"--data-dir", "/flag"},
		map[string]string{"HOLDFAST_TRANSPORTER_DATA_DIR": "/env", "HOLDFAST_TRANSPORTER_MAX_TASKS": "5"},
		"data_dir: /file\nmax_tasks: 3\ndrain_timeout: 2m # long\ntransfer_port_first: 9500\nlog_level: debug\n")
	if err != nil {
		t.Fatal(err)
	}
	o := s.Options
	if o.DataDir != "/flag" || o.MaxTasks != 5 || o.DrainTimeout != 2*time.Minute || o.TransferPortFirst != 9500 || s.LogLevel != hclog.Debug {
		t.Errorf("got %+v, level %v", o, s.LogLevel)
	}
}

func TestWithoutSettingsThereAreDefaults(t *testing.T) {
	for _, file := range []string{"", "# nothing\n", "---\n"} {
		s, err := read(t, nil, nil, file)
		if err != nil || s.Options.DataDir != config.DefaultDataDir() || s.LogLevel != hclog.Info {
			t.Errorf("%q: got %+v, %v", file, s, err)
		}
	}
}

func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	_, err := read(t, []string{"--max-tasks", "many"}, map[string]string{"HOLDFAST_TRANSPORTER_LOG_FORMAT": "xml"},
		"data_dri: /typo\nmax_tasks: [1]\ncontrol_address: nonsense\ndata_dir: /a\ndrain_timeout: soon\n")
	if !errors.Is(err, fault.Invalid) {
		t.Fatalf("got %v, want Invalid", err)
	}
	for _, want := range []string{
		`line 1: there is no setting "data_dri"`, "line 2: max_tasks needs one value", `line 5: drain_timeout: "soon"`,
		`--max-tasks: "many"`, `HOLDFAST_TRANSPORTER_LOG_FORMAT: "xml"`, `"nonsense" is no address`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
}
