package disk

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Share keeps others from taking the folder of the lock file path while it is read, without writing to the file. While
// somebody has the folder it is a Conflict that names them. So it is where another host has not given the folder back, unless
// it surely does not change: still says so, or its file system is mounted read-only. A folder without a lock file is nobody's.
func Share(path string, owner Owner, still bool) (*Lock, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, statErr := os.Stat(filepath.Dir(path)); statErr != nil {
			return nil, Fault(statErr, "open", filepath.Dir(path))
		}
		return &Lock{}, nil
	}
	if err != nil {
		return nil, Fault(err, "open the lock", path)
	}
	held, err := lockShared(f)
	text := readOwner(f)
	previous := decodeOwner(text)
	if errors.Is(err, errNoLocks) {
		held, err = previous == nil || previous.Host != owner.Host || previous.PID == owner.PID || !running(previous.PID), nil
	}
	if err == nil && (!held || !still && !readOnlyMount(path)) {
		err = previous.check(owner, held, path)
	}
	if err != nil {
		_ = f.Close()
		return nil, Fault(err, "lock", path)
	}
	return &Lock{f: f, Previous: previous, text: text}, nil
}

// readOnlyMount reports whether nobody can write to a file through this machine, whoever asks. The file is not changed.
func readOnlyMount(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return isReadOnly(err)
	}
	_ = f.Close()
	return false
}
