package graphsim

import (
	"crypto/hmac"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"holdfast/test/graphsim/internal/traffic"
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

// serveIdentity answers what is below a tenant on the login host; false when there is no such thing.
func (s *Server) serveIdentity(w http.ResponseWriter, r *http.Request, segs []string) bool {
	s.setDate(w)
	w.Header().Set("x-ms-request-id", newGUID())
	if strings.EqualFold(r.Header.Get("return-client-request-id"), "true") {
		w.Header().Set("client-request-id", r.Header.Get("client-request-id"))
	}
	kind, serve := "", (func(http.ResponseWriter, *http.Request, string))(nil)
	switch path := r.Method + " /" + strings.Join(segs[1:], "/"); path {
	case "GET /v2.0/.well-known/openid-configuration":
		kind, serve = "openid", s.serveOpenID
	case "POST /oauth2/v2.0/token":
		kind, serve = "token", s.serveToken
	case "GET /discovery/instance":
		kind, serve = "discovery", s.serveDiscovery
	case "GET /discovery/v2.0/keys":
		kind, serve = "keys", func(w http.ResponseWriter, _ *http.Request, _ string) {
			writeJSON(w, 200, map[string]any{"keys": []any{}})
		}
	default:
		return false
	}
	s.counters.Begin(kind, "")
	p := newReply(w, r)
	defer func() { s.counters.End(p.sent(), max(r.ContentLength, 0), p.n) }()
	f := s.faults.Hit(traffic.Request{Kind: kind, Method: r.Method, Now: s.tenant.Now()})
	switch {
	case f != nil && s.injectEarly(p, r, f):
	case f != nil && f.Status != 0:
		setRetryAfter(p, f, s.tenant.Now())
		s.writeIdentityError(p, r, &identityError{f.Status, orElse(f.Code, "temporarily_unavailable"), 90033, orElse(f.Message, "A transient error has occurred. Please try again.")})
	default:
		serve(p, r, segs[0])
	}
	p.close()
	if p.discard {
		panic(http.ErrAbortHandler)
	}
	return true
}

// many are the names that stand for no single tenant: an app cannot sign in there by itself (contract 1.1).
var many = []string{"common", "organizations", "consumers"}

func unknownTenant(kind, name string) *identityError {
	return &identityError{400, kind, 90002, fmt.Sprintf(
		"Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.", name)}
}

func (s *Server) serveOpenID(w http.ResponseWriter, r *http.Request, tenantName string) {
	base, id := "https://"+r.Host+"/", s.opts.Tenant
	issuer := base + id + "/v2.0"
	if slices.Contains(many, tenantName) {
		id, issuer = tenantName, base+"{tenantid}/v2.0"
	} else if !s.isTenant(tenantName) {
		// This is where azidentity meets an unknown tenant (contract 1.3, 1.4).
		s.writeIdentityError(w, r, unknownTenant("invalid_tenant", tenantName))
		return
	}
	root := base + id
	writeJSON(w, 200, map[string]any{
		"issuer":                                issuer,
		"authorization_endpoint":                root + "/oauth2/v2.0/authorize",
		"token_endpoint":                        root + "/oauth2/v2.0/token",
		"device_authorization_endpoint":         root + "/oauth2/v2.0/devicecode",
		"jwks_uri":                              root + "/discovery/v2.0/keys",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
		"response_types_supported":              []string{"code", "id_token"},
		"subject_types_supported":               []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"tenant_region_scope":                   "EU",
		"cloud_instance_name":                   r.Host,
		"msgraph_host":                          r.Host,
	})
}

// serveDiscovery tells which hosts are one authority (contract 1.4).
func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request, _ string) {
	u, err := url.Parse(r.URL.Query().Get("authorization_endpoint"))
	if err != nil || u.Host == "" || (loginCloud(u.Host) == nil && !strings.EqualFold(u.Host, r.Host)) {
		s.writeIdentityError(w, r, &identityError{400, "invalid_instance", 50049, "Unknown or invalid instance."})
		return
	}
	var metadata []map[string]any
	for _, c := range clouds {
		metadata = append(metadata, map[string]any{"preferred_network": c.login[0], "preferred_cache": c.login[0], "aliases": c.login})
	}
	name := strings.Split(strings.Trim(u.Path, "/"), "/")[0]
	writeJSON(w, 200, map[string]any{
		"tenant_discovery_endpoint": "https://" + u.Host + "/" + name + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1", "metadata": metadata,
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
	set := s.settings.Load()
	life := set.tokenLifetime()
	w.Header().Set("Cache-Control", "no-store, no-cache")
	body := map[string]any{
		"token_type":     "Bearer",
		"expires_in":     int(life / time.Second),
		"ext_expires_in": int(life / time.Second),
		"access_token":   s.mint(app, aud, life, "https://"+r.Host, strings.Contains(r.PostForm.Get("claims"), `"CP1"`)),
	}
	if set.RefreshIn > 0 {
		body["refresh_in"] = int(set.RefreshIn / time.Second)
	}
	writeJSON(w, 200, body)
}

func (s *Server) checkTokenRequest(r *http.Request, tenantName string) (*App, string, *identityError) {
	if slices.Contains(many, tenantName) {
		return nil, "", &identityError{400, "invalid_request", 50059, "No tenant-identifying information found in either the request or implied by any provided credentials."}
	}
	if !s.isTenant(tenantName) {
		return nil, "", unknownTenant("invalid_request", tenantName)
	}
	if err := r.ParseForm(); err != nil {
		return nil, "", &identityError{400, "invalid_request", 900144, "The request body could not be read."}
	}
	f := r.PostForm
	for _, name := range []string{"grant_type", "client_id", "scope"} {
		if f.Get(name) == "" {
			return nil, "", &identityError{400, "invalid_request", 900144, "The request body must contain the following parameter: '" + name + "'."}
		}
	}
	if f.Get("grant_type") != "client_credentials" {
		return nil, "", &identityError{400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '" + f.Get("grant_type") + "'."}
	}
	app, ok := s.apps.find(f.Get("client_id"))
	if !ok {
		return nil, "", &identityError{400, "unauthorized_client", 700016, fmt.Sprintf(
			"Application with identifier '%s' was not found in the directory '%s'. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.", f.Get("client_id"), s.opts.Tenant)}
	}
	if ierr := s.checkCredential(r, &app); ierr != nil {
		return nil, "", ierr
	}
	aud, ierr := s.audience(r, f.Get("scope"))
	if ierr == nil && app.Blocked {
		ierr = &identityError{400, "access_denied", 53003, "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."}
	}
	return &app, aud, ierr
}

// checkCredential takes a secret or a signed assertion.
func (s *Server) checkCredential(r *http.Request, app *App) *identityError {
	f := r.PostForm
	switch secret := f.Get("client_secret"); {
	case f.Get("client_assertion") != "":
		return s.checkAssertion(r, app)
	case secret == "":
		return &identityError{401, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."}
	case app.Secret == "" || !hmac.Equal([]byte(secret), []byte(app.Secret)):
		return &identityError{401, "invalid_client", 7000215, fmt.Sprintf(
			"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", app.ID)}
	case !app.SecretExpires.IsZero() && s.tenant.Now().After(app.SecretExpires):
		return &identityError{401, "invalid_client", 7000222, fmt.Sprintf(
			"The provided client secret keys for app '%s' are expired. Visit the Azure portal to create new keys for your app.", app.ID)}
	}
	return nil
}

// audience finds the one "/.default" among the scopes (contract 1.1: libraries add OIDC scopes).
func (s *Server) audience(r *http.Request, scopes string) (string, *identityError) {
	for _, scope := range strings.Fields(scopes) {
		res, ok := strings.CutSuffix(scope, "/.default")
		if !ok {
			continue
		}
		res = strings.TrimSuffix(res, "/")
		if res == graphResource || res == "https://"+r.Host || s.isOwnRoot(res) || sameCloud(r.Host, res) {
			return res, nil
		}
		return "", &identityError{400, "invalid_resource", 500011, fmt.Sprintf("The resource principal named %s was not found in the tenant named %s.", res, s.opts.Tenant)}
	}
	if len(strings.Fields(scopes)) > 0 && !strings.Contains(scopes, "://") {
		return "", &identityError{400, "invalid_scope", 70011, fmt.Sprintf("The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope %s is not valid.", scopes)}
	}
	return "", &identityError{400, "invalid_scope", 1002012, fmt.Sprintf(
		"The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).", scopes)}
}

// sameCloud: a scope must name the Graph of the cloud whose login host is asked (contract 1.1). The simulated tenant's own
// address stands for any of them.
func sameCloud(host, res string) bool {
	c := loginCloud(host)
	if c == nil {
		return slices.ContainsFunc(clouds, func(c cloud) bool { return slices.Contains(c.graph, strings.TrimPrefix(res, "https://")) })
	}
	return slices.Contains(c.graph, strings.TrimPrefix(res, "https://"))
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
