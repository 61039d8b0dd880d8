package graphsim

import (
	"fmt"
	"strings"
	"unicode"

	"holdfast/test/graphsim/internal/tenant"
)

// keywords is a $search of messages: the part of the keyword query language that mail has (contract 4.2). Words stand
// together by AND; OR, NOT and parentheses are known, "property:value" looks in one property.
type keywords struct {
	match func(searchable) bool
}

// searchable is a message as a search sees it: words by property.
type searchable func(property string) string

// searchText has the properties that can be searched; the empty name is those that a bare word looks in.
func (c *call) searchText(m *tenant.Message) searchable {
	return func(property string) string {
		switch property {
		case "subject":
			return m.Subject
		case "body":
			p, err := c.s.tenant.Blobs.Read(m.Body)
			if err != nil {
				return ""
			}
			if m.BodyHTML {
				return htmlToText(string(p))
			}
			return string(p)
		case "from":
			return addressText(m.From)
		case "to":
			return addressText(pointers(m.To)...)
		case "cc":
			return addressText(pointers(m.Cc)...)
		case "bcc":
			return addressText(pointers(m.Bcc)...)
		case "recipients":
			return addressText(pointers(m.To)...) + " " + addressText(pointers(m.Cc)...) + " " + addressText(pointers(m.Bcc)...)
		case "attachment":
			var names []string
			for i := range m.Attachments {
				names = append(names, m.Attachments[i].Name)
			}
			return strings.Join(names, " ")
		case "hasattachments":
			return fmt.Sprint(m.HasAttachments())
		case "importance":
			return orElse(m.Importance, "normal")
		case "received":
			return m.Received.Format("2006-01-02")
		case "sent":
			return m.Sent.Format("2006-01-02")
		}
		return ""
	}
}

func pointers(list []tenant.Address) []*tenant.Address {
	var out []*tenant.Address
	for i := range list {
		out = append(out, &list[i])
	}
	return out
}

func addressText(list ...*tenant.Address) string {
	var b strings.Builder
	for _, a := range list {
		if a != nil {
			b.WriteString(a.Name + " " + a.Address + " ")
		}
	}
	return b.String()
}

// searched are the properties of a property name; "participants" and no name stand for several.
var searched = map[string][]string{
	"": {"from", "subject", "body"}, "participants": {"from", "recipients"},
	"subject": {"subject"}, "body": {"body"}, "from": {"from"}, "to": {"to"}, "cc": {"cc"}, "bcc": {"bcc"}, "recipients": {"recipients"},
	"attachment": {"attachment"}, "hasattachments": {"hasattachments"}, "importance": {"importance"}, "received": {"received"}, "sent": {"sent"},
}

// parseKeywords reads a $search. The whole is in quotes, as Graph wants it; inner quotes are escaped by a backslash.
func parseKeywords(s string) (*keywords, error) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return nil, fmt.Errorf("the search %q is not in quotes", s)
	}
	p := &keywordParser{toks: keywordTokens(strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`))}
	match, err := p.or()
	if err == nil && p.pos < len(p.toks) {
		err = fmt.Errorf("unexpected %q", p.toks[p.pos])
	}
	return &keywords{match}, err
}

// keywordTokens cuts at spaces and parentheses outside of quotes.
func keywordTokens(s string) []string {
	var out []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
	}
	quote := false
	for _, r := range s {
		switch {
		case r == '"':
			quote = !quote
			word.WriteRune(r)
		case !quote && (r == '(' || r == ')'):
			flush()
			out = append(out, string(r))
		case !quote && unicode.IsSpace(r):
			flush()
		default:
			word.WriteRune(r)
		}
	}
	flush()
	return out
}

type keywordParser struct {
	toks []string
	pos  int
}

func (p *keywordParser) peek() string {
	if p.pos < len(p.toks) {
		return p.toks[p.pos]
	}
	return ""
}

func (p *keywordParser) or() (func(searchable) bool, error) {
	left, err := p.and()
	for err == nil && p.peek() == "OR" {
		p.pos++
		l := left
		var r func(searchable) bool
		r, err = p.and()
		left = func(m searchable) bool { return l(m) || r(m) }
	}
	return left, err
}

func (p *keywordParser) and() (func(searchable) bool, error) {
	left, err := p.term()
	for err == nil && p.peek() != "" && p.peek() != "OR" && p.peek() != ")" {
		if p.peek() == "AND" {
			p.pos++
		}
		l := left
		var r func(searchable) bool
		r, err = p.term()
		left = func(m searchable) bool { return l(m) && r(m) }
	}
	return left, err
}

func (p *keywordParser) term() (func(searchable) bool, error) {
	tok := p.peek()
	p.pos++
	switch tok {
	case "", "AND", "OR", ")":
		return nil, fmt.Errorf("a keyword is missing")
	case "NOT":
		n, err := p.term()
		return func(m searchable) bool { return !n(m) }, err
	case "(":
		n, err := p.or()
		if err == nil && p.peek() != ")" {
			err = fmt.Errorf("a closing parenthesis is missing")
		}
		p.pos++
		return n, err
	}
	name, value, ok := strings.Cut(tok, ":")
	if !ok || strings.HasPrefix(tok, `"`) {
		name, value = "", tok
	}
	props, known := searched[strings.ToLower(name)]
	if !known {
		return nil, fmt.Errorf("%q cannot be searched", name)
	}
	want := keywordWords(strings.TrimSuffix(strings.Trim(value, `"`), "*"))
	return func(m searchable) bool {
		for _, prop := range props {
			if containsWords(keywordWords(m(prop)), want) {
				return true
			}
		}
		return false
	}, nil
}

func keywordWords(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// containsWords tells whether the wanted words follow each other; the last one may be the beginning of a word.
func containsWords(have, want []string) bool {
	if len(want) == 0 {
		return false
	}
	for i := 0; i+len(want) <= len(have); i++ {
		k := 0
		for k < len(want)-1 && have[i+k] == want[k] {
			k++
		}
		if k == len(want)-1 && strings.HasPrefix(have[i+k], want[k]) {
			return true
		}
	}
	return false
}
