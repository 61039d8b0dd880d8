package eml

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
)

// decode undoes a transfer encoding.
func decode(encoding string, raw []byte) []byte {
	switch encoding {
	case "base64":
		out, err := io.ReadAll(&base64Reader{rest: raw})
		if err != nil {
			return raw
		}
		return out
	case "quoted-printable":
		return unquote(raw)
	default:
		return raw
	}
}

// unquote undoes quoted-printable.
func unquote(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for {
		i := bytes.IndexByte(raw, '=')
		if i < 0 || i+2 >= len(raw) {
			return append(out, raw...)
		}
		out = append(out, raw[:i]...)
		if raw[i+1] != '\r' { // a soft line break is nothing
			out = append(out, unhex(raw[i+1])<<4|unhex(raw[i+2]))
		}
		raw = raw[i+3:]
	}
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	default:
		return c - '0'
	}
}

// base64Reader decodes base64 in lines.
type base64Reader struct {
	rest []byte // lines to come
	line [32 << 10]byte
	out  []byte // decoded and not yet read
	buf  [24 << 10]byte
}

// Read implements io.Reader.
func (r *base64Reader) Read(p []byte) (int, error) {
	if len(r.out) == 0 {
		n := r.gather()
		if n == 0 {
			return 0, io.EOF
		}
		dst := r.buf[:]
		direct := len(p) >= len(r.buf)
		if direct {
			dst = p
		}
		m, err := base64.StdEncoding.Decode(dst, r.line[:n])
		if err != nil {
			return 0, fmt.Errorf("decode an attachment: %w", err)
		}
		if direct {
			return m, nil
		}
		r.out = dst[:m]
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// gather joins lines, which hold whole groups of four characters, as long as there is room.
func (r *base64Reader) gather() int {
	n := 0
	for len(r.rest) > 0 {
		end := bytes.IndexByte(r.rest, '\n')
		line, next := r.rest, []byte(nil)
		if end >= 0 {
			line, next = r.rest[:end], r.rest[end+1:]
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if n+len(line) > len(r.line) {
			if n == 0 { // one line that is longer than the room
				n = copy(r.line[:], line)
				r.rest = r.rest[n:]
			}
			return n
		}
		n += copy(r.line[n:], line)
		r.rest = next
	}
	return n
}
