// Package trust holds the Director's certificate authority and its own certificate: who this installation is, and whom
// Transporters and the Director believe. Keys lie sealed in the store.
package trust

import (
	"context"
	"sync"
	"time"

	"holdfast/director/internal/record"
	"holdfast/director/internal/store"
	"holdfast/pkg/identity"
)

// Trust is the installation's identity.
type Trust struct {
	store     *store.Store
	now       func() time.Time
	authority *identity.Authority
	// installation never changes.
	installation string

	mu     sync.Mutex
	record record.Identity
	key    *identity.Key
}

// Open loads the identity from the store, making it at the first start.
func Open(ctx context.Context, s *store.Store, now func() time.Time) (*Trust, error) {
	t := &Trust{store: s, now: now}
	found := false
	err := s.View(func(tx *store.Tx) error {
		for r, err := range store.Identities.All(tx, "") {
			if err != nil {
				return err
			}
			t.record, found = r, true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !found {
		if t.record, err = create(now()); err != nil {
			return nil, err
		}
		if err := s.Update(ctx, func(tx *store.Tx) error { return store.Identities.Insert(tx, t.record) }); err != nil {
			return nil, err
		}
	}
	t.installation = t.record.Installation
	caKey, err := identity.ParseKey(t.record.AuthorityKey)
	if err != nil {
		return nil, err
	}
	if t.authority, err = identity.LoadAuthority(caKey, t.record.AuthorityCertificate); err != nil {
		return nil, err
	}
	if t.key, err = identity.ParseKey(t.record.DirectorKey); err != nil {
		return nil, err
	}
	return t, t.Renew(ctx)
}

// create makes a new installation.
func create(now time.Time) (record.Identity, error) {
	installation, err := record.NewID()
	if err != nil {
		return record.Identity{}, err
	}
	authority, err := identity.NewAuthority(installation, now)
	if err != nil {
		return record.Identity{}, err
	}
	r := record.Identity{Installation: installation, AuthorityCertificate: authority.Certificate()}
	if r.AuthorityKey, err = authority.Key().PEM(); err != nil {
		return record.Identity{}, err
	}
	key, err := identity.NewKey()
	if err != nil {
		return record.Identity{}, err
	}
	if r.DirectorKey, err = key.PEM(); err != nil {
		return record.Identity{}, err
	}
	r.DirectorCertificate, err = sign(authority, key, installation, now)
	return r, err
}

func sign(a *identity.Authority, key *identity.Key, installation string, now time.Time) ([]byte, error) {
	request, err := key.CertificateRequest()
	if err != nil {
		return nil, err
	}
	return a.Sign(request, identity.Director(installation), now)
}

// Renew makes a new certificate for the Director when that is due.
func (t *Trust) Renew(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !identity.RenewalDue(t.record.DirectorCertificate, t.now()) {
		return nil
	}
	renewed := t.record
	var err error
	if renewed.DirectorCertificate, err = sign(t.authority, t.key, renewed.Installation, t.now()); err != nil {
		return err
	}
	if err := t.store.Update(ctx, func(tx *store.Tx) error { return store.Identities.Put(tx, renewed) }); err != nil {
		return err
	}
	t.record = renewed
	return nil
}

// Credentials are the Director's own, as of now.
func (t *Trust) Credentials() identity.Credentials {
	t.mu.Lock()
	defer t.mu.Unlock()
	return identity.Credentials{
		Key: t.key, Certificate: t.record.DirectorCertificate, CA: t.record.AuthorityCertificate, Now: t.now,
	}
}

// Installation returns the installation's id.
func (t *Trust) Installation() string { return t.installation }

// CA returns the authority's certificate in DER.
func (t *Trust) CA() []byte { return t.authority.Certificate() }

// Director returns the Director's name.
func (t *Trust) Director() identity.URI { return identity.Director(t.installation) }

// Transporter returns the name of a Transporter.
func (t *Trust) Transporter(id record.TransporterID) identity.URI {
	return identity.Transporter(t.installation, string(id))
}

// Sign makes a certificate (DER) for a Transporter's request.
func (t *Trust) Sign(request []byte, id record.TransporterID) ([]byte, error) {
	return t.authority.Sign(request, t.Transporter(id), t.now())
}
