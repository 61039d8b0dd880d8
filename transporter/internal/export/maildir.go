package export

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf16"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/export/rfc822"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// maildirForm writes Maildir++: the inbox at the top, all other folders beside each other, named by their path with dots
// between. Names are in the modified UTF-7 of IMAP, in which also the characters are encoded that part names or that file
// systems refuse, as Courier does: a dot is &AC4-. A folder without a name is "_".
type maildirForm struct {
	place place
	inbox string // the display name of the inbox, whose subfolders are named ".INBOX.…"
	dir   string
	taken map[string]bool
	ready bool // the top is there
	// info is what parts a name from its flags: a colon, or where that cannot be in a name an exclamation mark.
	info string
}

const maxMaildirName = 200 // bytes of a folder's name, of 255 that file systems take

func (f *maildirForm) begin(folder *repository.Folder, path []string) (string, error) {
	if !f.ready {
		f.ready, f.taken, f.info = true, map[string]bool{}, infoMark(f.place)
		if err := f.box(""); err != nil {
			return "", err
		}
	}
	if folder.Role == "inbox" {
		f.dir = ""
		return "(top)", nil
	}
	var names []string
	for i, p := range path {
		if i == 0 && p == f.inbox && p != "" {
			p = "INBOX"
		}
		names = append(names, utf7(p))
	}
	name := "." + strings.Join(names, ".")
	if len(name) > maxMaildirName {
		name = "." + farAway + "." + short(strings.Join(path, "\x00"))
	}
	if f.taken[fold(name)] {
		name += "_" + short(string(folder.ID))
	}
	f.taken[fold(name)] = true
	f.dir = name + "/"
	if err := f.box(f.dir); err != nil {
		return "", err
	}
	if f.place.written(f.dir + "maildirfolder") {
		return name, nil
	}
	mark, err := f.place.create(f.dir+"maildirfolder", time.Time{})
	if err != nil {
		return "", err
	}
	return name, mark.done()
}

// box makes the three folders of a mailbox.
func (f *maildirForm) box(dir string) error {
	for _, name := range []string{"tmp", "new", "cur"} {
		if err := f.place.mkdir(dir + name); err != nil {
			return err
		}
	}
	return nil
}

func (f *maildirForm) message(_ context.Context, m *record.Message, write func(io.Writer) error) (bool, error) {
	sum := sha256.Sum256([]byte(m.ID))
	var sec int64
	if !m.Received.IsZero() {
		sec = max(0, m.Received.Unix())
	}
	name := fmt.Sprintf("%scur/%d.%s.holdfast%s2,%s", f.dir, sec, hex.EncodeToString(sum[:12]), f.info, flags(m))
	return writeFile(f.place, name, m, func(w io.Writer) error {
		if rfc822.Verbatim(m) {
			return write(w)
		}
		lf := &unix{w: w}
		if err := write(lf); err != nil {
			return err
		}
		return lf.flush()
	})
}

func (f *maildirForm) end() error { return nil }

func (f *maildirForm) abandon() {}

// inboxName is the display name of the inbox; empty when there is none.
func inboxName(folders []repository.Folder) string {
	for i := range folders {
		if folders[i].Role == "inbox" && folders[i].Parent == "" {
			return folders[i].Name
		}
	}
	return ""
}

// flags are the letters of a Maildir name, in the order of the alphabet.
func flags(m *record.Message) string {
	var s string
	if m.Draft {
		s += "D"
	}
	if m.Flag.Status == mail.FlagFlagged {
		s += "F"
	}
	if m.Read {
		s += "S"
	}
	return s
}

// utf7 is a folder's name in modified UTF-7 (RFC 3501, 5.1.3).
func utf7(s string) string {
	var out strings.Builder
	var run []uint16
	flush := func() {
		if len(run) == 0 {
			return
		}
		b := make([]byte, 0, 2*len(run))
		for _, u := range run {
			b = append(b, byte(u>>8), byte(u))
		}
		out.WriteString("&" + strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(b), "/", ",") + "-")
		run = nil
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if s == "" {
		return "_" // nothing between two dots would be another folder, or the one above
	}
	for i, r := range s {
		edge := r == ' ' && (i == 0 || i == len(s)-1)
		if r >= ' ' && r < 0x7f && !edge && !strings.ContainsRune(`./\:*?"<>|~`, r) {
			flush()
			if r == '&' {
				out.WriteString("&-")
			} else {
				out.WriteRune(r)
			}
			continue
		}
		run = utf16.AppendRune(run, r)
	}
	flush()
	return out.String()
}

// unix writes lines that end with LF where what it is given has CRLF.
type unix struct {
	w   io.Writer
	cr  bool // a CR is held back
	buf []byte
}

func (u *unix) Write(p []byte) (int, error) {
	u.buf = u.buf[:0]
	for _, c := range p {
		if u.cr && c != '\n' {
			u.buf = append(u.buf, '\r')
		}
		if u.cr = c == '\r'; !u.cr {
			u.buf = append(u.buf, c)
		}
	}
	if _, err := u.w.Write(u.buf); err != nil {
		return 0, err
	}
	return len(p), nil
}

// flush writes what is held back.
func (u *unix) flush() error {
	if !u.cr {
		return nil
	}
	u.cr = false
	_, err := u.w.Write([]byte{'\r'})
	return err
}
