package shelf

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/control/work"
	"holdfast/transporter/internal/task"
)

// IsRepository reports whether a folder looks like a repository.
func IsRepository(path string) bool {
	_, err := os.Stat(filepath.Join(path, "holdfast.repo"))
	return err == nil
}

// Delete detaches a repository and removes its files, and the folder if it is then empty. One whose folder is gone is no
// error.
func (s *Shelf) Delete(ctx context.Context, id, path string) error {
	if err := s.Detach(ctx, id); err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return s.names.drop(id)
	}
	return fault.New(fault.Unsupported, "deleting is not there yet")
}

// Verify implements work.Repositories.
func (s *Shelf) Verify(context.Context, string, bool, func(work.VerifyProgress)) (task.VerifyReport, error) {
	return task.VerifyReport{}, fault.New(fault.Unsupported, "verifying is not there yet")
}
