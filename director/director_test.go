package director_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	"holdfast/director"
	"holdfast/director/internal/fakeporter"
	"holdfast/pkg/fault"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	dc "holdfast/pkg/pb/holdfast/director/v1/directorv1connect"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

const patience = 30 * time.Second

// house is a Director that serves, with a client of its API.
type house struct {
	t       *testing.T
	options director.Options
	out     output
	world   *fakeporter.World
	stop    func()
	base    string
	http    *http.Client
	token   string

	system       dc.SystemServiceClient
	accounts     dc.AccountServiceClient
	transporters dc.TransporterServiceClient
	repositories dc.RepositoryServiceClient
	jobs         dc.JobServiceClient
	recovery     dc.RecoveryServiceClient
	activities   dc.ActivityServiceClient
}

// output is what the Director tells at the console.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

func newHouse(t *testing.T, options ...connect.ClientOption) *house {
	t.Helper()
	h := &house{t: t, world: fakeporter.NewWorld()}
	h.options = director.Options{
		DataDir: filepath.Join(t.TempDir(), "data"), Address: "127.0.0.1:0", StatusEvery: 50 * time.Millisecond, Announce: &h.out,
		Version: "test",
	}
	h.start(options...)
	t.Cleanup(func() { h.stop() })
	return h
}

func (h *house) start(options ...connect.ClientOption) {
	h.t.Helper()
	d, err := director.New(h.t.Context(), h.options)
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		h.http.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			h.t.Errorf("Run: %v", err)
		}
	})
	h.base = "https://" + d.Address()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(h.file("tls.crt"))
	h.http = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true,
	}}
	h.token = strings.TrimSpace(string(h.file("cli-token")))
	options = append(options, connect.WithInterceptors(&bearer{h}))
	h.system = dc.NewSystemServiceClient(h.http, h.base, options...)
	h.accounts = dc.NewAccountServiceClient(h.http, h.base, options...)
	h.transporters = dc.NewTransporterServiceClient(h.http, h.base, options...)
	h.repositories = dc.NewRepositoryServiceClient(h.http, h.base, options...)
	h.jobs = dc.NewJobServiceClient(h.http, h.base, options...)
	h.recovery = dc.NewRecoveryServiceClient(h.http, h.base, options...)
	h.activities = dc.NewActivityServiceClient(h.http, h.base, options...)
}

func (h *house) file(name string) []byte {
	h.t.Helper()
	data, err := os.ReadFile(filepath.Join(h.options.DataDir, name))
	if err != nil {
		h.t.Fatal(err)
	}
	return data
}

// bearer sends the token and turns errors into faults, as the CLI does.
type bearer struct{ h *house }

func (b *bearer) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, q connect.AnyRequest) (connect.AnyResponse, error) {
		if b.h.token != "" {
			q.Header().Set("Authorization", "Bearer "+b.h.token)
		}
		answer, err := next(ctx, q)
		return answer, err
	}
}

func (b *bearer) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		conn := next(ctx, spec)
		conn.RequestHeader().Set("Authorization", "Bearer "+b.h.token)
		return conn
	}
}

func (b *bearer) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// asFault returns what the Director answered with its kind and field.
func asFault(err error) *fault.Fault {
	var c *connect.Error
	if !errors.As(err, &c) {
		return &fault.Fault{Message: fmt.Sprint(err)}
	}
	var info *errdetails.ErrorInfo
	var retry *errdetails.RetryInfo
	for _, d := range c.Details() {
		v, derr := d.Value()
		if derr != nil {
			continue
		}
		switch v := v.(type) {
		case *errdetails.ErrorInfo:
			info = v
		case *errdetails.RetryInfo:
			retry = v
		}
	}
	return fault.FromParts(codes.Code(c.Code()), c.Message(), info, retry)
}

// refused checks that err has the kind and the field, and says all of the texts.
func refused(t *testing.T, what string, err error, kind fault.Kind, field string, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: is not refused", what)
		return
	}
	f := asFault(err)
	if f.Kind != kind || f.Field != field {
		t.Errorf("%s: got kind %v and field %q, want %v and %q: %v", what, f.Kind, f.Field, kind, field, err)
	}
	for _, text := range texts {
		if !strings.Contains(f.Message, text) {
			t.Errorf("%s: %q does not say %q", what, f.Message, text)
		}
	}
}

func (h *house) eventually(what string, ok func() bool) {
	h.t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !ok() {
		select {
		case <-deadline:
			h.t.Fatalf("waited in vain for %s", what)
		case <-ticker.C:
		}
	}
}

func (h *house) pair(name string) (*fakeporter.Porter, *directorv1.Transporter) {
	h.t.Helper()
	p := fakeporter.New(h.t, h.world)
	answer, err := h.transporters.PairTransporter(h.t.Context(), &directorv1.PairTransporterRequest{
		Name: name, Address: p.Address(), PairingCode: p.Code(),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return p, answer.GetTransporter()
}

func (h *house) account() *directorv1.Account {
	h.t.Helper()
	h.world.Tenant("tenant", "secret",
		&transporterv1.Mailbox{Id: "m1", Name: "Ada", Address: "ada@example.com", Kind: transporterv1.MailboxKind_MAILBOX_KIND_USER},
		&transporterv1.Mailbox{Id: "m2", Name: "Bo", Address: "bo@example.com", Kind: transporterv1.MailboxKind_MAILBOX_KIND_SHARED},
		&transporterv1.Mailbox{Id: "m3", Name: "Cy", Address: "cy@example.com", Absent: "no licence"},
	)
	answer, err := h.accounts.AddAccount(h.t.Context(), addAccount("Example", "secret"))
	if err != nil {
		h.t.Fatal(err)
	}
	fresh, err := h.accounts.RefreshAccount(h.t.Context(), &directorv1.RefreshAccountRequest{AccountId: answer.GetAccount().GetId()})
	if err != nil {
		h.t.Fatal(err)
	}
	return fresh.GetAccount()
}

func addAccount(name, secret string) *directorv1.AddAccountRequest {
	return &directorv1.AddAccountRequest{
		Account:    &directorv1.Account{Name: name, TenantId: "tenant", ClientId: "client", Cloud: directorv1.Cloud_CLOUD_GLOBAL},
		Credential: &directorv1.Credential{ClientSecret: secret},
	}
}

func (h *house) repository(t *directorv1.Transporter) *directorv1.Repository {
	h.t.Helper()
	answer, err := h.repositories.CreateRepository(h.t.Context(), &directorv1.CreateRepositoryRequest{
		Name: "Vault", TransporterId: t.GetId(), Path: "/backup/vault", Key: &directorv1.RepositoryKey{Passphrase: "passphrase"},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return answer.GetRepository()
}

func (h *house) get(path, token string) (*http.Response, string) {
	h.t.Helper()
	q, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, h.base+path, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	if token != "" {
		q.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := h.http.Do(q)
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return answer, string(body)
}
