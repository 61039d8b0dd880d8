// Package identity is who is who between Director and Transporters: names as URIs, keys, certificate requests, and the
// Director's own certificate authority. Keys are ECDSA P-256. It does no network I/O and does not log.
//
// A name is a URI in the certificate's subject alternative names, and nothing else there counts:
//
//	holdfast://INSTALLATION/director
//	holdfast://INSTALLATION/transporter/ID
package identity

import (
	"crypto/x509"
	"net/url"
	"strings"

	"holdfast/pkg/fault"
)

// URI is the name of a Director or a Transporter.
type URI string

// maxURI bounds a name taken from a certificate, in bytes.
const maxURI = 256

// Director returns the name of the Director of an installation.
func Director(installation string) URI { return URI("holdfast://" + installation + "/director") }

// Transporter returns the name of a Transporter of an installation.
func Transporter(installation, id string) URI {
	return URI("holdfast://" + installation + "/transporter/" + id)
}

// TransporterID returns the id in a Transporter's name; empty when u names no Transporter.
func (u URI) TransporterID() string {
	rest, ok := strings.CutPrefix(string(u), "holdfast://")
	if !ok {
		return ""
	}
	if _, id, ok := strings.Cut(rest, "/transporter/"); ok && !strings.Contains(id, "/") {
		return id
	}
	return ""
}

// Installation returns the installation in the name; empty when it is none of ours.
func (u URI) Installation() string {
	rest, ok := strings.CutPrefix(string(u), "holdfast://")
	if !ok {
		return ""
	}
	installation, _, _ := strings.Cut(rest, "/")
	return installation
}

// parse returns u as a URL for a certificate.
func (u URI) parse() (*url.URL, error) {
	parsed, err := url.Parse(string(u))
	if err != nil || u.Installation() == "" || len(u) > maxURI {
		return nil, fault.New(fault.Invalid, "%q is no identity of Holdfast", string(u))
	}
	return parsed, nil
}

// Of returns the name in a certificate: exactly one URI of ours must be there, else Denied.
func Of(cert *x509.Certificate) (URI, error) {
	if len(cert.URIs) != 1 {
		return "", fault.New(fault.Denied, "the certificate carries %d identities, want one", len(cert.URIs))
	}
	u := URI(cert.URIs[0].String())
	if u.Installation() == "" || len(u) > maxURI {
		return "", fault.New(fault.Denied, "the certificate carries no identity of Holdfast")
	}
	return u, nil
}
