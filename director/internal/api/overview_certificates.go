package api

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"time"

	"holdfast/director/internal/inventory"
	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
)

// ServerCertificate is what clients of the API see.
type ServerCertificate struct {
	DER []byte
	// File is where it was read from; empty for one that the Director made itself.
	File string
}

// From when on a certificate that is not renewed by itself should be replaced.
const replaceBefore = 30 * 24 * time.Hour

func (s *overviews) ListCertificates(context.Context, *directorv1.ListCertificatesRequest) (*directorv1.ListCertificatesResponse, error) {
	answer := &directorv1.ListCertificatesResponse{}
	add := func(c *directorv1.Certificate) { answer.Certificates = append(answer.Certificates, c) }
	server := s.Certificate()
	own := showCertificate(server.DER)
	own.Of, own.File, own.Renewed = directorv1.CertificateOf_CERTIFICATE_OF_API, server.File, server.File == ""
	if s.soon(own) && !own.GetRenewed() {
		own.Remedy = "Put a new certificate and its key in the place of the files; they are read again by themselves."
	}
	add(own)
	credentials := s.Trust.Credentials()
	director := showCertificate(credentials.Certificate)
	director.Of, director.Renewed = directorv1.CertificateOf_CERTIFICATE_OF_DIRECTOR, true
	add(director)
	authority := showCertificate(s.Trust.CA())
	authority.Of = directorv1.CertificateOf_CERTIFICATE_OF_AUTHORITY
	add(authority)
	all, err := s.Fleet.List()
	if err != nil {
		return nil, err
	}
	for _, t := range all {
		c := &directorv1.Certificate{
			Of: directorv1.CertificateOf_CERTIFICATE_OF_TRANSPORTER, TransporterId: string(t.ID), Name: t.Name, Expires: stamp(t.CertificateExpires),
			Subject: string(s.Trust.Transporter(t.ID)), Issuer: authority.GetSubject(), Renewed: true,
		}
		if t.CertificateExpires.Before(s.Now()) && !t.CertificateExpires.IsZero() {
			c.Remedy = "It was out of reach when it should have been renewed: remove the Transporter and pair it again."
		}
		add(c)
	}
	accounts, err := s.Inventory.List()
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if a.Credential.Kind() != "certificate" {
			continue
		}
		c := &directorv1.Certificate{}
		if leaf, err := inventory.Leaf(a.Credential); err != nil {
			c.Error = err.Error()
		} else {
			c = showCertificate(leaf.Raw)
		}
		c.Of, c.AccountId, c.Name = directorv1.CertificateOf_CERTIFICATE_OF_ACCOUNT, string(a.ID), a.Name
		if s.soon(c) {
			c.Remedy = "Make a new certificate, add it to the application in Microsoft's portal, and replace it in the account."
		}
		add(c)
	}
	return answer, nil
}

func (s *overviews) soon(c *directorv1.Certificate) bool {
	return c.GetExpires() != nil && c.GetExpires().AsTime().Sub(s.Now()) < replaceBefore
}

func showCertificate(der []byte) *directorv1.Certificate {
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return &directorv1.Certificate{Error: err.Error()}
	}
	sum := sha256.Sum256(der)
	parts := make([]string, len(sum))
	for i, b := range sum {
		parts[i] = hex.EncodeToString([]byte{b})
	}
	out := &directorv1.Certificate{
		Subject: leaf.Subject.String(), Issuer: leaf.Issuer.String(), Names: leaf.DNSNames, NotBefore: stamp(leaf.NotBefore),
		Expires: stamp(leaf.NotAfter), Fingerprint: "SHA256:" + strings.Join(parts, ":"),
		SelfSigned: leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil,
	}
	for _, ip := range leaf.IPAddresses {
		out.Names = append(out.Names, ip.String())
	}
	for _, u := range leaf.URIs {
		out.Names = append(out.Names, u.String())
	}
	return out
}
