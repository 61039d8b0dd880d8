// Package datadir is the Director's data folder: it checks that the folder can be used and writes small files in it whole
// or not at all. Everything in the folder belongs to the Director's user alone.
package datadir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"holdfast/pkg/fault"
)

// Names of the files in the folder.
const (
	Database      = "director.db"
	SealKey       = "director.key"
	Certificate   = "tls.crt"
	PrivateKey    = "tls.key"
	FirstPassword = "first-password"
	LocalToken    = "cli-token"
)

// maxFile bounds a file that Read takes, in bytes.
const maxFile = 1 << 20

// Dir is a data folder.
type Dir string

// Open makes the folder if need be and checks that files can be written in it.
func Open(path string) (Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return "", fault.New(fault.Invalid, "make the data folder: %w", err)
	}
	probe, err := os.CreateTemp(path, ".probe-*")
	if err != nil {
		return "", fault.New(fault.Denied, "the data folder %s cannot be written: %w", path, err)
	}
	_ = probe.Close()
	if err := os.Remove(probe.Name()); err != nil {
		return "", fault.New(fault.Denied, "the data folder %s cannot be written: %w", path, err)
	}
	return Dir(path), nil
}

// Path returns the path of a file in the folder.
func (d Dir) Path(name string) string { return filepath.Join(string(d), name) }

// Has reports whether a file is there.
func (d Dir) Has(name string) bool {
	_, err := os.Stat(d.Path(name))
	return err == nil
}

// Read returns a file; NotFound when it is not there.
func (d Dir) Read(name string) ([]byte, error) { return ReadFile(d.Path(name)) }

// Remove deletes a file; one that is not there is no error.
func (d Dir) Remove(name string) error {
	if err := os.Remove(d.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.Denied, "remove %s: %w", d.Path(name), err)
	}
	return nil
}

// Write makes a file that nobody else may read, or replaces it, and makes it durable: after a crash the old or the new
// one is there, whole.
func (d Dir) Write(name string, data []byte) error {
	if err := d.write(name, data); err != nil {
		return fault.New(fault.Denied, "write %s: %w", d.Path(name), err)
	}
	return nil
}

func (d Dir) write(name string, data []byte) (err error) {
	f, err := os.CreateTemp(string(d), "."+name+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	// CreateTemp makes the file 0600.
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), d.Path(name)); err != nil {
		return err
	}
	return SyncFolder(string(d))
}

// Sweep removes what writes left that a crash cut short. Nobody else may be writing in the folder.
func (d Dir) Sweep() {
	for _, name := range []string{"probe", Database, SealKey, Certificate, PrivateKey, FirstPassword, LocalToken} {
		left, _ := filepath.Glob(filepath.Join(string(d), "."+name+"-*"))
		for _, path := range left {
			_ = os.Remove(path)
		}
	}
}

// ReadFile returns a small file; NotFound when it is not there.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fault.New(fault.NotFound, "%s is not there", path)
	case err != nil:
		return nil, fault.New(fault.Denied, "read %s: %w", path, err)
	case info.Size() > maxFile:
		return nil, fault.New(fault.Corrupt, "%s has %d bytes, more than it can have", path, info.Size())
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.New(fault.Denied, "read %s: %w", path, err)
	}
	return data, nil
}
