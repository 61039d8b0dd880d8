package backup_test

import (
	"context"
	"fmt"
	"io"
	"testing"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/backup/vaulttest"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// TestAnyHistoryEndsInTheTruthInARepository plays histories as the model test does, into a repository.
func TestAnyHistoryEndsInTheTruthInARepository(t *testing.T) {
	first := *seed
	if first == 0 {
		first = uint64(time.Now().UnixNano())
	}
	for i := range uint64(max(1, *rounds/10)) {
		s := first + i
		t.Run(fmt.Sprint(s), func(t *testing.T) {
			h := newHistory(t, s)
			real, err := repository.Create(t.Context(), repository.Options{Path: t.TempDir(), Name: "vault"})
			if err != nil {
				t.Fatal(err)
			}
			defer real.Close()
			key := record.BackupKey{Account: "a", Mailbox: "m", Job: "j"}
			runs := 0
			h.begin = func() (backup.Vault, error) {
				runs++
				v, err := real.Begin(t.Context(), key, record.RunID(fmt.Sprint("run", runs)))
				if err != nil {
					return nil, err
				}
				return hookedVault{v, h.r}, nil
			}
			h.read = func(p record.Point) *memPoint { return readBack(t, h.r, real, p) }
			h.play()
		})
	}
}

// readBack reads a point into the twin's form, contents into its pieces.
func readBack(t testing.TB, twin *memRepository, r *repository.Repository, point record.Point) *memPoint {
	t.Helper()
	c, err := vaulttest.Read(t.Context(), r, point.ID)
	if err != nil {
		t.Fatal(err)
	}
	p := &memPoint{point: c.Info, messages: map[mail.MessageID]*record.Message{}}
	for _, f := range c.Folders {
		f.Total = 0
		p.summary.Folders = append(p.summary.Folders, f)
	}
	for id, m := range c.Messages {
		p.messages[id] = &m
		load(t, twin, r, &m)
	}
	return p
}

func load(t testing.TB, twin *memRepository, r *repository.Repository, m *record.Message) {
	contents := []record.Content{m.Body, m.MIME}
	for _, a := range m.Attachments {
		contents = append(contents, a.Content)
		if a.Item != nil {
			load(t, twin, r, a.Item)
		}
	}
	for _, c := range contents {
		for _, p := range c.Pieces {
			body := r.Content(t.Context(), record.Content{Size: p.Size, Pieces: []record.Piece{p}})
			data, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			body.Close()
			twin.durable[p.Hash] = data
		}
	}
}

// hookedVault calls the twin's hook before and after the calls of another vault.
type hookedVault struct {
	backup.Vault
	twin *memRepository
}

func (v hookedVault) Have(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	if err := v.twin.hook("vault.Have"); err != nil {
		return nil, err
	}
	return v.Vault.Have(ctx, hashes)
}

func (v hookedVault) Put(ctx context.Context, hash record.Hash, data []byte) error {
	if err := v.twin.hook("vault.Put"); err != nil {
		return err
	}
	return v.Vault.Put(ctx, hash, data)
}

func (v hookedVault) Lookup(ctx context.Context, ids []mail.MessageID) ([]*record.Message, error) {
	if err := v.twin.hook("vault.Lookup"); err != nil {
		return nil, err
	}
	return v.Vault.Lookup(ctx, ids)
}

func (v hookedVault) Commit(ctx context.Context, c backup.Checkpoint) error {
	if err := v.twin.hook("vault.Commit"); err != nil {
		return err
	}
	if err := v.Vault.Commit(ctx, c); err != nil {
		return err
	}
	return v.twin.hook("vault.Committed")
}

func (v hookedVault) Pending(ctx context.Context, limit int) ([]backup.Gone, error) {
	if err := v.twin.hook("vault.Pending"); err != nil {
		return nil, err
	}
	return v.Vault.Pending(ctx, limit)
}

func (v hookedVault) Seal(ctx context.Context, s backup.Summary) (record.Point, error) {
	if err := v.twin.hook("vault.Seal"); err != nil {
		return record.Point{}, err
	}
	p, err := v.Vault.Seal(ctx, s)
	if err != nil {
		return p, err
	}
	return p, v.twin.hook("vault.Sealed")
}
