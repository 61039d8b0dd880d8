package director

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/director/internal/dispatch"
	"holdfast/pkg/fault"
	"holdfast/pkg/version"
)

// Options make a Director. Zero means default.
type Options struct {
	// DataDir holds everything that the Director keeps; made if missing. Required.
	DataDir string
	// Address serves API and web pages over HTTPS, "host:port" or ":port"; default ":4443".
	Address string
	// CertificateFile and PrivateKeyFile (PEM) are what browsers and CLIs see; default a self-signed certificate that is
	// kept in DataDir. They are read again when they change.
	CertificateFile string
	PrivateKeyFile  string
	// ExtraNames are host names or addresses for the self-signed certificate, besides this machine's own.
	ExtraNames []string
	// KeyFile is the key under which secrets are sealed; default DataDir/director.key, made at the first start. A file
	// named here must be there.
	KeyFile string
	// MetricsAddress serves /metrics, /healthz and /readyz over plain HTTP besides; default off. On Address they are
	// always served; /metrics then needs a token.
	MetricsAddress string
	// DrainTimeout is how long calls may take to end at shutdown; default 15 s.
	DrainTimeout time.Duration
	// StatusEvery is how often Transporters are asked for their state; default 10 s.
	StatusEvery time.Duration
	// MeasureEvery is how often repositories are asked what they take; default 10 min.
	MeasureEvery time.Duration
	// Retry bounds how temporary faults are tried again.
	Retry Retry
	// Version is told to clients; default that of the build.
	Version string
	// Site is what those who sign in see as the name of this installation; default the name of this machine.
	Site string
	// Announce gets what a person at the console wants to know: the one-time password of the first start, once, and where
	// the Director serves. Default nowhere.
	Announce io.Writer
	// Logger default none.
	Logger hclog.Logger
	// RecentLog returns the last lines of the log for support bundles; without it they have none.
	RecentLog func() []byte
	// Now default time.Now.
	Now func() time.Time
}

// Retry bounds how tasks with temporary faults are tried again. Zero means default.
type Retry struct {
	// Limit is how many temporary faults in a row end a task; default 10.
	Limit int
	// Base is the wait after the first, doubled with each up to Max; default 3 s and 2 min.
	Base time.Duration
	Max  time.Duration
	// StartWait is how long a run waits for the first Transporter to be reached; default 10 min.
	StartWait time.Duration
	// LostAfter is how long a Transporter that works may be out of reach; default 2 h.
	LostAfter time.Duration
}

func (o Options) withDefaults() Options {
	if o.Address == "" {
		o.Address = ":4443"
	}
	if o.DrainTimeout == 0 {
		o.DrainTimeout = 15 * time.Second
	}
	if o.Version == "" {
		o.Version = version.Version
	}
	if o.Site == "" {
		o.Site, _ = os.Hostname() // A machine without a name has a site without one.
	}
	if o.Announce == nil {
		o.Announce = io.Discard
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func (o Options) dispatch() dispatch.Options {
	return dispatch.Options{
		RetryLimit: o.Retry.Limit, RetryBase: o.Retry.Base, RetryMax: o.Retry.Max, StartWait: o.Retry.StartWait,
		LostAfter: o.Retry.LostAfter,
	}
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
	for _, a := range []struct{ field, value string }{{"address", o.Address}, {"metrics_address", o.MetricsAddress}} {
		if a.value == "" {
			continue
		}
		if _, port, err := net.SplitHostPort(a.value); err != nil {
			wrong(a.field, "%q is no address: write host:port or :port", a.value)
		} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
			wrong(a.field, "%q is no port", port)
		}
	}
	if (o.CertificateFile == "") != (o.PrivateKeyFile == "") {
		wrong("certificate_file", "certificate_file and private_key_file belong together: give both or neither")
	}
	for _, name := range o.ExtraNames {
		if name == "" || strings.ContainsAny(name, " /:@") && net.ParseIP(name) == nil {
			wrong("extra_names", "%q is no host name or address", name)
		}
	}
	if o.Retry.Limit < 0 || o.Retry.Limit > 1000 {
		wrong("retry_limit", "%d attempts are not possible: 1 to 1,000", o.Retry.Limit)
	}
	for _, d := range []struct {
		field string
		value time.Duration
	}{
		{"drain_timeout", o.DrainTimeout},
		{"status_every", o.StatusEvery},
		{"retry_base", o.Retry.Base},
		{"retry_max", o.Retry.Max},
		{"start_wait", o.Retry.StartWait},
		{"lost_after", o.Retry.LostAfter},
	} {
		if d.value < 0 {
			wrong(d.field, "a time cannot be negative")
		}
	}
	return errors.Join(all...)
}
