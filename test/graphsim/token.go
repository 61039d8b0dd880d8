package graphsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

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
	Can      []string `json:"xms_cc,omitempty"` // what the client said it can do: "CP1" is to answer a claims challenge
	Minted   int64    `json:"sim_minted"`       // real time in nanoseconds, for revocation
}

func (c *claims) has(roles ...string) bool {
	return slices.ContainsFunc(roles, func(r string) bool { return slices.Contains(c.Roles, r) })
}

// mint makes a token. Its times are those of the identity's clock, which TokenSkew sets apart from Graph's.
func (s *Server) mint(app *App, aud string, life time.Duration, issuer string, cae bool) string {
	now := s.tenant.Now().Add(s.settings.Load().TokenSkew)
	c := claims{
		Audience: aud, Issuer: issuer + "/" + s.opts.Tenant + "/", Tenant: s.opts.Tenant, App: app.ID, Roles: app.Roles,
		Type: "app", Issued: now.Unix(), From: now.Unix(), Expires: now.Add(life).Unix(), Version: "1.0", ID: newGUID(), Minted: time.Now().UnixNano(),
	}
	if cae {
		c.Can = []string{"CP1"}
	}
	p, err := json.Marshal(c)
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

// clockTolerance is how far in the future a token may begin: Graph's clock and the identity's need not agree.
const clockTolerance = 5 * time.Minute

// authorize reads the bearer token of a Graph request.
func (s *Server) authorize(r *http.Request) (*claims, *apiError) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return nil, unauthorized("Access token is empty.")
	}
	c, aerr := s.readToken(token)
	if aerr != nil {
		return nil, aerr
	}
	now := s.tenant.Now().Unix()
	switch {
	case now >= c.Expires:
		return nil, expiredAccess()
	case now < c.From-int64(clockTolerance/time.Second):
		return nil, unauthorized("Access token has expired or is not yet valid.")
	case !accepts(r.Host, c.Audience):
		return nil, unauthorized("Access token validation failure. Invalid audience.")
	case s.apps.void(c.App, c.Minted):
		return nil, s.revokedAccess(c)
	}
	return c, nil
}

func (s *Server) readToken(token string) (*claims, *apiError) {
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
	return c, nil
}

// accepts: under one of the real names, Graph takes tokens of its own cloud only (contract 1.6).
func accepts(host, audience string) bool {
	return graphCloud(host) == nil || audience == graphResource || audience == "https://"+hostOnly(host)
}

// revokedAccess is the claims challenge of continuous access evaluation for those who can answer it (contract 1.8).
func (s *Server) revokedAccess(c *claims) *apiError {
	if !slices.Contains(c.Can, "CP1") {
		return unauthorized("Access token has expired or is not yet valid.")
	}
	challenge := fmt.Sprintf(`{"access_token":{"nbf":{"essential":true,"value":"%d"}}}`, s.tenant.Now().Unix())
	return fail(http.StatusUnauthorized, "InvalidAuthenticationToken",
		"Continuous access evaluation resulted in challenge with result: InteractionRequired and code: TokenIssuedBeforeRevocationTimestamp").
		withHeader("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", `+
			`client_id="00000003-0000-0000-c000-000000000000", error="insufficient_claims", claims="`+
			base64.StdEncoding.EncodeToString([]byte(challenge))+`"`)
}
