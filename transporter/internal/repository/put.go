package repository

import (
	"context"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository/pack"
)

// Have implements backup.Vault.
func (s *Session) Have(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	return s.r.blobs.Have(ctx, hashes)
}

// Put implements backup.Vault.
func (s *Session) Put(ctx context.Context, hash record.Hash, data []byte) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := checkPiece(data); err != nil {
		return err
	}
	if record.Sum(data) != hash {
		return fault.New(fault.Invalid, "piece %s was put with bytes that have another hash", hash)
	}
	_, err := s.r.blobs.Put(pack.Content, pack.Piece, hash, data)
	return err
}

// Keep implements backup.Near. The store decodes what it made of the bytes and compares, as for Put; what is left out is to take
// the hash of the same bytes once more.
func (s *Session) Keep(ctx context.Context, hash record.Hash, data []byte) (fresh bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := s.usable(ctx); err != nil {
		return false, err
	}
	if err := checkPiece(data); err != nil {
		return false, err
	}
	return s.r.blobs.Put(pack.Content, pack.Piece, hash, data)
}

func checkPiece(data []byte) error {
	if len(data) == 0 || len(data) > record.MaxPiece {
		return fault.New(fault.Invalid, "a piece of %d bytes was put; a piece has 1 to %d", len(data), record.MaxPiece)
	}
	return nil
}
