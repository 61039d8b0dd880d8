package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// mboxScan cuts an mbox into messages, one of which is in memory at a time.
type mboxScan struct {
	r       io.ReaderAt
	options ImportOptions

	data     []byte // of the message so far, with its From_ line
	start    int64  // where it begins
	begun    bool   // a From_ line was seen
	headers  bool   // in the header section
	tooLarge bool
	opaque   int64 // up to here Content-Length says that no message begins
	blank    bool  // the line before was empty
}

// each calls do with every message, without its quoting of From_ lines, until do returns false. The data is do's own.
func (s *mboxScan) each(do func(data []byte, offset int64, err error) bool) error {
	const lineBuffer = 64 << 10
	in := bufio.NewReaderSize(io.NewSectionReader(s.r, 0, 1<<62), lineBuffer)
	s.blank = true
	lineBegins := true
	for offset := int64(0); ; {
		piece, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if len(piece) == 0 {
			break
		}
		if lineBegins && s.begins(piece, offset) {
			if !s.emit(do) {
				return nil
			}
			s.begun, s.headers, s.start = true, true, offset
		}
		s.add(piece, offset, lineBegins)
		offset += int64(len(piece))
		lineBegins = piece[len(piece)-1] == '\n'
	}
	if !s.begun {
		return errors.New("it has no From_ line")
	}
	s.emit(do)
	return nil
}

func (s *mboxScan) begins(line []byte, offset int64) bool {
	bare, _ := nextLine(line)
	return s.blank && offset >= s.opaque && isFromLine(bare)
}

// add takes a line, or a piece of a very long one.
func (s *mboxScan) add(piece []byte, offset int64, lineBegins bool) {
	bare, _ := nextLine(piece)
	s.blank = lineBegins && len(bare) == 0
	if s.blank && s.headers {
		s.headers = false
		s.opaque = s.opaqueUntil(s.data, offset+int64(len(piece)))
	}
	if lineBegins && !s.headers && offset >= s.opaque && isQuotedFrom(bare) {
		piece = piece[1:]
	}
	switch {
	case !s.begun || s.tooLarge:
	case int64(len(s.data)+len(piece)) > s.options.MaxMessage:
		s.tooLarge, s.data = true, nil
	default:
		s.data = append(s.data, piece...)
	}
}

// emit hands over the message that is complete, without the blank line that an mbox puts after it.
func (s *mboxScan) emit(do func(data []byte, offset int64, err error) bool) bool {
	data, tooLarge := s.data, s.tooLarge
	s.data, s.tooLarge = nil, false
	switch {
	case !s.begun:
		return true
	case tooLarge:
		return do(nil, s.start, fmt.Errorf("%w: more than %d bytes", errTooLarge, s.options.MaxMessage))
	}
	if s.blank {
		data = bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r"))
	}
	return do(data, s.start, nil)
}

// opaqueUntil is where the body that begins at offset ends by its Content-Length, if a From_ line or nothing follows there.
func (s *mboxScan) opaqueUntil(head []byte, offset int64) int64 {
	rest, _ := cutFromLine(head)
	fields, _, err := splitHeaders(rest, s.options)
	if err != nil {
		return 0
	}
	for _, f := range fields {
		if !strings.EqualFold(f.name, "Content-Length") {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(f.value), 10, 64)
		if err != nil || n < 0 || n > s.options.MaxMessage {
			return 0
		}
		next := make([]byte, 256)
		got, err := s.r.ReadAt(next, offset+n)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0
		}
		next = bytes.TrimLeft(next[:got], "\r\n")
		line, _ := nextLine(next)
		if len(next) == 0 && endsAt(s.r, offset+n) || isFromLine(line) {
			return offset + n
		}
		return 0
	}
	return 0
}

// endsAt says that r has a byte before offset: that offset is its end, not beyond it.
func endsAt(r io.ReaderAt, offset int64) bool {
	n, _ := r.ReadAt(make([]byte, 1), offset-1)
	return n == 1
}

// isFromLine knows a From_ line by its time of day, so that prose may begin with the same word.
func isFromLine(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("From ")) {
		return false
	}
	for i := 5; i+3 < len(line); i++ {
		if line[i] == ':' && isDigit(line[i-1]) && isDigit(line[i+1]) && isDigit(line[i+2]) {
			_, stamp := cutFromLine(line)
			_, ok := parseDate(stamp)
			return ok
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isQuotedFrom knows the ">From " of mboxo and the ">>From " of mboxrd.
func isQuotedFrom(line []byte) bool {
	return len(line) > 0 && line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From "))
}
