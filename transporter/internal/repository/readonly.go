package repository

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

// A repository that is open for reading only is brought in order like any other, but nothing of that reaches its folder:
// files are changed in memory (disk.Overlay), the index is a copy in a temporary folder. So it need not be on a disk that can
// be written to, nor belong to who looks at it.

// errReadOnly is why something cannot be done.
func (r *Repository) errReadOnly(doing string) error {
	return fault.New(fault.Denied, "cannot %s: the repository %q in %s is open for reading only; attach it, or open it with the right to change it", doing, r.Name(), r.opts.Path)
}

// changeable returns the error of what cannot be done because the repository is open for reading only.
func (r *Repository) changeable(doing string) error {
	if r.opts.ReadOnly {
		return r.errReadOnly(doing)
	}
	return nil
}

// openLock takes the lock of the repository that is being opened, as far as it needs one.
func (o *Options) openLock() (*disk.Lock, error) {
	path := filepath.Join(o.Path, lockFile)
	if !o.ReadOnly {
		return disk.Acquire(path, o.owner())
	}
	return disk.Share(path, o.owner(), o.Still)
}

// prepareReadOnly puts memory over the folder and copies the index.
func (r *Repository) prepareReadOnly(ctx context.Context) error {
	if !r.opts.ReadOnly {
		return nil
	}
	r.overlay = disk.NewOverlay(r.opts.FS)
	r.opts.FS = r.overlay
	var err error
	if r.scratch, err = os.MkdirTemp("", "holdfast-index-"); err != nil {
		return disk.Fault(err, "make a temporary folder in", os.TempDir())
	}
	if r.opts.rebuild {
		return nil
	}
	return r.copyIndex(ctx)
}

// copyIndex copies the index to where it may be changed. One that is not there is built anew.
func (r *Repository) copyIndex(ctx context.Context) error {
	from := r.path(indexFile)
	f, err := r.opts.FS.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return disk.Fault(err, "open", from)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return disk.Fault(err, "read", from)
	}
	to, err := os.OpenFile(r.indexPath(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return disk.Fault(err, "create", r.indexPath())
	}
	buffer := make([]byte, 1<<20)
	for at := int64(0); at < size && err == nil; at += int64(len(buffer)) {
		if err = ctx.Err(); err != nil {
			break
		}
		b := buffer[:min(int64(len(buffer)), size-at)]
		if _, err = f.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			err = disk.Fault(err, "read", from)
			break
		}
		if _, err = to.Write(b); err != nil {
			err = disk.Fault(err, "copy the index to", to.Name())
		}
	}
	if closeErr := to.Close(); err == nil && closeErr != nil {
		err = disk.Fault(closeErr, "copy the index to", to.Name())
	}
	return err
}

// indexPath returns where the index is that may be changed.
func (r *Repository) indexPath() string {
	if r.scratch != "" {
		return filepath.Join(r.scratch, indexFile)
	}
	return r.path(indexFile)
}

// discard removes what reading only has needed.
func (r *Repository) discard() error {
	if r.overlay != nil {
		r.overlay.Close()
	}
	if r.scratch == "" {
		return nil
	}
	return disk.Fault(os.RemoveAll(r.scratch), "remove", r.scratch)
}
