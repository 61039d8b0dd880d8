package backup

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"holdfast/transporter/internal/record"
)

func TestABatchHoldsNoMoreThanItsBytes(t *testing.T) {
	b := newBatch()
	put := func(size int) bool {
		data := bytes.Repeat([]byte{byte(len(b.hashes))}, size)
		if !b.takes(data) {
			return false
		}
		b.add(record.Sum(data), data)
		return true
	}
	for range 40 {
		if !put(batchBytes / 40) {
			t.Fatalf("a batch with %d of %d bytes takes no more", len(b.arena), batchBytes)
		}
	}
	if put(batchBytes / 40) {
		t.Error("a batch that is full took a piece")
	}
	if cap(b.arena) > batchBytes {
		t.Errorf("a batch of %d bytes uses %d", batchBytes, cap(b.arena))
	}
	for i, end := range b.ends {
		if piece := b.arena[i*(batchBytes/40) : end]; record.Sum(piece) != b.hashes[i] {
			t.Errorf("piece %d is not what was added", i)
		}
	}
	b.reset()
	if !put(record.MaxPiece) {
		t.Error("an empty batch takes no piece of the greatest length")
	}
	b.reset()
	for i := range batchPieces {
		if !put(i + 1) {
			t.Fatalf("a batch with %d of %d pieces takes no more", i, batchPieces)
		}
	}
	if put(1) {
		t.Error("a batch with as many pieces as it may have took another")
	}
}

// nearVault has one piece, and answers nothing about another.
type nearVault struct {
	Vault
	kept, failing record.Hash
}

var errNear = errors.New("no answer")

func (v *nearVault) Has(_ context.Context, hash record.Hash) (bool, error) {
	if hash == v.failing {
		return false, errNear
	}
	return hash == v.kept, nil
}

func TestWhatANearVaultHasIsNotCopied(t *testing.T) {
	kept, missing, failing := []byte("kept"), []byte("missing"), []byte("failing")
	vault := &guardedVault{vault: &nearVault{kept: record.Sum(kept), failing: record.Sum(failing)}}
	s := newSender(vault, new(Progress))
	for _, data := range [][]byte{kept, missing} {
		if err := s.add(t.Context(), record.Sum(data), data); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.batch.hashes) != 1 || s.batch.hashes[0] != record.Sum(missing) {
		t.Errorf("%d pieces were copied, want only the one that is missing", len(s.batch.hashes))
	}
	if err := s.add(t.Context(), record.Sum(failing), failing); !errors.Is(err, errNear) {
		t.Errorf("got %v, want what the vault said", err)
	}
	vault.mu.Lock() // a checkpoint is being committed
	defer vault.mu.Unlock()
	if err := s.add(t.Context(), record.Sum(kept), kept); err != nil || len(s.batch.hashes) != 2 {
		t.Errorf("got %d pieces (%v) while a checkpoint is committed, want the piece to be copied without waiting", len(s.batch.hashes), err)
	}
}
