package transporter

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	"holdfast/pkg/version"
)

// Options make a Transporter. Zero means default.
type Options struct {
	// DataDir holds identity and journals; made if missing. Required, absolute or relative to the working folder.
	DataDir string
	// ControlAddress is what the Director dials, "host:port" or ":port"; default ":9446".
	ControlAddress string
	// TransferHost is the address that transfer ports are bound to; default the host of ControlAddress.
	TransferHost string
	// TransferPortFirst and TransferPortLast bound the ports opened for other Transporters; default 9448 to 10000.
	TransferPortFirst int
	TransferPortLast  int
	// MaxTasks is how many tasks run at once; more wait. Default 8.
	MaxTasks int
	// DrainTimeout is how long running tasks may take to reach a checkpoint at shutdown; default 30 s.
	DrainTimeout time.Duration
	// MetricsAddress serves Prometheus metrics and health on http://ADDRESS/metrics and /healthz; default off.
	MetricsAddress string
	// Version is told to the Director; default that of the build.
	Version string
	// CodeWriter gets the pairing code while the Transporter waits for its Director; default nowhere (it is also in
	// DataDir/pairing-code).
	CodeWriter io.Writer
	// Logger default none.
	Logger hclog.Logger
	// Now default time.Now.
	Now func() time.Time
}

func (o Options) withDefaults() Options {
	if o.ControlAddress == "" {
		o.ControlAddress = ":9446"
	}
	if o.TransferHost == "" {
		o.TransferHost, _, _ = net.SplitHostPort(o.ControlAddress)
	}
	if o.TransferPortFirst == 0 {
		o.TransferPortFirst = 9448
	}
	if o.TransferPortLast == 0 {
		o.TransferPortLast = max(10000, o.TransferPortFirst)
	}
	if o.MaxTasks == 0 {
		o.MaxTasks = 8
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 30 * time.Second
	}
	if o.Version == "" {
		o.Version = version.Version
	}
	if o.CodeWriter == nil {
		o.CodeWriter = io.Discard
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Validate reports everything that is wrong with the options, as Invalid faults joined.
func (o Options) Validate() error {
	o = o.withDefaults()
	var all []error
	wrong := func(field, format string, args ...any) { all = append(all, fault.InvalidField(field, format, args...)) }
	if strings.TrimSpace(o.DataDir) == "" {
		wrong("data_dir", "the data folder is not given")
	} else if strings.ContainsRune(o.DataDir, 0) || filepath.Clean(o.DataDir) == string(filepath.Separator) {
		wrong("data_dir", "%q cannot be a data folder", o.DataDir)
	}
	for _, a := range []struct{ field, value string }{
		{"control_address", o.ControlAddress}, {"metrics_address", o.MetricsAddress},
	} {
		if a.value == "" {
			continue
		}
		if _, port, err := net.SplitHostPort(a.value); err != nil {
			wrong(a.field, "%q is no address: write host:port or :port", a.value)
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			wrong(a.field, "%q is no port", port)
		}
	}
	for _, p := range []struct {
		field string
		value int
	}{{"transfer_port_first", o.TransferPortFirst}, {"transfer_port_last", o.TransferPortLast}} {
		if p.value < 1 || p.value > 65535 {
			wrong(p.field, "%d is no port", p.value)
		}
	}
	if o.TransferPortFirst > o.TransferPortLast {
		wrong("transfer_port_last", "the last transfer port (%d) lies before the first (%d)", o.TransferPortLast, o.TransferPortFirst)
	}
	if o.MaxTasks < 0 || o.MaxTasks > 1000 {
		wrong("max_tasks", "%d tasks at once are not possible: 1 to 1,000", o.MaxTasks)
	}
	if o.DrainTimeout < 0 {
		wrong("drain_timeout", "the time to drain cannot be negative")
	}
	return errors.Join(all...)
}
