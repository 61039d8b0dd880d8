// Package config says what can be set of a Director; package settings reads it.
package config

import (
	"strings"
	"time"

	"github.com/spf13/pflag"

	"holdfast/director"
	"holdfast/pkg/settings"
)

// Settings are the options of a Director and how it logs.
type Settings = settings.Settings[director.Options]

// options shortens the list below.
type options = director.Options

var program = settings.Program[options]{
	Name: "director", Check: func(o *options) error { return o.Validate() },
	List: []settings.Setting[options]{
		{Name: "data-dir", Usage: "folder for everything that the Director keeps (default " + DefaultDataDir() + ")", Set: settings.Text(func(o *options) *string { return &o.DataDir })},
		{Name: "address", Usage: "address of API and web pages (default :4443)", Set: settings.Text(func(o *options) *string { return &o.Address })},
		{Name: "certificate-file", Usage: "certificate for HTTPS, PEM (default: a self-signed one)", Set: settings.Text(func(o *options) *string { return &o.CertificateFile })},
		{Name: "private-key-file", Usage: "private key of the certificate, PEM", Set: settings.Text(func(o *options) *string { return &o.PrivateKeyFile })},
		{Name: "extra-names", Usage: "names for the self-signed certificate besides this machine's, separated by commas", Set: names},
		{Name: "key-file", Usage: "key that seals secrets (default: director.key in the data folder)", Set: settings.Text(func(o *options) *string { return &o.KeyFile })},
		{Name: "metrics-address", Usage: "address for metrics and health over plain HTTP (default off)", Set: settings.Text(func(o *options) *string { return &o.MetricsAddress })},
		{Name: "drain-timeout", Usage: "time for calls to end at shutdown (default 15s)", Set: settings.Duration(func(o *options) *time.Duration { return &o.DrainTimeout })},
		{Name: "status-every", Usage: "how often Transporters are asked for their state (default 10s)", Set: settings.Duration(func(o *options) *time.Duration { return &o.StatusEvery })},
		{Name: "retry-limit", Usage: "temporary faults in a row that end a task (default 10)", Set: settings.Number(func(o *options) *int { return &o.Retry.Limit })},
		{Name: "retry-base", Usage: "wait after the first temporary fault, doubled with each (default 3s)", Set: settings.Duration(func(o *options) *time.Duration { return &o.Retry.Base })},
		{Name: "retry-max", Usage: "longest wait between attempts (default 2m)", Set: settings.Duration(func(o *options) *time.Duration { return &o.Retry.Max })},
		{Name: "start-wait", Usage: "how long a run waits for a first Transporter to be reached (default 10m)", Set: settings.Duration(func(o *options) *time.Duration { return &o.Retry.StartWait })},
		{Name: "lost-after", Usage: "how long a working Transporter may be out of reach (default 2h)", Set: settings.Duration(func(o *options) *time.Duration { return &o.Retry.LostAfter })},
	},
}

func names(o *options, v string) error {
	o.ExtraNames = nil
	for name := range strings.SplitSeq(v, ",") {
		if name = strings.TrimSpace(name); name != "" {
			o.ExtraNames = append(o.ExtraNames, name)
		}
	}
	return nil
}

// Register adds a flag for each setting, and --config.
func Register(flags *pflag.FlagSet) { program.Register(flags) }

// Read returns the settings from parsed flags, the environment (os.LookupEnv, or a test's own) and the file that they
// name. It reports everything that is wrong at once.
func Read(flags *pflag.FlagSet, lookup func(string) (string, bool)) (Settings, error) {
	return program.Read(flags, lookup, options{DataDir: DefaultDataDir()})
}

// DefaultDataDir returns where a service keeps its data on this system.
func DefaultDataDir() string { return settings.DataDir("director") }
