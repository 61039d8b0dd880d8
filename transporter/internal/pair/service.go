package pair

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"holdfast/pkg/fault"
	"holdfast/pkg/identity"
	"holdfast/pkg/pairing"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

const (
	// maxWrong proofs void the code (PairingService).
	maxWrong = 5
	// maxBegun bounds the conversations that are remembered; the oldest is forgotten first.
	maxBegun = 16
	// bootstrapValidity is longer than anybody waits for a Director; a restart makes a new certificate.
	bootstrapValidity = 365 * 24 * time.Hour
)

// Service implements PairingService for one pairing code.
type Service struct {
	transporterv1.UnimplementedPairingServiceServer

	store     *Store
	bootstrap *identity.Key
	cert      []byte
	key       *identity.Key // the identity's, if pairing succeeds
	code      pairing.Code
	version   string
	hostname  string
	log       hclog.Logger
	paired    chan struct{}
	voided    chan struct{}

	mu    sync.Mutex
	begun []pairing.Transcript
	wrong int
	done  bool
}

// NewService returns a service with a fresh code, key and bootstrap certificate.
func NewService(store *Store, version, hostname string, log hclog.Logger) (*Service, error) {
	s := &Service{
		store: store, version: version, hostname: hostname, log: log,
		paired: make(chan struct{}), voided: make(chan struct{}),
	}
	var err error
	if s.bootstrap, err = identity.NewKey(); err != nil {
		return nil, err
	}
	if s.key, err = identity.NewKey(); err != nil {
		return nil, err
	}
	if s.cert, err = s.bootstrap.SelfSigned("Holdfast Transporter", []string{hostname}, store.now(), bootstrapValidity); err != nil {
		return nil, err
	}
	if s.code, err = pairing.New(identity.Fingerprint(s.cert)); err != nil {
		return nil, err
	}
	return s, nil
}

// Code returns the code to be printed.
func (s *Service) Code() pairing.Code { return s.code }

// Bootstrap returns the certificate's key and the certificate (DER) that the code carries the fingerprint of.
func (s *Service) Bootstrap() (*identity.Key, []byte) { return s.bootstrap, s.cert }

// Paired is closed once an identity is installed.
func (s *Service) Paired() <-chan struct{} { return s.paired }

// Voided is closed once too many wrong proofs made the code void.
func (s *Service) Voided() <-chan struct{} { return s.voided }

// BeginPairing implements PairingService.
func (s *Service) BeginPairing(_ context.Context, req *transporterv1.BeginPairingRequest) (*transporterv1.BeginPairingResponse, error) {
	if len(req.GetDirectorNonce()) != pairing.NonceSize {
		return nil, fault.InvalidField("director_nonce", "the nonce must have %d bytes", pairing.NonceSize)
	}
	nonce, err := pairing.NewNonce()
	if err != nil {
		return nil, err
	}
	csr, err := s.key.CertificateRequest()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return nil, err
	}
	if len(s.begun) == maxBegun {
		s.begun = s.begun[1:]
	}
	s.begun = append(s.begun, pairing.Transcript{
		DirectorNonce: req.GetDirectorNonce(), TransporterNonce: nonce, CertificateRequest: csr,
	})
	return &transporterv1.BeginPairingResponse{
		TransporterNonce: nonce, CertificateRequest: csr, Version: s.version, Hostname: s.hostname,
	}, nil
}

// CompletePairing implements PairingService.
func (s *Service) CompletePairing(_ context.Context, req *transporterv1.CompletePairingRequest) (*transporterv1.CompletePairingResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.open(); err != nil {
		return nil, err
	}
	transcript, ok := s.proven(req)
	if !ok {
		return nil, s.refuse()
	}
	err := s.store.Install(Identity{
		TransporterID: req.GetTransporterId(), Director: identity.URI(req.GetDirectorUri()),
		Credentials: identity.Credentials{Key: s.key, Certificate: req.GetCertificate(), CA: req.GetCaCertificate()},
	})
	if err != nil {
		return nil, err
	}
	s.done = true
	close(s.paired)
	return &transporterv1.CompletePairingResponse{Proof: s.code.Proof(pairing.RoleTransporter, transcript)}, nil
}

// proven finds the conversation that the proof belongs to. The request does not name it, and needs not: no proof fits two.
func (s *Service) proven(req *transporterv1.CompletePairingRequest) (pairing.Transcript, bool) {
	for _, t := range s.begun {
		t.Certificate, t.CA = req.GetCertificate(), req.GetCaCertificate()
		t.DirectorURI, t.TransporterID = req.GetDirectorUri(), req.GetTransporterId()
		if s.code.Check(req.GetProof(), pairing.RoleDirector, t) {
			return t, true
		}
	}
	return pairing.Transcript{}, false
}

// refuse counts a wrong proof. The caller holds mu.
func (s *Service) refuse() error {
	s.wrong++
	s.log.Warn("wrong pairing proof", "tries", s.wrong, "limit", maxWrong)
	if s.wrong == maxWrong {
		close(s.voided)
	}
	return fault.New(fault.Unauthorized, "the pairing code is wrong: copy the one that this Transporter printed last")
}

// open reports whether the code can still be used. The caller holds mu.
func (s *Service) open() error {
	switch {
	case s.done:
		return fault.New(fault.Conflict, "this Transporter is paired")
	case s.wrong >= maxWrong:
		return fault.New(fault.Unauthorized, "the pairing code is void after %d wrong proofs: take the new one that the "+
			"Transporter prints in a minute, or restart it", maxWrong)
	}
	return nil
}
