package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"time"

	"holdfast/pkg/fault"
)

// Credentials are one party's key, certificate and trusted authority, all that mutual TLS needs.
type Credentials struct {
	Key         *Key
	Certificate []byte // DER
	CA          []byte // DER
	// Now is the clock that certificates are checked against; nil means time.Now.
	Now func() time.Time
}

// Name returns the party's own name.
func (c Credentials) Name() (URI, error) {
	cert, err := x509.ParseCertificate(c.Certificate)
	if err != nil {
		return "", fault.New(fault.Corrupt, "read the own certificate: %w", err)
	}
	return Of(cert)
}

// ServerTLS returns a configuration that takes only TLS 1.3 clients whose certificate the authority signed and whose name
// allow accepts. Credentials are asked for with each connection, so that a renewed certificate serves at once.
func ServerTLS(current func() Credentials, allow func(URI) bool) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"h2"},
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			c := current()
			cert, err := c.Key.TLS(c.Certificate)
			if err != nil {
				return nil, err
			}
			return &tls.Config{
				MinVersion:   tls.VersionTLS13,
				NextProtos:   []string{"h2"},
				Certificates: []tls.Certificate{cert},
				ClientAuth:   tls.RequireAnyClientCert,
				// Not VerifyPeerCertificate, which a resumed session would pass by.
				VerifyConnection: verifier(c, x509.ExtKeyUsageClientAuth, allow),
			}, nil
		},
	}
}

// ClientTLS returns a configuration that takes only the server of that name, whatever its host.
func ClientTLS(current func() Credentials, want URI) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"h2"},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c := current()
			cert, err := c.Key.TLS(c.Certificate)
			return &cert, err
		},
		// The host in the certificate is not what identifies a peer here; verifier checks chain and name instead.
		InsecureSkipVerify: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			return verifier(current(), x509.ExtKeyUsageServerAuth, func(u URI) bool { return u == want })(state)
		},
	}
}

// PinnedTLS returns a client configuration without a certificate of its own that takes only a server with exactly the
// certificate of that fingerprint: for pairing.
func PinnedTLS(fingerprint [32]byte) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS13,
		NextProtos:         []string{"h2"},
		InsecureSkipVerify: true, // the fingerprint below stands in for the chain
		VerifyConnection: func(state tls.ConnectionState) error {
			if peer := state.PeerCertificates; len(peer) == 0 || Fingerprint(peer[0].Raw) != fingerprint {
				return fault.New(fault.Denied, "the certificate there is not the one in the pairing code: "+
					"wrong address, an old code, or somebody in between")
			}
			return nil
		},
	}
}

func verifier(c Credentials, usage x509.ExtKeyUsage, allow func(URI) bool) func(tls.ConnectionState) error {
	return func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return fault.New(fault.Denied, "the peer showed no certificate")
		}
		cert := state.PeerCertificates[0]
		ca, err := x509.ParseCertificate(c.CA)
		if err != nil {
			return fault.New(fault.Corrupt, "read the authority's certificate: %w", err)
		}
		roots := x509.NewCertPool()
		roots.AddCert(ca)
		now := time.Now
		if c.Now != nil {
			now = c.Now
		}
		options := x509.VerifyOptions{Roots: roots, CurrentTime: now(), KeyUsages: []x509.ExtKeyUsage{usage}}
		_, err = cert.Verify(options)
		var invalid x509.CertificateInvalidError
		if errors.As(err, &invalid) && invalid.Reason == x509.Expired {
			return fault.New(fault.Denied, "the peer's certificate is valid from %s to %s, and here it is %s: check the clocks of "+
				"both machines; one that has really expired must be paired again", cert.NotBefore.Format(time.RFC3339),
				cert.NotAfter.Format(time.RFC3339), options.CurrentTime.UTC().Format(time.RFC3339))
		}
		if err != nil {
			return fault.New(fault.Denied, "the peer's certificate is not of this installation: %w", err)
		}
		name, err := Of(cert)
		if err != nil {
			return err
		}
		if !allow(name) {
			return fault.New(fault.Denied, "the peer %s may not connect here", name)
		}
		return nil
	}
}
