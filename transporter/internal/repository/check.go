package repository

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/repository/disk"
)

// minFree is the least free space for a new repository, in bytes: one pack and an index.
const minFree = 256 << 20

// probeFile is written and removed by Check.
const probeFile = "holdfast.check"

// Check reports whether a repository can be created in path: the folder exists or can be made, is empty, can be written and
// read, and its disk has need bytes free (0: 256 MiB). It leaves nothing behind. Its error is one sentence with the path and
// the remedy, and names the field "path".
func Check(ctx context.Context, path string, need int64) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := check(path, need)
	if err == nil {
		return nil
	}
	var f *fault.Fault
	if errors.As(err, &f) && f.Field == "" {
		named := *f
		named.Field = "path"
		return &named
	}
	return err
}

func check(path string, need int64) error {
	if path == "" {
		return fault.New(fault.Invalid, "name the folder of the repository")
	}
	if !filepath.IsAbs(path) {
		return fault.New(fault.Invalid, "the path %s is not absolute; give the whole path from the root", path)
	}
	for parent := filepath.Dir(path); parent != filepath.Dir(parent); parent = filepath.Dir(parent) {
		if Exists(parent) {
			return fault.New(fault.Conflict, "%s lies inside the repository in %s; choose a folder outside of it", path, parent)
		}
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		return fault.New(fault.Invalid, "%s is a file, not a folder; choose another path", path)
	case err == nil:
		if err := checkEmpty(path); err != nil {
			return err
		}
		return probe(path, need)
	case !errors.Is(err, fs.ErrNotExist):
		return disk.Fault(err, "use the folder", path)
	}
	return checkCreatable(path, need)
}

func checkEmpty(path string) error {
	list, err := os.ReadDir(path)
	if err != nil {
		return disk.Fault(err, "read the folder", path)
	}
	if Exists(path) {
		return fault.New(fault.Conflict, "%s is a repository already; attach it, or choose another folder", path)
	}
	for _, d := range list {
		if !leftover(path, d) {
			return fault.New(fault.Conflict, "the folder %s is not empty (it has %q); choose an empty one", path, d.Name())
		}
	}
	return nil
}

// leftover reports whether an entry of a folder is what a creation that was killed leaves, or lost+found of a disk's root.
func leftover(path string, d fs.DirEntry) bool {
	switch d.Name() {
	case lockFile, indexFile, indexFile + newIndex, descriptorFile + ".tmp", probeFile, probeFile + ".tmp":
		return d.Type().IsRegular()
	case packsFolder, stagingFolder:
		inside, err := os.ReadDir(filepath.Join(path, d.Name()))
		return err == nil && len(inside) == 0
	default:
		return d.Name() == "lost+found"
	}
}

// checkCreatable makes the folder, tries it, and removes it with whatever parents had to be made.
func checkCreatable(path string, need int64) (err error) {
	var missing []string // innermost first
	for p := path; ; p = filepath.Dir(p) {
		info, err := os.Stat(p)
		if err == nil {
			if !info.IsDir() {
				return fault.New(fault.Invalid, "the folder %s cannot be made: %s is a file; choose another path", path, p)
			}
			break
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return disk.Fault(err, "make the folder", path)
		}
		if filepath.Dir(p) == p {
			return disk.Fault(err, "make the folder", path)
		}
		missing = append(missing, p)
	}
	made := 0
	defer func() {
		for i := len(missing) - made; i < len(missing); i++ {
			if removeErr := os.Remove(missing[i]); err == nil && removeErr != nil && !errors.Is(removeErr, fs.ErrNotExist) {
				err = disk.Fault(removeErr, "remove the folder made for a trial,", missing[i])
			}
		}
	}()
	for i := len(missing) - 1; i >= 0; i-- {
		if err := os.Mkdir(missing[i], 0o700); err != nil {
			if errors.Is(err, fs.ErrNotExist) { // what /proc and its like answer
				return fault.New(fault.Denied, "the folder %s cannot be made: %s takes no folders; choose another path", path, filepath.Dir(missing[i]))
			}
			return disk.Fault(err, "make the folder", missing[i])
		}
		made++
	}
	return probe(path, need)
}

// probe writes, reads and removes a file, and looks at the free space.
func probe(path string, need int64) error {
	file := filepath.Join(path, probeFile)
	text := []byte("Holdfast tries whether it can write here.\n")
	if err := disk.WriteFile(disk.OS{}, file, text); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			return fault.New(fault.Denied, "the folder %s takes no files; choose another path", path)
		}
		return disk.Fault(err, "write to the folder", path)
	}
	back, err := disk.ReadFile(disk.OS{}, file, 4096)
	if removeErr := os.Remove(file); err == nil && removeErr != nil {
		err = removeErr
	}
	if err != nil {
		return disk.Fault(err, "read back from the folder", path)
	}
	if !bytes.Equal(back, text) {
		return fault.New(fault.Corrupt, "the folder %s does not give back what was written to it; check the disk", path)
	}
	if need == 0 {
		need = minFree
	}
	_, free, err := disk.Space(path)
	if err != nil {
		return err
	}
	if free < need {
		return fault.New(fault.Exhausted, "the disk of %s has %d MiB free and needs %d MiB; free space on it or choose another", path, free>>20, need>>20)
	}
	return nil
}
