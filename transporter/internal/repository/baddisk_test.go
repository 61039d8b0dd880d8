package repository

import (
	"os"
	"syscall"

	"holdfast/transporter/internal/repository/disk"
)

// badDisk cannot read a stretch of one file.
type badDisk struct {
	disk.OS
	path     string
	from, to int64
}

type badFile struct {
	disk.File
	disk *badDisk
	path string
}

func (b *badDisk) Open(name string) (disk.File, error) {
	f, err := b.OS.Open(name)
	return &badFile{f, b, name}, err
}

func (f *badFile) ReadAt(b []byte, off int64) (int, error) {
	if f.disk.path == f.path && off < f.disk.to && off+int64(len(b)) > f.disk.from {
		return 0, &os.PathError{Op: "read", Path: f.path, Err: syscall.EIO}
	}
	return f.File.ReadAt(b, off)
}
