package graphsim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// assertionType is the one kind of client assertion there is (RFC 7523).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertion is a JWT that a client signs with the key of a registered certificate (contract 1.1).
type assertion struct {
	head struct {
		Algorithm string `json:"alg"`
		X5T       string `json:"x5t"`
		X5T256    string `json:"x5t#S256"`
	}
	body struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		From     int64  `json:"nbf"`
		ID       string `json:"jti"`
	}
	signed    string
	signature []byte
}

func parseAssertion(text string) (*assertion, error) {
	p := strings.Split(text, ".")
	if len(p) != 3 {
		return nil, fmt.Errorf("a JWT has three parts, not %d", len(p))
	}
	a := &assertion{signed: p[0] + "." + p[1]}
	for i, v := range []any{&a.head, &a.body} {
		raw, err := base64.RawURLEncoding.DecodeString(p[i])
		if err != nil {
			return nil, err
		}
		if err := json.Unmarshal(raw, v); err != nil {
			return nil, err
		}
	}
	var err error
	a.signature, err = base64.RawURLEncoding.DecodeString(p[2])
	return a, err
}

func invalidAssertion(number int, format string, args ...any) *identityError {
	return &identityError{http.StatusUnauthorized, "invalid_client", number, fmt.Sprintf(format, args...)}
}

// checkAssertion verifies who signed, for whom and when.
func (s *Server) checkAssertion(r *http.Request, app *App) *identityError {
	if r.PostForm.Get("client_assertion_type") != assertionType {
		return &identityError{400, "invalid_request", 900144, "The request body must contain the following parameter: 'client_assertion_type'."}
	}
	a, err := parseAssertion(r.PostForm.Get("client_assertion"))
	if err != nil {
		return invalidAssertion(50027, "JWT token is invalid or malformed.")
	}
	key := app.key(a.head.X5T, a.head.X5T256)
	if key == nil {
		return invalidAssertion(700027, "The certificate with identifier used to sign the client assertion is not registered on application. [Reason - The key was not found., Thumbprint of key used by client: '%s']", a.head.X5T+a.head.X5T256)
	}
	if !a.verifies(key) {
		return invalidAssertion(700027, "Client assertion contains an invalid signature. [Reason - The key used is not the one of the certificate.]")
	}
	now := s.tenant.Now()
	switch root := "https://" + r.Host + "/"; {
	case !strings.EqualFold(a.body.Issuer, app.ID) || !strings.EqualFold(a.body.Subject, app.ID):
		return invalidAssertion(700021, "Client assertion application identifier doesn't match 'client_id' parameter.")
	case !s.assertedFor(root, a.body.Audience):
		return invalidAssertion(700023, "Client assertion audience claim does not match Realm issuer. Review the documentation at https://docs.microsoft.com/azure/active-directory/develop/active-directory-certificate-credentials .")
	case now.After(time.Unix(a.body.Expires, 0).Add(clockTolerance)) || now.Add(clockTolerance).Before(time.Unix(a.body.From, 0)):
		return invalidAssertion(700024, "Client assertion is not within its valid time range.")
	}
	return nil
}

// assertedFor takes the token endpoint and the issuer, with the tenant's id or its domain.
func (s *Server) assertedFor(root, audience string) bool {
	for _, name := range []string{s.opts.Tenant, s.opts.Domain} {
		for _, tail := range []string{"/oauth2/v2.0/token", "/v2.0", "/"} {
			if strings.EqualFold(audience, root+name+tail) {
				return true
			}
		}
	}
	return false
}

func (a *assertion) verifies(key *rsa.PublicKey) bool {
	sum := sha256.Sum256([]byte(a.signed))
	switch a.head.Algorithm {
	case "RS256":
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], a.signature) == nil
	case "PS256":
		return rsa.VerifyPSS(key, crypto.SHA256, sum[:], a.signature, nil) == nil
	}
	return false
}
