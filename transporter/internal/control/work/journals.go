package work

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"holdfast/pkg/fault"
)

// journalAge is how long after it was last written the journal of a recovery is kept. The Director offers an undo for 90 days
// after the end of the whole recovery, whose first mailboxes may be done long before its last: the other 90 days are for
// that, for clocks that differ, and for an undo that was begun at the last moment.
const journalAge = (90 + 90) * 24 * time.Hour

// note makes an empty journal where there is none, so that a recovery that ends before it writes anything can be undone as
// well: there is nothing to undo, which is not the same as a journal that is lost.
func (b *Bench) note(path string) error {
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
			err = f.Close()
		}
	}
	if err != nil {
		return fault.New(fault.Unavailable, "make the recovery's journal: %w", err)
	}
	return nil
}

// dropJournals removes journals that nobody can ask for any more, but the one that is being worked with. What cannot be removed
// stays for the next time.
func (b *Bench) dropJournals(but string) {
	old, _ := filepath.Glob(filepath.Join(b.o.JournalDir, "*.journal"))
	for _, path := range old {
		if info, err := os.Stat(path); path != but && err == nil && b.o.Now().Sub(info.ModTime()) > journalAge {
			_ = os.Remove(path)
		}
	}
}

// renew makes a journal as young as if it were written now, so that it stays while it is read.
func (b *Bench) renew(path string) error {
	now := b.o.Now()
	err := os.Chtimes(path, now, now)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.NotFound, "there is no journal of this recovery any more")
	case err != nil:
		return fault.New(fault.Unavailable, "keep the recovery's journal: %w", err)
	}
	return nil
}
