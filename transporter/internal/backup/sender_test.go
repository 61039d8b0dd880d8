package backup

import (
	"bytes"
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
