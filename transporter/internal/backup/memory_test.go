package backup_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/record"
)

// largeBox is a box whose attachments are noise of a size that does not fit into memory often.
type largeBox struct {
	*box
	sizes []int64 // of each message's attachments
}

func (b largeBox) Attachments(_ context.Context, id mail.MessageID, visit func(backup.Attachment) error) error {
	for i, n := range b.sizes {
		var seed [32]byte
		copy(seed[:], fmt.Sprint(id, i))
		err := visit(backup.Attachment{
			Attachment: mail.Attachment{ID: mail.AttachmentID(fmt.Sprint(i))},
			Content:    io.LimitReader(rand.NewChaCha8(seed), n),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// measuringVault keeps no bytes, and looks at the heap whenever it gets some.
type measuringVault struct {
	*memVault
	mu    sync.Mutex
	peak  uint64
	bytes int64
}

func (v *measuringVault) Have(_ context.Context, hashes []record.Hash) ([]bool, error) {
	return make([]bool, len(hashes)), nil
}

func (v *measuringVault) Put(_ context.Context, hash record.Hash, data []byte) error {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.peak = max(v.peak, s.HeapAlloc)
	v.bytes += int64(len(data))
	return nil
}

func (v *measuringVault) Commit(context.Context, backup.Checkpoint) error { return nil }

func TestMemoryIsBounded(t *testing.T) {
	const limit = 60 << 20
	for name, tc := range map[string]struct {
		messages int
		sizes    []int64
	}{
		"one of 100 MB":                  {1, []int64{100 << 20}},
		"four of 20 MB":                  {1, []int64{20 << 20, 20 << 20, 20 << 20, 20 << 20}},
		"many messages, large at a time": {12, []int64{20 << 20}},
		"many small":                     {400, []int64{300 << 10}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBox(1, "A", "B")
			b.pageSize = 100
			for i := range tc.messages {
				m := b.add("A", mail.MessageID(fmt.Sprintf("m%03d", i)), "body")
				m.m.HasAttachments = true
			}
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			v := &measuringVault{memVault: newMemRepository(t).begin()}
			if _, err := backup.Run(t.Context(), largeBox{b, tc.sizes}, v, backup.Options{}, nil); err != nil {
				t.Fatal(err)
			}
			if over := int64(v.peak) - int64(before.HeapAlloc); over > limit {
				t.Errorf("%d MiB over idle for %d MiB", over>>20, v.bytes>>20)
			} else {
				t.Logf("%d MiB over idle for %d MiB", over>>20, v.bytes>>20)
			}
		})
	}
}
