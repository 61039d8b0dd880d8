package corpus

import (
	"sort"
	"strconv"
	"strings"
)

// mediaType is a Content-Type or a Content-Disposition: both are a word and parameters.
type mediaType struct {
	value  string // lower case
	params map[string]string
}

// parseMediaType takes whatever a sender wrote: unquoted blanks, missing quotes, RFC 2047 where it must not be, and the
// continuations and charsets of RFC 2231.
func parseMediaType(s string) mediaType {
	value, rest, _ := strings.Cut(s, ";")
	m := mediaType{value: strings.ToLower(strings.TrimSpace(value)), params: map[string]string{}}
	var pieces []paramPiece
	for rest != "" {
		var name, text string
		name, text, rest = cutParam(rest)
		if name == "" {
			continue
		}
		if base, piece, ok := splitPiece(name, text); ok {
			piece.name = base
			pieces = append(pieces, piece)
		} else if _, ok := m.params[name]; !ok {
			m.params[name] = cleanLine(decodeWords(text))
		}
	}
	joinPieces(m.params, pieces)
	return m
}

// cutParam cuts "name=value" off. A value in quotes ends at the next quote; any other at the next semicolon.
func cutParam(s string) (name, value, rest string) {
	s = strings.TrimLeft(s, " \t;")
	i := strings.IndexAny(s, "=;")
	if i < 0 || s[i] == ';' {
		_, rest, _ = strings.Cut(s, ";")
		return "", "", rest
	}
	name = strings.ToLower(strings.TrimSpace(s[:i]))
	s = strings.TrimLeft(s[i+1:], " \t")
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		return name, strings.TrimSpace(value), rest
	}
	var b strings.Builder
	for i = 1; i < len(s); i++ {
		if s[i] == '"' {
			_, rest, _ = strings.Cut(s[i+1:], ";")
			return name, b.String(), rest
		}
		if s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\') {
			i++ // other backslashes are those of a DOS path
		}
		b.WriteByte(s[i])
	}
	return name, b.String(), ""
}

// paramPiece is a piece of a parameter in the manner of RFC 2231.
type paramPiece struct {
	name    string
	number  int
	encoded bool
	text    string
}

func splitPiece(name, text string) (string, paramPiece, bool) {
	base, section, ok := strings.Cut(name, "*")
	if !ok {
		return "", paramPiece{}, false
	}
	p := paramPiece{text: text}
	if section == "" {
		p.encoded = true
		return base, p, true
	}
	section, p.encoded = strings.CutSuffix(section, "*")
	n, err := strconv.Atoi(section)
	if err != nil || n < 0 {
		return "", paramPiece{}, false
	}
	p.number = n
	return base, p, true
}

func joinPieces(params map[string]string, pieces []paramPiece) {
	sort.SliceStable(pieces, func(i, j int) bool {
		if pieces[i].name != pieces[j].name {
			return pieces[i].name < pieces[j].name
		}
		return pieces[i].number < pieces[j].number
	})
	for i := 0; i < len(pieces); {
		name, charset := pieces[i].name, ""
		var raw []byte
		for first := i; i < len(pieces) && pieces[i].name == name; i++ {
			text := pieces[i].text
			if pieces[i].encoded {
				if cs, rest, ok := strings.Cut(text, "'"); ok && i == first {
					if _, rest, ok = strings.Cut(rest, "'"); ok {
						charset, text = cs, rest
					}
				}
				text = decodePercent(text)
			}
			raw = append(raw, text...)
		}
		params[name] = cleanLine(decodeText(raw, charset))
	}
}

func decodePercent(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := hexValue(s[i+1]), hexValue(s[i+2]); hi < 16 && lo < 16 {
				b.WriteByte(hi<<4 | lo)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// writeParam appends a parameter to b so that parseMediaType reads value again: quoted if it is plain, in the pieces of
// RFC 2231 if not.
func writeParam(b *strings.Builder, name, value string) {
	if isQuotable(value) && len(value) <= 60 {
		b.WriteString("; " + name + `="` + value + `"`)
		return
	}
	const perPiece = 48
	var pct strings.Builder
	pct.WriteString("utf-8''")
	var pieces []string
	for i := range len(value) {
		c := value[i]
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' {
			pct.WriteByte(c)
		} else {
			const digits = "0123456789ABCDEF"
			pct.WriteByte('%')
			pct.WriteByte(digits[c>>4])
			pct.WriteByte(digits[c&15])
		}
		if pct.Len() >= perPiece {
			pieces = append(pieces, pct.String())
			pct.Reset()
		}
	}
	if pct.Len() > 0 {
		pieces = append(pieces, pct.String())
	}
	if len(pieces) == 1 {
		b.WriteString("; " + name + "*=" + pieces[0])
		return
	}
	for i, p := range pieces {
		b.WriteString("; " + name + "*" + strconv.Itoa(i) + "*=" + p)
	}
}

func isQuotable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] >= 0x7f || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	// Blanks may be folded, and what looks like an encoded word is decoded.
	return !strings.Contains(s, "  ") && !strings.Contains(s, "=?") && strings.TrimSpace(s) == s
}
