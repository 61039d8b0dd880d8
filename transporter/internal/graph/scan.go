package graph

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON as a stream, for what encoding/json cannot: a string of 100 MB as a reader. It checks the structure
// it walks through; values it only copies or skips are checked when they are decoded, or not at all.
type scanner struct {
	r *bufio.Reader
}

// maxDepth bounds how deep values may nest, as encoding/json does.
const maxDepth = 1000

var errScan = errors.New("not the JSON that was expected")

func newScanner(r io.Reader) *scanner { return &scanner{bufio.NewReaderSize(r, 64<<10)} }

// peek returns the next byte that is not white space, without taking it.
func (s *scanner) peek() (byte, error) {
	for {
		b, err := s.r.ReadByte()
		if err != nil {
			return 0, unexpected(err)
		}
		switch b {
		case ' ', '\t', '\n', '\r':
		default:
			return b, s.r.UnreadByte()
		}
	}
}

func (s *scanner) take(want byte) error {
	b, err := s.peek()
	if err != nil {
		return err
	}
	if b != want {
		return fmt.Errorf("%w: got %q where %q belongs", errScan, b, want)
	}
	_, err = s.r.ReadByte()
	return err
}

// object walks an object; f must consume the value of the member it is told of.
func (s *scanner) object(f func(name string) error) error {
	if err := s.take('{'); err != nil {
		return err
	}
	return s.list('}', func() error {
		name, err := s.text(1 << 10)
		if err != nil {
			return err
		}
		if err := s.take(':'); err != nil {
			return err
		}
		return f(name)
	})
}

// array walks an array; f must consume one element.
func (s *scanner) array(f func() error) error {
	if err := s.take('['); err != nil {
		return err
	}
	return s.list(']', f)
}

func (s *scanner) list(end byte, f func() error) error {
	b, err := s.peek()
	if err != nil {
		return err
	}
	if b == end {
		return s.take(end)
	}
	for {
		if err := f(); err != nil {
			return err
		}
		if b, err = s.peek(); err != nil {
			return err
		}
		if b == end {
			return s.take(end)
		}
		if err := s.take(','); err != nil {
			return err
		}
	}
}

// null takes a null if one is next, and tells whether it was.
func (s *scanner) null() (bool, error) {
	b, err := s.peek()
	if err != nil || b != 'n' {
		return false, err
	}
	var word limited
	word.left = 16
	if err := s.copy(&word); err != nil {
		return false, err
	}
	if word.String() != "null" {
		return false, fmt.Errorf("%w: a bare word", errScan)
	}
	return true, nil
}

// text reads a string of at most limit bytes.
func (s *scanner) text(limit int) (string, error) {
	r, err := s.open()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	n, err := io.Copy(&b, io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return "", err
	}
	if n > int64(limit) {
		return "", fmt.Errorf("%w: a string of more than %d bytes", errScan, limit)
	}
	return b.String(), nil
}

// open begins a string and returns a reader of what it says, which must be read to its end before anything else.
func (s *scanner) open() (io.Reader, error) {
	if err := s.take('"'); err != nil {
		return nil, err
	}
	return &stringReader{s: s}, nil
}

type stringReader struct {
	s       *scanner
	pending []byte // decoded from an escape
	buf     [8]byte
	done    bool
}

func (r *stringReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if len(r.pending) > 0 {
			n := copy(p, r.pending)
			r.pending = r.pending[n:]
			return n, nil
		}
		if r.done {
			return 0, io.EOF
		}
		if _, err := r.s.r.Peek(1); err != nil {
			return 0, unexpected(err)
		}
		run, _ := r.s.r.Peek(min(r.s.r.Buffered(), len(p)))
		if i := special(run); i != 0 {
			if i > 0 {
				run = run[:i]
			}
			n := copy(p, run)
			_, err := r.s.r.Discard(n)
			return n, err
		}
		b, err := r.s.r.ReadByte()
		if err != nil {
			return 0, unexpected(err)
		}
		switch b {
		case '"':
			r.done = true
		case '\\':
			if err := r.escape(); err != nil {
				return 0, err
			}
		default:
			return 0, fmt.Errorf("%w: a control character in a string", errScan)
		}
	}
}

// special returns where the first byte is that cannot be copied as it is; -1 for none.
func special(b []byte) int {
	for i, c := range b {
		if c == '"' || c == '\\' || c < ' ' {
			return i
		}
	}
	return -1
}

func (r *stringReader) escape() error {
	b, err := r.s.r.ReadByte()
	if err != nil {
		return unexpected(err)
	}
	if i := strings.IndexByte(`"\/bfnrt`, b); i >= 0 {
		r.buf[0] = "\"\\/\b\f\n\r\t"[i]
		r.pending = r.buf[:1]
		return nil
	}
	if b != 'u' {
		return fmt.Errorf("%w: an unknown escape", errScan)
	}
	first, err := r.hex()
	if err != nil {
		return err
	}
	char := first
	if utf16.IsSurrogate(first) {
		char = utf8.RuneError
		if next, _ := r.s.r.Peek(2); string(next) == `\u` {
			if ahead, _ := r.s.r.Peek(6); len(ahead) == 6 {
				if second, err := strconv.ParseUint(string(ahead[2:]), 16, 16); err == nil {
					if pair := utf16.DecodeRune(first, rune(second)); pair != utf8.RuneError {
						char = pair
						_, _ = r.s.r.Discard(6)
					}
				}
			}
		}
	}
	r.pending = utf8.AppendRune(r.buf[:0], char)
	return nil
}

func (r *stringReader) hex() (rune, error) {
	var digits [4]byte
	if _, err := io.ReadFull(r.s.r, digits[:]); err != nil {
		return 0, unexpected(err)
	}
	v, err := strconv.ParseUint(string(digits[:]), 16, 16)
	if err != nil {
		return 0, fmt.Errorf("%w: an escape that is no number", errScan)
	}
	return rune(v), nil
}

// limited is a buffer that refuses to grow beyond what is left.
type limited struct {
	bytes.Buffer
	left int
}

func (l *limited) WriteByte(b byte) error {
	if l.left--; l.left < 0 {
		return fmt.Errorf("%w: a value that is too large", errScan)
	}
	return l.Buffer.WriteByte(b)
}

// discard takes bytes and forgets them.
type discard struct{}

func (discard) WriteByte(byte) error { return nil }

// skip passes over one value.
func (s *scanner) skip() error { return s.copy(discard{}) }

// copy writes one value as it stands, without white space around it.
func (s *scanner) copy(w io.ByteWriter) error {
	b, err := s.peek()
	if err != nil {
		return err
	}
	switch b {
	case '"':
		return s.copyString(w)
	case '{', '[':
		return s.copyNested(w)
	case ',', ':', ']', '}':
		return fmt.Errorf("%w: got %q where a value belongs", errScan, b)
	}
	for {
		b, err := s.r.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil // a bare word may end the input
		}
		if err != nil {
			return err
		}
		if strings.IndexByte(" \t\r\n,]}:{[\"", b) >= 0 {
			return s.r.UnreadByte()
		}
		if err := w.WriteByte(b); err != nil {
			return err
		}
	}
}

func (s *scanner) copyString(w io.ByteWriter) error {
	for i, escaped := 0, false; ; i++ {
		b, err := s.r.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		if err := w.WriteByte(b); err != nil {
			return err
		}
		switch {
		case i == 0:
		case escaped:
			escaped = false
		case b == '\\':
			escaped = true
		case b == '"':
			return nil
		}
	}
}

func (s *scanner) copyNested(w io.ByteWriter) error {
	var open []byte
	for {
		b, err := s.peek()
		if err != nil {
			return err
		}
		if b == '"' {
			if err := s.copyString(w); err != nil {
				return err
			}
			continue
		}
		if _, err := s.r.ReadByte(); err != nil {
			return err
		}
		if err := w.WriteByte(b); err != nil {
			return err
		}
		switch b {
		case '{', '[':
			if len(open) == maxDepth {
				return fmt.Errorf("%w: nested too deep", errScan)
			}
			open = append(open, b+2) // ']' and '}' are two after their openers
		case '}', ']':
			if open[len(open)-1] != b {
				return fmt.Errorf("%w: brackets that do not match", errScan)
			}
			if open = open[:len(open)-1]; len(open) == 0 {
				return nil
			}
		}
	}
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
