package odata

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// lex splits a filter into strings (kept with their opening quote), words and punctuation.
func (p *parser) lex(s string) error {
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n':
			i++
		case c == '(' || c == ')' || c == ',':
			p.toks = append(p.toks, string(c))
			i++
		case c == '\'':
			text, n, err := quoted(s[i:])
			if err != nil {
				return err
			}
			p.toks = append(p.toks, "'"+text)
			i += n
		default:
			n := strings.IndexAny(s[i:], " \t\n(),'")
			if n < 0 {
				n = len(s) - i
			}
			// "ep:ep/id" of an any() is two words.
			word := s[i : i+n]
			if v, rest, ok := strings.Cut(word, ":"); ok && v != "" && (v[0] < '0' || v[0] > '9') {
				p.toks = append(p.toks, v+":")
				if rest != "" {
					p.toks = append(p.toks, rest)
				}
			} else {
				p.toks = append(p.toks, word)
			}
			i += n
		}
	}
	return nil
}

// quoted reads a string literal; a doubled quote stands for one.
func quoted(s string) (string, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != '\'' {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == '\'' {
			b.WriteByte('\'')
			i++
			continue
		}
		return b.String(), i + 1, nil
	}
	return "", 0, fmt.Errorf("%w: unterminated string", ErrSyntax)
}

func literal(tok string) (any, error) {
	switch {
	case tok == "":
		return nil, fmt.Errorf("%w: a value is missing", ErrSyntax)
	case tok[0] == '\'':
		return tok[1:], nil
	case tok == "true", tok == "false":
		return tok == "true", nil
	case tok == "null":
		return nil, nil
	}
	if n, err := strconv.ParseInt(tok, 10, 64); err == nil {
		return n, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, tok); err == nil {
			return t, nil
		}
	}
	return nil, fmt.Errorf("%w: %q is no literal", ErrSyntax, tok)
}
