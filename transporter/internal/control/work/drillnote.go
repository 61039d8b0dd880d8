package work

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
)

// A drill in hand has a note beside its journal, written before it makes anything and removed after everything that it made:
// whoever drills next into that mailbox finds what one that died left behind.
const (
	drillNote    = ".drill"
	drillJournal = ".drill-journal"
)

// drillState is the content of a note.
type drillState struct {
	Account mail.AccountID `json:"account"`
	Mailbox mail.MailboxID `json:"mailbox"`
	// Cleaning is set once what was made is being removed: going on with the recovery would find it gone.
	Cleaning bool `json:"cleaning,omitempty"`
}

// drillFiles is one drill's note and journal.
type drillFiles struct{ note, journal string }

func (b *Bench) drillFiles(id string) (drillFiles, error) {
	path, err := b.journalPath(id)
	base := strings.TrimSuffix(path, ".journal")
	return drillFiles{base + drillNote, base + drillJournal}, err
}

// read returns the note; false when there is none. One that cannot be read is as good as none of this mailbox.
func (f drillFiles) read() (drillState, bool, error) {
	var s drillState
	data, err := os.ReadFile(f.note)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, false, nil
	case err != nil:
		return s, false, fault.New(fault.Unavailable, "read the note of a drill: %w", err)
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, false, nil //nolint:nilerr // torn by a crash before anything was made
	}
	return s, true, nil
}

// write makes the note durable.
func (f drillFiles) write(s drillState) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(f.note), 0o700); err != nil {
		return fault.New(fault.Unavailable, "make the folder for notes of drills: %w", err)
	}
	file, err := os.OpenFile(f.note+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fault.New(fault.Unavailable, "write the note of a drill: %w", err)
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(f.note+".new", f.note)
	}
	if err != nil {
		return fault.New(fault.Exhausted, "write the note of a drill: %w", err)
	}
	return nil
}

// remove forgets the drill: first its journal, so that a note never stands for what is not known any more.
func (f drillFiles) remove() error {
	for _, path := range []string{f.journal, f.note} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fault.New(fault.Unavailable, "remove the notes of a drill: %w", err)
		}
	}
	return nil
}

// leftDrills returns the drills into a mailbox that have not removed what they made, but one.
func (b *Bench) leftDrills(of drillState, but drillFiles) ([]drillFiles, error) {
	notes, err := filepath.Glob(filepath.Join(b.o.JournalDir, "*"+drillNote))
	if err != nil {
		return nil, err
	}
	var left []drillFiles
	for _, note := range notes {
		f := drillFiles{note, strings.TrimSuffix(note, drillNote) + drillJournal}
		if f == but {
			continue
		}
		s, there, err := f.read()
		if err != nil {
			return nil, err
		}
		if there && s.Account == of.Account && s.Mailbox == of.Mailbox {
			left = append(left, f)
		}
	}
	return left, nil
}
