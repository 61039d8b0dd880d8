package settings_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"github.com/spf13/pflag"

	"holdfast/pkg/fault"
	"holdfast/pkg/settings"
)

// lamp is what can be set of a program of the tests.
type lamp struct {
	Colour string
	Bulbs  int
	Turn   time.Duration
}

var program = settings.Program[lamp]{
	Name: "lamp",
	Check: func(l *lamp) error {
		if l.Bulbs > 9 {
			return fault.InvalidField("bulbs", "there is room for 9 bulbs")
		}
		return nil
	},
	List: []settings.Setting[lamp]{
		{Name: "lamp-colour", Usage: "colour", Set: settings.Text(func(l *lamp) *string { return &l.Colour })},
		{Name: "bulbs", Usage: "bulbs", Set: settings.Number(func(l *lamp) *int { return &l.Bulbs })},
		{Name: "turn", Usage: "time of one turn", Set: settings.Duration(func(l *lamp) *time.Duration { return &l.Turn })},
	},
}

// read reads settings from the text of a file, an environment and flags.
func read(t testing.TB, file string, environment map[string]string, args ...string) (settings.Settings[lamp], error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	program.Register(flags)
	if file != "" {
		path := filepath.Join(t.TempDir(), "lamp.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) { v, ok := environment[name]; return v, ok }
	return program.Read(flags, lookup, lamp{Colour: "white", Bulbs: 1, Turn: time.Second})
}

func TestFlagsGoBeforeTheEnvironmentBeforeTheFileBeforeDefaults(t *testing.T) {
	got, err := read(t, "lamp_colour: red\nbulbs: 2\nlog_level: debug\n", map[string]string{"HOLDFAST_LAMP_LAMP_COLOUR": "green", "HOLDFAST_LAMP_BULBS": "3"}, "--bulbs", "4")
	if err != nil {
		t.Fatal(err)
	}
	want := settings.Settings[lamp]{Options: lamp{"green", 4, time.Second}, LogLevel: hclog.Debug, LogFormat: "text", Program: "lamp"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheFileCanBeNamedInTheEnvironment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.yaml")
	if err := os.WriteFile(path, []byte("turn: 30s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := read(t, "", map[string]string{"HOLDFAST_LAMP_CONFIG": path})
	if err != nil || got.Options.Turn != 30*time.Second {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEverythingWrongIsToldAtOnce(t *testing.T) {
	_, err := read(t, "color: x\nlamp_colour:\n  - 1\nturn: soon\nbulbs: 10\n", map[string]string{"HOLDFAST_LAMP_LOG_LEVEL": "loud", "HOLDFAST_LAMP_LOG_FORMAT": "xml"}, "--turn", "late")
	if !errors.Is(err, fault.Invalid) {
		t.Fatalf("got %v", err)
	}
	for _, text := range []string{
		`line 1: there is no setting "color"; there are: lamp_colour, bulbs, turn, log_level, log_format`, "line 3: lamp_colour needs one value",
		`line 4: turn: "soon" is not a duration`, `HOLDFAST_LAMP_LOG_LEVEL: "loud"`, `HOLDFAST_LAMP_LOG_FORMAT: "xml"`, `--turn: "late"`, "room for 9 bulbs",
	} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q is not told in:\n%v", text, err)
		}
	}
}

func TestEmptyFilesAreGood(t *testing.T) {
	for _, text := range []string{"# nothing\n", "---\n", "{}\n"} {
		if _, err := read(t, text, nil); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestWhatIsNoFileOfSettingsIsRefused(t *testing.T) {
	for _, text := range []string{"just words\n", "- a\n- b\n", "a: b: c\n", "bulbs: 1\nbulbs: 2\n", "bulbs: many\n", strings.Repeat("#", 1<<20) + "\n"} {
		if _, err := read(t, text, nil); !errors.Is(err, fault.Invalid) {
			t.Errorf("%.20q: got %v, want Invalid", text, err)
		}
	}
	if _, err := read(t, "", nil, "--config", "/none/such.yaml"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestTheLogIsAsItIsSet(t *testing.T) {
	s, err := read(t, "", nil, "--log-format", "json", "--log-level", "warn")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	log := s.Logger(&out)
	log.Info("not told")
	log.Warn("told")
	if text := out.String(); strings.Contains(text, "not told") || !strings.Contains(text, `"@module":"lamp"`) || !strings.Contains(text, `"@message":"told"`) {
		t.Error(text)
	}
}

func FuzzFile(f *testing.F) {
	f.Add("bulbs: 3\nlamp_colour: a,b\n")
	f.Add("a: &x [*x]\n")
	f.Add("- 1\n")
	path := filepath.Join(f.TempDir(), "lamp.yaml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(t, "", map[string]string{"HOLDFAST_LAMP_CONFIG": path}); err != nil && !errors.Is(err, fault.Invalid) {
			t.Fatal(fmt.Errorf("not told as Invalid: %w", err))
		}
	})
}
