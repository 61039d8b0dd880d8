// Package account turns the accounts that come with the Director's requests into Graph clients. Credentials are kept in
// memory only.
//
// What Microsoft limits is shared by the whole process: the governors, and the connections. What it does not limit is a
// client of each task's own, so that a task's requests can be counted: the price is one token for each task.
package account

import (
	"crypto/sha256"
	"crypto/x509"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/graph/governor"
)

// answer is the longest wait for the head of an answer of Graph.
const answer = 3 * time.Minute

// Pool makes clients that share what must be shared. Its methods may be called by many goroutines.
type Pool struct {
	now func() time.Time
	log hclog.Logger

	mu         sync.Mutex
	transports map[[32]byte]*shared // by the authorities trusted
	governors  map[governor.Limits]*governor.Registry
}

type shared struct {
	transport interface{ CloseIdleConnections() }
	options   graph.Options
}

// New returns an empty pool.
func New(now func() time.Time, log hclog.Logger) *Pool {
	return &Pool{
		now: now, log: log, transports: map[[32]byte]*shared{}, governors: map[governor.Limits]*governor.Registry{},
	}
}

// Client returns a client for the account, with a counter of its own.
func (p *Pool) Client(a *transporterv1.Account) (*graph.Client, error) {
	o, err := p.options(a)
	if err != nil {
		return nil, err
	}
	o.Account = mail.AccountID(a.GetId())
	o.Tenant = mail.TenantID(a.GetTenantId())
	o.ClientID = a.GetClientId()
	o.Secret = graph.NewSecret(a.GetClientSecret())
	o.Certificate = graph.Certificate{
		Data: graph.NewSecret(string(a.GetCertificate())), Password: graph.NewSecret(a.GetCertificatePassword()),
	}
	o.Cloud = clouds[a.GetCloud()]
	o.Authority, o.Root = a.GetAuthority(), a.GetGraphRoot()
	o.Counter = &graph.Counter{}
	o.Now, o.Logger = p.now, p.log
	return graph.New(o)
}

var clouds = map[transporterv1.Cloud]graph.Cloud{
	transporterv1.Cloud_CLOUD_UNSPECIFIED: graph.CloudGlobal,
	transporterv1.Cloud_CLOUD_GLOBAL:      graph.CloudGlobal,
	transporterv1.Cloud_CLOUD_US_GOV_L4:   graph.CloudGCCH,
	transporterv1.Cloud_CLOUD_US_GOV_L5:   graph.CloudDoD,
	transporterv1.Cloud_CLOUD_CHINA:       graph.CloudChina,
	transporterv1.Cloud_CLOUD_CUSTOM:      graph.CloudCustom,
}

// options returns what clients of the same authorities and limits share.
func (p *Pool) options(a *transporterv1.Account) (graph.Options, error) {
	if a == nil {
		return graph.Options{}, fault.InvalidField("account", "the account is missing")
	}
	pem := a.GetCaPem()
	p.mu.Lock()
	defer p.mu.Unlock()
	id := sha256.Sum256(pem)
	s, ok := p.transports[id]
	if !ok {
		var cas *x509.CertPool
		if len(pem) > 0 {
			var err error
			if cas, err = x509.SystemCertPool(); err != nil {
				cas = x509.NewCertPool()
			}
			if !cas.AppendCertsFromPEM(pem) {
				return graph.Options{}, fault.InvalidField("account.ca_pem", "the authorities to trust are not certificates in PEM")
			}
		}
		transport := graph.NewTransport(cas, answer)
		s = &shared{transport: transport, options: graph.Options{CAs: cas, HTTPTransport: transport}}
		p.transports[id] = s
	}
	o := s.options
	limits := limitsOf(a.GetLimits())
	if p.governors[limits] == nil {
		p.governors[limits] = governor.New(limits)
	}
	o.Governors = p.governors[limits]
	return o, nil
}

func limitsOf(l *transporterv1.Limits) governor.Limits {
	return governor.Limits{
		InFlight: int(l.GetRequestsInFlight()), Requests: int(l.GetRequestsPerWindow()),
		RequestWindow: time.Duration(l.GetWindowSeconds()) * time.Second,
		Upload:        l.GetUploadBytesPerWindow(),
		UploadWindow:  time.Duration(l.GetUploadWindowSeconds()) * time.Second,
	}
}

// Close drops idle connections.
func (p *Pool) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.transports {
		s.transport.CloseIdleConnections()
	}
}
