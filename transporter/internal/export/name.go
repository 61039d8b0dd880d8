package export

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"holdfast/pkg/fault"
	"holdfast/transporter/internal/record"
)

// Limits of names, in UTF-16 units as Windows counts and bytes as Linux does. A Windows path has 259 units, of which the
// place that a person chooses wants some.
const (
	maxName       = 60
	maxNameBytes  = 180
	maxFolderPath = 120
)

const (
	farAway     = "Deep folders" // where folders go whose path would be too long
	noSubject   = "(no subject)"
	messageTime = "2006-01-02 150405"
	noTime      = "no date"
)

// safeName makes of any text a file name that Windows and Linux take, and a shell does not mistake, at most maxName long.
func safeName(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r < ' ' || r == 0x7f || strings.ContainsRune(`<>:"/\|?*`, r):
			return '_'
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError || r == '\u2028' || r == '\u2029':
			return '_'
		case unicode.IsSpace(r):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "_"))
	s = cutUnits(strings.TrimSpace(s), maxName, maxNameBytes)
	s = strings.TrimRight(s, " .")
	if strings.HasPrefix(s, ".") || strings.HasPrefix(s, "-") {
		s = "_" + s[1:]
	}
	if s == "" {
		return "_"
	}
	if reserved(s) {
		return s[:3] + "_" + s[3:]
	}
	return s
}

// reserved reports whether Windows takes a name, whatever its extension, for a device.
func reserved(s string) bool {
	base, _, _ := strings.Cut(s, ".")
	base = strings.ToUpper(strings.TrimRight(base, " "))
	switch base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, device := range []string{"COM", "LPT"} {
		if n, ok := strings.CutPrefix(base, device); ok && utf8.RuneCountInString(n) == 1 && strings.ContainsAny(n, "0123456789¹²³") {
			return true
		}
	}
	return false
}

// cutUnits shortens s to that many UTF-16 units and bytes, between letters.
func cutUnits(s string, units, bytes int) string {
	n := 0
	for i, r := range s {
		n++
		if r > 0xffff {
			n++
		}
		if n > units || i+utf8.RuneLen(r) > bytes {
			return s[:i]
		}
	}
	return s
}

func units(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// tree gives folders their names: safe, readable, and different from each other also where letter case does not count.
type tree struct{ taken map[string]bool }

// folderName is the name of one folder. It cannot be taken for a file of the export.
func folderName(s string) string {
	s = safeName(s)
	for _, extension := range []string{".eml", ".mbox", ".json", ".journal", ".tmp"} {
		if strings.HasSuffix(strings.ToLower(s), extension) {
			return s + "_"
		}
	}
	return s
}

// place returns where a folder of that path belongs. Every folder is asked for once.
func (t *tree) place(path []string, id string) string {
	if t.taken == nil {
		t.taken = map[string]bool{}
	}
	var names []string
	for _, p := range path {
		names = append(names, folderName(p))
	}
	where := strings.Join(names, "/")
	if units(where) > maxFolderPath {
		where = farAway + "/" + names[len(names)-1] + " " + short(strings.Join(path, "\x00"))
	}
	if t.taken[fold(where)] {
		// Another folder has this name but for what a file system may not tell apart.
		where += " " + short(id)
	}
	t.taken[fold(where)] = true
	return where
}

// fold maps names to the same text that a file system may take for the same.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

func short(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}

// sequence names the messages of one folder. Messages come in the order of receipt, so that only those of one second have
// to be remembered to keep names apart.
type sequence struct {
	stamp string
	taken map[string]bool
}

// name returns a name without extension.
func (s *sequence) name(received time.Time, subject string) string {
	stamp := noTime
	if !received.IsZero() {
		stamp = received.UTC().Format(messageTime)
	}
	if s.taken == nil || stamp != s.stamp {
		s.stamp, s.taken = stamp, map[string]bool{}
	}
	if strings.TrimSpace(subject) == "" {
		subject = noSubject
	}
	base := stamp + " " + safeName(subject)
	name := base
	for n := 2; s.taken[fold(name)]; n++ {
		name = fmt.Sprintf("%s (%d)", base, n)
	}
	s.taken[fold(name)] = true
	return name
}

// inside refuses a name that would lead out of the export. None should: it is the last guard.
func inside(name string) error {
	if !fs.ValidPath(name) {
		return fault.New(fault.Invalid, "the name %q would lead out of the export", name)
	}
	return nil
}

// FileName returns a name for a message that is downloaded on its own.
func FileName(m *record.Message) string { return (&sequence{}).name(m.Received, m.Subject) + ".eml" }

// ArchiveName returns a name for the archive of a point.
func ArchiveName(p record.Point) string {
	return safeName(p.Origin.MailboxAddress+" "+p.Time.UTC().Format("2006-01-02 1504")) + ".zip"
}
