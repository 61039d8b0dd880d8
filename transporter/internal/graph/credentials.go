package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"holdfast/pkg/fault"
)

// early is how long before its end a token is replaced at most, so that clocks may differ and long requests may begin.
const early = 5 * time.Minute

// renewPause is how long to leave the sign-in host alone after it failed to renew a token that still holds.
const renewPause = 30 * time.Second

// credentials hands out tokens for Graph. One token is asked for at a time, whoever needs it.
type credentials struct {
	scope   string
	make    func() (azcore.TokenCredential, error)
	now     func() time.Time
	explain func(error) error

	turn   chan struct{} // a mutex that hears the context
	source azcore.TokenCredential
	token  azcore.AccessToken
	// renewAt is when a new token is due.
	renewAt time.Time
	claims  string // demanded by a challenge for the next token
}

func newCredentials(o Options) (*credentials, error) {
	transport := &tokenTransport{client: &http.Client{Transport: o.HTTPTransport}, counter: o.Counter}
	options := policy.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: o.Authority + "/"},
		Transport: transport,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // retries are the client's
		Telemetry: policy.TelemetryOptions{ApplicationID: "holdfast"},
	}
	c := &credentials{
		scope: o.Root + "/.default", now: o.Now, turn: make(chan struct{}, 1),
		explain: func(err error) error {
			if failure := transport.failure.Swap(nil); failure != nil {
				return reach(o.Authority, *failure)
			}
			return explainToken(o, err)
		},
	}
	custom := o.Cloud == CloudCustom
	c.make = func() (azcore.TokenCredential, error) {
		return azidentity.NewClientSecretCredential(string(o.Tenant), o.ClientID, o.Secret.Reveal(),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: custom})
	}
	if !o.Certificate.empty() {
		certs, key, err := o.Certificate.parse()
		if err != nil {
			return nil, err
		}
		c.make = func() (azcore.TokenCredential, error) {
			return azidentity.NewClientCertificateCredential(string(o.Tenant), o.ClientID, certs, key,
				&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: custom})
		}
	}
	var err error
	if c.source, err = c.make(); err != nil {
		return nil, fault.New(fault.Invalid, "the credential cannot be used to sign in: %s", clip(oneLine(err.Error())))
	}
	return c, nil
}

// get returns a token that is good for a while yet.
func (c *credentials) get(ctx context.Context) (azcore.AccessToken, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
	now := c.now()
	if c.token.Token != "" && now.Before(c.renewAt) {
		return c.token, nil
	}
	if c.source == nil {
		source, err := c.make()
		if err != nil {
			return azcore.AccessToken{}, c.explain(err)
		}
		c.source = source
	}
	token, err := c.source.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{c.scope}, Claims: c.claims})
	if err != nil {
		c.source = nil
		if ctx.Err() != nil {
			return azcore.AccessToken{}, ctx.Err()
		}
		if c.token.Token != "" && now.Before(c.token.ExpiresOn) {
			c.renewAt = now.Add(renewPause) // renewing early failed: the old one still holds
			return c.token, nil
		}
		return azcore.AccessToken{}, c.explain(err)
	}
	c.token, c.claims = token, ""
	c.renewAt = token.ExpiresOn.Add(-min(early, token.ExpiresOn.Sub(now)/4))
	if at := token.RefreshOn; at.After(now) && at.Before(c.renewAt) {
		c.renewAt = at
	}
	return token, nil
}

// discard makes the next get ask for a new token, if used is still the current one: Graph refused it. The credential
// goes with it, because it would answer from its own cache.
func (c *credentials) discard(used, claims string) {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	if used == c.token.Token {
		c.token, c.source, c.claims = azcore.AccessToken{}, nil, claims
	}
}

// forget makes the next get ask for a new token.
func (c *credentials) forget() {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	c.token, c.source, c.claims = azcore.AccessToken{}, nil, ""
}

// tokenTransport counts requests for tokens, and remembers why the last one got no answer: azidentity keeps but the text.
type tokenTransport struct {
	client  *http.Client
	counter *Counter
	failure atomic.Pointer[error]
}

func (t *tokenTransport) Do(r *http.Request) (*http.Response, error) {
	t.counter.add(sent(KindToken, 1))
	resp, err := t.client.Do(r)
	if err != nil {
		t.failure.Store(&err)
		return nil, err
	}
	t.failure.Store(nil)
	return resp, nil
}

// rolesOf reads the application permissions out of a token, for diagnostics only; false when the token does not show them.
func rolesOf(token string) ([]string, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	var claims struct {
		Audience any      `json:"aud"`
		Roles    []string `json:"roles"`
	}
	if json.Unmarshal(payload, &claims) != nil || claims.Audience == nil {
		return nil, false
	}
	slices.Sort(claims.Roles)
	return claims.Roles, true
}

// challenge returns the claims that a 401 demands (contract 1.8), or "".
func challenge(h http.Header) string {
	for _, v := range h.Values("WWW-Authenticate") {
		_, rest, ok := strings.Cut(v, `claims="`)
		if !ok {
			continue
		}
		encoded, _, _ := strings.Cut(rest, `"`)
		for _, e := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			if b, err := e.DecodeString(encoded); err == nil && json.Valid(b) {
				return string(b)
			}
		}
	}
	return ""
}
