// Package rfc822 makes of a kept message the bytes that mail programs read (RFC 5322 and MIME), as a stream: attachments
// pass through base64 piece by piece, so that a message of any size takes about 300 KiB, and what its record takes.
//
// Where a MIME copy was kept, it is given byte for byte. Otherwise the message is put together anew:
//
//   - Headers are those received, in their order, but for the ones that describe the body's form (Content-*,
//     MIME-Version). What they lack is made from the properties; where they say something else, they have their say.
//   - The body is one part, in UTF-8: Exchange keeps one, text or HTML. Inline files that the HTML shows are in a
//     multipart/related with it, everything else follows in a multipart/mixed: files in base64, attached messages as
//     message/rfc822, contacts and events as the vCard or iCalendar object that was kept, links as a part that names them.
//   - What is missing is told by a part in its place, and returned.
//
// Everything ends lines with CRLF and is 7-bit, but for MIME copies, and header values that only RFC 6532 can carry: an
// address or a trace header with letters beyond ASCII. The same record always gives the same bytes.
//
// Values come from strangers. Line ends and control characters in them become spaces, boundaries cannot be guessed by
// whoever wrote the content, and no line is longer than 998 bytes.
//
// The package writes MIME itself. The writer of github.com/emersion/go-message, which would be the library for it, refuses
// parts in charsets other than UTF-8, where a text attachment has to stay as it is, and has no place for a copy that is
// passed through; its parameters go out on one line however long they are.
package rfc822

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
)

// Options of a Writer.
type Options struct {
	// Open returns the bytes of content; it is closed after use. Errors of kind Corrupt, NotFound and Unavailable mean that
	// the content is lost, all others end the message.
	Open func(ctx context.Context, c record.Content) (io.ReadCloser, error)
}

// Missing is something of a message that its bytes lack.
type Missing struct {
	Part   string `json:"part"` // "text", "attachment \"plan.pdf\""
	Reason string `json:"reason"`
}

// Verbatim reports whether a message goes out as the MIME copy that was kept of it.
func Verbatim(m *record.Message) bool { return m.MIME.Size > 0 }

// Write writes the message to w and returns what is missing in it. An error is w's, the context's, or what Open says of
// other than lost content; the message is then incomplete.
func Write(ctx context.Context, w io.Writer, m *record.Message, o Options) ([]Missing, error) {
	buffer := bufio.NewWriterSize(w, 64<<10)
	t := &writer{ctx: ctx, o: o, w: buffer}
	if err := t.message(m, seed(m)); err != nil {
		return t.missing, err
	}
	if err := buffer.Flush(); err != nil {
		return t.missing, err
	}
	return t.missing, nil
}

// writer writes one message with everything in it. The buffer keeps the first error of what is below it.
type writer struct {
	ctx     context.Context //nolint:containedctx // it lives as long as the call
	o       Options
	w       *bufio.Writer
	missing []Missing
	within  string // names the attached message that is being written
}

func (t *writer) text(parts ...string) {
	for _, p := range parts {
		_, _ = t.w.WriteString(p)
	}
}

func (t *writer) lose(part string, err error) {
	t.missing = append(t.missing, Missing{Part: t.within + part, Reason: err.Error()})
}

// message writes a message, or the copy of it.
func (t *writer) message(m *record.Message, boundary string) error {
	if Verbatim(m) {
		done, err := t.verbatim(m)
		if done || err != nil {
			return err
		}
	}
	t.headers(m)
	return t.body(m, boundary)
}

// verbatim writes the MIME copy; false when it is damaged, which is found out before its first byte is written.
func (t *writer) verbatim(m *record.Message) (bool, error) {
	err := t.readable(m.MIME)
	if lost(err) {
		t.lose("MIME copy, so that the message was put together from what else was kept", err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r, err := t.open(m.MIME)
	if err != nil {
		return false, err
	}
	defer r.Close()
	_, err = io.Copy(t.w, r)
	return true, err
}

func (t *writer) open(c record.Content) (io.ReadCloser, error) {
	if err := t.ctx.Err(); err != nil {
		return nil, fault.New(fault.Canceled, "stopped: %w", err)
	}
	return t.o.Open(t.ctx, c)
}

// readable reads content to its end.
func (t *writer) readable(c record.Content) error {
	r, err := t.open(c)
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	if err == nil && n != c.Size {
		err = fault.New(fault.Corrupt, "%d bytes of %d are there", n, c.Size)
	}
	return err
}

// lost reports whether an error means that content cannot be had, and the rest of the message can.
func lost(err error) bool {
	var abort *abortError
	if err == nil || errors.As(err, &abort) {
		return false
	}
	switch fault.KindOf(err) {
	case fault.Corrupt, fault.NotFound, fault.Unavailable:
		return true
	default:
		return false
	}
}

// abortError marks an error of the writer below: nothing of the content's.
type abortError struct{ error }

func (e *abortError) Unwrap() error { return e.error }

func named(kind, name string) string {
	if name == "" {
		return kind
	}
	return fmt.Sprintf("%s %q", kind, name)
}
