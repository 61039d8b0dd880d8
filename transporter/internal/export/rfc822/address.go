package rfc822

import (
	"strings"

	"holdfast/pkg/mail"
)

func one(a *mail.Address) string {
	if a == nil {
		return ""
	}
	return addresses([]mail.Address{*a})
}

func addresses(list []mail.Address) string {
	var out []string
	for _, a := range list {
		if s := address(a); s != "" {
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

// address writes one address. Exchange knows entries without an address, which become empty groups.
func address(a mail.Address) string {
	name, at := strings.TrimSpace(clean(a.Name)), strings.TrimSpace(clean(a.Address))
	switch {
	case at == "" && name == "":
		return ""
	case at == "":
		return phrase(name) + ":;"
	case name == "":
		return "<" + specific(at) + ">"
	}
	return phrase(name) + " <" + specific(at) + ">"
}

// specific is an address as it may stand between angle brackets: its local part quoted where it has to be.
func specific(at string) string {
	if len(at) > maxToken {
		at = strings.ToValidUTF8(at[:maxToken], "")
	}
	i := strings.LastIndexByte(at, '@')
	local, domain := at, ""
	if i >= 0 {
		local, domain = at[:i], at[i:]
	}
	domain = strings.Map(func(r rune) rune {
		if r <= ' ' || strings.ContainsRune(`<>()",;\`, r) {
			return '_'
		}
		return r
	}, domain)
	return dotAtom(local) + domain
}

func dotAtom(local string) string {
	if isQuoted(local) {
		return local
	}
	plain := local != "" && local[0] != '.' && local[len(local)-1] != '.' && !strings.Contains(local, "..")
	for _, r := range local {
		plain = plain && (r >= 0x80 || isAtom(r) || r == '.')
	}
	if plain {
		return local
	}
	return quoted(local)
}

// isQuoted reports whether s is a quoted string already.
func isQuoted(s string) bool {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return false
	}
	inner := s[1 : len(s)-1]
	for i := 0; i < len(inner); i++ {
		switch inner[i] {
		case '\\':
			if i++; i == len(inner) {
				return false
			}
		case '"':
			return false
		}
	}
	return true
}

func isAtom(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

// phrase is a display name: words, a quoted string, or encoded words.
func phrase(name string) string {
	if !isPlain(name) || strings.Contains(name, "=?") || strings.ContainsRune(name, '\t') || longest(name) > maxToken {
		return encodeWords(name)
	}
	for _, r := range name {
		if !isAtom(r) && r != ' ' {
			return quoted(name)
		}
	}
	if strings.Contains(name, "  ") {
		return quoted(name)
	}
	return name
}

func quoted(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
