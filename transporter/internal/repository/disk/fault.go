package disk

import (
	"errors"
	"io"
	"io/fs"

	"holdfast/pkg/fault"
)

var errNotFolder = errors.New("a part of the path is a file, not a folder")

// Fault makes a fault of what a file system answered when it was asked to do something ("write", "read") with path. An
// error that is a fault already is returned as it is.
func Fault(err error, doing, path string) error {
	if err == nil {
		return nil
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		return err
	}
	cause := err
	var pe *fs.PathError
	if errors.As(err, &pe) {
		cause = pe.Err
	}
	switch {
	case isFull(err):
		return with(fault.Exhausted, err, "cannot %s %s: the disk is full; free space on it and try again", doing, path)
	case isReadOnly(err):
		return with(fault.Denied, err, "cannot %s %s: the file system is read-only; mount it for writing", doing, path)
	case errors.Is(err, fs.ErrPermission):
		return with(fault.Denied, err, "cannot %s %s: access denied; give the Transporter's account the right to it", doing, path)
	case errors.Is(err, fs.ErrNotExist):
		return with(fault.NotFound, err, "cannot %s %s: it does not exist; check that the disk is connected and the path is right", doing, path)
	case errors.Is(err, errNotFolder), isNotFolder(err):
		return with(fault.Invalid, err, "cannot %s %s: a part of the path is a file, not a folder", doing, path)
	case errors.Is(err, fs.ErrExist):
		return with(fault.Conflict, err, "cannot %s %s: it exists already", doing, path)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return with(fault.Corrupt, err, "cannot %s %s: the file is shorter than it was written", doing, path)
	default:
		return with(fault.Unavailable, err, "cannot %s %s: %v; check the disk", doing, path, cause)
	}
}

func with(k fault.Kind, cause error, format string, args ...any) *fault.Fault {
	f := fault.New(k, format, args...)
	f.Cause = cause
	return f
}
