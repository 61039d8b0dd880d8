// Package record is what a Transporter keeps of a message: its properties and the hashes of its body and attachments.
// Backup makes records, the repository stores them, recovery reads them. It holds values only; how they are stored is
// the repository's matter (proto/holdfast/repository/v1).
package record

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"holdfast/pkg/mail"
)

// MaxPiece is the greatest length of one piece of content, in bytes. Larger content is cut (package content).
const MaxPiece = 4 << 20

// Hash names a piece of content by the SHA-256 of its plain bytes, on the wire and in records, whether or not the
// repository encrypts. (Inside an encrypted repository a blob goes by a keyed hash of this one, see package repository.)
type Hash [sha256.Size]byte

// Sum returns the hash of b.
func Sum(b []byte) Hash { return sha256.Sum256(b) }

// String returns the hash in lower-case hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Piece is one stored run of bytes: at most MaxPiece of them, never none.
type Piece struct {
	Hash Hash
	Size int64
}

// Content is any number of bytes, as the pieces that make it up, in order. Empty content has no pieces.
type Content struct {
	Size   int64
	Pieces []Piece
}

// Message is a message as kept.
type Message struct {
	mail.Message
	Body        Content
	Attachments []Attachment
	// MIME is the message as Exchange renders it, where it was kept: S/MIME, or an evidence copy.
	MIME Content
	// Lost says, in one sentence each, what of this message could not be kept.
	Lost []string
}

// Attachment is an attachment as kept. A file has Content, an item has Item (its MIME or iCalendar rendering in Content
// where it is no message), a reference has neither.
type Attachment struct {
	mail.Attachment
	Content Content
	Item    *Message
	// Lost is why the bytes could not be kept; empty when they were.
	Lost string
}

// JobID names a job of the Director.
type JobID string

// RunID names one execution of a job.
type RunID string

// PointID names a recovery point within its repository: the hash of its root.
type PointID string

// BackupKey names a backup: all recovery points of one mailbox made by one job in one repository.
type BackupKey struct {
	Account mail.AccountID
	Mailbox mail.MailboxID
	Job     JobID
}

// Origin is what a point remembers for people, so that a repository explains itself without a Director.
type Origin struct {
	AccountName    string
	Tenant         mail.TenantID
	MailboxName    string
	MailboxAddress string
	MailboxKind    mail.MailboxKind
	JobName        string
}

// Counts are sums over the messages of a point.
type Counts struct {
	Folders     int64
	Messages    int64
	Attachments int64
	// Bytes is the logical size: every body and attachment in full, however often it is shared.
	Bytes int64
	// Lost counts messages that are missing or incomplete.
	Lost int64
}

// Point describes a recovery point.
type Point struct {
	ID       PointID
	Key      BackupKey
	Origin   Origin
	Run      RunID
	Time     time.Time // when its run began to read the mailbox
	Sealed   time.Time
	Counts   Counts
	Complete bool // false when anything was lost
	// Balance compares the mailbox at the end of the run with the point; nil in points that were made before it was kept.
	Balance *Balance
}

// Balance compares a mailbox with its point, in messages of the folders that are backed up.
type Balance struct {
	// Tenant is what the mailbox held, Kept what the point holds, Folders how many differ or are left out, Unexplained how
	// many messages between the two counts nothing explains.
	Tenant, Kept, Folders, Unexplained int64
}
