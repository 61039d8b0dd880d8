package graph

import (
	"context"
	"io"

	"holdfast/pkg/mail"
)

// NewMessage is a message to be created. What Graph assigns itself (ids, change key, conversation, the times of creation
// and modification) is ignored.
type NewMessage struct {
	Message     mail.Message
	Body        string
	Attachments []NewAttachment
	// RecoveryID is written into the message, so that a creation whose answer was lost can be found. Any text without
	// quotes; empty for none, and then a lost answer is an error that is ErrUncertain. Ignored in attached messages.
	RecoveryID string
}

// NewAttachment is an attachment of a new message.
type NewAttachment struct {
	mail.Attachment
	// Length is the exact length of the content. (mail.Attachment.Size is Graph's figure and is ignored.)
	Length int64
	// Open returns the content. It may be called more than once.
	Open func(ctx context.Context) (io.ReadCloser, error)
	// Item is an attached message, in place of content.
	Item *NewMessage
	// Render writes the attached message as MIME, the same bytes each time, for when it is too large to be attached as a
	// message. Nil when that cannot be had.
	Render func(ctx context.Context, w io.Writer) error
}

// Created is a message that was created.
type Created struct {
	ID mail.MessageID
	// ChangeKey is that of the message when it was finished: it has another when it was changed since.
	ChangeKey string
	// Notes are sentences about what could not be carried, without content or names.
	Notes []string
	// Losses are parts that were given up. Only What, Reason and RequestID are set.
	Losses []mail.Loss
}

func (c *Created) note(sentence string) {
	for _, n := range c.Notes {
		if n == sentence {
			return
		}
	}
	c.Notes = append(c.Notes, sentence)
}

// Notes about what could not be carried.
const (
	noteRecipients = "Recipients without a usable address were left out; the headers as received still name them."
	noteFrom       = "Microsoft did not accept the sender as such; it was kept in the message's properties."
	noteLargeItem  = "An attached message of more than 3 MB came back as an .eml file: Microsoft does not take it as a message."
	noteRendering  = "An attached item that is no message came back as a file (iCalendar, vCard or MIME)."
)

// The extended properties that make a created message look as it was (contract 6.3).
const (
	propFlags      = "Integer 0x0E07"
	propReceived   = "SystemTime 0x0E06"
	propSent       = "SystemTime 0x0039"
	propHeaders    = "String 0x007D"
	propInReplyTo  = "String 0x1042"
	propReferences = "String 0x1039"

	propFromName      = "String 0x0042"
	propFromType      = "String 0x0064"
	propFromAddress   = "String 0x0065"
	propSenderName    = "String 0x0C1A"
	propSenderType    = "String 0x0C1E"
	propSenderAddress = "String 0x0C1F"

	// Holdfast's own: which recovery made the message, and whether it is finished.
	propRecovery = "String {5c0f0b52-8f0e-4b0e-9d5b-3f1d8d1f6a77} Name HoldfastRecovery"
	propState    = "String {5c0f0b52-8f0e-4b0e-9d5b-3f1d8d1f6a77} Name HoldfastState"

	stateBuilding = "building"
	stateWhole    = "whole"
)
