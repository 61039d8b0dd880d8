package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/spf13/pflag"

	"holdfast/director"
	"holdfast/director/internal/config"
	"holdfast/pkg/fault"
)

// read reads settings from a file's text, an environment and flags.
func read(t testing.TB, file string, environment map[string]string, args ...string) (config.Settings, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	config.Register(flags)
	if file != "" {
		path := filepath.Join(t.TempDir(), "director.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Read(flags, func(name string) (string, bool) { v, ok := environment[name]; return v, ok })
}

func TestFlagsGoBeforeEnvironmentBeforeFileBeforeDefaults(t *testing.T) {
	s, err := read(t, "address: file:1\ndata_dir: /file\nlog_level: debug\nextra_names: a.example.com, 192.0.2.1\nretry_limit: 4\n",
		map[string]string{"HOLDFAST_DIRECTOR_ADDRESS": "env:2", "HOLDFAST_DIRECTOR_DATA_DIR": "/env", "HOLDFAST_DIRECTOR_LOST_AFTER": "3h"},
		"--address", "flag:3")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Settings{
		LogLevel: hclog.Debug, LogFormat: "text", Program: "director",
		Options: director.Options{
			DataDir: "/env", Address: "flag:3", ExtraNames: []string{"a.example.com", "192.0.2.1"},
			Retry: director.Retry{Limit: 4, LostAfter: 3 * time.Hour},
		},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
}

func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	_, err := read(t, "adress: x\naddress:\n  - 1\ndrain_timeout: soon\n", map[string]string{"HOLDFAST_DIRECTOR_LOG_LEVEL": "loud"},
		"--metrics-address", "nowhere")
	if !errors.Is(err, fault.Invalid) {
		t.Fatalf("got %v", err)
	}
	for _, text := range []string{
		`line 1: there is no setting "adress"`, "line 3: address needs one value", `line 4: drain_timeout: "soon" is not a duration`,
		"HOLDFAST_DIRECTOR_LOG_LEVEL", `"nowhere" is no address`,
	} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not told in:\n%v", text, err)
		}
	}
	if _, err := read(t, "", nil, "--config", "/none/such.yaml"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := read(t, "address: a:1\naddress: b:2\n", nil); err == nil {
		t.Error("a setting given twice is taken")
	}
}
