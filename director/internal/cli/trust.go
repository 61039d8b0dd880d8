package cli

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
)

// trust says which certificate makes a Director the right one: a CA file, a pinned fingerprint, or else the CAs of
// this system.
type trust struct {
	caFile string
	roots  *x509.CertPool
	// pin is the SHA-256 of the certificate; key, when known, that of its public key, which outlives renewals.
	pin, key []byte
	// met is the certificate that was accepted last.
	met *acquaintance
	// given is true when a person said so now, false when a login remembered it.
	given bool
}

type acquaintance struct{ certificate *x509.Certificate }

// mismatch is a Director whose certificate is not the pinned one.
type mismatch struct{ want, got []byte }

func (e *mismatch) Error() string {
	return fmt.Sprintf("the certificate is %s, expected %s", fingerprintText(e.got), fingerprintText(e.want))
}

func newTrust(caFile, fingerprint string) (trust, error) {
	t := trust{caFile: caFile, met: &acquaintance{}}
	var err error
	if fingerprint != "" {
		t.pin, err = parseFingerprint(fingerprint)
	}
	if caFile == "" || err != nil {
		return t, err
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return t, usagef("the CA file cannot be read: %s.", fileSentence(err))
	}
	t.roots = x509.NewCertPool()
	if !t.roots.AppendCertsFromPEM(pem) {
		return t, usagef("%s holds no certificate in PEM form", caFile)
	}
	return t, nil
}

// tlsConfig never turns verification off: with a pin, the pin is the verification.
func (t trust) tlsConfig() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: t.roots}
	if len(t.pin) == 0 {
		return c
	}
	c.InsecureSkipVerify = t.roots == nil
	c.VerifyConnection = func(s tls.ConnectionState) error {
		shown := s.PeerCertificates[0]
		if got := fingerprint(shown); !bytes.Equal(got, t.pin) && !bytes.Equal(keyFingerprint(shown), t.key) {
			return &mismatch{want: t.pin, got: got}
		}
		t.met.certificate = shown
		return nil
	}
	return c
}

// lookOnly accepts any certificate and keeps it in seen, to show it to a person. No secret may be sent through it.
func lookOnly(seen **x509.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		InsecureSkipVerify: true,
		VerifyConnection: func(s tls.ConnectionState) error {
			*seen = s.PeerCertificates[0]
			return nil
		},
	}
}

// keyFingerprint is of the public key alone.
func keyFingerprint(c *x509.Certificate) []byte {
	sum := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	return sum[:]
}

func fingerprint(c *x509.Certificate) []byte {
	sum := sha256.Sum256(c.Raw)
	return sum[:]
}

// fingerprintText is "SHA256:ab:cd:…", as other tools print it, in lower case.
func fingerprintText(sum []byte) string {
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = hex.EncodeToString([]byte{b})
	}
	return "SHA256:" + strings.Join(parts, ":")
}

// parseFingerprint takes hexadecimal digits with or without colons, spaces and a "SHA256:" before them.
func parseFingerprint(text string) ([]byte, error) {
	t := strings.TrimSpace(text)
	if len(t) > 7 && strings.EqualFold(t[:6], "sha256") {
		t = t[7:]
	}
	sum, err := hex.DecodeString(strings.NewReplacer(":", "", " ", "").Replace(t))
	if err != nil || len(sum) != sha256.Size {
		return nil, usagef("the fingerprint must be the 64 hexadecimal digits of SHA-256, with or without colons")
	}
	return sum, nil
}
