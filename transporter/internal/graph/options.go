package graph

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/graph/governor"
)

// Options make a Client. Fields without a stated default are required.
type Options struct {
	Account  mail.AccountID // Holdfast's own name of the account
	Tenant   mail.TenantID
	ClientID string

	// Secret or Certificate, not both.
	Secret      Secret
	Certificate Certificate

	// Cloud of the tenant; default CloudGlobal.
	Cloud Cloud
	// Authority is the sign-in host ("https://login.microsoftonline.com") and Root the Graph root without a version
	// ("https://graph.microsoft.com"). Both are required with CloudCustom and refused with any other cloud.
	Authority string
	Root      string
	// CAs are trusted instead of the system's; default the system's.
	CAs *x509.CertPool
	// HTTPTransport carries all requests; default a new one that trusts CAs. Give the same to all clients of a process.
	HTTPTransport http.RoundTripper

	// Governors hold the limits that all clients of a process share; default a registry of the client's own.
	Governors *governor.Registry
	// Counter counts requests; default one of the client's own.
	Counter *Counter
	// Limits of this client's own patience.
	Limits Limits

	// Spool is the folder for attachments of attached messages that are too large to hold; default the system's for
	// temporary files.
	Spool string

	Now    func() time.Time // default time.Now
	Logger hclog.Logger     // default none
}

// Limits bound what a client asks for at once and how long it tries. A zero field means its default.
type Limits struct {
	PageSize      int           // messages per page, to begin with; default 100
	MaxPageSize   int           // messages per page while all goes well; default twice PageSize
	Tries         int           // of one request that fails; default 6
	ThrottleTries int           // of one request that is told to wait; default 20
	Backoff       time.Duration // upper bound of the first wait, doubled each time; default 1 s
	MaxBackoff    time.Duration // default 60 s
	MaxPause      time.Duration // longest obeyed Retry-After; longer ones are reported; default 10 minutes
	Answer        time.Duration // longest wait for the head of an answer; default 3 minutes
	Silence       time.Duration // longest silence within an answer; default 2 minutes
	Upload        int           // bytes per request when attachments are uploaded; default 3,932,160 (contract 5.4)
	Nesting       int           // levels of messages within messages asked for at first, down to 30 where there are more; default 5
}

func (l Limits) withDefaults() Limits {
	l.PageSize = or(l.PageSize, 100)
	l.MaxPageSize = max(or(l.MaxPageSize, 2*l.PageSize), l.PageSize)
	l.Tries = or(l.Tries, 6)
	l.ThrottleTries = or(l.ThrottleTries, 20)
	l.Backoff = or(l.Backoff, time.Second)
	l.MaxBackoff = or(l.MaxBackoff, time.Minute)
	l.MaxPause = or(l.MaxPause, 10*time.Minute)
	l.Answer = or(l.Answer, 3*time.Minute)
	l.Silence = or(l.Silence, 2*time.Minute)
	l.Upload = or(l.Upload, 3_932_160)
	l.Nesting = or(l.Nesting, 5)
	return l
}

func or[T int | time.Duration](v, otherwise T) T {
	if v <= 0 {
		return otherwise
	}
	return v
}

// Validate reports everything that is wrong with the options, as Invalid faults joined.
func (o Options) Validate() error {
	var all []error
	wrong := func(field, format string, args ...any) { all = append(all, fault.InvalidField(field, format, args...)) }
	if o.Tenant == "" {
		wrong("tenant", "the tenant ID is missing")
	} else if t := strings.ToLower(string(o.Tenant)); t == "common" || t == "organizations" || t == "consumers" {
		wrong("tenant", "the tenant must be one directory, by its ID or a verified domain, not %q", t)
	} else if strings.ContainsAny(t, "/?#\\ %") {
		wrong("tenant", "the tenant %q is neither a directory ID nor a domain", t)
	}
	if o.ClientID == "" {
		wrong("client_id", "the client ID is missing")
	}
	switch {
	case o.Secret.Empty() && o.Certificate.empty():
		wrong("secret", "the client secret or certificate is missing")
	case !o.Secret.Empty() && !o.Certificate.empty():
		wrong("secret", "give a client secret or a certificate, not both")
	case !o.Certificate.empty():
		if _, _, err := o.Certificate.parse(); err != nil {
			all = append(all, err)
		}
	}
	if _, ok := clouds[o.Cloud]; !ok && o.Cloud != CloudCustom {
		wrong("cloud", "there is no cloud %q: it is one of global, gcch, dod, china, custom", o.Cloud)
	}
	for _, e := range []struct{ field, value string }{{"authority", o.Authority}, {"root", o.Root}} {
		switch {
		case o.Cloud != CloudCustom && e.value != "":
			wrong(e.field, "the %s may be given with the custom cloud only", e.field)
		case o.Cloud == CloudCustom && e.value == "":
			wrong(e.field, "the custom cloud needs its %s", e.field)
		case o.Cloud == CloudCustom && !httpsRoot(e.value):
			wrong(e.field, "the %s must be https://host[:port] without more, not %q", e.field, e.value)
		}
	}
	return errors.Join(all...)
}

func httpsRoot(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		(u.Path == "" || u.Path == "/")
}

func (o Options) withDefaults() Options {
	if e, ok := clouds[o.Cloud]; ok {
		o.Authority, o.Root = e.authority, e.root
	}
	o.Authority = strings.TrimSuffix(o.Authority, "/")
	o.Root = strings.TrimSuffix(o.Root, "/")
	o.Limits = o.Limits.withDefaults()
	if o.HTTPTransport == nil {
		o.HTTPTransport = NewTransport(o.CAs, o.Limits.Answer)
	}
	if o.Governors == nil {
		o.Governors = governor.New(governor.Limits{})
	}
	if o.Counter == nil {
		o.Counter = &Counter{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	return o
}

// NewTransport returns the transport that all clients of a process should share: it trusts cas (nil: the system's),
// honours the proxy environment, and gives up on an answer that does not begin within the time given (0: never). It keeps
// to HTTP/1.1: a connection then carries one request, so that a broken one costs one request and a 503 can be tried again
// on a new connection, as Microsoft asks.
func NewTransport(cas *x509.CertPool, answer time.Duration) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 15 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: cas, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   20 * time.Second,
		ResponseHeaderTimeout: answer,
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   64,
		IdleConnTimeout:       90 * time.Second,
		Protocols:             protocols,
	}
}
