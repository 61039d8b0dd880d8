package graph_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/transporter/internal/graph"
	"holdfast/transporter/internal/graph/governor"
)

// tenant is a few scripted answers over TLS: sign-in works, and everything else is the test's own handler.
type tenant struct {
	*httptest.Server
	roles  []string
	secret string

	mu     sync.Mutex
	tokens int
	seen   []string // "METHOD path?query" of each request to Graph
}

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	appID    = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
)

func newTenant(t *testing.T, handle http.HandlerFunc) *tenant {
	t.Helper()
	s := &tenant{roles: []string{"Mail.ReadWrite", "User.Read.All", "MailboxSettings.Read"}, secret: "right"}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1.0/") {
			s.mu.Lock()
			s.seen = append(s.seen, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/v1.0"))
			s.mu.Unlock()
			handle(w, r)
			return
		}
		s.identity(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *tenant) identity(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "openid-configuration"):
		if !strings.HasPrefix(r.URL.Path, "/"+tenantID+"/") {
			answer(w, 400, map[string]any{"error": "invalid_tenant", "error_codes": []int{90002}, "error_description": "AADSTS90002: Tenant not found."})
			return
		}
		base := s.URL + "/" + tenantID
		answer(w, 200, map[string]any{"issuer": base + "/v2.0", "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/oauth2/v2.0/token"})
	case strings.HasSuffix(r.URL.Path, "/token"):
		switch {
		case r.FormValue("client_id") != appID:
			answer(w, 400, map[string]any{"error": "unauthorized_client", "error_codes": []int{700016}, "error_description": "AADSTS700016: no such app"})
		case r.FormValue("client_secret") != s.secret:
			answer(w, 401, map[string]any{"error": "invalid_client", "error_codes": []int{7000215}, "error_description": "AADSTS7000215: Invalid client secret", "trace_id": "trace-1"})
		default:
			s.mu.Lock()
			s.tokens++
			n := s.tokens
			s.mu.Unlock()
			claims, _ := json.Marshal(map[string]any{"aud": s.URL, "roles": s.roles, "n": n})
			part := base64.RawURLEncoding.EncodeToString
			answer(w, 200, map[string]any{
				"token_type": "Bearer", "expires_in": 3599,
				"access_token": part([]byte(`{"alg":"none"}`)) + "." + part(claims) + "." + part([]byte("x")),
			})
		}
	default:
		http.NotFound(w, r)
	}
}

func (s *tenant) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

func (s *tenant) options() graph.Options {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return graph.Options{
		Account: "acc", Tenant: tenantID, ClientID: appID, Secret: graph.NewSecret("right"), Cloud: graph.CloudCustom,
		Authority: s.URL, Root: s.URL, CAs: pool, Governors: governor.New(governor.Limits{}),
		Limits: graph.Limits{Backoff: time.Millisecond, MaxBackoff: 4 * time.Millisecond},
	}
}

func (s *tenant) client(t *testing.T, change ...func(*graph.Options)) *graph.Client {
	t.Helper()
	o := s.options()
	for _, f := range change {
		f(&o)
	}
	c, err := graph.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("request-id", "req-1")
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": "Words of Microsoft."}})
}

func readAll(t *testing.T, r io.Reader) string {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
