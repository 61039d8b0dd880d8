package corpus

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// ImportMbox imports an mbox file into the inbox, or every file below a folder into a folder of its name (Thunderbird's
// .sbd folders hold subfolders). It takes mboxo and mboxrd, and Content-Length where it leads to a From_ line.
func ImportMbox(path string, o ImportOptions) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		im := newImporter(o)
		info, err := os.Stat(path)
		switch {
		case err != nil:
			yield(Message{}, err)
		case info.IsDir():
			walkFiles(path, im.options.Pattern, yield, func(file string) bool {
				return !isMbox(file) || im.mboxFile(file, mboxFolder(path, file), yield)
			})
		default:
			im.mboxFile(path, []string{"inbox"}, yield)
		}
	}
}

func mboxFolder(root, file string) []string {
	rel, err := filepath.Rel(root, file)
	if err != nil {
		rel = filepath.Base(file)
	}
	var names []string
	for name := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		name = strings.TrimSuffix(strings.TrimSuffix(name, ".sbd"), ".mbox")
		names = append(names, folderName(name))
	}
	return wellKnownFolder(names)
}

func isMbox(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 256)
	n, _ := io.ReadFull(f, head)
	line, _ := nextLine(head[:n])
	return isFromLine(line)
}

func (im *importer) mboxFile(file string, folder []string, yield func(Message, error) bool) bool {
	f, err := os.Open(file)
	if err != nil {
		return yield(Message{}, &SkippedError{Path: file, Err: err})
	}
	defer f.Close()
	more := true
	err = im.mbox(f, func(data []byte, offset int64, err error) bool {
		var m Message
		if err == nil {
			m, err = im.parse(data)
		}
		if err != nil {
			more = yield(Message{}, &SkippedError{Path: file, Offset: offset, Err: err})
			return more
		}
		m.Folder = folder
		setMboxStatus(&m)
		more = yield(m, nil)
		return more
	})
	if err != nil && more {
		return yield(Message{}, &SkippedError{Path: file, Err: err})
	}
	return more
}

// setMboxStatus reads the flags that mbox programs keep in headers of their own, and takes those headers away.
func setMboxStatus(m *Message) {
	status, xStatus := get(m.Headers, "Status"), get(m.Headers, "X-Status")
	m.Read = strings.Contains(status, "R")
	if strings.Contains(xStatus, "F") {
		m.FlagStatus = "flagged"
	}
	if strings.Contains(xStatus, "T") {
		m.Draft = true // mutt and Dovecot: D is deleted, T is a draft
	}
	if strings.Contains(xStatus, "D") {
		m.Folder = []string{"deleteditems"}
	}
	kept := m.Headers[:0]
	for _, h := range m.Headers {
		switch strings.ToLower(h.Name) {
		case "status", "x-status", "x-keywords", "content-length":
		default:
			kept = append(kept, h)
		}
	}
	m.Headers = kept
}

// mbox calls each with every message of r, without its From_ line quoting, until each returns false. Each must not keep an
// error's data, of which there is none; the data of a message is its own.
func (im *importer) mbox(r io.ReaderAt, each func(data []byte, offset int64, err error) bool) error {
	const lineBuffer = 64 << 10
	in := bufio.NewReaderSize(io.NewSectionReader(r, 0, 1<<62), lineBuffer)
	var (
		data     []byte
		start    int64 // of the message
		offset   int64 // of the next byte
		opaque   int64 // up to here Content-Length says that no message begins
		begun    bool
		headers  bool // in the header section
		tooLarge bool
		blank    = true // the line before was empty
		begins   = true // the next bytes begin a line
	)
	emit := func() bool {
		defer func() { data, tooLarge = nil, false }()
		switch {
		case !begun:
			return true
		case tooLarge:
			return each(nil, start, fmt.Errorf("%w: more than %d bytes", errTooLarge, im.options.MaxMessage))
		}
		return each(bytes.TrimSuffix(bytes.TrimSuffix(data, []byte("\n")), []byte("\r")), start, nil)
	}
	for {
		piece, err := in.ReadSlice('\n')
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if len(piece) == 0 {
			break
		}
		line, at := piece, offset
		offset += int64(len(piece))
		lineStart := begins
		begins = piece[len(piece)-1] == '\n'
		bare, _ := nextLine(line)
		if lineStart && blank && at >= opaque && isFromLine(bare) {
			if !emit() {
				return nil
			}
			begun, headers, start, blank = true, true, at, false
			data = append(data, line...)
			continue
		}
		if lineStart && headers && len(bare) == 0 {
			headers = false
			opaque = im.opaqueUntil(r, data, offset)
		}
		if lineStart && !headers && at >= opaque && isQuotedFrom(bare) {
			line = line[1:]
		}
		if begun && !tooLarge {
			tooLarge = int64(len(data)+len(line)) > im.options.MaxMessage
			if tooLarge {
				data = nil
			} else {
				data = append(data, line...)
			}
		}
		blank = lineStart && len(bare) == 0
	}
	if !begun {
		return errors.New("it has no From_ line")
	}
	emit()
	return nil
}

// opaqueUntil is where the body that begins at offset ends by its Content-Length, if a From_ line or nothing follows there.
func (im *importer) opaqueUntil(r io.ReaderAt, head []byte, offset int64) int64 {
	rest, _ := cutFromLine(head)
	fields, _, err := splitHeaders(rest, im.options)
	if err != nil {
		return 0
	}
	for _, f := range fields {
		if !strings.EqualFold(f.name, "Content-Length") {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(f.value), 10, 64)
		if err != nil || n < 0 || n > im.options.MaxMessage {
			return 0
		}
		next := make([]byte, 256)
		got, err := r.ReadAt(next, offset+n)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0
		}
		next = bytes.TrimLeft(next[:got], "\r\n")
		line, _ := nextLine(next)
		if len(next) == 0 && endsAt(r, offset+n) || isFromLine(line) {
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
