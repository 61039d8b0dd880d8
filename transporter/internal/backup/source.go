package backup

import (
	"context"
	"io"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/balance"
)

// Source is one mailbox as a backup reads it. Methods may be called by several goroutines. It keeps Microsoft's limits,
// retries what may pass, and hears ctx; an error that it returns has used its retries up.
//
// Errors have a fault kind. For one message or attachment: NotFound (it is gone), Throttled, Unavailable, Timeout (may
// help later), anything else is for good. Unauthorized concerns the whole mailbox wherever it is met. Faults carry
// Microsoft's request-id.
type Source interface {
	// Folders lists the whole tree of folders that are to be backed up. NotFound means that there is no mailbox.
	Folders(ctx context.Context) ([]mail.Folder, error)

	// Changes reads the page of the folder's change stream that lies behind the cursor; the empty cursor begins a full
	// enumeration. NotFound means that the folder is gone; Conflict that the cursor is not honoured any more, so that the
	// folder must be read again from the empty cursor. The same cursor may be asked for again.
	Changes(ctx context.Context, folder mail.FolderID, cursor mail.Cursor) (Page, error)

	// Message reads one message whole, without attachments. The change is neither Removed nor Partial.
	Message(ctx context.Context, id mail.MessageID) (mail.Change, error)

	// Locate tells for each id where the message is, in the order of ids, of which there may be any number.
	Locate(ctx context.Context, ids []mail.MessageID) ([]Location, error)

	// Attachments calls visit for each attachment of the message in Graph's order, one at a time. An attachment that
	// cannot be read is visited all the same (Attachment.Err, or an error of Content's Read), and the others after it.
	// Once visit was called, a failure of the list as a whole is returned and not tried again inside. An error of visit
	// ends the call and is returned as it is.
	Attachments(ctx context.Context, id mail.MessageID, visit func(Attachment) error) error

	// MIME opens the message as Exchange renders it. The caller closes it.
	MIME(ctx context.Context, id mail.MessageID) (io.ReadCloser, error)

	// Requests returns how many requests were sent for this mailbox so far, by what they were for.
	Requests() map[string]int64

	// Waiting says what the source waits for at this moment ("waiting for Microsoft, 40 s"); empty when it does not.
	Waiting() string
}

// Sparing is what a Source also is that can tell which folders it leaves out.
type Sparing interface {
	// LeftOut lists the folders that Folders passes over by choice, as far as Microsoft tells of them.
	LeftOut(ctx context.Context) ([]balance.Outside, error)
}

// Page is a page of a folder's change stream.
type Page struct {
	// Changes in the order in which they came; of several with one id the last counts.
	Changes []mail.Change
	// Next continues behind this page: in this round, or (Done) with the changes that come later.
	Next mail.Cursor
	// Done marks the last page of the round.
	Done bool
	// Full marks a page of a full enumeration that the source does of its own accord, whatever the cursor said: where
	// there is no change stream and folders must be listed. Pages behind an empty cursor need no mark.
	Full bool
	// Restart marks the first page of a full enumeration. Pages behind an empty cursor need no mark.
	Restart bool
}

// Location is where a message is.
type Location struct {
	Exists    bool
	Folder    mail.FolderID
	ChangeKey string
	// Err is set when this one could not be found out; NotFound is no error but Exists false.
	Err error
}

// Attachment is an attachment being visited; it is good until visit returns.
type Attachment struct {
	mail.Attachment
	// Content yields a file's bytes, or the rendering (iCalendar, vCard) of an item that is no message. Nil when there is
	// none: references, and items that are in Item.
	Content io.Reader
	// Item is an attached message.
	Item *Item
	// Err is why neither could be had.
	Err error
	// Instead is why Content stands in for an Item that may be had another time.
	Instead error
}

// Item is a message that is attached to another, with its own attachments.
type Item struct {
	Message     mail.Message
	Body        string
	Attachments []Attachment
}
