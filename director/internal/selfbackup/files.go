package selfbackup

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"holdfast/pkg/fault"
)

// partialPrefix begins the name of a backup that is not whole yet.
const partialPrefix = "." + prefix

// fileName returns the name of a backup made at a time. Names sort by time.
func fileName(made time.Time) string {
	return prefix + made.UTC().Format("20060102T150405.000Z") + extension
}

// writePartial writes a whole backup under a name that nobody takes for one, durable, and returns its path.
func writePartial(folder string, head Head, key []byte, c content) (path string, err error) {
	f, err := os.CreateTemp(folder, partialPrefix+"*")
	if err != nil {
		return "", fault.New(fault.Denied, "write the backup: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w, head, key, c)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fault.New(fault.Denied, "write the backup: %w", err)
	}
	return f.Name(), nil
}

// sweep removes from a folder what begins with a name: what was cut short left it. Nobody else may be at work in it.
func sweep(folder, begins string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fault.New(fault.Denied, "read the folder: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), begins) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(folder, e.Name())); err != nil {
			return fault.New(fault.Denied, "remove what was cut short: %w", err)
		}
	}
	return nil
}

// Stored is a backup in a folder.
type Stored struct {
	Name  string
	Bytes int64
	Head  *Head
	// Error is why its head cannot be read; Head is then nil.
	Error string
}

// Files lists the backups in a folder, newest first.
func Files(folder string) ([]Stored, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fault.New(fault.Denied, "list the backups: %w", err)
	}
	var list []Stored
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || !strings.HasSuffix(e.Name(), extension) || !e.Type().IsRegular() {
			continue
		}
		one := Stored{Name: e.Name()}
		if info, err := e.Info(); err == nil {
			one.Bytes = info.Size()
		}
		if one.Head, err = headOf(filepath.Join(folder, e.Name())); err != nil {
			one.Error = err.Error()
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b Stored) int { return strings.Compare(b.Name, a.Name) })
	return list, nil
}

// headOf reads what anybody can read of a backup.
func headOf(path string) (*Head, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.New(fault.Denied, "%w", err)
	}
	head, _, err := readHead(f)
	return head, errors.Join(err, f.Close())
}

// prune removes the oldest backups of an installation beyond a number. Those that cannot be read, and those of others, are
// neither counted nor removed.
func prune(folder, installation string, keep int) error {
	all, err := Files(folder)
	if err != nil {
		return err
	}
	kept := 0
	for _, one := range all {
		if one.Head == nil || one.Head.Installation != installation {
			continue
		}
		if kept++; kept <= keep {
			continue
		}
		if err := os.Remove(filepath.Join(folder, one.Name)); err != nil {
			return fault.New(fault.Denied, "%w", err)
		}
	}
	return nil
}
