// Package disktest is a disk for tests that keeps no more promises than POSIX makes. It lies over a real folder, which is
// what the running process sees, and knows beside it what would be on the platter. A test kills the process at a numbered
// operation, cuts the power there, or lets operations fail, and then opens what is left with the machine's file system.
//
// # What a disk may do
//
// Killed: the operation it falls on does not happen, except that a write arrives up to some byte; nothing after it happens;
// everything before stays, synced or not, for the kernel lives on.
//
// Power cut (Cut): of each file, what was there at its last Sync stays. Every write and truncation since is lost, or there,
// or there in part: for each sector of 512 bytes one of the versions it had is drawn, whatever was written before or behind,
// so that writes are torn and reordered; a sector that was never written reads as zeros or as garbage. The length is drawn on
// its own from those the file had and all between. Of each folder, the names at its last SyncDir stay; creations, renames
// and removals since are there in any subset, each as a whole: POSIX makes a rename atomic, but in no order with another.
// Folders that were made are such names too. Synced bytes of a file whose name was not synced may go with the name.
//
// Failed sync: what was written before is drawn at once as if the power were cut, and no later sync brings the rest back,
// although reading shows it until the power is gone. That is how Linux treats pages it could not write.
//
// # The index
//
// The index is mapped into memory by bbolt and does not pass through a file system of ours; what is known of it is its
// content when a transaction begins (Hook). A transaction writes data pages, syncs, writes one of two meta pages, syncs. So a
// power cut in one that was not acknowledged leaves the file as it was, possibly grown; or with any sectors of the changed
// data pages under the old meta page; or with all data pages and the meta page torn; or whole. A name that is not synced (an
// index that was built anew) is there or not, and the file it replaced may be back. The lock file is never synced and keeps
// any part of what was written.
package disktest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/transporter/internal/repository/disk"
)

// ErrKilled is what every operation answers after the process is dead.
var ErrKilled = errors.New("the process was killed here")

// Kind is what an operation does.
type Kind string

// The kinds. Opening and reading are not counted, but hear Fault.
const (
	Create   Kind = "create"
	Write    Kind = "write"
	Truncate Kind = "truncate"
	Sync     Kind = "sync"
	Rename   Kind = "rename"
	Remove   Kind = "remove"
	Mkdir    Kind = "mkdir"
	SyncDir  Kind = "sync folder"
	Index    Kind = "index"
	Open     Kind = "open"
	Read     Kind = "read"
	List     Kind = "list"
)

// Op is one operation. N counts from 1.
type Op struct {
	N    int
	Kind Kind
	Path string
}

func (o Op) String() string { return fmt.Sprintf("%d %s %s", o.N, o.Kind, filepath.Base(o.Path)) }

// Options of a disk.
type Options struct {
	// Root is the folder, which exists. What is in it is durable.
	Root string
	// Rand draws what a cut leaves. Required.
	Rand *rand.Rand
	// Left is how many operations happen before the process is dead; negative: all.
	Left int
	// Index and Lock are the names in Root that do not pass through the file system. The index that is being built has the
	// name of the index and the ending ".new".
	Index, Lock string
	// Fault, if set, may fail an operation. A write that fails arrives in part.
	Fault func(op Op) error
}

// Disk is a disk.FS. Its methods may be called by several goroutines.
type Disk struct {
	opts Options

	mu    sync.Mutex
	count int
	dead  bool
	last  []Op
	root  *folder
	index indexState
}

var _ disk.FS = (*Disk)(nil)

// New takes a folder as what is on the disk.
func New(opts Options) (*Disk, error) {
	d := &Disk{opts: opts}
	var err error
	if d.root, err = d.load(opts.Root); err != nil {
		return nil, err
	}
	return d, d.index.begin(d)
}

// Dir makes a folder for a test, in memory where the machine has such a place: a disk of these tests is synced often.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "holdfast-") //nolint:usetesting // a test's own folder is on the disk
	if err != nil {
		return tb.TempDir()
	}
	tb.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	return dir
}

// Count returns how many operations there have been.
func (d *Disk) Count() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.count
}

// Dead reports whether the process has been killed.
func (d *Disk) Dead() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dead
}

// Trace returns the last operations, the newest at the end.
func (d *Disk) Trace() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := make([]string, len(d.last))
	for i, op := range d.last {
		lines[i] = op.String()
	}
	return strings.Join(lines, "\n")
}

// traced is how many operations Trace remembers.
const traced = 24

// pass counts an operation and reports whether it may happen. The caller holds mu.
func (d *Disk) pass(kind Kind, path string) error {
	if d.dead {
		return ErrKilled
	}
	d.count++
	op := Op{d.count, kind, path}
	if len(d.last) == traced {
		d.last = slices.Delete(d.last, 0, 1)
	}
	d.last = append(d.last, op)
	if d.opts.Left >= 0 && d.count > d.opts.Left {
		d.dead = true
		return ErrKilled
	}
	return d.fault(op)
}

// look lets an operation fail that changes nothing. The caller holds mu.
func (d *Disk) look(kind Kind, path string) error {
	if d.dead {
		return ErrKilled
	}
	return d.fault(Op{d.count, kind, path})
}

func (d *Disk) fault(op Op) error {
	if d.opts.Fault == nil {
		return nil
	}
	if err := d.opts.Fault(op); err != nil {
		return &fs.PathError{Op: string(op.Kind), Path: op.Path, Err: err}
	}
	return nil
}
