// Package graphsim is a strict simulated Microsoft 365 tenant: the identity endpoint and the mail surface of Microsoft
// Graph v1.0 over TLS, the separate host for attachment uploads, and a control endpoint that seeds, changes, breaks and
// tells the truth. What it does is what the mail contract says; comments name the sections ("contract 4.5").
//
// It shares no code with the product, so that it cannot share its mistakes. Tests start it in-process with Start; the
// program in cmd/graphsim is the same thing with flags.
package graphsim

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/test/graphsim/internal/pki"
	"holdfast/test/graphsim/internal/tenant"
	"holdfast/test/graphsim/internal/traffic"
)

// Options of a simulated tenant. The zero value is a tenant in memory on free loopback ports.
type Options struct {
	// Tenant is the directory id. Default: DefaultTenant.
	Tenant string
	// Domain is the tenant's verified domain, also accepted in place of the id. Default: contoso.example.
	Domain string
	// Apps that may ask for tokens. Default: one, DefaultApp.
	Apps []App
	// Listen, UploadListen and ControlListen are addresses. Default: 127.0.0.1:0 each.
	Listen, UploadListen, ControlListen string
	// ProxyListen is the address of a CONNECT proxy that leads the real host names here. Default: none.
	ProxyListen string
	// StateDir keeps everything over a kill. Default: nothing is kept.
	StateDir string
	// CAFile is written with the CA's certificate as PEM. Default: none.
	CAFile string
	// Names and addresses for the certificate, besides the loopback's and the real hosts'.
	Names []string
	// Seed of the random choices of faults and of batches. Default: 1.
	Seed uint64
	// Throttle limits. The zero value is what is documented; see traffic.Limits.Off.
	Throttle Limits
	// Settings to begin with.
	Settings Settings
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Defaults that tests may rely on.
const (
	DefaultTenant = "5b1f2c3d-0000-4000-8000-00000000c0de"
	DefaultApp    = "a11ce000-0000-4000-8000-000000000001"
	DefaultSecret = "s3cret~value"
	DefaultDomain = "contoso.example"
)

// DefaultRoles are the application permissions of an App that names none.
func DefaultRoles() []string {
	return []string{"User.Read.All", "Mail.Read", "Mail.ReadWrite", "MailboxSettings.Read"}
}

// Limits of the throttle (contract 10.1).
type Limits = traffic.Limits

// Fault is something that goes wrong, and when.
type Fault = traffic.Fault

// Counts of requests.
type Counts = traffic.Counts

// Server is a running tenant.
type Server struct {
	opts     Options
	tenant   *tenant.Tenant
	key      []byte // signs tokens of all kinds; kept with the state
	ca       *pki.Authority
	settings atomic.Pointer[Settings]
	counters *traffic.Counters
	throttle *traffic.Throttle
	faults   *traffic.Faults
	apps     registry
	dice     *dice
	turn     atomic.Int64 // of answers that alternate
	rounds   rounds
	routes   map[string][]route

	graphLn, uploadLn, controlLn, proxyLn net.Listener

	stop context.CancelFunc // set by Start
	done chan error
	once sync.Once
}

// New opens the state and the ports. Run serves them; one of Run and Close must follow.
func New(opts Options) (*Server, error) {
	opts.setDefaults()
	s := &Server{
		opts: opts, counters: traffic.NewCounters(), throttle: traffic.NewThrottle(opts.Throttle),
		faults: traffic.NewFaults(opts.Seed), dice: newDice(opts.Seed), routes: routes(),
	}
	for _, a := range opts.Apps {
		if err := s.PutApp(a); err != nil {
			return nil, err
		}
	}
	set := opts.Settings
	s.settings.Store(&set)
	var err error
	if s.tenant, err = tenant.Open(tenant.Options{Dir: opts.StateDir, Now: opts.Now}); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		v *string
		d string
	}{
		{&o.Tenant, DefaultTenant},
		{&o.Domain, DefaultDomain},
		{&o.Listen, "127.0.0.1:0"},
		{&o.UploadListen, "127.0.0.1:0"},
		{&o.ControlListen, "127.0.0.1:0"},
	} {
		if *d.v == "" {
			*d.v = d.d
		}
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Apps == nil {
		o.Apps = []App{{ID: DefaultApp, Secret: DefaultSecret}}
	}
}

func (s *Server) open() error {
	var err error
	if s.key, err = signingKey(s.opts.StateDir, s.opts.Seed); err != nil {
		return err
	}
	if s.ca, err = pki.Open(s.opts.StateDir); err != nil {
		return fmt.Errorf("certificate authority: %w", err)
	}
	if s.opts.CAFile != "" {
		if err := os.WriteFile(s.opts.CAFile, s.ca.PEM, 0o600); err != nil {
			return err
		}
	}
	leaf, err := s.ca.Leaf(append(realHosts(), s.opts.Names...))
	if err != nil {
		return err
	}
	conf := &tls.Config{Certificates: []tls.Certificate{leaf}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}
	if s.graphLn, err = tls.Listen("tcp", s.opts.Listen, conf); err != nil {
		return err
	}
	if s.uploadLn, err = tls.Listen("tcp", s.opts.UploadListen, conf); err != nil {
		return err
	}
	if s.controlLn, err = net.Listen("tcp", s.opts.ControlListen); err != nil {
		return err
	}
	if s.opts.ProxyListen != "" {
		s.proxyLn, err = net.Listen("tcp", s.opts.ProxyListen)
	}
	return err
}

// signingKey is kept with the state, so that tokens and links outlive the process.
func signingKey(dir string, seed uint64) ([]byte, error) {
	if dir == "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "graphsim %d", seed))
		return sum[:], nil
	}
	path := filepath.Join(dir, "key")
	if p, err := os.ReadFile(path); err == nil && len(p) == 32 {
		return p, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "graphsim %d %d", seed, time.Now().UnixNano()))
	tmp := path + ".new"
	if err := os.WriteFile(tmp, sum[:], 0o600); err != nil {
		return nil, err
	}
	return sum[:], os.Rename(tmp, path)
}

// Run serves until ctx ends, and returns when every request is done.
func (s *Server) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	quiet := log.New(io.Discard, "", 0)
	for _, x := range []struct {
		ln net.Listener
		h  http.Handler
	}{
		{s.graphLn, http.HandlerFunc(s.serveFront)},
		{s.uploadLn, http.HandlerFunc(s.serveUpload)},
		{s.controlLn, s.controlHandler()},
		{s.proxyLn, http.HandlerFunc(s.serveProxy)},
	} {
		if x.ln == nil {
			continue
		}
		srv := &http.Server{Handler: x.h, ErrorLog: quiet, ReadHeaderTimeout: time.Minute}
		g.Go(func() error {
			if err := srv.Serve(x.ln); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		})
		g.Go(func() error {
			<-ctx.Done()
			return srv.Close()
		})
	}
	return errors.Join(g.Wait(), s.tenant.Close())
}

// Start opens a tenant and serves it until Close.
func Start(opts Options) (*Server, error) {
	s, err := New(opts)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop, s.done = cancel, make(chan error, 1)
	go func() { s.done <- s.Run(ctx) }() // Close waits for it
	return s, nil
}

// Close stops a tenant made by Start and waits until it is gone; or frees what New opened when Run was never called.
func (s *Server) Close() error {
	var err error
	s.once.Do(func() {
		if s.stop == nil {
			err = s.close()
			return
		}
		s.stop()
		err = <-s.done
	})
	return err
}

func (s *Server) close() error {
	var err error
	for _, ln := range []net.Listener{s.graphLn, s.uploadLn, s.controlLn, s.proxyLn} {
		if ln != nil {
			err = errors.Join(err, ln.Close())
		}
	}
	return errors.Join(err, s.tenant.Close())
}

// Authority is the identity endpoint for clients, without a tenant: "https://127.0.0.1:1234/".
func (s *Server) Authority() string { return "https://" + s.graphLn.Addr().String() + "/" }

// GraphURL is the root that stands for "https://graph.microsoft.com", without a version.
func (s *Server) GraphURL() string { return "https://" + s.graphLn.Addr().String() }

// UploadURL is the root of the upload host.
func (s *Server) UploadURL() string { return "https://" + s.uploadLn.Addr().String() }

// ControlURL is the root of the control endpoint.
func (s *Server) ControlURL() string { return "http://" + s.controlLn.Addr().String() }

// ProxyURL is the CONNECT proxy, or empty.
func (s *Server) ProxyURL() string {
	if s.proxyLn == nil {
		return ""
	}
	return "http://" + s.proxyLn.Addr().String()
}

// TenantID is the directory id.
func (s *Server) TenantID() string { return s.opts.Tenant }

// CA is the certificate of the tenant's authority as PEM.
func (s *Server) CA() []byte { return s.ca.PEM }

// CAPool trusts the tenant's authority alone.
func (s *Server) CAPool() *x509.CertPool { return s.ca.Pool() }

// Client is an HTTP client that trusts the tenant. It adds no token.
func (s *Server) Client() *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{RootCAs: s.ca.Pool(), MinVersion: tls.VersionTLS12},
		MaxIdleConnsPerHost: 16,
	}}
}

// Control is a client of the control endpoint.
func (s *Server) Control() *Control { return &Control{URL: s.ControlURL()} }
