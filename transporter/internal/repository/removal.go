package repository

import (
	"context"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/key"
)

// Delete removes a repository that nobody has open, and its folder if that is then empty. It needs no secret. A folder with
// files that are not the repository's is a Conflict, one that somebody has open likewise, one without a repository NotFound:
// then nothing is deleted. One that was killed is repeated; until then the repository opens no more.
func Delete(ctx context.Context, opts Options) error {
	opts, err := opts.complete()
	if err != nil {
		return err
	}
	lock, desc, err := seize(ctx, opts)
	if err != nil {
		return err
	}
	if err := remove(ctx, opts, desc, removalDelete); err != nil {
		return errors.Join(err, lock.Release())
	}
	// Last, for as long as it is there an interrupted deletion can be repeated.
	if err := unlink(opts.FS, opts.Path, descriptorFile); err != nil {
		return errors.Join(err, lock.Release())
	}
	// Released before it is removed: Windows keeps what is open.
	path := filepath.Join(opts.Path, lockFile)
	if err := errors.Join(lock.Release(), os.Remove(path)); err != nil {
		return disk.Fault(err, "remove", path)
	}
	if left, err := os.ReadDir(opts.Path); err == nil && len(left) == 0 {
		_ = os.Remove(opts.Path) // an empty folder that stays does no harm
	}
	return nil
}

// Recreate deletes what is in a repository and opens it empty, under the same id, name, level and secret. It has the errors
// of Open and Delete, and like Open takes a secret that opens the repository. When it is killed, the repository either is as
// it was, or the next Open or Recreate goes on.
func Recreate(ctx context.Context, opts Options) (*Repository, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, err
	}
	found, err := findDescriptor(opts.FS, opts.Path)
	if err != nil {
		return nil, err
	}
	if _, err := key.Unlock(found.desc.GetEncryption(), opts.Secret, found.desc.GetId()); err != nil {
		return nil, err
	}
	lock, desc, err := seize(ctx, opts)
	if err != nil {
		return nil, err
	}
	if desc.GetRemoval() == removalDelete {
		return nil, errors.Join(deleted(opts.Path, desc), lock.Release())
	}
	if err := remove(ctx, opts, desc, removalRecreate); err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	if err := lock.Release(); err != nil {
		return nil, disk.Fault(err, "release the lock", filepath.Join(opts.Path, lockFile))
	}
	return Open(ctx, opts) // which makes it anew
}

func deleted(path string, d *pb.Descriptor) error {
	return fault.New(fault.Conflict, "the repository %q in %s is half deleted; delete it again to end that", d.GetName(), path)
}

// seize takes the lock of a repository that is to be deleted, having made sure that all in its folder is the repository's.
func seize(ctx context.Context, opts Options) (*disk.Lock, *pb.Descriptor, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if _, err := findDescriptor(opts.FS, opts.Path); err != nil {
		return nil, nil, err
	}
	lock, err := disk.Acquire(filepath.Join(opts.Path, lockFile), opts.owner())
	if err != nil {
		return nil, nil, fault.New(fault.KindOf(err), "nothing was deleted: %w", err)
	}
	found, err := findDescriptor(opts.FS, opts.Path)
	if err == nil {
		err = checkOwn(opts.Path)
	}
	if err != nil {
		return nil, nil, errors.Join(err, lock.Release())
	}
	return lock, found.desc, nil
}

// remove marks a repository as being deleted and removes everything but descriptor and lock. The caller holds the lock.
func remove(ctx context.Context, opts Options, desc *pb.Descriptor, removal uint32) error {
	if desc.GetRemoval() != removal {
		marked := proto.CloneOf(desc)
		marked.Removal = removal
		if _, err := writeDescriptor(opts.FS, opts.Path, marked); err != nil {
			return err
		}
	}
	// From here on the repository is gone: a copy of the descriptor that outlives it must not say otherwise.
	if err := unlink(opts.FS, opts.Path, descriptorCopy); err != nil {
		return err
	}
	for _, dir := range []string{searchFolder, stagingFolder, packsFolder} {
		if err := unlinkAll(ctx, opts.FS, filepath.Join(opts.Path, dir)); err != nil {
			return err
		}
	}
	list, err := opts.FS.List(opts.Path)
	if err != nil {
		return disk.Fault(err, "read", opts.Path)
	}
	for _, f := range list {
		if f.Name == descriptorFile || f.Name == lockFile || !ownFile(f.Name) {
			continue
		}
		if err := unlink(opts.FS, opts.Path, f.Name); err != nil {
			return err
		}
	}
	return nil
}

// renew ends a removal that is to leave an empty repository.
func renew(ctx context.Context, opts Options, desc *pb.Descriptor) (*pb.Descriptor, error) {
	if err := remove(ctx, opts, desc, removalRecreate); err != nil {
		return nil, err
	}
	fresh := proto.CloneOf(desc)
	fresh.Removal, fresh.Dictionaries, fresh.Created = 0, nil, timestamppb.New(opts.Now().UTC())
	_, err := writeDescriptor(opts.FS, opts.Path, fresh)
	return fresh, err
}

// unlink removes a file durably, unless it is gone.
func unlink(fsys disk.FS, dir, name string) error {
	path := filepath.Join(dir, name)
	if err := fsys.Remove(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return disk.Fault(err, "remove", path)
	}
	return disk.Fault(fsys.SyncDir(dir), "sync", dir)
}

// unlinkAll removes a folder with its files, unless it is gone.
func unlinkAll(ctx context.Context, fsys disk.FS, dir string) error {
	list, err := fsys.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return disk.Fault(err, "read", dir)
	}
	for _, f := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fsys.Remove(filepath.Join(dir, f.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return disk.Fault(err, "remove", filepath.Join(dir, f.Name))
		}
	}
	return unlink(fsys, filepath.Dir(dir), filepath.Base(dir))
}

// checkOwn reports what in a repository's folder is not the repository's.
func checkOwn(path string) error {
	foreign := func(name string) error {
		return fault.New(fault.Conflict, "nothing was deleted: %s is not a part of the repository; move it elsewhere and try again", name)
	}
	list, err := os.ReadDir(path)
	if err != nil {
		return disk.Fault(err, "read", path)
	}
	for _, d := range list {
		switch {
		case slices.Contains(systemNames, d.Name()):
		case d.IsDir() && (d.Name() == packsFolder || d.Name() == stagingFolder || d.Name() == searchFolder):
			inside, err := os.ReadDir(filepath.Join(path, d.Name()))
			if err != nil {
				return disk.Fault(err, "read", filepath.Join(path, d.Name()))
			}
			for _, f := range inside {
				if !f.Type().IsRegular() || !hexNamed(f.Name()) {
					return foreign(filepath.Join(path, d.Name(), f.Name()))
				}
			}
		case !d.Type().IsRegular() || !ownFile(d.Name()):
			return foreign(filepath.Join(path, d.Name()))
		}
	}
	return nil
}

// systemNames are what operating systems leave in any folder. They stay, and are in nobody's way.
var systemNames = []string{"lost+found", ".DS_Store", "Thumbs.db", "desktop.ini", "$RECYCLE.BIN", "System Volume Information"}

// ownFile reports whether a file in the repository's own folder is the repository's.
func ownFile(name string) bool {
	return strings.HasPrefix(name, "holdfast.") || name == indexFile || strings.HasPrefix(name, indexFile+".")
}

// hexNamed reports whether a file is named as packs and journals are: 32 hexadecimal digits and an ending.
func hexNamed(name string) bool {
	if len(name) < 34 || name[32] != '.' {
		return false
	}
	_, err := hex.DecodeString(name[:32])
	return err == nil
}
