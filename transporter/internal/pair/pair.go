// Package pair is a Transporter's side of trust: the identity that it keeps in its data folder, and the service by which
// a Director gives it one. It owns that file and the pairing code's file; it opens no port.
package pair

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
)

// identityFile holds key, certificate, authority and the Director's name together, so that they change as one.
const identityFile = "identity.json"

// kept is the identity file's content.
type kept struct {
	Version       int          `json:"version"`
	TransporterID string       `json:"transporter_id"`
	Director      identity.URI `json:"director"`
	Key           string       `json:"key"`
	Certificate   []byte       `json:"certificate"`
	CA            []byte       `json:"ca"`
}

// Store is the identity of this Transporter, or that it has none yet. Its methods may be called by many goroutines.
type Store struct {
	path string
	now  func() time.Time

	mu      sync.RWMutex
	current *Identity
	pending *identity.Key // of a renewal that waits for its certificate
}

// Identity is what pairing gave.
type Identity struct {
	TransporterID string
	Director      identity.URI
	Credentials   identity.Credentials
}

// Open reads the identity in the data folder. A folder without one is unpaired and no error.
func Open(dir string, now func() time.Time) (*Store, error) {
	s := &Store{path: filepath.Join(dir, identityFile), now: now}
	data, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "read the identity of this Transporter: %w", err)
	}
	damaged := func(err error) error {
		return fault.New(fault.Corrupt, "the identity file %s is damaged (%w): restore it, or remove it and pair again", s.path, err)
	}
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return nil, damaged(err)
	}
	if k.Version != 1 {
		return nil, fault.New(fault.Unsupported, "the identity file %s was written by another version (%d)", s.path, k.Version)
	}
	key, err := identity.ParseKey([]byte(k.Key))
	if err != nil {
		return nil, damaged(err)
	}
	if !key.Matches(k.Certificate) {
		return nil, damaged(errors.New("certificate and key do not belong together"))
	}
	s.current = &Identity{
		TransporterID: k.TransporterID, Director: k.Director,
		Credentials: identity.Credentials{Key: key, Certificate: k.Certificate, CA: k.CA, Now: now},
	}
	return s, nil
}

// Current returns the identity, or false while unpaired.
func (s *Store) Current() (Identity, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.current == nil {
		return Identity{}, false
	}
	return *s.current, true
}

// Credentials returns what mutual TLS needs now; empty while unpaired.
func (s *Store) Credentials() identity.Credentials {
	id, _ := s.Current()
	return id.Credentials
}

// Install checks and keeps an identity. It is durable on return.
func (s *Store) Install(id Identity) error {
	if err := id.check(); err != nil {
		return err
	}
	pem, err := id.Credentials.Key.PEM()
	if err != nil {
		return err
	}
	data, err := json.MarshalIndent(kept{
		Version: 1, TransporterID: id.TransporterID, Director: id.Director, Key: string(pem),
		Certificate: id.Credentials.Certificate, CA: id.Credentials.CA,
	}, "", "  ")
	if err != nil {
		return fault.New(fault.Unknown, "encode the identity: %w", err)
	}
	id.Credentials.Now = s.now
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := writeFile(s.path, data); err != nil {
		return err
	}
	s.current = &id
	return nil
}

// Forget removes the identity. Forgetting none is no error.
func (s *Store) Forget() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Remove(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Unavailable, "remove the identity of this Transporter: %w", err)
	}
	s.current, s.pending = nil, nil
	return nil
}

// RenewalRequest makes a new key and returns its certificate request. The old key serves until Renew.
func (s *Store) RenewalRequest() ([]byte, error) {
	key, err := identity.NewKey()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.pending = key
	s.mu.Unlock()
	return key.CertificateRequest()
}

// Renew installs the certificate that was signed for the last RenewalRequest. New connections use it at once.
func (s *Store) Renew(certificate []byte) error {
	s.mu.RLock()
	key, current := s.pending, s.current
	s.mu.RUnlock()
	if current == nil {
		return fault.New(fault.Conflict, "this Transporter is not paired")
	}
	if key == nil || !key.Matches(certificate) {
		return fault.New(fault.Conflict, "the certificate is not for the key last asked for; ask for a new request first")
	}
	next := *current
	next.Credentials.Key, next.Credentials.Certificate = key, certificate
	if err := s.Install(next); err != nil {
		return err
	}
	s.mu.Lock()
	if s.pending == key {
		s.pending = nil
	}
	s.mu.Unlock()
	return nil
}
