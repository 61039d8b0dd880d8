package backup

import (
	"context"
	"sync"

	"holdfast/transporter/internal/record"
)

const (
	// batchBytes is how many bytes of pieces are gathered before the vault is asked which of them it lacks: enough for
	// the answer to be worth a round trip, few enough for two batches to be small beside the rest.
	batchBytes = 4 << 20
	// batchPieces bounds the hashes of one question.
	batchPieces = 2048
)

// sender moves pieces into the vault. To one that is near they go one by one, from where they were cut. To another they go
// batch by batch: while one is being sent, the next is filled; more are not held, so that a slow vault slows the reading
// down. Any error of the vault is for good.
type sender struct {
	vault    *guardedVault
	progress *Progress

	filling sync.Mutex // taken before sending, so that batches go out in order
	batch   *batch
	spare   *batch

	sending sync.Mutex
	failed  error
}

type batch struct {
	arena  []byte
	hashes []record.Hash
	ends   []int
	seen   map[record.Hash]bool
}

func newSender(v *guardedVault, p *Progress) *sender {
	return &sender{vault: v, progress: p, batch: newBatch(), spare: newBatch()}
}

func newBatch() *batch { return &batch{seen: map[record.Hash]bool{}} }

// add takes a piece whose hash was taken a moment ago: a vault that is near keeps it at once, for another it is copied. The
// batch is sent first that has no room for it.
func (s *sender) add(ctx context.Context, hash record.Hash, data []byte) error {
	s.progress.add(func(p *Snapshot) { p.BytesRead += int64(len(data)) })
	near, fresh, err := s.vault.keep(ctx, hash, data)
	if near {
		return s.kept(fresh, len(data), err)
	}
	for {
		s.filling.Lock()
		switch {
		case s.batch.seen[hash]:
			s.filling.Unlock()
			return nil
		case s.batch.takes(data):
			s.batch.add(hash, data)
			s.filling.Unlock()
			return nil
		}
		if err := s.turn(ctx); err != nil {
			return err
		}
	}
}

// kept notes what became of a piece that a vault that is near was given.
func (s *sender) kept(fresh bool, size int, err error) error {
	if err != nil {
		s.sending.Lock()
		defer s.sending.Unlock()
		if s.failed == nil && !isStopped(err) {
			s.failed = err
		}
		return err
	}
	if fresh {
		s.progress.add(func(p *Snapshot) { p.BytesNew += int64(size) })
	}
	return nil
}

// flush returns when the vault has every piece that was added before.
func (s *sender) flush(ctx context.Context) error {
	s.filling.Lock()
	return s.turn(ctx)
}

// broken returns the error of the vault, if there was one.
func (s *sender) broken() error {
	s.sending.Lock()
	defer s.sending.Unlock()
	return s.failed
}

// turn swaps the batches and sends the full one. The lock filling is held and given back.
func (s *sender) turn(ctx context.Context) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	full := s.batch
	s.batch, s.spare = s.spare, nil // spare is back before the next turn, which needs the lock sending
	s.filling.Unlock()
	if s.failed == nil {
		s.failed = s.transfer(ctx, full)
	}
	full.reset()
	s.spare = full
	return s.failed
}

func (s *sender) transfer(ctx context.Context, b *batch) error {
	if len(b.hashes) == 0 {
		return nil
	}
	have, err := s.vault.have(ctx, b.hashes)
	if err != nil {
		return err
	}
	start := 0
	for i, hash := range b.hashes {
		data := b.arena[start:b.ends[i]]
		start = b.ends[i]
		if have[i] {
			continue
		}
		if err := s.vault.put(ctx, hash, data); err != nil {
			return err
		}
		s.progress.add(func(p *Snapshot) { p.BytesNew += int64(len(data)) })
	}
	return nil
}

// takes reports whether there is room for the piece; in an empty batch there is for any.
func (b *batch) takes(data []byte) bool {
	return len(b.hashes) == 0 || len(b.arena)+len(data) <= batchBytes && len(b.hashes) < batchPieces
}

func (b *batch) add(hash record.Hash, data []byte) {
	if need := len(b.arena) + len(data); need > cap(b.arena) {
		grown := make([]byte, len(b.arena), max(need, min(2*need, batchBytes)))
		copy(grown, b.arena)
		b.arena = grown
	}
	b.arena = append(b.arena, data...)
	b.hashes = append(b.hashes, hash)
	b.ends = append(b.ends, len(b.arena))
	b.seen[hash] = true
}

func (b *batch) reset() {
	b.arena, b.hashes, b.ends = b.arena[:0], b.hashes[:0], b.ends[:0]
	clear(b.seen)
}
