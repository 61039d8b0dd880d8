package rfc822

import (
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

// clean makes a value safe for a header: valid UTF-8 without line ends and control characters, which become blanks.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// isPlain reports whether all is printable ASCII, blanks included.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// isToken reports whether s is a token of RFC 2045.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?=*'%`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// encodeWords returns s as words of RFC 2047, which decode to exactly s.
func encodeWords(s string) string {
	const room = 45 // bytes, so that a word has 72 characters
	var words []string
	for len(s) > 0 {
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > room {
				break
			}
			n += size
		}
		words = append(words, "=?utf-8?B?"+base64.StdEncoding.EncodeToString([]byte(s[:n]))+"?=")
		s = s[n:]
	}
	return strings.Join(words, " ")
}

// maxToken is the longest run without a blank that is left alone, in bytes.
const maxToken = 900

// unstructured is free text for a header: as it is where readers take it for what it is, else in encoded words.
func unstructured(s string) string {
	s = clean(s)
	if isPlain(s) && s == strings.TrimSpace(s) && !strings.Contains(s, "=?") && !strings.ContainsRune(s, '\t') && longest(s) <= maxToken {
		return s
	}
	return encodeWords(s)
}

// longest is the length of the longest run without blanks.
func longest(s string) int {
	most := 0
	for _, word := range strings.Fields(s) {
		most = max(most, len(word))
	}
	return most
}

// received is free text as it was received, with letters beyond ASCII encoded: what is in encoded words already stays.
func received(s string) string {
	if isPlain(s) {
		return s
	}
	var out, run []string
	flush := func(next string) {
		if len(run) == 0 {
			return
		}
		text := strings.Join(run, " ")
		// Readers drop the blank between two encoded words.
		if len(out) > 0 && strings.HasSuffix(out[len(out)-1], "?=") {
			text = " " + text
		}
		if strings.HasPrefix(next, "=?") {
			text += " "
		}
		out, run = append(out, encodeWords(text)), nil
	}
	words := strings.Split(s, " ")
	for i, w := range words {
		if !isPlain(w) || len(run) > 0 && w == "" && i+1 < len(words) && !isPlain(words[i+1]) {
			run = append(run, w)
			continue
		}
		flush(w)
		out = append(out, w)
	}
	flush("")
	return strings.Join(out, " ")
}

// param is one parameter of a Content header, on lines of its own behind the semicolon: a quoted string, or what RFC 2231
// has for text that is no ASCII or too long for a line. The value must be clean; an empty one gives nothing.
func param(name, value string) string {
	const room = 60
	value = strings.TrimSpace(value)
	if value == "" {
		return ""
	}
	if isPlain(value) && len(value) <= room && !strings.ContainsAny(value, "%\t") {
		return ";\r\n " + name + `="` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
	}
	encoded := percent(value)
	if len(encoded) <= room {
		return ";\r\n " + name + "*=utf-8''" + encoded
	}
	var out strings.Builder
	for i := 0; len(encoded) > 0; i++ {
		n := min(room, len(encoded))
		if n < len(encoded) { // not within an escape
			if at := strings.LastIndexByte(encoded[:n], '%'); at > n-3 {
				n = at
			}
		}
		charset := ""
		if i == 0 {
			charset = "utf-8''"
		}
		fmt.Fprintf(&out, ";\r\n %s*%d*=%s%s", name, i, charset, encoded[:n])
		encoded = encoded[n:]
	}
	return out.String()
}

// percent escapes all bytes that a parameter of RFC 2231 cannot hold.
func percent(s string) string {
	var out strings.Builder
	for i := range len(s) {
		if c := s[i]; c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("-._~", c) >= 0 {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, "%%%02X", c)
		}
	}
	return out.String()
}
