package corpus

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
)

// decodeText turns the bytes of a text into clean UTF-8. It never fails: a charset that is unknown or wrong gives way to
// UTF-8 if the bytes are that, else to windows-1252, which is what senders who name nothing mostly mean.
func decodeText(b []byte, charset string) string {
	return strings.TrimPrefix(decodeCharset(b, charset), "\ufeff")
}

func decodeCharset(b []byte, charset string) string {
	charset = strings.ToLower(strings.Trim(charset, " \t\"'"))
	switch {
	case isUTF7(charset):
		return clean(decodeUTF7(string(b), '+'))
	case charset == "utf-8" || charset == "us-ascii" || charset == "ascii" || charset == "":
	default:
		if e := lookupCharset(charset); e != nil {
			if s, err := e.NewDecoder().Bytes(b); err == nil {
				return clean(string(s))
			}
		}
	}
	if utf8.Valid(b) {
		return clean(string(b))
	}
	s, err := charmap.Windows1252.NewDecoder().Bytes(b)
	if err != nil {
		return clean(string(b))
	}
	return clean(string(s))
}

func isUTF7(charset string) bool { return charset == "utf-7" || charset == "unicode-1-1-utf-7" }

// lookupCharset knows the names of the web, then those of IANA, then some that neither list has.
func lookupCharset(name string) encoding.Encoding {
	name, _, _ = strings.Cut(name, "*") // RFC 2231 section 5: a language may follow
	switch {
	case name == "utf8" || name == "unicode":
		return nil
	case strings.Contains(name, "big5"):
		name = "big5"
	case strings.HasPrefix(name, "gb2312"):
		name = "gbk"
	case strings.HasPrefix(name, "iso8859-"):
		name = "iso-8859-" + name[len("iso8859-"):]
	case strings.HasPrefix(name, "cp-"):
		name = "cp" + name[len("cp-"):]
	case strings.HasPrefix(name, "win-"):
		name = "windows-" + name[len("win-"):]
	}
	if e, err := htmlindex.Get(name); err == nil {
		if canonical, err := htmlindex.Name(e); err == nil && canonical != "replacement" {
			return e // the web replaces what it finds dangerous; IANA's list may still know it
		}
	}
	if e, err := ianaindex.MIME.Encoding(name); err == nil {
		return e // nil when IANA knows a charset that x/text does not
	}
	return nil
}

// clean makes s valid UTF-8 without NULs, and keeps it as it is if it is so already.
func clean(s string) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	return s
}

// cleanLine is clean for what is one line: control characters become spaces, and the ends are trimmed.
func cleanLine(s string) string {
	s = clean(s)
	if strings.ContainsFunc(s, isControl) {
		s = strings.Map(func(r rune) rune {
			if isControl(r) {
				return ' '
			}
			return r
		}, s)
	}
	return strings.TrimSpace(s)
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// cut shortens s to at most n UTF-16 units, in which Exchange counts, without breaking a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	units := 0
	for i, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		if units > n {
			return s[:i]
		}
	}
	return s
}

// canonicalLines ends every line with CRLF, as mail does on the wire.
func canonicalLines(s string) string {
	bare := false
	for i := range len(s) {
		if s[i] == '\n' && (i == 0 || s[i-1] != '\r') || s[i] == '\r' && (i+1 == len(s) || s[i+1] != '\n') {
			bare = true
			break
		}
	}
	if !bare {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/32)
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\r':
			b.WriteString("\r\n")
			if i+1 < len(s) && s[i+1] == '\n' {
				i++
			}
		case s[i] == '\n':
			b.WriteString("\r\n")
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
