package export

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

// archive is an export to a zip that is written from beginning to end. Sizes follow the files, and where they or the number
// of files need it the archive is zip64.
type archive struct {
	zip  *zip.Writer
	made map[string]bool
}

func newArchive(w io.Writer) *archive {
	a := &archive{zip: zip.NewWriter(w), made: map[string]bool{}}
	// Mail in base64 gives little more for more effort.
	a.zip.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	return a
}

func (a *archive) mkdir(name string) error {
	if a.made[name] {
		return nil
	}
	a.made[name] = true
	if err := inside(name); err != nil {
		return err
	}
	_, err := a.zip.CreateHeader(&zip.FileHeader{Name: name + "/"})
	return unwritten(err)
}

func (a *archive) written(string) bool { return false }

func (a *archive) create(name string, modified time.Time) (file, error) {
	if err := inside(name); err != nil {
		return nil, err
	}
	w, err := a.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: modified})
	if err != nil {
		return nil, unwritten(err)
	}
	return zipFile{w}, nil
}

func (a *archive) earlier() []MissingItem { return nil }

func (a *archive) note(MissingItem) error { return nil }

func (a *archive) finish(r *Report) error {
	data, err := r.encode()
	if err != nil {
		return err
	}
	w, err := a.create(reportFile, time.Time{})
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return unwritten(err)
	}
	return unwritten(a.zip.Close())
}

type zipFile struct{ io.Writer }

func (z zipFile) Write(p []byte) (int, error) {
	n, err := z.Writer.Write(p)
	return n, unwritten(err)
}

func (zipFile) done() error { return nil }

func (zipFile) abandon() {}

// unwritten makes a fault of an error of whoever takes the archive.
func unwritten(err error) error {
	var f *fault.Fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	return disk.Fault(err, "write", "the archive")
}

// ToZipFile exports into a new zip archive at path, which must not exist (Conflict). It appears when it is whole; until then
// it is named with ".partial" behind, and after an interruption it is begun anew.
func ToZipFile(ctx context.Context, path string, o Options) (_ *Report, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, fault.InvalidField("to", "the file %q cannot be used: %w", path, err)
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fault.New(fault.Conflict, "%s exists; an export overwrites nothing: name a file that does not exist yet", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, disk.Fault(err, "look for", path)
	}
	f, err := os.OpenFile(path+partial, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, disk.Fault(err, "write", path+partial)
	}
	defer func() {
		if err != nil {
			_ = f.Close()           // it may be closed already
			_ = os.Remove(f.Name()) // what stays is begun anew the next time
		}
	}()
	r, err := ToZip(ctx, named{f, path}, o)
	if err != nil {
		return r, err
	}
	if err := f.Sync(); err != nil {
		return r, disk.Fault(err, "write", path)
	}
	if err := f.Close(); err != nil {
		return r, disk.Fault(err, "write", path)
	}
	if err := os.Rename(path+partial, path); err != nil {
		return r, disk.Fault(err, "rename", path+partial)
	}
	return r, disk.Fault((disk.OS{}).SyncDir(filepath.Dir(path)), "write", filepath.Dir(path))
}

// named makes faults that name the file.
type named struct {
	f    *os.File
	path string
}

func (n named) Write(p []byte) (int, error) {
	k, err := n.f.Write(p)
	return k, disk.Fault(err, "write", n.path)
}
