// Package mail is the vocabulary of Holdfast: the nouns of Microsoft 365 mail, each with its own type, so that a path
// cannot be passed as a mailbox. It holds values only: no I/O, no logging, nothing but the standard library.
//
// Names and meanings are those of Microsoft Graph v1.0 (message, mailFolder, attachment); what differs says so.
package mail

import "time"

// AccountID names an account (a Microsoft 365 tenant in the inventory). It is Holdfast's own and never changes.
type AccountID string

// TenantID is the directory (tenant) id or verified domain that tokens are asked for.
type TenantID string

// MailboxID is the directory object id of the user behind a mailbox. It survives renames, unlike the address.
type MailboxID string

// FolderID is Graph's id of a mail folder: constant for the folder's life, also when it is moved.
type FolderID string

// MessageID is the immutable id of a message: the same in every folder of one mailbox. Case-sensitive and opaque.
type MessageID string

// AttachmentID is the immutable id of an attachment within its message.
type AttachmentID string

// Cursor is an opaque place in the change stream of one folder. The empty cursor is the beginning.
type Cursor string

// MailboxKind is what a mailbox is for, from Graph's userPurpose.
type MailboxKind uint8

// The kinds of mailbox. Numbers are stored; they never change meaning.
const (
	MailboxUnknown MailboxKind = iota
	MailboxUser
	MailboxShared
	MailboxRoom
	MailboxEquipment
)

// Mailbox is one user, shared, room or equipment mailbox of an account.
type Mailbox struct {
	ID      MailboxID
	Name    string
	Address string // primary address, or the user principal name where there is none
	Kind    MailboxKind
	// Absent is why the user has no mailbox that can be read ("no mailbox", "denied"); empty when it has one.
	Absent string
}

// Role is the part that a default folder plays, whatever its name in the mailbox's language: a well-known folder name
// of Graph ("inbox", "sentitems"), or empty for a folder of the user's own.
type Role string

// Folder is one mail folder. A folder at the top has an empty Parent.
type Folder struct {
	ID     FolderID
	Parent FolderID
	Name   string
	Role   Role
	Hidden bool
	// Total counts all items that Graph says are in the folder, other than mail included.
	Total int
}

// Making tells who made a folder that was asked for.
type Making uint8

// The ways in which a folder came to be there. The zero value is WasThere.
const (
	// WasThere is a folder that somebody else made.
	WasThere Making = iota
	// Made is a folder that was made just now.
	Made
	// PerhapsMade is a folder that was found after the answer of an earlier try to make it was lost.
	PerhapsMade
)

// Address is a name and an address; either may be empty.
type Address struct {
	Name    string
	Address string
}

// Header is one internet message header as received.
type Header struct {
	Name  string
	Value string
}

// BodyType tells how a body's text is to be read.
type BodyType uint8

// The types of body. Numbers are stored.
const (
	BodyText BodyType = iota
	BodyHTML
)

// Importance as the sender set it.
type Importance uint8

// The degrees of importance. Numbers are stored.
const (
	ImportanceNormal Importance = iota
	ImportanceLow
	ImportanceHigh
)

// FlagStatus of the follow-up flag.
type FlagStatus uint8

// The states of the follow-up flag. Numbers are stored.
const (
	FlagNone FlagStatus = iota
	FlagFlagged
	FlagComplete
)

// FlagTime is a wall-clock time with the zone that Graph named for it; both are kept as they came.
type FlagTime struct {
	DateTime string // "2026-01-02T15:04:05.0000000"
	TimeZone string // "UTC", or a Windows or IANA zone name
}

// Flag is the follow-up flag.
type Flag struct {
	Status    FlagStatus
	Start     FlagTime
	Due       FlagTime
	Completed FlagTime
}

// Message is a message without its body's bytes and its attachments. Times are UTC; a zero time is absent.
type Message struct {
	ID        MessageID
	ChangeKey string // changes with every write to the item, also with its read state
	Folder    FolderID
	// Type is Graph's @odata.type without "#microsoft.graph." where it is not plain "message"
	// ("eventMessageRequest"); empty for a plain message.
	Type string

	Subject     string
	BodyPreview string
	BodyType    BodyType
	From        *Address // nil when absent
	Sender      *Address
	To          []Address
	Cc          []Address
	Bcc         []Address
	ReplyTo     []Address

	Received time.Time
	Sent     time.Time
	Created  time.Time
	Modified time.Time

	InternetMessageID string
	Headers           []Header
	ConversationID    string
	ConversationIndex []byte

	Importance            Importance
	Categories            []string
	Flag                  Flag
	Read                  bool
	Draft                 bool
	DeliveryReceiptWanted bool
	ReadReceiptWanted     bool
	InferenceOther        bool // inferenceClassification is "other", not "focused"
	HasAttachments        bool // as Graph says: false when all attachments are inline
}

// AttachmentKind tells the three kinds of attachment apart.
type AttachmentKind uint8

// The kinds of attachment. Numbers are stored.
const (
	AttachmentFile AttachmentKind = iota
	AttachmentItem
	AttachmentReference
)

// Attachment is an attachment without its bytes.
type Attachment struct {
	ID          AttachmentID
	Kind        AttachmentKind
	Name        string
	ContentType string
	// Size in bytes as Graph reports it: with overhead, so never the length of the content.
	Size            int64
	Inline          bool
	ContentID       string
	ContentLocation string
	Modified        time.Time
}

// Change is one entry of a folder's change stream.
type Change struct {
	// Removed is set when the message left the folder: deleted, or moved elsewhere. Only ID is then meaningful.
	Removed bool
	// Partial is set when Graph sent only a part of the message: Message has the id, and where they came the change key
	// and the times of receipt and change. Unless its change key is known, the whole message must be read before it can
	// be kept.
	Partial bool
	Message Message
	Body    string
}

// Loss is something that could not be kept, with Microsoft's words for it.
type Loss struct {
	Message   MessageID // empty when a folder as a whole is concerned
	Folder    FolderID
	Subject   string // shown to people who may read mail, never logged
	What      string // "message", "attachment", "folder"
	Reason    string // one clear sentence
	RequestID string // Microsoft's request-id, for support
}
