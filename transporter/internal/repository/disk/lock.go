package disk

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"holdfast/pkg/fault"
)

// Owner is who holds a lock.
type Owner struct {
	Transporter string    `json:"transporter"`
	Host        string    `json:"host"`
	PID         int       `json:"pid"`
	Since       time.Time `json:"since"`
}

// String names the owner in a sentence.
func (o Owner) String() string {
	return fmt.Sprintf("Transporter %q (process %d on host %q, since %s)", o.Transporter, o.PID, o.Host, o.Since.UTC().Format(time.RFC3339))
}

// Lock keeps others away from a folder. The operating system releases it when the process ends, however it ends; the
// file's content only names the holder for people. So a crash leaves no lock behind, and nobody has to guess whether one is
// stale.
type Lock struct {
	f *os.File
	// Previous is who held the lock last and did not release it: they crashed, or the folder was copied while in use.
	Previous *Owner
}

// maxOwner bounds what is read of a lock file, in bytes.
const maxOwner = 4096

// Acquire takes the lock in the file path, or returns Conflict naming who holds it.
func Acquire(path string, owner Owner) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, Fault(err, "open the lock", path)
	}
	held, err := lockFile(f)
	previous := readOwner(f)
	if err != nil {
		_ = f.Close()
		return nil, Fault(err, "lock", path)
	}
	if !held {
		_ = f.Close()
		who := "another process"
		if previous != nil {
			who = previous.String()
		}
		return nil, fault.New(fault.Conflict, "the repository is in use by %s, which holds %s; detach it there first", who, path)
	}
	l := &Lock{f: f, Previous: previous}
	text, err := json.Marshal(owner)
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = f.WriteAt(append(text, '\n'), 0)
	}
	if err != nil {
		_ = f.Close()
		return nil, Fault(err, "write the lock", path)
	}
	return l, nil
}

// Release gives the lock back and says so in the file.
func (l *Lock) Release() error {
	err := l.f.Truncate(0)
	if closeErr := l.f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Drop gives the lock back as a crash would: the file still names the holder.
func (l *Lock) Drop() { _ = l.f.Close() }

func readOwner(f *os.File) *Owner {
	text := make([]byte, maxOwner)
	n, err := f.ReadAt(text, 0)
	if err != nil && err != io.EOF {
		return nil
	}
	var o Owner
	if json.Unmarshal(text[:n], &o) != nil {
		return nil
	}
	return &o
}
