// Package recovery brings kept mail back: it chooses what was asked for from a recovery point, finds or makes the folders
// it belongs in, decides for each message what is to be done, and does it. The plan and the doing share that decision.
//
// What a message is, for "if it exists": the same internet message id, sent and received to the second, in the same
// target folder; without an internet message id, subject, sender's address and both dates stand in. Each message that is
// there answers for one kept message, so two equal ones that were kept are two afterwards.
//
//   - skip: a message that exists is left alone.
//   - rename: mail has no name to change and its subject stays, so the copy goes into a folder beside, named like the
//     folder with " (recovered)" behind. A message that lies there already is skipped: doing it again makes no third.
//   - overwrite: the kept message is created first, then the one that exists is deleted.
//
// A chosen folder that exists and holds something may be treated by itself (IfFolder): merged into with one of the ways above
// for its messages, or left alone altogether, with everything recovered into a folder beside it.
//
// Folders: a default folder is found by its role in whatever language the mailbox has (Inbox is Inbox), any other by its
// name below its parent, ignoring case as Exchange does; what is missing is made. Below an "into" folder everything goes
// by name. Kept siblings whose names differ only in case are merged, because Graph allows a name once; the report says so.
//
// Every write is announced in a Journal before and recorded there after. A recovery that was killed goes on by it: what
// was announced and not recorded is looked up in the mailbox by the recovery id that each created message carries.
package recovery

import (
	"context"
	"io"
	"iter"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// Point is a recovery point to read from. Its methods may be called by many goroutines.
type Point interface {
	// Folders returns the tree, parents before their children.
	Folders(ctx context.Context) ([]Folder, error)
	// Messages yields the messages of a folder in a fixed order. A record belongs to the caller. Messages that cannot be
	// read are yielded as an error, and others may follow; if it has a method Messages() int64, that is how many they are.
	Messages(ctx context.Context, folder mail.FolderID) iter.Seq2[*record.Message, error]
	// Message returns one message; NotFound when the folder does not hold it.
	Message(ctx context.Context, folder mail.FolderID, id mail.MessageID) (*record.Message, error)
	// Open returns the bytes of content, read piece by piece. The caller closes it.
	Open(ctx context.Context, c record.Content) (io.ReadCloser, error)
}

// Folder is a kept folder and how many messages are kept in it.
type Folder struct {
	mail.Folder
	Messages int64
}

// Target is a mailbox to write to. Its methods may be called by many goroutines; errors have fault kinds.
type Target interface {
	// Folders returns the mailbox's folders with their roles, hidden ones included, parents before their children.
	Folders(ctx context.Context) ([]mail.Folder, error)
	// CreateFolder makes a folder; an empty parent is the top. When a sibling has that name already it returns that one,
	// and tells whether this call may have made it. After an Unavailable, Timeout, Canceled or Unknown error the folder may
	// be there.
	CreateFolder(ctx context.Context, parent mail.FolderID, name string, hidden bool) (mail.Folder, mail.Making, error)
	// List yields the messages of a folder with what identity needs: id, internet message id, subject, from, both dates.
	List(ctx context.Context, folder mail.FolderID) iter.Seq2[mail.Message, error]
	// Create makes the message in the folder under the recovery id. After an Unavailable, Timeout, Canceled or Unknown
	// error the message may be there, whole or in part (Find tells); after any other nothing is left behind.
	Create(ctx context.Context, item Item) (Created, error)
	// Find returns the message in the folder that carries the recovery id; NotFound when there is none.
	Find(ctx context.Context, item Item) (Found, error)
	// Remove takes a message out of the folder as a person would, so that an undo finds it again. One that is not there is
	// no error.
	Remove(ctx context.Context, folder mail.FolderID, id mail.MessageID) error
	// Discard deletes what an interrupted Create left, as completely as the service allows.
	Discard(ctx context.Context, folder mail.FolderID, id mail.MessageID) error
}

// ID marks a created message as made by one step of one recovery. It is 32 hexadecimal digits.
type ID string

// Item is a message to be created, or looked for.
type Item struct {
	Folder  mail.FolderID
	ID      ID
	Message *record.Message
	// Open returns the bytes of content of the message.
	Open func(ctx context.Context, c record.Content) (io.ReadCloser, error)
}

// Created is what Create made.
type Created struct {
	ID mail.MessageID
	// ChangeKey is that of the finished message: it has another when it was changed since. Empty when it is not known.
	ChangeKey string
	// Notes are sentences about what could not be carried, without content or names.
	Notes []string
	// Losses are parts that were given up (an attachment that the service refused): What, Reason and RequestID are set.
	Losses []mail.Loss
}

// Found is a message that carries a recovery id.
type Found struct {
	ID mail.MessageID
	// Whole is false when an interrupted Create may not have finished it.
	Whole     bool
	ChangeKey string
}

// IfExists says what happens to a message that is there already.
type IfExists uint8

// The choices. The zero value is Skip.
const (
	Skip IfExists = iota
	Rename
	Overwrite
)

// IfFolder says what happens to a chosen folder that is there already and holds something. Chosen are the folders of the
// selection, or those at the top when that is empty; messages that were chosen singly are left to IfExists.
type IfFolder uint8

// The choices. The zero value merges and leaves messages to IfExists.
const (
	FolderMerge IfFolder = iota
	// FolderSkip and FolderOverwrite merge with that choice for messages.
	FolderSkip
	FolderOverwrite
	// FolderRename recovers the folder and all below into one beside, named "Name (recovered 2026-11-22)".
	FolderRename
)

// Request is what to recover.
type Request struct {
	// Task names this recovery in recovery ids: the same name again goes on with the same recovery.
	Task      string
	Selection Selection
	IfExists  IfExists
	IfFolder  IfFolder
	// Day is in the names of folders that are made for FolderRename; the same in every attempt.
	Day string
	// Into is the name of a folder at the top that everything is put under; empty for the original places.
	Into string
	// PlanOnly counts what would be done and writes nothing.
	PlanOnly bool
	// SameMailbox is set when the target is the mailbox that the point was made from: a message id then means the same
	// in both.
	SameMailbox bool
}

// Selection is folders with everything below them, and single messages. Empty means everything.
type Selection struct {
	Folders  []mail.FolderID
	Messages []Ref
}

// Ref names a kept message.
type Ref struct {
	Folder  mail.FolderID
	Message mail.MessageID
}

// Report is what a recovery did, or with PlanOnly would do.
type Report struct {
	Created        int64
	Skipped        int64
	Renamed        int64
	Overwritten    int64
	Failed         int64
	FoldersCreated int64
	// Notes say what Graph cannot carry, each once.
	Notes []string
}

// Progress is how far a recovery is.
type Progress struct {
	FoldersDone, FoldersTotal   int64
	MessagesDone, MessagesTotal int64
	MessagesWritten             int64
	Attachments                 int64
	Bytes                       int64
}

// Observer hears what happens. Its methods may be called by many goroutines.
type Observer interface {
	Phase(phase string)
	Lose(l mail.Loss)
}
