package shelf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/task"
)

// The names in a repository's folder, as package repository draws them. The descriptor goes last: as long as it is there,
// a deletion that was interrupted can be repeated.
var repositoryNames = []string{"packs", "staging", "index.bolt", "index.bolt.new", "holdfast.repo.tmp", descriptor}

const (
	descriptor = "holdfast.repo"
	lock       = "holdfast.lock"
)

// IsRepository reports whether a folder looks like a repository.
func IsRepository(path string) bool {
	_, err := os.Stat(filepath.Join(path, descriptor))
	return err == nil
}

// Delete detaches a repository and removes its own files, and the folder if it is then empty. NotFound when the folder is
// gone or holds no repository (its disk may not be connected); Conflict when another repository lies there, or somebody has
// it open. Either way nothing is deleted. Deleting a deleted one again is no error.
func (s *Shelf) Delete(ctx context.Context, id, path string) error {
	if err := s.Detach(ctx, id); err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) && !s.names.known(id) {
		return nil // deleted by an earlier call, whose answer was lost
	}
	own, name, err := repository.Identify(path)
	if err != nil {
		return err
	}
	if !s.names.mean(id, own) {
		return fault.New(fault.Conflict, "in %s lies another repository (%q) than the one to be deleted; nothing was deleted", path, name)
	}
	if other, ok := s.at(path); ok {
		return fault.New(fault.Conflict, "the repository in %s is attached as %s; nothing was deleted", path, other)
	}
	if err := s.removeData(path); err != nil {
		return err
	}
	if left, err := os.ReadDir(path); err == nil && len(left) == 0 {
		_ = os.Remove(path) // an empty folder that stays does no harm
	}
	return s.names.drop(id)
}

// removeData removes a repository's files under its lock, which keeps a Transporter that has it open from losing it.
func (s *Shelf) removeData(path string) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	owner := disk.Owner{Transporter: s.transporter(), Host: host, PID: os.Getpid(), Since: s.now()}
	held, err := disk.Acquire(filepath.Join(path, lock), owner)
	if err != nil {
		return fmt.Errorf("nothing was deleted: %w", err)
	}
	for _, name := range repositoryNames {
		if err := os.RemoveAll(filepath.Join(path, name)); err != nil {
			return errors.Join(fault.New(fault.Unavailable, "delete the repository: %w", err), held.Release())
		}
	}
	// Released before it is removed: Windows keeps what is open.
	if err := errors.Join(held.Release(), os.Remove(filepath.Join(path, lock))); err != nil {
		return fault.New(fault.Unavailable, "delete the repository's lock: %w", err)
	}
	return nil
}

// Verify implements work.Repositories.
func (s *Shelf) Verify(ctx context.Context, id string, full bool, progress func(work.VerifyProgress)) (task.VerifyReport, error) {
	repo, done, err := s.Use(id)
	if err != nil {
		return task.VerifyReport{}, err
	}
	defer done()
	mode := repository.VerifyQuick
	if full {
		mode = repository.VerifyFull
	}
	found, err := repo.Verify(ctx, mode, func(p repository.Progress) {
		progress(work.VerifyProgress{Phase: p.Phase, Done: p.Done, Total: p.Total, Bytes: p.Bytes})
	})
	if err != nil {
		return task.VerifyReport{}, err
	}
	return VerifyReport(found), nil
}

// VerifyReport returns what a verification found, in sentences.
func VerifyReport(found *repository.Report) task.VerifyReport {
	out := task.VerifyReport{Points: found.Points, Blobs: found.Blobs, Bytes: found.Bytes}
	for _, p := range found.Problems {
		out.Damage = append(out.Damage, fmt.Sprintf("%s: %s", p.Path, p.Reason))
	}
	for _, d := range found.Damage {
		where := "blob " + d.Blob
		if d.Path != "" {
			where = fmt.Sprintf("%s at %d", d.Path, d.Offset)
		}
		out.Damage = append(out.Damage, fmt.Sprintf("%s: %s (%d messages concerned)", where, d.Reason, d.Touched))
	}
	return out
}

// Statistics returns how full an attached repository is, and the size of its index.
func (s *Shelf) Statistics(ctx context.Context, repo *repository.Repository) (*repository.Statistics, int64, error) {
	sums, err := repo.Statistics(ctx)
	if err != nil {
		return nil, 0, err
	}
	var index int64
	if info, err := os.Stat(filepath.Join(repo.Path(), "index.bolt")); err == nil {
		index = info.Size()
	}
	return sums, index, nil
}
