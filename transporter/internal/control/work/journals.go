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
// after the end; the week is for clocks that differ and for an undo that was begun at the last moment.
const journalAge = (90 + 7) * 24 * time.Hour

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
