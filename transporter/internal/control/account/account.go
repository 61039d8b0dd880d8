// Package account turns the accounts that come with the Director's requests into Graph clients. Credentials are kept in
// memory only.
//
// A client is shared by all that act with the same credential, so that they share its token; the limits that Microsoft
// sets, and the connections, are shared by the whole process. What each task asks for is counted apart.
package account

import (
	"crypto/sha256"
	"crypto/x509"
	"net/http"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/graph/governor"
)

// answer is the longest wait for the head of an answer of Graph.
const answer = 3 * time.Minute

// maxClients bounds the clients that are kept; the one used longest ago is dropped first.
const maxClients = 256

// Options make a Pool. Fields without a stated default are required.
type Options struct {
	// Spool is the folder for attachments that are too large to hold.
	Spool string
	// Limits of the clients' patience; default package graph's.
	Limits graph.Limits
	Now    func() time.Time
	Logger hclog.Logger
}

// Pool makes clients that share what must be shared. Its methods may be called by many goroutines.
type Pool struct {
	o Options

	mu         sync.Mutex
	clients    map[[32]byte]*shared // by everything that the Director says of an account
	transports map[[32]byte]*http.Transport
	governors  map[governor.Limits]*governor.Registry
	uses       uint64
}

type shared struct {
	client *graph.Client
	used   uint64
}

// New returns an empty pool.
func New(o Options) *Pool {
	return &Pool{
		o: o, clients: map[[32]byte]*shared{}, transports: map[[32]byte]*http.Transport{},
		governors: map[governor.Limits]*governor.Registry{},
	}
}

// Client returns a client for the account, with a counter of its own.
func (p *Pool) Client(a *transporterv1.Account) (*graph.Client, error) {
	if a == nil {
		return nil, fault.InvalidField("account", "the account is missing")
	}
	text, err := proto.MarshalOptions{Deterministic: true}.Marshal(a)
	if err != nil {
		return nil, fault.InvalidField("account", "the account cannot be used: %w", err)
	}
	id := sha256.Sum256(text)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.uses++
	if s, ok := p.clients[id]; ok {
		s.used = p.uses
		return s.client.Counting(&graph.Counter{}), nil
	}
	o, err := p.options(a)
	if err != nil {
		return nil, err
	}
	client, err := graph.New(o)
	if err != nil {
		return nil, err
	}
	if len(p.clients) >= maxClients {
		p.drop()
	}
	p.clients[id] = &shared{client, p.uses}
	return client.Counting(&graph.Counter{}), nil
}

// drop forgets the client that was used longest ago. The caller holds mu.
func (p *Pool) drop() {
	var oldest [32]byte
	least := p.uses
	for id, s := range p.clients {
		if s.used <= least {
			oldest, least = id, s.used
		}
	}
	delete(p.clients, oldest)
}

var clouds = map[transporterv1.Cloud]graph.Cloud{
	transporterv1.Cloud_CLOUD_UNSPECIFIED: graph.CloudGlobal,
	transporterv1.Cloud_CLOUD_GLOBAL:      graph.CloudGlobal,
	transporterv1.Cloud_CLOUD_US_GOV_L4:   graph.CloudGCCH,
	transporterv1.Cloud_CLOUD_US_GOV_L5:   graph.CloudDoD,
	transporterv1.Cloud_CLOUD_CHINA:       graph.CloudChina,
	transporterv1.Cloud_CLOUD_CUSTOM:      graph.CloudCustom,
}

// options returns the options of a client, with what it shares. The caller holds mu.
func (p *Pool) options(a *transporterv1.Account) (graph.Options, error) {
	transport, err := p.transport(a.GetCaPem())
	if err != nil {
		return graph.Options{}, err
	}
	limits := limitsOf(a.GetLimits())
	if p.governors[limits] == nil {
		p.governors[limits] = governor.New(limits)
	}
	return graph.Options{
		Account: mail.AccountID(a.GetId()), Tenant: mail.TenantID(a.GetTenantId()), ClientID: a.GetClientId(),
		Secret: graph.NewSecret(a.GetClientSecret()),
		Certificate: graph.Certificate{
			Data: graph.NewSecret(string(a.GetCertificate())), Password: graph.NewSecret(a.GetCertificatePassword()),
		},
		Cloud: clouds[a.GetCloud()], Authority: a.GetAuthority(), Root: a.GetGraphRoot(),
		HTTPTransport: transport, Governors: p.governors[limits], Spool: p.o.Spool, Limits: p.o.Limits,
		Now: p.o.Now, Logger: p.o.Logger,
	}, nil
}

// transport returns the connections of all accounts that trust the same authorities. The caller holds mu.
func (p *Pool) transport(pem []byte) (*http.Transport, error) {
	id := sha256.Sum256(pem)
	if t, ok := p.transports[id]; ok {
		return t, nil
	}
	var cas *x509.CertPool // nil: the system's
	if len(pem) > 0 {
		var err error
		if cas, err = x509.SystemCertPool(); err != nil {
			cas = x509.NewCertPool()
		}
		if !cas.AppendCertsFromPEM(pem) {
			return nil, fault.InvalidField("account.ca_pem", "the authorities to trust are not certificates in PEM")
		}
	}
	t := graph.NewTransport(cas, answer)
	p.transports[id] = t
	return t, nil
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
	for _, t := range p.transports {
		t.CloseIdleConnections()
	}
}
