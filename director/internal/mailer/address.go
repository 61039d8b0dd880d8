package mailer

import (
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/pkg/fault"
)

// maxAddress bounds an address with its name, in bytes: RFC 5321 allows 254 for the address.
const (
	maxAddress = 254
	maxName    = 100
	// maxLine bounds a subject, in characters.
	maxLine = 200
)

// Address reads one address of the form "a@example.com" or "A Name <a@example.com>". What it returns holds nothing that could
// end a line.
func Address(s string) (*mail.Address, error) {
	if len(s) > maxAddress+maxName+3 || !utf8.ValidString(s) || strings.IndexFunc(s, unicode.IsControl) >= 0 {
		return nil, fault.New(fault.Invalid, "it is too long for an address, or holds a control character")
	}
	a, err := mail.ParseAddress(s)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no address of the form name@example.com", s)
	}
	local, domain, _ := strings.Cut(a.Address, "@")
	if len(a.Address) > maxAddress || len(a.Name) > maxName || local == "" || !host(domain) ||
		strings.ContainsFunc(a.Address, func(r rune) bool {
			return r <= ' ' || r == '<' || r == '>' || r == '"' || r == '\\' || r == ',' || r == ';'
		}) {
		return nil, fault.New(fault.Invalid, "%q is no address of the form name@example.com", s)
	}
	return a, nil
}

// host reports whether s may be the part of an address behind the @.
func host(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		if strings.ContainsFunc(label, func(r rune) bool { return r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			return false
		}
	}
	return true
}

// Line makes one line of limited length of a text.
func Line(s string) string {
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if utf8.RuneCountInString(s) > maxLine {
		s = string([]rune(s)[:maxLine-1]) + "…"
	}
	return s
}
