package backup

import (
	"bytes"
	"context"
	"errors"
	"slices"
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

// nearVault has one piece already, and fails for another. It is asked for nothing but Keep.
type nearVault struct {
	Vault
	there, failing record.Hash
	kept           []string
}

var errNear = errors.New("no room")

func (v *nearVault) Keep(_ context.Context, hash record.Hash, data []byte) (bool, error) {
	if hash == v.failing {
		return false, errNear
	}
	v.kept = append(v.kept, string(data))
	return hash != v.there, nil
}

func TestPiecesAreNotCopiedForANearVault(t *testing.T) {
	there, missing, failing := []byte("there"), []byte("missing"), []byte("failing")
	near := &nearVault{there: record.Sum(there), failing: record.Sum(failing)}
	vault, progress := &guardedVault{vault: near}, new(Progress)
	s := newSender(vault, progress)
	add := func(data []byte) error { return s.add(t.Context(), record.Sum(data), data) }
	vault.mu.Lock() // a checkpoint is being committed: nothing waits for it
	for _, data := range [][]byte{there, missing} {
		if err := add(data); err != nil {
			t.Fatal(err)
		}
	}
	vault.mu.Unlock()
	if got, want := near.kept, []string{"there", "missing"}; !slices.Equal(got, want) || len(s.batch.hashes) > 0 {
		t.Errorf("the vault was given %q and %d pieces were copied, want it to be given %q", got, len(s.batch.hashes), want)
	}
	if got := progress.Snapshot(); got.BytesRead != 12 || got.BytesNew != 7 {
		t.Errorf("%d bytes were counted as read and %d as new, want 12 and 7", got.BytesRead, got.BytesNew)
	}
	if err := s.flush(t.Context()); err != nil || s.broken() != nil {
		t.Errorf("got %v and %v from a vault that kept everything", err, s.broken())
	}
	if err := add(failing); !errors.Is(err, errNear) || !errors.Is(s.broken(), errNear) || !errors.Is(s.flush(t.Context()), errNear) {
		t.Errorf("got %v, then %v, want what the vault said for good", err, s.broken())
	}
}

func TestAVaultDoesNotBreakWhenAReaderIsStopped(t *testing.T) {
	s := newSender(&guardedVault{}, new(Progress))
	if err := s.kept(false, 1, ofVault(context.Canceled, "put")); !errors.Is(err, context.Canceled) || s.broken() != nil {
		t.Errorf("got %v and a vault that is broken by %v, want the end of the reader alone", err, s.broken())
	}
}
