package backup

import (
	"context"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/balance"
	"holdfast/transporter/internal/record"
)

// Vault is where a backup puts what it reads: one session for one backup of one mailbox. It has two implementations with
// one contract suite (package vaulttest): the repository in this process, and a transfer client to another Transporter.
//
// Methods may be called by several goroutines, except that Commit, Seal and Close are never called at the same time as
// another method. Slices passed in may be reused by the caller after return; slices returned belong to the caller.
// Every error has a fault kind: Unavailable (the vault is out of reach; begin again), Exhausted (disk full), Conflict
// (another session for this backup is open), Corrupt, Invalid.
type Vault interface {
	// State returns what earlier sessions left. It never blocks on the network after the session began.
	State() State

	// Have reports for each hash whether its bytes are already durable, or put in this session.
	Have(ctx context.Context, hashes []record.Hash) ([]bool, error)

	// Put hands over the bytes of one piece, at most record.MaxPiece. They are not durable before Commit returns. Putting
	// the same piece again is allowed and costs nothing but the transport. A hash that does not fit the bytes is Invalid.
	Put(ctx context.Context, hash record.Hash, data []byte) error

	// Lookup returns the newest record of each message of this backup: what this session (or an interrupted one before it)
	// committed, else what the last point has; nil where the message is unknown or was deleted.
	Lookup(ctx context.Context, ids []mail.MessageID) ([]*record.Message, error)

	// Commit makes the checkpoint durable as a whole: all pieces put so far, its messages, and the cursor. After a crash
	// either all of it is there or none. Committing the same checkpoint twice is the same as once. A record that names a
	// piece which was neither put nor durable is Invalid, and nothing of the checkpoint is kept.
	//
	// A checkpoint that has nothing but the cursor at the end of a round which is no enumeration (Done without Full) may
	// become durable with Seal only: a session that ends before goes on from the cursor that was stored before, which is
	// never ahead of messages and only costs that round once more.
	Commit(ctx context.Context, c Checkpoint) error

	// Pending returns up to limit messages that a folder reported gone (Checkpoint.Gone) while their newest record still
	// lies in that folder: neither found elsewhere since, nor decided by Checkpoint.Deleted. A record in a later
	// checkpoint than the report decides it too, whatever its folder: that is how a removal proves to be none. A record in
	// the same checkpoint does not: it is kept and stays pending, to be verified again. What is pending stays so in the
	// sessions after this one.
	Pending(ctx context.Context, limit int) ([]Gone, error)

	// Seal builds the recovery point from the last point and all checkpoints, makes it durable and only then visible, and
	// ends the session. A session without any change still gives a point. Sealing again after a lost answer, with the same
	// run, returns the same point.
	Seal(ctx context.Context, s Summary) (record.Point, error)

	// Close ends the session without sealing; checkpoints stay for the next session. After Seal it does nothing.
	Close() error
}

// Near is what a Vault also is when it is in this process: then every piece goes to it from where it was cut, without being
// copied into a batch.
type Near interface {
	// Keep is Put of a piece whose hash the caller has just taken of these very bytes, in this memory: it is believed. It
	// reports whether the piece was new. Unlike Put it may be called while a checkpoint is being committed, which then need
	// not make this piece durable; the next one does.
	Keep(ctx context.Context, hash record.Hash, data []byte) (fresh bool, err error)
}

// State is what a session starts from.
type State struct {
	// Folders that the last point or an interrupted session knows, with the cursor to go on from.
	Folders []FolderState
	// Losses of the last point, and those that an interrupted session committed (Checkpoint.Losses), to be tried again.
	Losses []mail.Loss
	// Base is the last point's id; empty for a first backup.
	Base record.PointID
	// Resumed is set when an interrupted session left checkpoints that this one continues.
	Resumed bool
	// Begun is when the interrupted session began, or now.
	Begun time.Time
}

// FolderState is how far a folder was read.
type FolderState struct {
	Folder mail.FolderID
	Cursor mail.Cursor
	// Enumerating is set when the cursor lies inside a full enumeration (Checkpoint.Full) that is not at its end.
	Enumerating bool
}

// Checkpoint is what becomes durable at once. It concerns one folder, or (Folder empty) none in particular.
type Checkpoint struct {
	Folder mail.FolderID
	// Cursor continues Folder's change stream behind everything in this checkpoint and those before it. When empty, the
	// stored cursor stays as it is.
	Cursor mail.Cursor
	// Full marks a page of a full enumeration of Folder: messages that the last point has in Folder and that no checkpoint
	// names from the first such page to the one that is Done, in however many sessions, do not get into the next point.
	// Before the enumeration is Done they stay.
	Full bool
	// Restart begins a full enumeration anew: what was committed for Folder in this session is forgotten first, so that it
	// is in the next point only where it is named again. Lookup goes on finding it, so that nothing is downloaded twice.
	// The stored cursor is forgotten too: without Cursor, the next session begins the folder anew.
	Restart bool
	// Done marks the last page of the full enumeration, or of the round.
	Done bool
	// Messages to keep, whole. The newest record of an id wins, wherever its folder is.
	Messages []record.Message
	// Gone are messages that Folder reported as removed: deleted, or moved elsewhere.
	Gone []mail.MessageID
	// Deleted are messages verified to be in the mailbox no more.
	Deleted []mail.MessageID
	// Losses are what this checkpoint passes over although it could not be kept. They are durable with the cursor, so
	// that no cursor hides one: State.Losses of the next session has them unless this one is sealed. They do not get into
	// the point by themselves (Summary.Losses does). Several for one message are allowed.
	Losses []mail.Loss
}

// Gone is a message that left a folder and has not been found elsewhere.
type Gone struct {
	Message mail.MessageID
	Folder  mail.FolderID
}

// Summary is what a point is sealed with.
type Summary struct {
	Run    record.RunID
	Origin record.Origin
	Time   time.Time
	// Folders is the whole folder tree as it was listed. Messages in folders that are not named do not get into the point.
	Folders []mail.Folder
	// Losses make the point incomplete. Those of the last point that were mended are simply not named again.
	Losses []mail.Loss
	// Ledger is what the mailbox held when the run ended; nil where that was not asked.
	Ledger *balance.Ledger
}
