package shelf

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository"
)

// Delete detaches a repository and removes it, and its folder if that is then empty. NotFound when the folder is gone or
// holds no repository (its disk may not be connected); Conflict when another repository lies there, or somebody has it open,
// or files that are not its own are in its folder. Either way nothing is deleted. Deleting a deleted one again is no error.
func (s *Shelf) Delete(ctx context.Context, id, path string) error {
	own, err := repository.ParseID(id)
	if err != nil {
		return err
	}
	if err := s.Detach(ctx, id); err != nil {
		return err
	}
	is, name, err := repository.Identify(path)
	if errors.Is(err, fault.NotFound) && s.wasDeleted(own, path) {
		return nil
	}
	if err != nil {
		return err
	}
	if !same(is, own) {
		return fault.New(fault.Conflict, "in %s lies another repository (%q) than the one to be deleted; nothing was deleted", path, name)
	}
	if other, ok := s.at(path); ok {
		return fault.New(fault.Conflict, "the repository in %s is attached as %s; nothing was deleted", path, other)
	}
	if err := repository.Delete(ctx, s.options(Request{Path: path})); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deleted[own] = cleaned(path)
	return nil
}

// wasDeleted reports whether an earlier call deleted the repository; its answer may have been lost.
func (s *Shelf) wasDeleted(own repoID, path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, ok := s.deleted[own]
	return ok && was == cleaned(path)
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
