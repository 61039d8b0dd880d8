// Package corpus makes mail for the simulated tenant: it imports .eml folders, Maildir and mbox, and generates seeded,
// deterministic mail of any amount. It shares no code with the product, so that it cannot share its mistakes.
package corpus

import "time"

// Message is one message as the tenant is to hold it. Times are UTC with second precision, as Graph has them.
type Message struct {
	// Folder is the path of display names below the message root; the first may be a well-known name
	// ("inbox", "sentitems", "drafts", "archive", "deleteditems", "junkemail").
	Folder []string

	Subject   string
	BodyHTML  bool
	Body      string
	From      *Address
	Sender    *Address
	To        []Address
	Cc        []Address
	Bcc       []Address
	ReplyTo   []Address
	Received  time.Time
	Sent      time.Time
	MessageID string   // internet message id with its angle brackets
	Headers   []Header // all headers as received, in order; none for mail of the mailbox's own making

	Importance     string // "low", "normal", "high"
	Categories     []string
	FlagStatus     string // "notFlagged", "flagged", "complete"
	FlagDue        time.Time
	Read           bool
	Draft          bool
	ReceiptWanted  bool
	Classification string // "focused", "other"
	// Type is empty, or "eventMessageRequest" and its like; of an attached item also "event", from Sent to Received, and
	// "contact", with Subject as its name and From as its address.
	Type string

	Attachments []Attachment
}

// Address is a display name and an address.
type Address struct{ Name, Address string }

// Header is one internet message header.
type Header struct{ Name, Value string }

// Attachment is a file, an attached message, or a reference.
type Attachment struct {
	Name        string
	ContentType string
	Inline      bool
	ContentID   string // without angle brackets
	// Content is the bytes of a file. Messages may share one slice: it is never changed.
	Content []byte
	// Item is set for an attached message.
	Item *Message
	// Reference is set for a reference attachment: the link's target.
	Reference string
}
