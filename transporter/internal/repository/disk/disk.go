// Package disk is how a repository reaches files: a small file system that tests can break (a failed write, a cut of
// power), atomic replacement of a file, the lock of a folder, and faults for what operating systems answer.
//
// It knows nothing of what is in the files. The one file that does not pass through it is index.bolt, which bbolt maps into
// memory itself and which can be rebuilt.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/space"
)

// File is an open file. Reads may run at the same time as anything else.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	// Sync returns when everything written is durable.
	Sync() error
	Size() (int64, error)
}

// Entry is one file of a folder.
type Entry struct {
	Name string
	Size int64
}

// FS is a file system. Its errors are those of package os; Fault makes faults of them.
type FS interface {
	// Open opens an existing file for reading.
	Open(name string) (File, error)
	// Edit opens an existing file for reading and writing.
	Edit(name string) (File, error)
	// Create makes a new file for reading and writing, and fails where there is one.
	Create(name string) (File, error)
	Rename(from, to string) error
	Remove(name string) error
	// MkdirAll makes a folder with its parents, durably.
	MkdirAll(name string) error
	// List returns the regular files of a folder by name.
	List(dir string) ([]Entry, error)
	// SyncDir makes the names in a folder durable.
	SyncDir(dir string) error
}

// OS is the file system of the machine.
type OS struct{}

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func open(name string, flag int) (File, error) {
	f, err := os.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// Open implements FS.
func (OS) Open(name string) (File, error) { return open(name, os.O_RDONLY) }

// Edit implements FS.
func (OS) Edit(name string) (File, error) { return open(name, os.O_RDWR) }

// Create implements FS.
func (OS) Create(name string) (File, error) { return open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL) }

// Rename implements FS.
func (OS) Rename(from, to string) error { return os.Rename(from, to) }

// Remove implements FS.
func (OS) Remove(name string) error { return os.Remove(name) }

// MkdirAll implements FS.
func (o OS) MkdirAll(name string) error {
	info, err := os.Stat(name)
	if err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(name)
	if parent != name {
		if err := o.MkdirAll(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := os.Stat(name); err != nil {
		return err
	} else if !info.IsDir() {
		return &fs.PathError{Op: "mkdir", Path: name, Err: errNotFolder}
	}
	return o.SyncDir(parent)
}

// List implements FS.
func (OS) List(dir string) ([]Entry, error) {
	infos, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(infos))
	for _, d := range infos {
		if !d.Type().IsRegular() {
			continue
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		entries = append(entries, Entry{Name: d.Name(), Size: info.Size()})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

// Space returns the size of the disk that path is on and what of it may still be written.
func Space(path string) (total, free int64, err error) {
	if total, free, err = space.Of(path); err != nil {
		return 0, 0, Fault(err, "ask the free space of", path)
	}
	return total, free, nil
}

// WriteFile replaces path as a whole: after a crash there is the old file or the new one, never a mixture.
func WriteFile(fsys FS, path string, data []byte) error {
	tmp := path + ".tmp"
	if err := fsys.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Fault(err, "write", path)
	}
	f, err := fsys.Create(tmp)
	if err != nil {
		return Fault(err, "write", path)
	}
	if _, err = f.WriteAt(data, 0); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = fsys.Rename(tmp, path)
	}
	if err == nil {
		err = fsys.SyncDir(filepath.Dir(path))
	}
	if err != nil {
		_ = fsys.Remove(tmp) // a leftover is replaced by the next write
		return Fault(err, "write", path)
	}
	return nil
}

// ReadFile returns the bytes of path, which must not be more than limit. A file that is not there is NotFound.
func ReadFile(fsys FS, path string, limit int64) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, Fault(err, "read", path)
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, Fault(err, "read", path)
	}
	if size > limit {
		return nil, fault.New(fault.Corrupt, "%s is %d bytes long, which is more than the %d it may have; it is not what Holdfast wrote", path, size, limit)
	}
	data := make([]byte, size)
	if _, err := f.ReadAt(data, 0); err != nil && (size > 0 || !errors.Is(err, io.EOF)) {
		return nil, Fault(err, "read", path)
	}
	return data, nil
}
