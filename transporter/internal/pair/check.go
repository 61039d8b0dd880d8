package pair

import (
	"crypto/x509"
	"time"

	"holdfast/pkg/fault"
)

// check reports what is wrong with an identity before it is kept: an identity that cannot work would lock everybody out.
func (id Identity) check() error {
	c := id.Credentials
	cert, err := x509.ParseCertificate(c.Certificate)
	if err != nil {
		return fault.InvalidField("certificate", "the certificate cannot be read: %w", err)
	}
	ca, err := x509.ParseCertificate(c.CA)
	if err != nil || !ca.IsCA {
		return fault.InvalidField("ca_certificate", "the authority's certificate cannot be used")
	}
	if err := cert.CheckSignatureFrom(ca); err != nil {
		return fault.InvalidField("certificate", "the certificate is not signed by the authority that came with it")
	}
	if !c.Key.Matches(c.Certificate) {
		return fault.InvalidField("certificate", "the certificate is for another key")
	}
	name, err := c.Name()
	if err != nil {
		return fault.InvalidField("certificate", "%w", err)
	}
	if id.TransporterID == "" || name.TransporterID() != id.TransporterID {
		return fault.InvalidField("transporter_id", "the certificate names %s, not Transporter %q", name, id.TransporterID)
	}
	if id.Director.Installation() == "" || id.Director.Installation() != name.Installation() {
		return fault.InvalidField("director_uri", "the Director's name %q is not of the certificate's installation", id.Director)
	}
	return nil
}

// Expires returns when the certificate ends; zero while unpaired.
func (s *Store) Expires() time.Time {
	id, ok := s.Current()
	if !ok {
		return time.Time{}
	}
	cert, err := x509.ParseCertificate(id.Credentials.Certificate)
	if err != nil {
		return time.Time{}
	}
	return cert.NotAfter
}
