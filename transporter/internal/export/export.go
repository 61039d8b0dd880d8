// Package export brings kept mail out of a repository, in forms that any mail program reads: a folder of .eml files, mbox,
// Maildir++, or a zip archive of one of them. It needs no Director and no Microsoft. How one message becomes bytes is
// package rfc822's matter.
//
//	eml      Inbox/Travel/2026-01-02 150405 Subject.eml       CRLF, 7 bit; a MIME copy as it was kept
//	mbox     Inbox.mbox, Inbox/Travel.mbox                    mboxrd, LF, Status and X-Status headers
//	Maildir  cur/…, .INBOX.Travel/cur/…:2,FS                  LF (a MIME copy as it was kept), flags in the names
//
// Times of receipt are the files' times, and the dates of mbox's From_ lines. Read and flagged are told where the form has a
// place for them: not in .eml.
//
// An export to a folder is made beside it, under the name with ".partial" behind: the folder appears when it is whole. What
// was interrupted is gone on with by asking for the same again: files that are there are complete, for they are written
// under other names and synced first. Nothing that exists is ever overwritten. A report lies in every export under the name
// holdfast-export.json.
//
// What is damaged does not end an export: it is left out, told in its place and in the report.
package export

import (
	"context"
	"io"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// Format is the form of an export.
type Format string

// The formats.
const (
	EML     Format = "eml"
	Mbox    Format = "mbox"
	Maildir Format = "maildir"
)

// Options of an export.
type Options struct {
	// Point is what is exported from, and Open reads its repository's content. Required.
	Point *repository.Point
	Open  func(ctx context.Context, c record.Content) io.ReadCloser
	// Format defaults to EML.
	Format    Format
	Selection Selection
	// Progress hears how far it is, after each message. Default: nobody.
	Progress func(Progress)
}

// Selection is which messages are meant. The zero value means all.
type Selection struct {
	// Folders are whole folders, with what is below them unless Shallow is set. Empty means all.
	Folders []mail.FolderID
	Shallow bool
	// Messages are single messages; without a folder the message is looked for in all that Folders means. Empty means all.
	Messages []Ref
	// Since and Until bound the time of receipt: not before Since, before Until. Zero means no bound.
	Since, Until time.Time
	// Match, if set, is asked for each message.
	Match func(*record.Message) bool `json:"-"`
	// Text describes Match, so that an interrupted export is only gone on with by the same one.
	Text string
}

// Ref names a kept message.
type Ref struct {
	Folder  mail.FolderID
	Message mail.MessageID
}

// Progress is how far an export is.
type Progress struct {
	Folder   string
	Messages int64
	Total    int64 // of the folders; a selection may take less
	Bytes    int64
}

func (o *Options) check() error {
	switch o.Format {
	case "":
		o.Format = EML
	case EML, Mbox, Maildir:
	default:
		return fault.InvalidField("format", "there is no format %q; there are eml, mbox and maildir", o.Format)
	}
	if !o.Selection.Until.IsZero() && !o.Selection.Since.Before(o.Selection.Until) {
		return fault.InvalidField("until", "no message is received both since %s and before %s",
			o.Selection.Since.Format(time.RFC3339), o.Selection.Until.Format(time.RFC3339))
	}
	return nil
}

// ToFolder exports into a folder, which must not exist, or be empty (Conflict). An error leaves what was made so far in the
// folder's ".partial", and the same export goes on with it. Exhausted is a full disk.
func ToFolder(ctx context.Context, dir string, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	d, err := openFolder(dir, o)
	if err != nil {
		return nil, err
	}
	defer d.close()
	r, err := run(ctx, o, d)
	if err != nil {
		_ = d.flush() // what gets no name is made again
		return r, err
	}
	return r, d.finish(r)
}

// ToZip exports into a zip archive that is written to w from beginning to end, as a download needs it. Of an export that
// ends with an error w has a part that is no archive.
func ToZip(ctx context.Context, w io.Writer, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	z := newArchive(w)
	r, err := run(ctx, o, z)
	if err != nil {
		return r, err
	}
	return r, z.finish(r)
}
