package disk

import (
	"encoding/json"
	"errors"
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

// Lock keeps others away from a folder. The operating system releases it when the process ends, however it ends, so that on
// one machine nobody has to guess whether a lock is stale. The file's content names the holder for people:
//
//	{"transporter":"…","host":"…","pid":…,"since":"…"} and a line feed     while somebody has the folder, and after a crash
//	nothing                                                                  after it was given back
//
// What the operating system of one machine does not know is whether another machine has the folder, over a network. So a
// folder that another Transporter on another host did not give back is refused, until somebody who knows removes the file.
// Where a file system has no locks, the process that is named is looked for instead.
type Lock struct {
	f *os.File
	// Previous is who held the lock last and did not release it: they crashed, or the folder was copied while in use.
	Previous *Owner
	text     []byte // of Previous
}

// maxOwner bounds what is read of a lock file, in bytes.
const maxOwner = 4096

// errNoLocks is what lockFile returns where the file system has none.
var errNoLocks = errors.New("the file system has no locks")

// Acquire takes the lock in the file path, or returns Conflict naming who holds it.
func Acquire(path string, owner Owner) (*Lock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, Fault(err, "open the lock", path)
	}
	held, err := lockFile(f)
	text := readOwner(f)
	previous := decodeOwner(text)
	if errors.Is(err, errNoLocks) {
		held, err = previous == nil || previous.Host != owner.Host || previous.PID == owner.PID || !running(previous.PID), nil
	}
	if err == nil {
		err = previous.check(owner, held, path)
	}
	if err != nil {
		_ = f.Close()
		return nil, Fault(err, "lock", path)
	}
	l := &Lock{f: f, Previous: previous, text: text}
	if text, err = json.Marshal(owner); err == nil {
		err = l.write(append(text, '\n'))
	}
	if err != nil {
		_ = f.Close()
		return nil, Fault(err, "write the lock", path)
	}
	return l, nil
}

// check reports why owner cannot follow o, nil if o gave the lock back; held tells whether owner has the lock of this machine.
func (o *Owner) check(owner Owner, held bool, path string) error {
	switch {
	case !held && o == nil:
		return fault.New(fault.Conflict, "the repository is in use by another process, which holds %s; detach it there first", path)
	case !held:
		return fault.New(fault.Conflict, "the repository is in use by %s, which holds %s; detach it there first", o, path)
	case o != nil && o.Host != owner.Host && o.Transporter != owner.Transporter:
		return fault.New(fault.Conflict, "the repository was not detached by %s; detach it there, or if it is surely not in use there (this is a copy, or its disk was moved), remove %s and try again", o, path)
	}
	return nil
}

// Restore gives the lock back and leaves the file as it was found: for who has not looked at what the last holder left.
func (l *Lock) Restore() error {
	err := l.write(l.text)
	if closeErr := l.f.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (l *Lock) write(text []byte) error {
	if err := l.f.Truncate(0); err != nil {
		return err
	}
	_, err := l.f.WriteAt(text, 0)
	return err
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
func (l *Lock) Drop() {
	if l.f != nil { // a shared lock has none where there was no file
		_ = l.f.Close()
	}
}

// readOwner returns what a lock file says; nothing where it cannot be read or is longer than one is.
func readOwner(f *os.File) []byte {
	text := make([]byte, maxOwner+1)
	n, err := f.ReadAt(text, 0)
	if err != nil && err != io.EOF || n > maxOwner {
		return nil
	}
	return text[:n]
}

// decodeOwner returns who a lock file names, or nil.
func decodeOwner(text []byte) *Owner {
	var o Owner
	if len(text) == 0 || json.Unmarshal(text, &o) != nil {
		return nil
	}
	return &o
}
