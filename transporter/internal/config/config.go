// Package config says what can be set of a Transporter; package settings reads it.
package config

import (
	"time"

	"github.com/spf13/pflag"

	"holdfast/pkg/settings"
	"holdfast/transporter"
)

// Settings are the options of a Transporter and how it logs.
type Settings = settings.Settings[transporter.Options]

// options shortens the list below.
type options = transporter.Options

var program = settings.Program[options]{
	Name: "transporter", Check: func(o *options) error { return o.Validate() },
	List: []settings.Setting[options]{
		{Name: "data-dir", Usage: "folder for identity and journals (default " + DefaultDataDir() + ")", Set: settings.Text(func(o *options) *string { return &o.DataDir })},
		{Name: "control-address", Usage: "address that the Director dials (default :9446)", Set: settings.Text(func(o *options) *string { return &o.ControlAddress })},
		{Name: "transfer-host", Usage: "address for transfer ports (default: the host of the control address)", Set: settings.Text(func(o *options) *string { return &o.TransferHost })},
		{Name: "transfer-port-first", Usage: "first port for other Transporters (default 9448)", Set: settings.Number(func(o *options) *int { return &o.TransferPortFirst })},
		{Name: "transfer-port-last", Usage: "last port for other Transporters (default 10000)", Set: settings.Number(func(o *options) *int { return &o.TransferPortLast })},
		{Name: "max-tasks", Usage: "tasks at once; more wait (default 8)", Set: settings.Number(func(o *options) *int { return &o.MaxTasks })},
		{Name: "drain-timeout", Usage: "time for tasks to reach a checkpoint at shutdown (default 30s)", Set: settings.Duration(func(o *options) *time.Duration { return &o.DrainTimeout })},
		{Name: "metrics-address", Usage: "address for Prometheus metrics and health (default off)", Set: settings.Text(func(o *options) *string { return &o.MetricsAddress })},
	},
}

// Register adds a flag for each setting, and --config.
func Register(flags *pflag.FlagSet) { program.Register(flags) }

// Read returns the settings from parsed flags, the environment (os.LookupEnv, or a test's own) and the file that they
// name. It reports everything that is wrong at once.
func Read(flags *pflag.FlagSet, lookup func(string) (string, bool)) (Settings, error) {
	return program.Read(flags, lookup, options{DataDir: DefaultDataDir()})
}

// DefaultDataDir returns where a service keeps its data on this system.
func DefaultDataDir() string { return settings.DataDir("transporter") }
