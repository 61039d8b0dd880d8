package corpus

import "strings"

// parseAddresses reads a list of addresses as people and their programs write it: names with commas, missing quotes and
// brackets, comments for names, groups, encoded words in quotes. It gives whatever of a name and an address there is.
func parseAddresses(s string) []Address {
	var list []Address
	held := "" // a piece without an address: perhaps the family name of "Doe, John <john@example.com>"
	release := func() {
		if a, ok := parseAddress(held); ok {
			list = append(list, a)
		}
		held = ""
	}
	for s != "" {
		piece, end := cutAddress(s)
		s = s[min(len(piece)+1, len(s)):]
		if end == ':' { // the name of a group
			release()
			continue
		}
		piece = strings.TrimSpace(piece)
		switch {
		case held != "" && strings.ContainsRune(piece, '<') && !strings.HasPrefix(piece, "<"):
			held += ", " + piece
			release()
		default:
			release()
			held = piece
			if strings.ContainsAny(piece, "@<\"(") || end == ';' {
				release()
			}
		}
	}
	release()
	return list
}

// cutAddress finds the end of the first address: a comma, semicolon or a group's colon outside quotes, brackets and
// comments. A quote, bracket or comment that never ends is an ordinary character.
func cutAddress(s string) (piece string, end byte) {
	at := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			i += skipQuoted(s[i:])
		case '(':
			i += skipComment(s[i:])
		case '<':
			if n := strings.IndexAny(s[i:], ">"); n >= 0 {
				i += n
				at = true
			}
		case '@':
			at = true
		case '=': // an encoded word may hold a comma that it should not
			if strings.HasPrefix(s[i:], "=?") {
				if w, ok := cutWord(s[i:]); ok {
					i += w.length - 1
				}
			}
		case ',', ';':
			return s[:i], s[i]
		case ':':
			if !at && !strings.Contains(s[:i], "@") {
				return s[:i], ':'
			}
		}
	}
	return s, 0
}

// skipQuoted is how many bytes to pass over to reach the quote that ends s, which begins with one; 0 if none does.
func skipQuoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return 0
}

func skipComment(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return 0
}

// parseAddress reads one address; it reports false if there is neither a name nor an address.
func parseAddress(s string) (Address, bool) {
	var name, comment strings.Builder
	address, bracketed := "", false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			name.WriteByte(s[i])
		case c == '"' && skipQuoted(s[i:]) > 0:
			n := skipQuoted(s[i:])
			if i+n+1 < len(s) && s[i+n+1] == '@' { // a quoted local part keeps its quotes
				name.WriteString(s[i : i+n+1])
			} else {
				name.WriteString(unescape(s[i+1 : i+n]))
			}
			i += n
		case c == '(' && skipComment(s[i:]) > 0:
			n := skipComment(s[i:])
			comment.WriteString(unescape(s[i+1 : i+n]))
			i += n
		case c == '<' && !bracketed:
			bracketed = true
			end := strings.IndexByte(s[i:], '>')
			if end < 0 {
				end = len(s) - i
			}
			address = s[i+1 : i+end]
			i += end
		case c == '=' && strings.HasPrefix(s[i:], "=?"):
			n := 1
			if w, ok := cutWord(s[i:]); ok {
				n = w.length
			}
			name.WriteString(s[i : i+n])
			i += n - 1
		default:
			name.WriteByte(c)
		}
	}
	phrase := strings.TrimSpace(name.String())
	if !bracketed {
		phrase, address = splitPhrase(phrase)
	}
	a := Address{Name: cutName(phrase), Address: cleanAddress(address)}
	if a.Name == "" {
		a.Name = cutName(comment.String())
	}
	return a, a.Name != "" || a.Address != ""
}

// splitPhrase finds an address that stands without brackets: the word with an @, or a word that stands alone.
func splitPhrase(phrase string) (name, address string) {
	if !strings.ContainsAny(phrase, " \t") {
		return "", phrase
	}
	if strings.HasPrefix(phrase, `"`) { // a quoted local part with a blank in it
		return "", phrase
	}
	words := strings.Fields(phrase)
	for i, w := range words {
		if strings.Contains(w, "@") {
			return strings.Join(append(words[:i:i], words[i+1:]...), " "), w
		}
	}
	return phrase, ""
}

// cutName decodes a display name. Exchange keeps 256 characters of one.
func cutName(s string) string { return strings.TrimSpace(cut(cleanLine(decodeWords(s)), 256)) }

// cleanAddress drops the route of RFC 822, brackets, and blanks outside quotes.
func cleanAddress(s string) string {
	s = clean(decodeWords(s))
	if strings.HasPrefix(s, "@") {
		if _, rest, ok := strings.Cut(s, ":"); ok {
			s = rest
		}
	}
	quoted := strings.HasPrefix(strings.TrimSpace(s), `"`)
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '<' || r == '>' || isControl(r), r == ' ' && !quoted:
			return -1
		}
		return r
	}, s)
	const longest = 998 // a line of mail
	return strings.TrimSpace(cut(strings.TrimSpace(s), longest))
}

func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// formatAddresses writes a list that parseAddresses reads again.
func formatAddresses(list []Address) string {
	var b strings.Builder
	for i, a := range list {
		if i > 0 {
			b.WriteString(", ")
		}
		switch {
		case a.Name == "":
		case needsWords(a.Name):
			b.WriteString(encodePhrase(a.Name) + " ")
		case isAtoms(a.Name):
			b.WriteString(a.Name + " ")
		default:
			b.WriteString(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(a.Name) + `" `)
		}
		b.WriteString("<" + a.Address + ">")
	}
	return b.String()
}

// encodePhrase is encodeWords without the characters that mean something in an address.
func encodePhrase(s string) string {
	if strings.ContainsAny(s, `,;:<>()@"\[].`) {
		return base64Words(s)
	}
	return encodeWords(s)
}

func isAtoms(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == ' ' || c == '-' || c == '\'') {
			return false
		}
	}
	return true
}
