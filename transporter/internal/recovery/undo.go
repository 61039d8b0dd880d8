package recovery

import (
	"context"
	"errors"
	"slices"
	"strings"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/recovery/journal"
)

// UndoTarget is the mailbox whose recovery is undone. Its methods may be called by many goroutines; errors have fault
// kinds.
type UndoTarget interface {
	// Folders, Find, Remove and Discard as Target has them.
	Folders(ctx context.Context) ([]mail.Folder, error)
	Find(ctx context.Context, item Item) (Found, error)
	Remove(ctx context.Context, folder mail.FolderID, id mail.MessageID) error
	Discard(ctx context.Context, folder mail.FolderID, id mail.MessageID) error
	// Look tells where messages are, in the order of ids; at most LookMost at once.
	Look(ctx context.Context, ids []mail.MessageID) ([]Standing, error)
	// Move puts a message into a folder. It keeps its id; one that lies there already is no error.
	Move(ctx context.Context, id mail.MessageID, to mail.FolderID) error
	// RemoveFolder removes a folder that holds nothing; false when it holds something. One that is gone is true.
	RemoveFolder(ctx context.Context, id mail.FolderID) (bool, error)
}

// LookMost is how many messages are looked for at once, which is what a batch of Graph takes (contract 8).
const LookMost = 20

// Standing is where a message is and how.
type Standing struct {
	Folder    mail.FolderID
	ChangeKey string
	// Err is NotFound when the message is not in the mailbox; another error when that is not known.
	Err error
}

// UndoOptions make an Undoer. Fields without a stated default are required.
type UndoOptions struct {
	// Journal is the path of the recovery's journal. It is read only.
	Journal string
	Target  UndoTarget
	// PlanOnly counts what would be done and changes nothing.
	PlanOnly bool
	// Observer hears what happens; default nobody.
	Observer Observer
	// Parallel is how many messages are dealt with at once; default 4, which is what Microsoft allows (contract 10.1).
	Parallel int
}

// UndoReport is what an undo did, or with PlanOnly would do.
type UndoReport struct {
	// Removed are messages that the recovery made and that are gone now, whoever removed them. Trashed are those of them
	// that somebody changed since: they went to Deleted Items.
	Removed, Trashed int64
	// PutBack are overwritten messages that lie again where they were.
	PutBack int64
	// Left are messages that stay as they are, each with a loss that says why.
	Left int64
	// FoldersRemoved and FoldersLeft are of those that the recovery made: a folder that holds something stays.
	FoldersRemoved, FoldersLeft int64
}

// deed is one message that a recovery made.
type deed struct {
	id       ID // to find it by when its own id was never told
	folder   mail.FolderID
	made     mail.MessageID
	change   string
	replaced mail.MessageID
}

// undoMemory bounds, in messages, what waits to be dealt with.
const undoMemory = LookMost

// Undoer takes back one recovery. What was overwritten is put back before what was made in its place goes, so that the
// mailbox holds one of them at every moment. It does no harm to do it again: what is done is found done, so an undo that
// was interrupted is simply started again.
type Undoer struct {
	o      UndoOptions
	done   progress
	trash  map[mail.FolderID]bool // Deleted Items and what is below, and Recoverable Items
	there  map[mail.FolderID]bool
	all    []mail.Folder
	open   map[string]journal.Entry
	made   []mail.FolderID
	making makings
	pile   []deed
	report UndoReport
	stop   <-chan struct{}
}

// NewUndo returns an undo that has not begun.
func NewUndo(o UndoOptions) *Undoer {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	return &Undoer{o: o, open: map[string]journal.Entry{}, making: makings{}}
}

// Progress tells how far the undo is.
func (u *Undoer) Progress() Progress {
	return Progress{
		FoldersDone: u.done.folders.Load(), FoldersTotal: u.done.foldersTotal.Load(),
		MessagesDone: u.done.messages.Load(), MessagesTotal: u.done.messagesTotal.Load(), MessagesWritten: u.done.written.Load(),
	}
}

// Run undoes the recovery and returns what was or would be done, also beside an error. When stop is closed it ends after
// the messages in flight, as Canceled. A message that cannot be dealt with stays and is a loss; errors concern the undo as
// a whole: NotFound when there is no journal.
func (u *Undoer) Run(ctx context.Context, stop <-chan struct{}) (UndoReport, error) {
	u.stop = stop
	u.o.Observer.Phase("reading folders")
	if err := u.draw(ctx); err != nil {
		return u.report, err
	}
	if err := u.count(); err != nil {
		return u.report, err
	}
	u.o.Observer.Phase("undoing")
	err := journal.Read(u.o.Journal, func(e journal.Entry) error { return u.entry(ctx, e) })
	if err == nil {
		err = u.flush(ctx)
	}
	if err == nil {
		err = u.interrupted(ctx)
	}
	if err == nil {
		err = u.folders(ctx)
	}
	return u.report, err
}

// draw finds out which folders are there, and which of them hold what was thrown away.
func (u *Undoer) draw(ctx context.Context) error {
	all, err := u.o.Target.Folders(ctx)
	if err != nil {
		return err
	}
	u.all = all
	u.trash, u.there = map[mail.FolderID]bool{}, make(map[mail.FolderID]bool, len(all))
	for _, f := range all { // parents come before their children
		u.there[f.ID] = true
		u.trash[f.ID] = f.Role == "deleteditems" || strings.HasPrefix(string(f.Role), "recoverableitems") || u.trash[f.Parent]
	}
	return nil
}

// count finds out how much there is to do, for the progress.
func (u *Undoer) count() error {
	return journal.Read(u.o.Journal, func(e journal.Entry) error {
		switch e.Kind { //nolint:exhaustive // the others are no messages or folders made
		case journal.KindDone:
			u.done.messagesTotal.Add(1)
		case journal.KindFolder:
			u.done.foldersTotal.Add(1)
		}
		return nil
	})
}

func (u *Undoer) entry(ctx context.Context, e journal.Entry) error {
	if u.making.replay(e) {
		if e.Kind == journal.KindFolder {
			u.made = append(u.made, mail.FolderID(e.New))
		}
		return nil
	}
	switch e.Kind { //nolint:exhaustive // begin is not replayed; whether the overwritten message was removed is looked up
	case journal.KindIntent:
		u.open[e.ID] = e
	case journal.KindVoid:
		delete(u.open, e.ID)
	case journal.KindDone:
		intent, ok := u.open[e.ID]
		if !ok {
			return fault.New(fault.Corrupt, "an end without an intent")
		}
		delete(u.open, e.ID)
		u.pile = append(u.pile, deed{
			id: ID(e.ID), folder: mail.FolderID(intent.Folder), made: mail.MessageID(e.New), change: e.Change,
			replaced: mail.MessageID(intent.Old),
		})
		if len(u.pile) >= undoMemory {
			return u.flush(ctx)
		}
	}
	return nil
}

// interrupted deals with creations of which the journal does not know how they ended.
func (u *Undoer) interrupted(ctx context.Context) error {
	for _, intent := range u.open {
		d := deed{id: ID(intent.ID), folder: mail.FolderID(intent.Folder), replaced: mail.MessageID(intent.Old)}
		found, err := u.o.Target.Find(ctx, Item{Folder: d.folder, ID: d.id})
		switch {
		case errors.Is(err, fault.NotFound):
			continue
		case err != nil:
			return err
		}
		d.made, d.change = found.ID, found.ChangeKey
		u.pile = append(u.pile, d)
		if len(u.pile) >= undoMemory {
			if err := u.flush(ctx); err != nil {
				return err
			}
		}
	}
	return u.flush(ctx)
}

// folders removes those that the recovery made and that hold nothing, the last one first.
func (u *Undoer) folders(ctx context.Context) error {
	for _, f := range u.making.among(u.all) {
		u.made = append(u.made, f.ID)
	}
	for _, id := range slices.Backward(u.made) {
		if err := u.halted(ctx); err != nil {
			return err
		}
		u.done.folders.Add(1)
		switch {
		case !u.there[id] || u.trash[id]:
			u.report.FoldersRemoved++ // it is gone already
			continue
		case u.o.PlanOnly:
			u.report.FoldersRemoved++
			continue
		}
		gone, err := u.o.Target.RemoveFolder(ctx, id)
		switch {
		case err != nil && (fatalKind(err) || fault.Temporary(err)):
			return err
		case err != nil:
			u.report.FoldersLeft++
			u.o.Observer.Lose(mail.Loss{Folder: id, What: "folder", Reason: "the folder could not be removed: " + err.Error(), RequestID: requestID(err)})
		case gone:
			u.report.FoldersRemoved++
		default:
			u.report.FoldersLeft++
		}
	}
	return nil
}

// halted returns why nothing further may be begun.
func (u *Undoer) halted(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return fault.New(fault.Canceled, "stopped: %w", err)
	}
	select {
	case <-u.stop:
		return fault.New(fault.Canceled, "stopped after the current message")
	default:
		return nil
	}
}
