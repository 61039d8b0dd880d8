package corpus

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// noDate stands in for the date of mail that has none: an import must not depend on when it is made.
var noDate = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// ParseEML reads one message as a lenient mail server does. It only refuses what is no mail at all or beyond a limit.
// Its strings are valid UTF-8 without NULs. It keeps nothing of data.
func ParseEML(data []byte, o ImportOptions) (Message, error) {
	o = o.withDefaults()
	if int64(len(data)) > o.MaxMessage {
		return Message{}, fmt.Errorf("%w: %d bytes", errTooLarge, len(data))
	}
	m, err := (&parser{options: o}).message(data, 0)
	if err != nil {
		return Message{}, err
	}
	if m.MessageID == "" {
		m.MessageID = contentID(data, 0)
	}
	return m, nil
}

func (o ImportOptions) withDefaults() ImportOptions {
	o.Pattern = cmp.Or(o.Pattern, "*")
	o.MaxMessage = cmp.Or(o.MaxMessage, 160<<20)
	o.MaxHeaders = cmp.Or(o.MaxHeaders, 2000)
	o.MaxHeaderBytes = cmp.Or(o.MaxHeaderBytes, 512<<10)
	o.MaxParts = cmp.Or(o.MaxParts, 5000)
	o.MaxDepth = cmp.Or(o.MaxDepth, 30)
	return o
}

// contentID is a message id made from the message itself; n tells repetitions of one message apart.
func contentID(data []byte, n int) string {
	h := sha256.New()
	h.Write(data)
	fmt.Fprintf(h, "/%d", n)
	return "<" + hex.EncodeToString(h.Sum(nil)[:16]) + "@import.invalid>"
}

// parser reads one message with all that is attached to it.
type parser struct {
	options ImportOptions
	parts   int
}

// message reads one message.
func (p *parser) message(data []byte, depth int) (Message, error) {
	data, stamp := cutFromLine(data)
	fields, body, err := splitHeaders(data, p.options)
	if err != nil {
		return Message{}, err
	}
	headers := decodeHeaders(fields)
	if !looksLikeMail(headers) {
		return Message{}, errNoMail
	}
	m := readEnvelope(headers)
	m.Headers = headers
	if m.Received.IsZero() {
		m.Received, _ = parseDate(stamp)
	}
	if m.Received.IsZero() {
		m.Received = noDate
	}
	if m.Sent.IsZero() {
		m.Sent = m.Received
	}
	a := &assembly{parser: p, message: &m}
	if err := a.add(newPart(headers, body, "text/plain"), place{depth: depth}); err != nil {
		return Message{}, err
	}
	a.finish()
	return m, nil
}
