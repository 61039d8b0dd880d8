package director

import (
	"context"
	"fmt"
	"io"
	"strings"

	"holdfast/director/internal/datadir"
	"holdfast/director/internal/selfbackup"
	"holdfast/pkg/fault"
)

// Restore brings a backup of a Director into the data folder of one that does not run, and tells out what was done and what
// is left to do. With replace what is in the folder is put aside first; without, it must be empty.
func Restore(ctx context.Context, o Options, file, passphrase string, replace bool, out io.Writer) error {
	if err := o.Validate(); err != nil {
		return err
	}
	o = o.withDefaults()
	if passphrase == "" {
		return fault.New(fault.Invalid, "the passphrase is empty")
	}
	dir, err := datadir.Open(o.DataDir)
	if err != nil {
		return err
	}
	r, err := selfbackup.Restore(ctx, file, selfbackup.WithPassphrase(passphrase), dir, replace, o.Now())
	if err != nil {
		return err
	}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	say("Restored %d records into %s, as they were at %s (Director %s).", r.Records, o.DataDir, r.Head.Made.UTC().Format("2006-01-02 15:04:05 MST"), r.Head.Product)
	if r.Aside != "" {
		say("What was in the folder is in %s now.", r.Aside)
	}
	if r.Interrupted > 0 {
		say("%d activities were going on then; they are ended as interrupted.", r.Interrupted)
	}
	if len(r.NotRecreated) > 0 {
		say("These repositories are not deleted and made anew by schedule any more, because they may hold newer backups: %s.", strings.Join(r.NotRecreated, ", "))
		say("To have that again: holdfast repository schedule NAME --recreate")
	}
	if o.KeyFile != "" {
		say("The key that belongs to it is %s; put it where the Director is told to look for it: %s.", dir.Path(datadir.SealKey), o.KeyFile)
	}
	say("Start the Director now. Everybody signs in anew.")
	return nil
}
