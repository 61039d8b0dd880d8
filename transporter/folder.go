package transporter

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"holdfast/pkg/fault"
)

// heldFolder is the data folder, locked against a second Transporter.
type heldFolder struct{ lock *os.File }

// errHeld is what lockFile returns when another process has the lock.
var errHeld = errors.New("held by another process")

// holdFolder makes the data folder if it is missing, checks that it can be written, and locks it. The lock ends with the
// process, however that ends.
func holdFolder(dir string) (*heldFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, "the data folder %s cannot be made: %w", dir, cause(err))
	}
	path := filepath.Join(dir, "transporter.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "the data folder %s cannot be written: %w", dir, cause(err))
	}
	if err := lockFile(f); err != nil {
		defer f.Close()
		if !errors.Is(err, errHeld) {
			return nil, fault.New(fault.Unavailable, "the data folder %s cannot be locked: %w", dir, err)
		}
		who := ""
		if text, err := os.ReadFile(path); err == nil && len(text) > 0 {
			who = " (process " + strings.TrimSpace(string(text)) + ")"
		}
		return nil, fault.New(fault.Conflict, "another Transporter%s already runs on the data folder %s: stop it, or give "+
			"this one a folder of its own", who, dir)
	}
	if err := writePID(f); err != nil {
		f.Close()
		return nil, fault.New(fault.Unavailable, "the data folder %s cannot be written: %w", dir, cause(err))
	}
	return &heldFolder{f}, nil
}

func writePID(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

func (h *heldFolder) release() { h.lock.Close() }

// cause strips the path that a sentence names already.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
