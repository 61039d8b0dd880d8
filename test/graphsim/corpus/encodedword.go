package corpus

import (
	"encoding/base64"
	"mime"
	"strings"
	"unicode/utf8"
)

// decodeWords decodes the encoded words of RFC 2047 in a header. Neighbours in one charset are decoded together, since
// senders split characters between them; what is broken stays as it is.
func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	var (
		out     strings.Builder
		pending []byte // decoded bytes in charset, not yet written
		charset string
	)
	flush := func() {
		out.WriteString(decodeText(pending, charset))
		pending = nil
	}
	for len(s) > 0 {
		i := strings.Index(s, "=?")
		if i < 0 {
			break
		}
		word, ok := cutWord(s[i:])
		if !ok {
			flush()
			out.WriteString(s[:i+2])
			s = s[i+2:]
			continue
		}
		gap := s[:i]
		if pending == nil || strings.TrimSpace(gap) != "" {
			flush()
			out.WriteString(gap)
		}
		if !strings.EqualFold(word.charset, charset) {
			flush()
		}
		charset = word.charset
		pending = append(pending, word.text...)
		if pending == nil {
			pending = []byte{} // an empty word still swallows the space after it
		}
		s = s[i+word.length:]
	}
	flush()
	out.WriteString(s)
	return out.String()
}

type encodedWord struct {
	charset string
	text    []byte
	length  int
}

// cutWord reads the encoded word at the beginning of s.
func cutWord(s string) (encodedWord, bool) {
	charset, rest, ok := strings.Cut(s[2:], "?")
	if !ok || charset == "" || len(charset) > 60 || len(rest) < 2 || rest[1] != '?' || strings.ContainsAny(charset, " \t=") {
		return encodedWord{}, false
	}
	text, _, ok := strings.Cut(rest[2:], "?=")
	if !ok {
		return encodedWord{}, false
	}
	charset, _, _ = strings.Cut(charset, "*") // the language of RFC 2231
	w := encodedWord{charset: charset, length: len(s) - len(rest) + 2 + len(text) + 2}
	switch rest[0] {
	case 'q', 'Q':
		w.text = decodeQuotedPrintable([]byte(strings.ReplaceAll(text, "_", " ")))
	case 'b', 'B':
		w.text = decodeBase64([]byte(text))
	default:
		return encodedWord{}, false
	}
	return w, true
}

// encodeWords makes s fit for an unstructured header, so that decodeWords gives s again.
func encodeWords(s string) string {
	if !needsWords(s) {
		return s
	}
	ascii := 0
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			ascii++
		}
	}
	if ascii == len(s) || ascii*2 < len(s) {
		return base64Words(s)
	}
	return mime.QEncoding.Encode("utf-8", s)
}

func needsWords(s string) bool {
	if strings.TrimSpace(s) != s || strings.Contains(s, "=?") {
		return true
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f {
			return true
		}
	}
	return false
}

func base64Words(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		n := min(len(s), 45) // 60 characters of base64, 72 with the frame: RFC 2047 allows 75
		for n < len(s) && n > 0 && !utf8.RuneStart(s[n]) {
			n--
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString("=?utf-8?B?" + base64.StdEncoding.EncodeToString([]byte(s[:n])) + "?=")
		s = s[n:]
	}
	return b.String()
}
