package disk

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// SyncDir implements FS. NTFS journals names itself, and Windows has no call for it.
func (OS) SyncDir(string) error { return nil }

func isFull(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL)
}

func isReadOnly(err error) bool { return errors.Is(err, windows.ERROR_WRITE_PROTECT) }

func isNotFolder(err error) bool { return errors.Is(err, windows.ERROR_DIRECTORY) }

// lockFile takes the lock of an open file, or reports that another holds it. The locked byte lies far behind the file's
// end, so that others can still read who holds it.
func lockFile(f *os.File) (held bool, err error) {
	return lockByte(f, windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY)
}

// lockShared takes a part in the lock of a file that is open for reading.
func lockShared(f *os.File) (held bool, err error) {
	return lockByte(f, windows.LOCKFILE_FAIL_IMMEDIATELY)
}

func lockByte(f *os.File, flags uint32) (held bool, err error) {
	at := windows.Overlapped{OffsetHigh: 0x4000_0000}
	err = windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &at)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return false, nil
	default:
		return false, err
	}
}

// Unlock does nothing: closing a file releases its locks.
func Unlock(*os.File) {}

// running is not asked: every file system of Windows has locks.
func running(int) bool { return true }
