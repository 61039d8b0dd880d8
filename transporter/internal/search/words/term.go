package words

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/pkg/fault"
)

// Term is one thing to look for.
type Term struct {
	// Text is in normal form; never empty, and without Break.
	Text string
	// Begins and Ends say that a word must begin where the text begins, and end where it ends. They mean nothing in scripts
	// without spaces.
	Begins, Ends bool
}

// Limits of what may be looked for: what a person writes is far below.
const (
	MaxQuery = 1000 // bytes
	MaxTerms = 32
)

// Parse reads what a person looks for: terms with spaces between them. One in quotation marks may have spaces in it and
// matches whole words only; without the closing mark it is still being written, so that its last word may go on. Terms
// without letters, digits and signs count for nothing. A query that is too long, or has nothing else, is Invalid; an empty one has
// no terms.
func Parse(query string) ([]Term, error) {
	if len(query) > MaxQuery {
		return nil, fault.New(fault.Invalid, "what is looked for has %d bytes; at most %d can be", len(query), MaxQuery)
	}
	if !utf8.ValidString(query) {
		return nil, fault.New(fault.Invalid, "what is looked for is not UTF-8 text")
	}
	var terms []Term
	asked := false
	for rest := query; ; {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" {
			break
		}
		asked = true
		var t Term
		t, rest = next(rest)
		if t.Text != "" {
			terms = append(terms, t)
		}
	}
	if len(terms) > MaxTerms {
		return nil, fault.New(fault.Invalid, "%d words are looked for; at most %d can be: put phrases in quotation marks", len(terms), MaxTerms)
	}
	if asked && len(terms) == 0 {
		return nil, fault.New(fault.Invalid, "what is looked for has neither letters nor digits")
	}
	return terms, nil
}

// marks open a quotation, as keyboards and word processors write them; the values close it.
var marks = map[rune]string{'"': "\"", '“': "”\"", '„': "“”\"", '«': "»", '»': "«"}

func next(s string) (Term, string) {
	r, n := utf8.DecodeRuneInString(s)
	if closing, ok := marks[r]; ok {
		s = s[n:]
		end := strings.IndexAny(s, closing)
		if end < 0 {
			return Term{Text: Normal(s), Begins: true}, ""
		}
		_, n = utf8.DecodeRuneInString(s[end:])
		return Term{Text: Normal(s[:end]), Begins: true, Ends: true}, s[end+n:]
	}
	end := strings.IndexFunc(s, func(r rune) bool { return unicode.IsSpace(r) || marks[r] != "" })
	if end < 0 {
		end = len(s)
	}
	return Term{Text: Normal(s[:end])}, s[end:]
}

// In reports whether the term is in a normal text.
func (t Term) In(text []byte) bool {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(t.Text))
		if i < 0 {
			return false
		}
		i += from
		if (!t.Begins || begins(text, i)) && (!t.Ends || ends(text, i+len(t.Text))) {
			return true
		}
		_, n := utf8.DecodeRune(text[i:])
		from = i + n
	}
}

// begins reports whether no word of letters goes on at i.
func begins(text []byte, i int) bool {
	if i == 0 {
		return true
	}
	c, _ := classAt(text[i:])
	r, _ := utf8.DecodeLastRune(text[:i])
	return c != letter || r == ' ' || r == Break || foldRune(r).class != letter
}

func ends(text []byte, i int) bool {
	if i == len(text) {
		return true
	}
	c, _ := classAt(text[i:])
	r, _ := utf8.DecodeLastRune(text[:i])
	return c != letter || foldRune(r).class != letter
}

// Fit is how a word fits what is needed.
type Fit uint8

// The ways to fit.
const (
	Contains Fit = iota
	Begins
	Ends
	Equals
)

// Need is a word that a text must have for a term to be in it.
type Need struct {
	Fit  Fit
	Text string
}

// Needs returns the words that a text must have; sure says that nothing else is needed. At most MaxNeeds are returned.
func (t Term) Needs() (needs []Need, sure bool) {
	text := []byte(t.Text)
	runs := 0
	sure = true
	for i := 0; i < len(text); {
		c, _ := classAt(text[i:])
		begin := i
		var at []int
		for i < len(text) {
			next, n := classAt(text[i:])
			if next != c {
				break
			}
			at = append(at, i-begin)
			i += n
		}
		if c == gap {
			continue
		}
		runs++
		run := t.Text[begin:i]
		if c == scripts {
			sure = sure && len(at) <= 2
			pairs([]byte(run), func(w []byte) { needs = append(needs, Need{Contains, string(w)}) })
			continue
		}
		closed := [2]bool{begin > 0 || t.Begins, i < len(text) || t.Ends}
		sure = sure && closed[0] == closed[1] && len(at) <= piece
		needs = append(needs, lettersNeed(run, at, closed)...)
	}
	if runs != 1 {
		sure = false
	}
	if len(needs) > MaxNeeds {
		needs, sure = needs[:MaxNeeds], false
	}
	return needs, sure
}

// MaxNeeds bounds what is looked up for one term. The text itself is then looked at.
const MaxNeeds = 64

// lettersNeed returns what a run of letters needs. at says where its characters begin.
func lettersNeed(run string, at []int, closed [2]bool) []Need {
	if len(at) <= piece {
		fit := Contains
		switch closed {
		case [2]bool{true, true}:
			fit = Equals
		case [2]bool{true, false}:
			fit = Begins
		case [2]bool{false, true}:
			fit = Ends
		}
		return []Need{{fit, run}}
	}
	// Too long to be in one window for sure: the beginning is in one, and so is the end.
	first, last := Need{Contains, run[:at[piece]]}, Need{Contains, run[at[len(at)-piece]:]}
	if closed[0] {
		first.Fit = Begins
	}
	if closed[1] {
		last.Fit = Ends
	}
	return []Need{first, last}
}
