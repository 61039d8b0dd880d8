package identity

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"net/url"
	"time"

	"holdfast/pkg/fault"
)

// Validity of certificates. Leaves are renewed when a third of their life is left: a machine that was switched off for four
// months still comes back by itself.
const (
	CAValidity   = 20 * 365 * 24 * time.Hour
	LeafValidity = 365 * 24 * time.Hour
)

// Authority is the Director's certificate authority.
type Authority struct {
	key  *Key
	cert *x509.Certificate
}

// NewAuthority makes an authority for an installation.
func NewAuthority(installation string, now time.Time) (*Authority, error) {
	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "Holdfast " + installation},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.Add(CAValidity),
		KeyUsage:              x509.KeyUsageCertSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.private.PublicKey, key.private)
	if err != nil {
		return nil, fault.New(fault.Unknown, "sign the authority's certificate: %w", err)
	}
	return LoadAuthority(key, der)
}

// LoadAuthority returns the authority of a stored key and certificate (DER).
func LoadAuthority(key *Key, certificate []byte) (*Authority, error) {
	cert, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "read the authority's certificate: %w", err)
	}
	if !cert.IsCA || !key.private.PublicKey.Equal(cert.PublicKey) {
		return nil, fault.New(fault.Corrupt, "the authority's certificate and key do not belong together")
	}
	return &Authority{key: key, cert: cert}, nil
}

// Key returns the authority's key, to be stored.
func (a *Authority) Key() *Key { return a.key }

// Certificate returns the authority's certificate in DER.
func (a *Authority) Certificate() []byte { return a.cert.Raw }

// Sign checks the request's own signature and returns a certificate (DER) with the name, for client and server use. The
// request's own names are ignored.
func (a *Authority) Sign(request []byte, name URI, now time.Time) ([]byte, error) {
	csr, err := x509.ParseCertificateRequest(request)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the certificate request: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fault.New(fault.Invalid, "the certificate request is not signed by its key: %w", err)
	}
	uri, err := name.parse()
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: uri.Path},
		NotBefore:    now.Add(-skew),
		NotAfter:     now.Add(LeafValidity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		URIs:         []*url.URL{uri},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, csr.PublicKey, a.key.private)
	if err != nil {
		return nil, fault.New(fault.Unknown, "sign the certificate of %s: %w", name, err)
	}
	return der, nil
}

// RenewalDue reports whether the certificate (DER) has a third of its life or less left; true also when it cannot be read.
func RenewalDue(certificate []byte, now time.Time) bool {
	cert, err := x509.ParseCertificate(certificate)
	if err != nil {
		return true
	}
	return now.After(cert.NotAfter.Add(-cert.NotAfter.Sub(cert.NotBefore) / 3))
}

func addHosts(template *x509.Certificate, hosts []string) {
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else if h != "" {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
}
