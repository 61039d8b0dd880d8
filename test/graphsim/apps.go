package graphsim

import (
	"crypto/rsa"
	"crypto/sha1" // x5t is the SHA-1 of a certificate by definition (RFC 7515, 4.1.7)
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// App is a registered application.
type App struct {
	ID     string `json:"id"`
	Secret string `json:"secret,omitempty"`
	// SecretExpires is when the secret ends; zero is never.
	SecretExpires time.Time `json:"secretExpires,omitzero"`
	// Certificate holds the certificates, as PEM, whose RSA keys may sign client assertions.
	Certificate string `json:"certificate,omitempty"`
	// Blocked is a conditional access policy for workload identities that says no.
	Blocked bool `json:"blocked,omitempty"`
	// Roles granted: "Mail.Read", "Mail.ReadWrite", "User.Read.All", "MailboxSettings.Read",
	// "Mail-Advanced.ReadWrite.All". Default: all but the last. They are in tokens issued from then on (contract 1.7).
	Roles []string `json:"roles,omitempty"`
}

// Validate reports what is wrong with the app.
func (a *App) Validate() error {
	if a.ID == "" {
		return errors.New("app: the id is missing")
	}
	_, err := a.certificates()
	return err
}

func (a *App) certificates() ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	for rest := []byte(a.Certificate); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("app %s: certificate: %w", a.ID, err)
		}
		if _, ok := c.PublicKey.(*rsa.PublicKey); !ok {
			return nil, fmt.Errorf("app %s: the certificate's key is not RSA", a.ID)
		}
		out = append(out, c)
	}
	if len(out) == 0 && a.Certificate != "" {
		return nil, fmt.Errorf("app %s: no certificate in the PEM", a.ID)
	}
	return out, nil
}

// key finds the key of the certificate with a thumbprint: x5t or x5t#S256 of an assertion's header.
func (a *App) key(x5t, x5t256 string) *rsa.PublicKey {
	certs, err := a.certificates()
	if err != nil {
		return nil
	}
	for _, c := range certs {
		one, two := sha1.Sum(c.Raw), sha256.Sum256(c.Raw)
		if same(x5t, one[:]) || same(x5t256, two[:]) {
			return c.PublicKey.(*rsa.PublicKey)
		}
	}
	return nil
}

// same takes either alphabet of base64: libraries write the plain one, although the standard has the other.
func same(thumbprint string, sum []byte) bool {
	thumbprint = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(thumbprint, "="))
	return thumbprint == base64.RawURLEncoding.EncodeToString(sum)
}

// registry is the apps of a tenant, and which of their tokens were revoked.
type registry struct {
	mu      sync.Mutex
	list    []App
	revoked map[string]int64 // app to the real time in nanoseconds up to which its tokens are void
}

func (r *registry) find(id string) (App, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.list, func(a App) bool { return strings.EqualFold(a.ID, id) })
	if i < 0 {
		return App{}, false
	}
	return r.list[i], true
}

func (r *registry) all() []App {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.list)
}

func (r *registry) put(a App) {
	if a.Roles == nil {
		a.Roles = DefaultRoles()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.list, func(b App) bool { return strings.EqualFold(a.ID, b.ID) })
	if i < 0 {
		r.list = append(r.list, a)
		return
	}
	r.list[i] = a
}

func (r *registry) revoke(app string, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.revoked == nil {
		r.revoked = map[string]int64{}
	}
	r.revoked[strings.ToLower(app)] = now.UnixNano()
}

func (r *registry) void(app string, minted int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	at, ok := r.revoked[strings.ToLower(app)]
	return ok && minted <= at
}

// PutApp registers an app, or changes the one of its id.
func (s *Server) PutApp(a App) error {
	if err := a.Validate(); err != nil {
		return err
	}
	s.apps.put(a)
	return nil
}

// Apps that are registered, secrets included.
func (s *Server) Apps() []App { return s.apps.all() }

// RevokeTokens voids the tokens that an app has now. Those of clients that announced it get a claims challenge, as
// continuous access evaluation sends (contract 1.8); the others are told that the token is not valid.
func (s *Server) RevokeTokens(app string) error {
	a, ok := s.apps.find(app)
	if !ok {
		return errors.New("no app " + app)
	}
	s.apps.revoke(a.ID, time.Now())
	return nil
}
