// Package message is how a message record is stored: as a protobuf (proto/holdfast/repository/v1, Message), which nobody
// outside the repository sees. It also tells what a record refers to and what it weighs.
//
// Records are written and read by hand, without the generated types in between, which takes a third of the time; tests hold
// both against protobuf's own library.
package message

import (
	"crypto/sha256"
	"math"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// MaxRecord is the most bytes that a record may take. Exchange's limits (subject 255 characters, headers 256 KiB, 500
// recipients, 250 attachments, a content piece for each MiB) stay well below.
const MaxRecord = 4 << 20

// maxElements bounds addresses, headers, attachments and other fields of a record, so that a long record of nothing but
// empty ones does not become a hundred times as long in memory. Exchange's limits above stay well below.
const maxElements = 100_000

// checkFrom is how long a record is at least for its elements to be counted before it is decoded, in bytes.
const checkFrom = 256 << 10

// maxDepth bounds messages attached to messages attached to messages.
const maxDepth = 64

// Hash stands for a message's id where ids are sorted and compared: the first bytes of its SHA-256.
type Hash [16]byte

// HashOf returns the hash of an id.
func HashOf(id mail.MessageID) Hash {
	sum := sha256.Sum256([]byte(id))
	return Hash(sum[:16])
}

// Weight is what a record adds to the counts of a point.
type Weight struct {
	Attachments int64
	Bytes       int64
	Lost        int64 // 1 when something of the message could not be kept
}

// Weigh returns the weight of a record.
func Weigh(m *record.Message) Weight {
	w := Weight{Attachments: int64(len(m.Attachments))}
	if lossy(m) {
		w.Lost = 1
	}
	_ = Contents(m, func(c *record.Content) error { w.Bytes += c.Size; return nil })
	return w
}

func lossy(m *record.Message) bool {
	if len(m.Lost) > 0 {
		return true
	}
	for i := range m.Attachments {
		a := &m.Attachments[i]
		if a.Lost != "" || a.Item != nil && lossy(a.Item) {
			return true
		}
	}
	return false
}

// Contents hands everything that a record has bytes of to fn: body, MIME, attachments, and those of attached messages.
func Contents(m *record.Message, fn func(*record.Content) error) error {
	if err := fn(&m.Body); err != nil {
		return err
	}
	if err := fn(&m.MIME); err != nil {
		return err
	}
	for i := range m.Attachments {
		a := &m.Attachments[i]
		if err := fn(&a.Content); err != nil {
			return err
		}
		if a.Item != nil {
			if err := Contents(a.Item, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

// Check reports what makes a record unfit to be kept.
func Check(m *record.Message) error {
	if m.ID == "" || len(m.ID) > 4096 {
		return fault.New(fault.Invalid, "a message to keep has an id of %d bytes; it must have 1 to 4096", len(m.ID))
	}
	if m.Folder == "" {
		return fault.New(fault.Invalid, "message %s to keep is in no folder", m.ID)
	}
	if depth(m) > maxDepth {
		return fault.New(fault.Invalid, "message %s has messages attached to each other more than %d deep", m.ID, maxDepth)
	}
	return Contents(m, func(c *record.Content) error {
		var sum int64
		for _, p := range c.Pieces {
			if p.Size < 1 || p.Size > record.MaxPiece {
				return fault.New(fault.Invalid, "message %s names a piece of %d bytes; a piece has 1 to %d", m.ID, p.Size, record.MaxPiece)
			}
			sum += p.Size
		}
		if sum != c.Size {
			return fault.New(fault.Invalid, "message %s names content of %d bytes whose pieces are %d together", m.ID, c.Size, sum)
		}
		return nil
	})
}

func depth(m *record.Message) int {
	deepest := 0
	for i := range m.Attachments {
		if item := m.Attachments[i].Item; item != nil {
			deepest = max(deepest, depth(item))
		}
	}
	return deepest + 1
}

// Understood reports whether this version understands what a later one wrote and marked with needs: today only what is not
// marked. What says in a sentence what it is about.
func Understood(what string, needs uint32) error {
	if needs == 0 {
		return nil
	}
	return fault.New(fault.Unsupported, "%s was written by a later version and needs its level %d of understanding, this version has 0; upgrade the Transporter", what, needs)
}

// NoTime is the second that stands for an absent time where times are numbers.
const NoTime = math.MinInt64

// Seconds splits a time for storing.
func Seconds(t time.Time) (sec int64, nano uint32) {
	if t.IsZero() {
		return NoTime, 0
	}
	return t.Unix(), uint32(t.Nanosecond())
}

// Time joins what Seconds split.
func Time(sec int64, nano uint32) time.Time {
	if sec == NoTime {
		return time.Time{}
	}
	return time.Unix(sec, int64(nano)).UTC()
}
