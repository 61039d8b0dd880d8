package repository

import (
	"bytes"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/repository/disk"
	"holdfast/transporter/internal/repository/pack"
)

// foundDescriptor is what a folder says of its repository.
type foundDescriptor struct {
	desc *pb.Descriptor
	text []byte
	// problem says why the copy had to stand in for the descriptor; empty if it had not to.
	problem string
	// stale is set when the copy is not what the descriptor is.
	stale bool
}

// findDescriptor reads the descriptor of the repository in dir, or its copy where it is damaged or gone. NotFound when there
// is neither.
func findDescriptor(fsys disk.FS, dir string) (foundDescriptor, error) {
	path := filepath.Join(dir, descriptorFile)
	desc, text, err := readDescriptor(fsys, path)
	copied, copyText, copyErr := readDescriptor(fsys, filepath.Join(dir, descriptorCopy))
	kind := fault.KindOf(err)
	switch {
	case copyErr == nil && kind == fault.NotFound:
		return foundDescriptor{desc: copied, text: copyText, problem: "it was gone; its copy took its place"}, nil
	case copyErr == nil && kind == fault.Corrupt:
		return foundDescriptor{desc: copied, text: copyText, problem: "it was damaged; its copy took its place"}, nil
	case kind == fault.NotFound:
		return foundDescriptor{}, fault.New(fault.NotFound, "%s is not a repository: it has no %s; check the path and that the disk is connected", dir, descriptorFile)
	case err != nil:
		return foundDescriptor{}, err
	}
	return foundDescriptor{desc: desc, text: text, stale: copyErr != nil || !bytes.Equal(text, copyText)}, nil //nolint:nilerr // a bad copy is made anew, see mend
}

func readDescriptor(fsys disk.FS, path string) (*pb.Descriptor, []byte, error) {
	text, err := disk.ReadFile(fsys, path, descriptorLimit)
	if err != nil {
		return nil, nil, err
	}
	d, err := decodeDescriptor(text)
	if err != nil {
		return nil, nil, fault.New(fault.KindOf(err), "%s: %w", path, err)
	}
	return d, text, nil
}

// mend makes the descriptor and its copy alike again. The caller holds the lock.
func (f *foundDescriptor) mend(fsys disk.FS, dir string) error {
	if f.problem != "" {
		return disk.WriteFile(fsys, filepath.Join(dir, descriptorFile), f.text)
	}
	if f.stale {
		return disk.WriteFile(fsys, filepath.Join(dir, descriptorCopy), f.text)
	}
	return nil
}

// writeDescriptor replaces the descriptor and then its copy. A crash leaves the old or the new one to count. When only the
// copy could not be written, changed is set beside the error.
func writeDescriptor(fsys disk.FS, dir string, d *pb.Descriptor) (changed bool, err error) {
	text, err := encodeDescriptor(d)
	if err != nil {
		return false, err
	}
	if err := disk.WriteFile(fsys, filepath.Join(dir, descriptorFile), text); err != nil {
		return false, err
	}
	return true, disk.WriteFile(fsys, filepath.Join(dir, descriptorCopy), text)
}

// descriptor returns the descriptor, which is not changed any more.
func (r *Repository) descriptor() *pb.Descriptor { return r.desc.Load() }

// describe changes the descriptor, durably. If that fails, the repository goes on with whatever is on the disk then.
func (r *Repository) describe(change func(d *pb.Descriptor) error) error {
	r.describing.Lock()
	defer r.describing.Unlock()
	next := proto.CloneOf(r.descriptor())
	if err := change(next); err != nil {
		return err
	}
	changed, err := writeDescriptor(r.opts.FS, r.opts.Path, next)
	switch {
	case err == nil:
	case changed:
		// It counts; the copy is brought in step when the repository is opened next.
		r.problem(r.path(descriptorCopy), err.Error())
	default:
		// Of a rename nobody knows whether it took place when the folder could not be synced.
		if now, _, readErr := readDescriptor(r.opts.FS, r.path(descriptorFile)); readErr == nil {
			r.desc.Store(now)
		}
		return err
	}
	r.desc.Store(next)
	return nil
}

// Identify returns the id and the name of the repository in a folder, without opening it or needing its key. NotFound when
// there is none.
func Identify(path string) (id, name string, err error) {
	found, err := findDescriptor(disk.OS{}, path)
	if err != nil {
		return "", "", err
	}
	return pack.Name(found.desc.GetId()).String(), found.desc.GetName(), nil
}

// Exists reports whether a folder looks like a repository, whatever state it is in.
func Exists(path string) bool {
	for _, name := range []string{descriptorFile, descriptorCopy} {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			return true
		}
	}
	return false
}
