package transporter_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/pairing"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/pkg/rpc"
	"holdfast/transporter"
)

const installation = "test-installation"

// director is a Director as far as a Transporter can tell.
type director struct {
	t         *testing.T
	authority *identity.Authority
	own       identity.Credentials
}

func newDirector(t *testing.T) *director {
	t.Helper()
	authority, err := identity.NewAuthority(installation, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d := &director{t: t, authority: authority}
	d.own = d.credentials(identity.Director(installation))
	return d
}

// credentials are those of a party of the installation.
func (d *director) credentials(name identity.URI) identity.Credentials {
	d.t.Helper()
	key, err := identity.NewKey()
	if err != nil {
		d.t.Fatal(err)
	}
	request, err := key.CertificateRequest()
	if err != nil {
		d.t.Fatal(err)
	}
	cert, err := d.authority.Sign(request, name, time.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	return identity.Credentials{Key: key, Certificate: cert, CA: d.authority.Certificate()}
}

// pair does what a Director does with a pairing code. spoil may change the last request before it is proven and sent.
func (d *director) pair(ctx context.Context, address string, code pairing.Code, id string, spoil func(*transporterv1.CompletePairingRequest)) error {
	conn, err := rpc.Dial(address, identity.PinnedTLS(code.Fingerprint))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := transporterv1.NewPairingServiceClient(conn)
	nonce, err := pairing.NewNonce()
	if err != nil {
		return err
	}
	begun, err := client.BeginPairing(ctx, &transporterv1.BeginPairingRequest{DirectorNonce: nonce})
	if err != nil {
		return err
	}
	cert, err := d.authority.Sign(begun.GetCertificateRequest(), identity.Transporter(installation, id), time.Now())
	if err != nil {
		return err
	}
	req := &transporterv1.CompletePairingRequest{
		TransporterId: id, Certificate: cert, CaCertificate: d.authority.Certificate(),
		DirectorUri: string(identity.Director(installation)),
	}
	if spoil != nil {
		spoil(req)
	}
	transcript := pairing.Transcript{
		DirectorNonce: nonce, TransporterNonce: begun.GetTransporterNonce(), CertificateRequest: begun.GetCertificateRequest(),
		Certificate: req.GetCertificate(), CA: req.GetCaCertificate(), DirectorURI: req.GetDirectorUri(), TransporterID: req.GetTransporterId(),
	}
	req.Proof = code.Proof(pairing.RoleDirector, transcript)
	done, err := client.CompletePairing(ctx, req)
	if err != nil {
		return err
	}
	if !code.Check(done.GetProof(), pairing.RoleTransporter, transcript) {
		return errors.New("the Transporter's proof is wrong")
	}
	return nil
}

// control returns a client of the control service under the given credentials.
func (d *director) control(address string, as identity.Credentials, id string) transporterv1.ControlServiceClient {
	d.t.Helper()
	conn, err := rpc.Dial(address, identity.ClientTLS(func() identity.Credentials { return as }, identity.Transporter(installation, id)))
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { conn.Close() })
	return transporterv1.NewControlServiceClient(conn)
}

// process is a Transporter that runs in this process.
type process struct {
	t       *testing.T
	options transporter.Options
	out     *output
	cancel  context.CancelFunc
	done    chan error
}

// output is a writer that can be waited on.
type output struct {
	mu      sync.Mutex
	changed *sync.Cond
	b       bytes.Buffer
}

func newOutput() *output {
	o := &output{}
	o.changed = sync.NewCond(&o.mu)
	return o
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.changed.Broadcast()
	return o.b.Write(p)
}

// codes waits for the nth pairing code that was printed.
func (o *output) code(t *testing.T, n int) pairing.Code {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		var found []string
		for line := range strings.Lines(o.b.String()) {
			if strings.HasPrefix(line, "HF1-") {
				found = append(found, line)
			}
		}
		if len(found) >= n {
			code, err := pairing.Parse(found[n-1])
			if err != nil {
				t.Fatal(err)
			}
			return code
		}
		o.changed.Wait()
	}
}

func address(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start runs a Transporter until the test ends.
func start(t *testing.T, o transporter.Options) *process {
	t.Helper()
	p := &process{t: t, options: o, out: newOutput(), done: make(chan error, 1)}
	if p.options.DataDir == "" {
		p.options.DataDir = filepath.Join(t.TempDir(), "data")
	}
	if p.options.ControlAddress == "" {
		p.options.ControlAddress = address(t)
	}
	p.options.CodeWriter = p.out
	if p.options.Logger == nil {
		p.options.Logger = hclog.New(&hclog.LoggerOptions{Output: testWriter{t}, Level: hclog.Debug})
	}
	tr, err := transporter.New(p.options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() { p.done <- tr.Run(ctx) }()
	t.Cleanup(func() { p.stop() })
	return p
}

func (p *process) stop() error {
	p.cancel()
	err, ok := <-p.done
	if ok {
		close(p.done)
	}
	return err
}

// paired starts a Transporter, pairs it and returns a client for it.
func paired(t *testing.T, d *director, o transporter.Options, id string) (*process, transporterv1.ControlServiceClient) {
	t.Helper()
	p := start(t, o)
	if err := d.pair(t.Context(), p.options.ControlAddress, p.out.code(t, 1), id, nil); err != nil {
		t.Fatal(err)
	}
	return p, d.control(p.options.ControlAddress, d.own, id)
}

// ready repeats a call while the Transporter turns from one server to the next.
func ready[T any](t *testing.T, call func(context.Context, ...grpc.CallOption) (T, error)) (T, error) {
	t.Helper()
	return call(t.Context(), grpc.WaitForReady(true))
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(b []byte) (int, error) {
	w.t.Log(strings.TrimRight(string(b), "\n"))
	return len(b), nil
}

func kindIs(t *testing.T, what string, err error, want fault.Kind) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v (%v), want %v", what, err, fault.KindOf(err), want)
	}
}
