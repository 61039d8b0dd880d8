// Package segment is the immutable file of which a search index is made: words and the messages that have them, what search
// keeps of each message, and what recovery points there are and hold.
//
//	 0  8  "HFSEARCH"
//	 8     blocks, one behind the other, each a box (package key) of the repository
//	-40 8  place of the directory
//	-32 4  its length
//	-28 4  CRC-32C of the 12 bytes before
//	-24 8  format: 2
//	-16 16 "holdfast segment"
//
// A box is sealed for one use, which has the segment's name and the place of the block: no block is taken for another. All
// numbers below are uvarints where nothing else is said. The directory is
//
//	base, range, messages, words, mailboxes: (account, mailbox as length and bytes)…,
//	for each kind of block: number of blocks, (place, length)…
//
// Documents are the messages. They are numbered through the whole index; a segment has the numbers from base on, as many as
// its range, some of which may have been dropped. Its blocks hold numbers within it.
//
//	words      sorted by field and word: shared with the word before, length of the rest, rest with the field as the word's
//	           first byte, then 0 and the only document, or length, block and place of the postings
//	postings   of the words with more documents, in the same order: number of documents, then 0 and the distances from one to
//	           the next (the first from -1), or 1, the first byte, and a bit for each document from there to the last; none
//	           lies in two blocks
//	columns    of 4,096 documents: 0 where it was dropped, else 1 + flags, then varint distance of the time of receipt to the
//	           one before, size, mailbox
//	names      of 128 documents, for each that was not dropped: 16 bytes of key, how many bytes its id shares with the one
//	           before, at the beginning and at the end, and length and bytes of what is between
//	chapters   what was indexed of a backup, see Chapter
//
// Dictionary and columns are read when a segment is opened and stay in memory: about 20 bytes and the word's own for each
// word, 21 for each document. Postings and names are read when they are asked for, through a cache. Every decoder checks
// what it reads: a segment that is damaged is Corrupt and never gives a wrong answer.
package segment

import (
	"holdfast/pkg/fault"
)

// Field is a part of a message that is looked into on its own.
type Field uint8

// The fields. Numbers are stored.
const (
	Text Field = iota // subject, addresses and body
	From
	To // and cc, bcc
	Attachment
	Fields // how many there are
)

// Key is what a document goes by: a hash of what is searched of it.
type Key [16]byte

// Mailbox is whose message a document is.
type Mailbox struct{ Account, Mailbox string }

// Doc is what is kept of a message.
type Doc struct {
	Key         Key
	Mailbox     uint32 // number in its segment
	ID          string // of the message
	Received    int64  // seconds since 1970
	Size        int64  // bytes
	Attachments bool
}

// Chapter is what was indexed of a backup in the time of one segment. Segments one after the other tell the whole story.
type Chapter struct {
	Account, Mailbox, Job string
	Points                []Point
	Folders               []Folder
	Tables                []Table
	Events                []Event
}

// Point is a recovery point. Points of a backup are numbered as they were indexed.
type Point struct {
	Seq          uint32
	ID           [32]byte
	Time, Sealed int64 // seconds since 1970
	Table        uint32
	Unreadable   uint64 // messages that could not be read, and so are not found
}

// Folder gives a folder of a backup a number.
type Folder struct {
	No uint32
	ID string
}

// Table is what folders there are, and each one's parent; several points may share it.
type Table struct {
	No      uint32
	Folders []Branch
}

// Branch is a folder in a table. Parent is 0 at the top, else the parent's number and 1.
type Branch struct{ No, Parent uint32 }

// Event says that a message is in a folder from a point on, or no more.
type Event struct {
	Seq    uint32
	Doc    uint32 // number in the whole index
	Folder uint32
	Gone   bool
}

// Limits, in bytes where nothing else is said. What is larger was not written by this package.
const (
	MaxRange    = 1 << 28 // documents
	blockSize   = 32 << 10
	maxBlock    = 64 << 20
	maxBlocks   = 1 << 24
	columnDocs  = 4096
	nameDocs    = 128
	maxWord     = 1 << 10
	maxName     = 4 << 10
	maxEvents   = 200_000 // in one chapter
	formatNo    = 2
	trailerSize = 40
)

const (
	magic    = "HFSEARCH"
	endMagic = "holdfast segment"
)

// kind is what a block holds.
type kind int

const (
	wordBlock kind = iota
	postingBlock
	columnBlock
	nameBlock
	chapterBlock
	kinds
)

// extent is where a block lies.
type extent struct {
	at     int64
	length int
}

// Sealer keeps blocks from being read or changed unnoticed; a repository does.
type Sealer interface {
	SealDerived(use string, data []byte) []byte
	OpenDerived(use string, box []byte) ([]byte, error)
}

func damaged(what string) error {
	return fault.New(fault.Corrupt, "the search index is damaged: %s", what)
}
