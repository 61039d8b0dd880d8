package graph

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"

	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"

	"holdfast/pkg/fault"
)

// maxCertificate bounds the file of a certificate, in bytes: chains of a few kilobytes each, with room to spare.
const maxCertificate = 1 << 20

// Certificate is a credential of certificate and private key, as PEM or PKCS#12 (PFX) in the encryptions that Windows and
// OpenSSL use: RC2 and triple DES of old, AES today.
type Certificate struct {
	Data     Secret // the file's bytes
	Password Secret // of the PFX; empty for none
}

func (c Certificate) empty() bool { return c.Data.Empty() }

// parse returns the certificates, that of the key first, and the key.
func (c Certificate) parse() ([]*x509.Certificate, crypto.PrivateKey, error) {
	data := []byte(c.Data.Reveal())
	if len(data) > maxCertificate {
		return nil, nil, fault.InvalidField("certificate", "the certificate's file has %d bytes, more than any certificate needs", len(data))
	}
	if block, _ := pem.Decode(data); block != nil {
		certs, key, err := azidentity.ParseCertificates(data, nil)
		if err != nil {
			return nil, nil, fault.InvalidField("certificate", "the certificate cannot be read: PEM must hold the certificate and its private key, not encrypted")
		}
		return certs, key, nil
	}
	key, leaf, chain, err := pkcs12.DecodeChain(data, c.Password.Reveal())
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, nil, fault.InvalidField("certificate_password", "the password of the PFX file is wrong or missing")
	case err != nil:
		return nil, nil, fault.InvalidField("certificate", "the certificate cannot be read: it must be a PEM or PFX file with certificate and private key")
	}
	return append([]*x509.Certificate{leaf}, chain...), key, nil
}
