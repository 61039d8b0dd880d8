package fakeporter

import (
	"context"
	"crypto/tls"
	"sync"

	"holdfast/pkg/fault"
	"holdfast/pkg/pairing"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

func bootstrapTLS(p *Porter) *tls.Config {
	cert, err := p.key.TLS(p.paired.certificate)
	if err != nil {
		p.tb.Error(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"}, Certificates: []tls.Certificate{cert}}
}

// pairingService is served until the Transporter is paired.
type pairingService struct {
	transporterv1.UnimplementedPairingServiceServer
	p *Porter

	mu     sync.Mutex
	begun  pairing.Transcript
	wrongs int
}

func (s *pairingService) BeginPairing(_ context.Context, q *transporterv1.BeginPairingRequest) (*transporterv1.BeginPairingResponse, error) {
	if err := s.p.called("BeginPairing"); err != nil {
		return nil, err
	}
	request, err := s.p.key.CertificateRequest()
	if err != nil {
		return nil, err
	}
	nonce, err := pairing.NewNonce()
	if err != nil {
		return nil, err
	}
	if len(q.GetDirectorNonce()) != pairing.NonceSize {
		return nil, fault.New(fault.Invalid, "the nonce has %d bytes", len(q.GetDirectorNonce()))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begun = pairing.Transcript{DirectorNonce: q.GetDirectorNonce(), TransporterNonce: nonce, CertificateRequest: request}
	return &transporterv1.BeginPairingResponse{
		TransporterNonce: nonce, CertificateRequest: request, Version: "fake", Hostname: "fake-host",
	}, nil
}

func (s *pairingService) CompletePairing(_ context.Context, q *transporterv1.CompletePairingRequest) (*transporterv1.CompletePairingResponse, error) {
	if err := s.p.called("CompletePairing"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.begun
	x.Certificate, x.CA, x.DirectorURI, x.TransporterID = q.GetCertificate(), q.GetCaCertificate(), q.GetDirectorUri(), q.GetTransporterId()
	if s.wrongs >= 5 || x.TransporterNonce == nil || !s.p.code.Check(q.GetProof(), pairing.RoleDirector, x) || !s.p.key.Matches(x.Certificate) {
		s.wrongs++
		return nil, fault.New(fault.Denied, "the pairing code is wrong or void")
	}
	s.begun = pairing.Transcript{}
	s.p.mu.Lock()
	s.p.paired = &paired{id: x.TransporterID, director: x.DirectorURI, certificate: x.Certificate, ca: x.CA}
	s.p.mu.Unlock()
	// The answer goes out while the server is being replaced.
	go func() {
		s.p.Cut()
		s.p.Mend()
	}()
	return &transporterv1.CompletePairingResponse{Proof: s.p.code.Proof(pairing.RoleTransporter, x)}, s.p.answered("CompletePairing")
}
