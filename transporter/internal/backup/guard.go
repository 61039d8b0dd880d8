package backup

import (
	"context"
	"sync"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// lookupBatch bounds the ids of one Lookup.
const lookupBatch = 1000

// guardedVault keeps the vault's rule that Commit and Seal run alone, and marks its errors as its own.
type guardedVault struct {
	vault Vault
	mu    sync.RWMutex
}

func (g *guardedVault) have(ctx context.Context, hashes []record.Hash) ([]bool, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	have, err := g.vault.Have(ctx, hashes)
	return have, ofVault(err, "ask the vault what it has")
}

// keep gives a piece to a vault that is near, and reports whether this one is and whether the piece was new to it. It does
// not wait for a checkpoint that is being committed.
func (g *guardedVault) keep(ctx context.Context, hash record.Hash, data []byte) (near, fresh bool, err error) {
	v, near := g.vault.(Near)
	if !near {
		return false, false, nil
	}
	fresh, err = v.Keep(ctx, hash, data)
	return true, fresh, ofVault(err, "put a piece into the vault")
}

func (g *guardedVault) put(ctx context.Context, hash record.Hash, data []byte) error {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return ofVault(g.vault.Put(ctx, hash, data), "put a piece into the vault")
}

// lookup returns the newest record of each message that has one.
func (g *guardedVault) lookup(ctx context.Context, ids []mail.MessageID) (map[mail.MessageID]*record.Message, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	found := make(map[mail.MessageID]*record.Message, len(ids))
	for len(ids) > 0 {
		batch := ids[:min(len(ids), lookupBatch)]
		ids = ids[len(batch):]
		records, err := g.vault.Lookup(ctx, batch)
		if err != nil {
			return nil, ofVault(err, "look messages up in the vault")
		}
		for i, r := range records {
			if r != nil {
				found[batch[i]] = r
			}
		}
	}
	return found, nil
}

func (g *guardedVault) commit(ctx context.Context, c Checkpoint) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return ofVault(g.vault.Commit(ctx, c), "commit a checkpoint")
}

func (g *guardedVault) pending(ctx context.Context, limit int) ([]Gone, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	pending, err := g.vault.Pending(ctx, limit)
	return pending, ofVault(err, "ask the vault for removals")
}

func (g *guardedVault) seal(ctx context.Context, s Summary) (record.Point, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	point, err := g.vault.Seal(ctx, s)
	return point, ofVault(err, "seal the recovery point")
}

func ofVault(err error, doing string) error {
	if err == nil {
		return nil
	}
	return vaultError{wrap(err, doing)}
}
