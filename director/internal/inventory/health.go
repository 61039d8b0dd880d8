package inventory

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// expires returns when a credential expires: what a certificate says, or what was said of a secret.
func expires(c record.Credential, said time.Time) time.Time {
	if len(c.Certificate) == 0 {
		return said
	}
	leaf, err := Leaf(c)
	if err != nil {
		return time.Time{} // Microsoft refuses it sooner than anybody asks for its date
	}
	return leaf.NotAfter
}

// Leaf returns the certificate of a credential, of PEM or PKCS#12; Invalid when it cannot be read.
func Leaf(c record.Credential) (*x509.Certificate, error) {
	isPEM := false
	for rest := c.Certificate; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		isPEM = true
		if block.Type != "CERTIFICATE" {
			continue
		}
		leaf, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fault.New(fault.Invalid, "read the certificate: %w", err)
		}
		return leaf, nil
	}
	if isPEM {
		return nil, fault.New(fault.Invalid, "the file holds no certificate")
	}
	_, leaf, _, err := pkcs12.DecodeChain(c.Certificate, c.CertificatePassword)
	if err != nil {
		return nil, fault.New(fault.Invalid, "read the certificate: %w", err)
	}
	return leaf, nil
}

// missing names the permissions that are not granted.
func missing(list []record.Permission) []string {
	var names []string
	for _, p := range list {
		if !p.Granted {
			names = append(names, p.Name)
		}
	}
	return names
}

// note keeps why a stored account could not be read or tested. That a Transporter cannot be reached, or that nobody waits any
// more, says nothing of the account.
func (s *Service) note(ctx context.Context, a record.Account, cause error) {
	if k := fault.KindOf(cause); k == fault.Unavailable || k == fault.Canceled || k == fault.NotFound || errors.Is(cause, context.Canceled) {
		return
	}
	s.edit(ctx, a, func(now *record.Account) {
		if now.Trouble == "" {
			now.TroubleSince = s.Now()
		}
		now.Trouble, now.TroubleKind = cause.Error(), fault.KindOf(cause)
	})
}

// Test is Check of an account as it is stored, and keeps what it found.
func (s *Service) Test(ctx context.Context, id mail.AccountID) ([]record.Permission, int64, error) {
	a, err := s.Get(id)
	if err != nil {
		return nil, 0, err
	}
	permissions, users, err := s.Check(ctx, a)
	switch {
	case err == nil:
		s.edit(ctx, a, func(now *record.Account) {
			now.Trouble, now.TroubleKind, now.TroubleSince, now.Missing = "", 0, time.Time{}, missing(permissions)
		})
	case len(permissions) > 0:
		s.edit(ctx, a, func(now *record.Account) {
			if now.Trouble == "" {
				now.TroubleSince = s.Now()
			}
			now.Trouble, now.TroubleKind, now.Missing = err.Error(), fault.KindOf(err), missing(permissions)
		})
	default:
		s.note(ctx, a, err)
	}
	return permissions, users, err
}

// edit changes a stored account, unless its credential was replaced meanwhile; that it could not is logged, because nothing
// depends on it.
func (s *Service) edit(ctx context.Context, a record.Account, change func(*record.Account)) {
	err := s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := store.Accounts.Get(tx, string(a.ID))
		if err != nil {
			return err
		}
		if now.Credential.Secret != a.Credential.Secret || string(now.Credential.Certificate) != string(a.Credential.Certificate) {
			return nil
		}
		change(&now)
		return store.Accounts.Put(tx, now)
	})
	if err != nil && ctx.Err() == nil && fault.KindOf(err) != fault.NotFound {
		s.Logger.Error("account's state not written", "account", a.ID, "error", err)
	}
}
