package graphsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// graphResource is Graph's own application id, one of the two forms of a token's audience (contract 1.2).
const graphResource = "00000003-0000-0000-c000-000000000000"

// identityError is the token endpoint's error (contract 1.3).
type identityError struct {
	status int
	kind   string
	number int
	text   string
}

func (s *Server) serveOpenID(w http.ResponseWriter, r *http.Request, tenantName string) {
	if !s.isTenant(tenantName) {
		// This is where azidentity meets an unknown tenant (contract 1.3, 1.4).
		s.writeIdentityError(w, r, &identityError{400, "invalid_tenant", 90002, fmt.Sprintf(
			"Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", tenantName)})
		return
	}
	root := "https://" + r.Host + "/" + s.opts.Tenant
	writeJSON(w, 200, map[string]any{
		"issuer":                                root + "/v2.0",
		"authorization_endpoint":                root + "/oauth2/v2.0/authorize",
		"token_endpoint":                        root + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         root + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              root + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
		"response_types_supported":              []string{"code", "id_token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"tenant_region_scope":                   "EU",
		"cloud_instance_name":                   r.Host,
		"msgraph_host":                          r.Host,
	})
}

func (s *Server) isTenant(name string) bool {
	return strings.EqualFold(name, s.opts.Tenant) || strings.EqualFold(name, s.opts.Domain)
}

func (s *Server) serveToken(w http.ResponseWriter, r *http.Request, tenantName string) {
	app, aud, ierr := s.checkTokenRequest(r, tenantName)
	if ierr != nil {
		s.writeIdentityError(w, r, ierr)
		return
	}
	life := s.settings.Load().tokenLifetime()
	w.Header().Set("Cache-Control", "no-store, no-cache")
	writeJSON(w, 200, map[string]any{
		"token_type":     "Bearer",
		"expires_in":     int(life / time.Second),
		"ext_expires_in": int(life / time.Second),
		"access_token":   s.mint(app, aud, life, "https://"+r.Host),
	})
}

func (s *Server) checkTokenRequest(r *http.Request, tenantName string) (*App, string, *identityError) {
	if !s.isTenant(tenantName) {
		return nil, "", &identityError{400, "invalid_request", 90002, fmt.Sprintf("Tenant '%s' not found.", tenantName)}
	}
	if err := r.ParseForm(); err != nil {
		return nil, "", &identityError{400, "invalid_request", 900144, "The request body could not be read."}
	}
	f := r.PostForm
	if f.Get("grant_type") != "client_credentials" {
		return nil, "", &identityError{400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '" + f.Get("grant_type") + "'."}
	}
	i := slices.IndexFunc(s.opts.Apps, func(a App) bool { return strings.EqualFold(a.ID, f.Get("client_id")) })
	if i < 0 {
		return nil, "", &identityError{400, "unauthorized_client", 700016, fmt.Sprintf(
			"Application with identifier '%s' was not found in the directory '%s'.", f.Get("client_id"), s.opts.Tenant)}
	}
	app := &s.opts.Apps[i]
	switch secret := f.Get("client_secret"); {
	case f.Get("client_assertion") != "":
		return nil, "", &identityError{401, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application."}
	case secret == "":
		return nil, "", &identityError{401, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	case !hmac.Equal([]byte(secret), []byte(app.Secret)):
		return nil, "", &identityError{401, "invalid_client", 7000215, fmt.Sprintf(
			"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", app.ID)}
	}
	aud, ierr := s.audience(r, f.Get("scope"))
	return app, aud, ierr
}

// audience finds the one "/.default" among the scopes (contract 1.1: libraries add OIDC scopes).
func (s *Server) audience(r *http.Request, scopes string) (string, *identityError) {
	for _, scope := range strings.Fields(scopes) {
		res, ok := strings.CutSuffix(scope, "/.default")
		if !ok {
			continue
		}
		res = strings.TrimSuffix(res, "/")
		if res == graphResource || res == "https://graph.microsoft.com" || res == "https://"+r.Host || s.isOwnRoot(res) {
			return res, nil
		}
		return "", &identityError{400, "invalid_resource", 500011, fmt.Sprintf("The resource principal named %s was not found in the tenant.", res)}
	}
	return "", &identityError{400, "invalid_scope", 1002012, fmt.Sprintf(
		"The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", scopes)}
}

func (s *Server) isOwnRoot(res string) bool {
	u, err := url.Parse(res)
	if err != nil || u.Scheme != "https" {
		return false
	}
	_, port, _ := strings.Cut(s.graphLn.Addr().String()[strings.LastIndexByte(s.graphLn.Addr().String(), ']')+1:], ":")
	return u.Port() == port && (slices.Contains([]string{"127.0.0.1", "localhost", "::1"}, u.Hostname()) || slices.Contains(s.opts.Names, u.Hostname()))
}

func (s *Server) writeIdentityError(w http.ResponseWriter, r *http.Request, e *identityError) {
	trace, corr := newGUID(), r.Header.Get("client-request-id")
	if corr == "" {
		corr = newGUID()
	}
	at := s.tenant.Now().Format("2006-01-02 15:04:05Z")
	writeJSON(w, e.status, map[string]any{
		"error": e.kind,
		"error_description": fmt.Sprintf("AADSTS%d: %s\r\nTrace ID: %s\r\nCorrelation ID: %s\r\nTimestamp: %s",
			e.number, e.text, trace, corr, at),
		"error_codes": []int{e.number}, "timestamp": at, "trace_id": trace, "correlation_id": corr,
		"error_uri": fmt.Sprintf("https://login.microsoftonline.com/error?code=%d", e.number),
	})
}

// claims of an app-only token: roles, and no scp (contract 1.2).
type claims struct {
	Audience string   `json:"aud"`
	Issuer   string   `json:"iss"`
	Tenant   string   `json:"tid"`
	App      string   `json:"appid"`
	Roles    []string `json:"roles"`
	Type     string   `json:"idtyp"`
	Issued   int64    `json:"iat"`
	From     int64    `json:"nbf"`
	Expires  int64    `json:"exp"`
	Version  string   `json:"ver"`
	ID       string   `json:"uti"`
}

func (c *claims) has(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(c.Roles, r) })
}

func (s *Server) mint(app *App, aud string, life time.Duration, issuer string) string {
	now := s.tenant.Now()
	p, err := json.Marshal(claims{
		Audience: aud, Issuer: issuer + "/" + s.opts.Tenant + "/", Tenant: s.opts.Tenant, App: app.ID, Roles: app.Roles,
		Type: "app", Issued: now.Unix(), From: now.Unix(), Expires: now.Add(life).Unix(), Version: "1.0", ID: newGUID(),
	})
	if err != nil {
		return "" // strings and numbers: cannot happen
	}
	head := base64.RawURLEncoding.EncodeToString([]byte(`{"typ":"JWT","alg":"HS256"}`))
	body := head + "." + base64.RawURLEncoding.EncodeToString(p)
	return body + "." + base64.RawURLEncoding.EncodeToString(s.sign(body))
}

func (s *Server) sign(text string) []byte {
	m := hmac.New(sha256.New, s.key)
	_, _ = m.Write([]byte(text))
	return m.Sum(nil)
}

// authorize reads the bearer token of a Graph request.
func (s *Server) authorize(r *http.Request) (*claims, *apiError) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return nil, unauthorized("Access token is empty.")
	}
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return nil, unauthorized("CompactToken parsing failed with error code: 80049217")
	}
	mac, err := base64.RawURLEncoding.DecodeString(token[i+1:])
	if err != nil || !hmac.Equal(mac, s.sign(token[:i])) {
		return nil, unauthorized("CompactToken validation failed with reason code: 80049228.")
	}
	_, body, _ := strings.Cut(token[:i], ".")
	p, err := base64.RawURLEncoding.DecodeString(body)
	c := new(claims)
	if err == nil {
		err = json.Unmarshal(p, c)
	}
	if err != nil {
		return nil, unauthorized("CompactToken parsing failed with error code: 80049217")
	}
	now := s.tenant.Now().Unix()
	if now >= c.Expires || now < c.From-300 {
		return nil, expiredAccess()
	}
	return c, nil
}
