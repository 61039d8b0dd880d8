package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"

	"holdfast/pkg/fault"
)

// Key is a private key. Its bytes leave this package only through PEM.
type Key struct{ private *ecdsa.PrivateKey }

// NewKey makes a key.
func NewKey() (*Key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fault.New(fault.Unknown, "make a key: %w", err)
	}
	return &Key{private: private}, nil
}

// ParseKey reads a key that PEM wrote.
func ParseKey(data []byte) (*Key, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fault.New(fault.Corrupt, "the file holds no private key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "read the private key: %w", err)
	}
	private, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fault.New(fault.Corrupt, "the private key is not an ECDSA key")
	}
	return &Key{private: private}, nil
}

// PEM returns the key as PKCS #8 in PEM, to be kept in a file that nobody else may read.
func (k *Key) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, fault.New(fault.Unknown, "encode the key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// CertificateRequest returns a PKCS #10 request in DER. It proves possession of the key; the name is the signer's choice.
func (k *Key) CertificateRequest() ([]byte, error) {
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, k.private)
	if err != nil {
		return nil, fault.New(fault.Unknown, "make a certificate request: %w", err)
	}
	return der, nil
}

// Matches reports whether the certificate (DER) is for this key.
func (k *Key) Matches(certificate []byte) bool {
	cert, err := x509.ParseCertificate(certificate)
	return err == nil && k.private.PublicKey.Equal(cert.PublicKey)
}

// TLS returns the key with its certificate (DER) for use in TLS.
func (k *Key) TLS(certificate []byte) (tls.Certificate, error) {
	leaf, err := x509.ParseCertificate(certificate)
	if err != nil {
		return tls.Certificate{}, fault.New(fault.Corrupt, "read the certificate: %w", err)
	}
	if !k.private.PublicKey.Equal(leaf.PublicKey) {
		return tls.Certificate{}, fault.New(fault.Corrupt, "certificate and key do not belong together")
	}
	return tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: k.private, Leaf: leaf}, nil
}

// SelfSigned returns a certificate (DER) that the key signs for itself: the bootstrap certificate of an unpaired
// Transporter, and the Director's for browsers while it has no other. Hosts are DNS names or addresses and may be none.
func (k *Key) SelfSigned(commonName string, hosts []string, notBefore time.Time, validity time.Duration) ([]byte, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: commonName},
		NotBefore:    notBefore.Add(-skew),
		NotAfter:     notBefore.Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	addHosts(template, hosts)
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.private.PublicKey, k.private)
	if err != nil {
		return nil, fault.New(fault.Unknown, "sign the certificate: %w", err)
	}
	return der, nil
}

// Fingerprint of a certificate (DER): SHA-256 over all of it.
func Fingerprint(certificate []byte) [sha256.Size]byte { return sha256.Sum256(certificate) }

// skew is how far a peer's clock may be behind the signer's before a fresh certificate looks not yet valid.
const skew = time.Hour

func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fault.New(fault.Unknown, "make a serial number: %w", err)
	}
	return serial, nil
}
