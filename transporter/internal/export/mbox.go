package export

import (
	"bytes"
	"context"
	"io"
	"strings"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// mboxForm writes a file for each folder, in the form mboxrd: a line of a message that begins with any number of ">" and
// "From " gets one ">" more, which a reader can take off again.
type mboxForm struct {
	place place
	tree  tree
	out   file // nil when the folder is there already
}

func (f *mboxForm) begin(folder *repository.Folder, path []string) (string, error) {
	where := f.tree.place(path, string(folder.ID)) + ".mbox"
	if i := strings.LastIndexByte(where, '/'); i > 0 {
		if err := f.place.mkdir(where[:i]); err != nil {
			return "", err
		}
	}
	f.out = nil
	if f.place.written(where) {
		return where, nil
	}
	var err error
	f.out, err = f.place.create(where, time.Time{})
	return where, err
}

func (f *mboxForm) message(_ context.Context, m *record.Message, write func(io.Writer) error) (bool, error) {
	if f.out == nil {
		return true, nil
	}
	if _, err := io.WriteString(f.out, fromLine(m)+status(m)); err != nil {
		return false, err
	}
	w := &mboxWriter{w: f.out, head: true}
	if err := write(w); err != nil {
		return false, err
	}
	return false, w.end()
}

func (f *mboxForm) end() error {
	if f.out == nil {
		return nil
	}
	return f.out.done()
}

func (f *mboxForm) abandon() {
	if f.out != nil {
		f.out.abandon()
	}
}

// fromLine begins a message: who sent it, and when it was received.
func fromLine(m *record.Message) string {
	sender := "MAILER-DAEMON"
	if m.Sender != nil && isAddress(m.Sender.Address) {
		sender = m.Sender.Address
	} else if m.From != nil && isAddress(m.From.Address) {
		sender = m.From.Address
	}
	at := m.Received
	if at.IsZero() || at.Year() > 9999 || at.Year() < 1970 {
		at = time.Unix(0, 0)
	}
	return "From " + sender + " " + at.UTC().Format(time.ANSIC) + "\n"
}

func isAddress(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return strings.Contains(s, "@") && len(s) < 320
}

// status are the headers by which mbox tells what was done with a message: seen, flagged, a draft.
func status(m *record.Message) string {
	s := "Status: O\n"
	if m.Read {
		s = "Status: RO\n"
	}
	var x string
	if m.Flag.Status == mail.FlagFlagged {
		x += "F"
	}
	if m.Draft {
		x += "T"
	}
	if x != "" {
		s += "X-Status: " + x + "\n"
	}
	return s
}

// unwanted headers of a message would be taken for the mbox's own.
var unwanted = []string{"status:", "x-status:", "content-length:", "x-mozilla-status:", "x-mozilla-status2:", "x-imap:", "x-imapbase:"}

// maxUnwanted is the length of the longest of them.
const maxUnwanted = 32

// mboxWriter puts one message into an mbox: LF as line ends, From lines quoted, the mbox's own headers left out.
type mboxWriter struct {
	w     io.Writer
	head  bool // in the header
	drop  bool // in a header that is left out
	cr    bool // a CR is held back
	last  byte // what was written last, when anything was
	begun bool
	// line is the beginning of a line, held back until it is known what it is; decided from then on.
	line    []byte
	decided bool
	buf     []byte
}

func (m *mboxWriter) Write(p []byte) (int, error) {
	m.buf = m.buf[:0]
	for _, c := range p {
		if m.cr && c != '\n' {
			m.put('\r')
		}
		if m.cr = c == '\r'; !m.cr {
			m.put(c)
		}
	}
	if _, err := m.w.Write(m.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// put takes the next byte.
func (m *mboxWriter) put(c byte) {
	if m.decided {
		if !m.drop {
			m.emit(c)
		}
		m.decided = c != '\n'
		return
	}
	m.line = append(m.line, c)
	if c == '\n' || m.known() {
		m.decide()
		m.decided = c != '\n'
	}
}

// known reports whether enough of the line is there to decide about it.
func (m *mboxWriter) known() bool {
	if m.head {
		return len(m.line) > maxUnwanted || m.line[len(m.line)-1] == ':' || m.line[0] == ' ' || m.line[0] == '\t'
	}
	if len(m.line) > 1 && m.line[0] == '>' && m.line[1] == '>' { // more of them are as good as one
		m.emit('>')
		m.line = m.line[1:]
	}
	rest := bytes.TrimPrefix(m.line, []byte(">"))
	return !strings.HasPrefix("From ", string(rest)) || len(rest) == len("From ")
}

// decide writes the beginning of a line as it has to be.
func (m *mboxWriter) decide() {
	switch {
	case !m.head:
		if bytes.HasPrefix(bytes.TrimPrefix(m.line, []byte(">")), []byte("From ")) {
			m.emit('>')
		}
	case m.line[0] == '\n':
		m.head, m.drop = false, false
	case m.line[0] != ' ' && m.line[0] != '\t':
		m.drop = m.unwanted()
		if bytes.HasPrefix(m.line, []byte("From ")) {
			m.emit('>')
		}
	}
	if !m.drop {
		for _, c := range m.line {
			m.emit(c)
		}
	}
	m.line = m.line[:0]
}

func (m *mboxWriter) unwanted() bool {
	for _, name := range unwanted {
		if len(m.line) >= len(name) && strings.EqualFold(string(m.line[:len(name)]), name) {
			return true
		}
	}
	return false
}

func (m *mboxWriter) emit(c byte) {
	m.buf = append(m.buf, c)
	m.last, m.begun = c, true
}

// end ends the message with a blank line.
func (m *mboxWriter) end() error {
	m.buf = m.buf[:0]
	if m.cr {
		m.put('\r')
		m.cr = false
	}
	if len(m.line) > 0 {
		m.decide()
	}
	if m.begun && m.last != '\n' {
		m.emit('\n')
	}
	if m.head { // a message of headers alone
		m.emit('\n')
	}
	m.emit('\n')
	_, err := m.w.Write(m.buf)
	return err
}
