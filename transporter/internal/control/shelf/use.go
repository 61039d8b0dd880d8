package shelf

import (
	"context"
	"io"
	"iter"
	"sync"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/recovery"
	"holdfast/transporter/internal/repository"
)

var _ work.Repositories = (*Shelf)(nil)

// Vault implements work.Repositories.
func (s *Shelf) Vault(ctx context.Context, id string, key record.BackupKey, run record.RunID) (backup.Vault, error) {
	e, done, err := s.use(id)
	if err != nil {
		return nil, err
	}
	session, err := e.repo.Begin(ctx, key, run)
	if err != nil {
		done()
		return nil, err
	}
	return &vault{Vault: session, done: done, sealed: e.search.Sealed}, nil
}

// vault is a session that ends the use of its repository with itself, and tells of its point.
type vault struct {
	backup.Vault
	once   sync.Once
	done   func()
	sealed func(record.Point)
}

// Close implements backup.Vault.
func (v *vault) Close() error {
	err := v.Vault.Close()
	v.once.Do(v.done)
	return err
}

// Point implements work.Repositories.
func (s *Shelf) Point(ctx context.Context, id string, point record.PointID) (recovery.Point, record.BackupKey, func(), error) {
	repo, done, err := s.Use(id)
	if err != nil {
		return nil, record.BackupKey{}, nil, err
	}
	p, err := repo.Point(ctx, point)
	if err != nil {
		done()
		return nil, record.BackupKey{}, nil, err
	}
	return kept{p}, p.Info().Key, done, nil
}

// kept is a recovery point as a recovery reads it.
type kept struct {
	point *repository.Point
}

// Folders implements recovery.Point.
func (k kept) Folders(context.Context) ([]recovery.Folder, error) {
	var out []recovery.Folder
	for _, f := range k.point.Folders() {
		out = append(out, recovery.Folder{Folder: f.Folder, Messages: f.Counts.Messages})
	}
	return out, nil
}

// Messages implements recovery.Point.
func (k kept) Messages(ctx context.Context, folder mail.FolderID) iter.Seq2[*record.Message, error] {
	return k.point.All(ctx, folder)
}

// Message implements recovery.Point.
func (k kept) Message(ctx context.Context, folder mail.FolderID, id mail.MessageID) (*record.Message, error) {
	return k.point.Message(ctx, folder, id)
}

// Open implements recovery.Point.
func (k kept) Open(ctx context.Context, c record.Content) (io.ReadCloser, error) {
	return k.point.Content(ctx, c), nil
}
