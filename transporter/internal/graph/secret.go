package graph

import (
	"crypto"
	"crypto/x509"
	"encoding/json"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"holdfast/pkg/fault"
)

const redacted = "(secret)"

// Secret is a string that never prints: not by any fmt verb, not in a struct, not as JSON or text.
type Secret struct{ value *string } // a pointer, because fmt looks into unexported fields

// NewSecret returns s as a Secret.
func NewSecret(s string) Secret {
	if s == "" {
		return Secret{}
	}
	return Secret{&s}
}

// Reveal returns the string itself.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Empty reports whether there is no secret.
func (s Secret) Empty() bool { return s.value == nil }

// String returns a placeholder.
func (s Secret) String() string { return redacted }

// Format prints a placeholder for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalText returns a placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalJSON returns a placeholder.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(redacted) }

// Certificate is a credential of certificate and private key, as PEM or PKCS#12 (PFX).
type Certificate struct {
	Data     Secret // the file's bytes
	Password Secret // of the PFX; empty for none
}

func (c Certificate) empty() bool { return c.Data.Empty() }

func (c Certificate) parse() ([]*x509.Certificate, crypto.PrivateKey, error) {
	var password []byte
	if !c.Password.Empty() {
		password = []byte(c.Password.Reveal())
	}
	certs, key, err := azidentity.ParseCertificates([]byte(c.Data.Reveal()), password)
	if err != nil {
		return nil, nil, fault.InvalidField("certificate",
			"the certificate cannot be read: it must be PEM or PFX with its private key, and the password must be right; "+
				"a PFX with AES encryption must be turned into PEM first")
	}
	return certs, key, nil
}
