package graphsim

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// Contract 14.1, with 1.1 to 1.4 and 1.8.
func TestMustHave01TLSOnlyAuthorityWithScopesRolesSecretsAndExpiry(t *testing.T) {
	w := start(t, Options{Apps: []App{
		{ID: DefaultApp, Secret: DefaultSecret}, {ID: "second", Secret: "other", Roles: []string{"Mail.Read"}},
	}, Now: still})
	resp, err := http.Get(strings.Replace(w.s.Authority(), "https:", "http:", 1) + w.s.TenantID() + "/v2.0/.well-known/openid-configuration")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != 400 {
		t.Errorf("%d without TLS", resp.StatusCode)
	}
	config := w.do("GET", w.s.Authority()+w.s.TenantID()+"/v2.0/.well-known/openid-configuration", nil).want(200)
	for _, name := range []string{"issuer", "authorization_endpoint", "token_endpoint"} {
		if !strings.HasPrefix(config.str(name), w.s.Authority()+w.s.TenantID()+"/") {
			t.Errorf("%s is %q", name, config.str(name))
		}
	}
	if got := w.do("GET", w.s.Authority()+"unknown.example/v2.0/.well-known/openid-configuration", nil).want(400).str("error"); got != "invalid_tenant" {
		t.Errorf("an unknown tenant is %q", got)
	}
	if status, _ := w.tokenRequest(w.s.TenantID(), "second", DefaultSecret, "https://graph.microsoft.com/.default"); status != 401 {
		t.Errorf("%d for another app's secret", status)
	}
	w.token = w.newToken("second", "other") // with a list of scopes
	p, err := base64.RawURLEncoding.DecodeString(strings.Split(w.token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(p, &claims); err != nil || claims["scp"] != nil || claims["roles"].([]any)[0] != "Mail.Read" || claims["idtyp"] != "app" {
		t.Errorf("claims %v, %v", claims, err)
	}
	w.set(Settings{TokenLifetime: time.Minute})
	w.token = w.newToken(DefaultApp, DefaultSecret)
	w.get("messages")
	w.clock(2 * time.Minute)
	if a := w.do("GET", "messages", nil).code(401, "InvalidAuthenticationToken"); !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Bearer ") {
		t.Error("no challenge")
	}
}

// Contract 1.3: the codes that operators meet, each with its kind and status.
func TestTokenErrorsHaveTheirCodes(t *testing.T) {
	w := start(t, Options{})
	const scope = "https://graph.microsoft.com/.default"
	for _, c := range []struct {
		name, tenant, scope string
		app                 App
		form                url.Values
		status              int
		kind                string
		code                float64
	}{
		{name: "wrong secret", app: App{Secret: "x"}, status: 401, kind: "invalid_client", code: 7000215},
		{name: "expired secret", app: App{Secret: DefaultSecret, SecretExpires: time.Now().Add(-time.Hour)}, status: 401, kind: "invalid_client", code: 7000222},
		{name: "no credential", form: url.Values{"client_secret": nil}, status: 401, kind: "invalid_client", code: 7000218},
		{name: "unknown app", form: url.Values{"client_id": {"nobody"}}, status: 400, kind: "unauthorized_client", code: 700016},
		{name: "unknown tenant", tenant: "nobody", status: 400, kind: "invalid_request", code: 90002},
		{name: "no tenant", tenant: "common", status: 400, kind: "invalid_request", code: 50059},
		{name: "no default scope", scope: "https://graph.microsoft.com/Mail.Read", status: 400, kind: "invalid_scope", code: 1002012},
		{name: "short scope", scope: "Mail.Read", status: 400, kind: "invalid_scope", code: 70011},
		{name: "another resource", scope: "https://vault.azure.net/.default", status: 400, kind: "invalid_resource", code: 500011},
		{name: "blocked", app: App{Secret: DefaultSecret, Blocked: true}, status: 400, kind: "access_denied", code: 53003},
		{name: "another grant", form: url.Values{"grant_type": {"password"}}, status: 400, kind: "unsupported_grant_type", code: 70003},
		{name: "no scope", form: url.Values{"scope": nil}, status: 400, kind: "invalid_request", code: 900144},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.app.ID = DefaultApp
			if c.app.Secret == "" {
				c.app.Secret = DefaultSecret
			}
			if err := w.s.Control().PutApp(t.Context(), c.app); err != nil {
				t.Fatal(err)
			}
			form := url.Values{"client_id": {DefaultApp}, "client_secret": {DefaultSecret}, "grant_type": {"client_credentials"}, "scope": {orElse(c.scope, scope)}}
			for k, v := range c.form {
				form[k] = v
			}
			resp, err := w.http.PostForm(w.s.Authority()+orElse(c.tenant, w.s.TenantID())+"/oauth2/v2.0/token", form)
			if err != nil {
				t.Fatal(err)
			}
			body := readBody(t, resp)
			if resp.StatusCode != c.status || body["error"] != c.kind || body["error_codes"].([]any)[0] != c.code {
				t.Errorf("got %d %v %v, want %d %s %v", resp.StatusCode, body["error"], body["error_codes"], c.status, c.kind, c.code)
			}
			for _, name := range []string{"error_description", "timestamp", "trace_id", "correlation_id", "error_uri"} {
				if body[name] == nil {
					t.Errorf("no %s", name)
				}
			}
		})
	}
}

// asserted signs a client assertion.
func asserted(t *testing.T, key *rsa.PrivateKey, head, body map[string]any) string {
	t.Helper()
	var parts []string
	for _, v := range []any{head, body} {
		p, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(p))
	}
	text := strings.Join(parts, ".")
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if head["alg"] == "PS256" {
		sig, err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

// Contract 1.1: a signed assertion in place of a secret.
func TestAnAssertionSignsInWithARegisteredCertificate(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "app"}},
		&x509.Certificate{SerialNumber: big.NewInt(1)}, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, Options{})
	if err := w.s.PutApp(App{ID: "app", Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}); err != nil {
		t.Fatal(err)
	}
	sum, short := sha256.Sum256(der), sha1.Sum(der)
	endpoint := w.s.Authority() + w.s.TenantID() + "/oauth2/v2.0/token"
	now := time.Now()
	for _, c := range []struct {
		name string
		key  *rsa.PrivateKey
		head map[string]any
		body map[string]any
		code float64
	}{
		{name: "PS256"},
		{name: "RS256 by the short thumbprint", head: map[string]any{"alg": "RS256", "x5t#S256": "", "x5t": base64.RawURLEncoding.EncodeToString(short[:])}},
		{name: "plain base64", head: map[string]any{"x5t#S256": base64.StdEncoding.EncodeToString(sum[:])}},
		{name: "another certificate", head: map[string]any{"x5t#S256": "AAAA"}, code: 700027},
		{name: "another key", key: stranger, code: 700027},
		{name: "no algorithm", head: map[string]any{"alg": "none"}, code: 700027},
		{name: "another app", body: map[string]any{"iss": "x"}, code: 700021},
		{name: "another audience", body: map[string]any{"aud": "https://login.example/"}, code: 700023},
		{name: "too late", body: map[string]any{"exp": now.Add(-time.Hour).Unix()}, code: 700024},
		{name: "too early", body: map[string]any{"nbf": now.Add(time.Hour).Unix()}, code: 700024},
	} {
		t.Run(c.name, func(t *testing.T) {
			head := map[string]any{"alg": "PS256", "typ": "JWT", "x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}
			body := map[string]any{"iss": "app", "sub": "app", "aud": endpoint, "nbf": now.Unix(), "exp": now.Add(10 * time.Minute).Unix(), "jti": "1"}
			for k, v := range c.head {
				head[k] = v
			}
			for k, v := range c.body {
				body[k] = v
			}
			signer := key
			if c.key != nil {
				signer = c.key
			}
			resp, err := w.http.PostForm(endpoint, url.Values{
				"client_id": {"app"}, "grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default"},
				"client_assertion_type": {assertionType}, "client_assertion": {asserted(t, signer, head, body)},
			})
			if err != nil {
				t.Fatal(err)
			}
			got := readBody(t, resp)
			switch codes, _ := got["error_codes"].([]any); {
			case c.code == 0 && resp.StatusCode != 200, c.code != 0 && (len(codes) == 0 || codes[0] != c.code || resp.StatusCode != 401):
				t.Errorf("got %d %v, want code %v", resp.StatusCode, got, c.code)
			}
		})
	}
}

// Contract 1.2 and 1.7: granted roles are in new tokens only. Contract 1.8: a revoked token is a challenge to who can answer it.
func TestRolesAndRevocationFollowTheToken(t *testing.T) {
	w := start(t, Options{})
	c := w.s.Control()
	if err := c.PutApp(t.Context(), App{ID: DefaultApp, Secret: DefaultSecret, Roles: []string{"Mail.Read"}}); err != nil {
		t.Fatal(err)
	}
	w.get("/users") // the old token keeps its roles
	w.token = w.newToken(DefaultApp, DefaultSecret)
	w.do("GET", "/users", nil).code(403, "Authorization_RequestDenied")
	if err := c.RevokeTokens(t.Context(), DefaultApp); err != nil {
		t.Fatal(err)
	}
	if a := w.do("GET", "messages", nil).code(401, "InvalidAuthenticationToken"); strings.Contains(a.header.Get("WWW-Authenticate"), "claims") {
		t.Error("a client that cannot answer it was challenged")
	}
	resp, err := w.http.PostForm(w.s.Authority()+w.s.TenantID()+"/oauth2/v2.0/token", url.Values{
		"client_id": {DefaultApp}, "client_secret": {DefaultSecret}, "grant_type": {"client_credentials"},
		"scope": {"https://graph.microsoft.com/.default"}, "claims": {`{"access_token":{"xms_cc":{"values":["CP1"]}}}`},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.token = readBody(t, resp)["access_token"].(string)
	w.get("messages")
	if err := c.RevokeTokens(t.Context(), DefaultApp); err != nil {
		t.Fatal(err)
	}
	a := w.do("GET", "messages", nil).want(401)
	_, claims, ok := strings.Cut(a.header.Get("WWW-Authenticate"), `error="insufficient_claims", claims="`)
	p, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(claims, `"`))
	if !ok || err != nil || !strings.Contains(string(p), `"nbf"`) {
		t.Errorf("challenge %q", a.header.Get("WWW-Authenticate"))
	}
}

// Contract 14.24, with 2.2.
func TestMustHave24MailboxClasses(t *testing.T) {
	w := start(t, Options{})
	users, err := w.s.AddUsers(
		User{DisplayName: "None"}, User{DisplayName: "Turns", NoMailbox: alternating}, User{DisplayName: "Consumer", NoMailbox: "MailboxNotSupportedForRESTAPI"},
		User{DisplayName: "Shared", Mailbox: true, Purpose: "shared"}, User{DisplayName: "Denied", Mailbox: true, Denied: true},
		User{DisplayName: "Leaver", Mailbox: true, AccountEnabled: true})
	if err != nil {
		t.Fatal(err)
	}
	inbox := func(i int) string { return "/users/" + users[i].ID + "/mailFolders/inbox" }
	w.do("GET", inbox(0), nil).code(404, "MailboxNotEnabledForRESTAPI")
	var codes []string
	for range 4 {
		codes = append(codes, w.do("GET", inbox(1), nil).want(404).body["error"].(map[string]any)["code"].(string))
	}
	if !slices.Contains(codes, "ResourceNotFound") || !slices.Contains(codes, "MailboxNotEnabledForRESTAPI") {
		t.Errorf("codes %v do not alternate", codes)
	}
	w.do("GET", inbox(2), nil).code(404, "MailboxNotSupportedForRESTAPI")
	w.get(inbox(3))
	if got := w.get("/users/" + users[3].ID + "?$select=accountEnabled,mailboxSettings"); got.body["accountEnabled"] != false || got.body["mailboxSettings"].(map[string]any)["userPurpose"] != "shared" {
		t.Errorf("shared mailbox %v", got.body)
	}
	a := w.do("GET", inbox(4), nil).code(403, "ErrorAccessDenied")
	if m := a.body["error"].(map[string]any)["message"]; m != "Access to OData is disabled." {
		t.Errorf("message %v", m)
	}
	if n := len(w.get("/users").values()); n != 7 {
		t.Errorf("%d users listed: denied ones are listed too", n)
	}
	page := w.get(inbox(5) + "/messages/delta").str("@odata.deltaLink")
	if _, err := w.s.Control().UpdateUser(t.Context(), users[5].ID, map[string]any{"deleted": true}); err != nil {
		t.Fatal(err)
	}
	w.do("GET", page, nil).code(404, "ErrorInvalidUser")
	w.do("GET", "/users/"+users[5].ID, nil).code(404, "Request_ResourceNotFound")
	if n := len(w.get("/users").values()); n != 6 {
		t.Errorf("%d users listed after one was deleted", n)
	}
}
