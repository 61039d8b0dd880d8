// Package odata has the parts of OData that Graph's mail surface shows: a JSON writer that streams, $filter, $select and
// $expand, and the Prefer header. It knows nothing of mail.
package odata

import (
	"bufio"
	"encoding/base64"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// Writer writes JSON as it goes, so that an attachment of any size needs no memory. Errors stick to the buffered writer.
type Writer struct {
	w     *bufio.Writer
	comma bool
}

// NewWriter writes to w. Flush at the end.
func NewWriter(w io.Writer) *Writer { return &Writer{w: bufio.NewWriterSize(w, 16<<10)} }

// Flush hands everything to the underlying writer.
func (j *Writer) Flush() error { return j.w.Flush() }

func (j *Writer) before() {
	if j.comma {
		_ = j.w.WriteByte(',')
	}
	j.comma = true
}

// Open begins an object "{" or an array "[".
func (j *Writer) Open(c byte) { j.before(); _ = j.w.WriteByte(c); j.comma = false }

// Close ends one, with "}" or "]".
func (j *Writer) Close(c byte) { _ = j.w.WriteByte(c); j.comma = true }

// Name begins a member.
func (j *Writer) Name(name string) {
	j.before()
	j.quote(name)
	_ = j.w.WriteByte(':')
	j.comma = false
}

// String writes a string value.
func (j *Writer) String(s string) { j.before(); j.quote(s) }

// Bool writes true or false.
func (j *Writer) Bool(v bool) { j.before(); _, _ = j.w.WriteString(strconv.FormatBool(v)) }

// Int writes a number.
func (j *Writer) Int(n int64) { j.before(); _, _ = j.w.WriteString(strconv.FormatInt(n, 10)) }

// Null writes null.
func (j *Writer) Null() { j.before(); _, _ = j.w.WriteString("null") }

// Raw writes JSON that exists already.
func (j *Writer) Raw(p []byte) { j.before(); _, _ = j.w.Write(p) }

// Time writes a time with second precision, or null for none.
func (j *Writer) Time(t time.Time) {
	if t.IsZero() {
		j.Null()
		return
	}
	j.String(t.UTC().Format("2006-01-02T15:04:05Z"))
}

// Base64 writes what r yields as a base64 string.
func (j *Writer) Base64(r io.Reader) error {
	j.before()
	_ = j.w.WriteByte('"')
	enc := base64.NewEncoder(base64.StdEncoding, j.w)
	if _, err := io.Copy(enc, r); err != nil {
		return err
	}
	if err := enc.Close(); err != nil {
		return err
	}
	return j.w.WriteByte('"')
}

const hexDigits = "0123456789abcdef"

func (j *Writer) quote(s string) {
	_ = j.w.WriteByte('"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				_, _ = j.w.WriteString(s[start:i])
				_, _ = j.w.WriteString(`\ufffd`)
				start = i + 1
			}
			i += n
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			i++
			continue
		}
		_, _ = j.w.WriteString(s[start:i])
		switch c {
		case '"', '\\':
			_, _ = j.w.Write([]byte{'\\', c})
		case '\n':
			_, _ = j.w.WriteString(`\n`)
		case '\r':
			_, _ = j.w.WriteString(`\r`)
		case '\t':
			_, _ = j.w.WriteString(`\t`)
		default:
			_, _ = j.w.Write([]byte{'\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]})
		}
		i++
		start = i
	}
	_, _ = j.w.WriteString(s[start:])
	_ = j.w.WriteByte('"')
}
