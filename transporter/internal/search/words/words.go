// Package words makes of text what search compares: folded characters in runs, and the words by which they are looked up.
//
// Folding makes one of what people take for the same: compatibility forms and ligatures are resolved (NFKD), case goes (ß
// is ss, ς is σ, İ and ı are i), and so do accents, Hebrew points and Arabic vowel signs, and a few letters that Unicode does
// not take apart (ø, ł, æ). What makes another letter stays: the voiced kana, the vowels of Thai and of Indian scripts.
// Characters that are not seen (soft hyphens, joiners) are dropped.
//
// Normal text is folded text in which everything between letters, digits and signs is one space. A line feed parts texts
// that have nothing to do with each other (a subject and a name), and no term has one. So a part of a text matches when its
// normal form is a part of the text's normal form; that is all there is to a match (Term.In).
//
// A run is what stands between spaces. Where a script is written without spaces (Han, kana, Thai, Lao, Khmer, Burmese,
// Tibetan …) and for signs such as emoji, the words of a run are each two characters that follow each other; elsewhere the
// run is one word. A word longer than LongestWord characters is looked up by windows of one more, so that each part of up to
// piece characters lies in one of them whole.
package words

import (
	"slices"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// LongestWord is how many characters a word has at most that is kept as it is.
const LongestWord = 40

// Windows of a longer word are one character longer than the longest word, so that none is taken for a word, and begin every
// stride characters. A piece of so many characters is in one of them wherever it begins.
const (
	window = LongestWord + 1
	stride = 20
	piece  = window - stride
)

// class is how a folded character behaves.
type class uint8

const (
	gap     class = iota // between runs
	letter               // of words with spaces around them
	scripts              // of a script without spaces, or a sign
	nothing              // dropped
	several              // becomes characters of which some are gaps
)

// Break parts texts that have nothing to do with each other.
const Break = '\n'

// folded is what a character becomes.
type folded struct {
	text  string // empty for gaps and what is dropped
	class class
	joins bool // with the character before it, to one that folds otherwise: the text is then composed first
}

type page [256]folded

// pages are made as characters are met. Each is computed from tables alone, so that two makers make the same.
var pages [(unicode.MaxRune + 1) / 256]atomic.Pointer[page]

func foldRune(r rune) *folded {
	p := pages[r>>8].Load()
	if p == nil {
		p = newPage(r &^ 0xff)
		pages[r>>8].Store(p)
	}
	return &p[r&0xff]
}

func newPage(first rune) *page {
	p := &page{}
	caser := cases.Fold()
	for i := range p {
		r := first + rune(i)
		p[i] = makeFolded(r, caser)
		p[i].joins = joins(r)
	}
	return p
}

// joins reports whether a character may join with the one before it, or change places with it, and is not dropped: vowels and
// marks of Indian scripts, jamo, the sounds of kana. All others fold alike on their own and in composed text.
func joins(r rune) bool {
	if !utf8.ValidRune(r) || dropped(r) {
		return false
	}
	s := string(r)
	return !norm.NFKC.PropertiesString(s).BoundaryBefore() || !norm.NFKC.PropertiesString(norm.NFKD.String(s)).BoundaryBefore()
}

func makeFolded(r rune, caser cases.Caser) folded {
	if !utf8.ValidRune(r) || r == utf8.RuneError {
		return folded{class: gap}
	}
	s := bare(norm.NFKD.String(string(r)))
	s = bare(norm.NFKD.String(caser.String(s)))
	s = norm.NFC.String(plain(s))
	if s == "" {
		return folded{class: nothing}
	}
	is, gaps := gap, false
	for _, r := range s {
		c := classOf(r)
		is, gaps = max(is, c), gaps || c == gap
	}
	if is == gap {
		return folded{class: gap}
	}
	if gaps {
		is = several
	}
	return folded{text: s, class: is}
}

// bare drops accents and what is not seen.
func bare(s string) string {
	out := make([]rune, 0, len(s))
	for _, r := range s {
		if !dropped(r) {
			out = append(out, r)
		}
	}
	return string(out)
}

func dropped(r rune) bool {
	switch {
	case r == '\u3099' || r == '\u309a': // they make another kana
		return false
	case unicode.In(r, unicode.Cf) || r == '\u0640': // and the stroke that only makes Arabic words longer
		return true
	case unicode.In(r, unicode.Mn, unicode.Me):
		return unicode.In(r, unicode.Inherited, unicode.Hebrew)
	}
	return false
}

// letters that look like an accented one to people and that Unicode does not take apart.
var letters = map[rune]string{
	'ı': "i", 'ø': "o", 'đ': "d", 'ł': "l", 'ħ': "h", 'ŧ': "t", 'æ': "ae", 'œ': "oe", 'ð': "d", 'þ': "th", 'ŋ': "n", 'ĸ': "k",
}

func plain(s string) string {
	out := ""
	for _, r := range s {
		if as, ok := letters[r]; ok {
			out += as
		} else {
			out += string(r)
		}
	}
	return out
}

// spaceless are the scripts that are written without spaces.
var spaceless = []*unicode.RangeTable{
	unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Yi, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar,
	unicode.Tibetan, unicode.Javanese, unicode.Balinese, unicode.Tai_Le, unicode.New_Tai_Lue, unicode.Tai_Tham, unicode.Tai_Viet,
}

func classOf(r rune) class {
	switch {
	case r == utf8.RuneError:
		return gap
	case r == 'ー' || unicode.Is(unicode.So, r) || r == '\u3099' || r == '\u309a':
		return scripts
	case !unicode.In(r, unicode.L, unicode.N, unicode.M):
		return gap
	case unicode.In(r, spaceless...):
		return scripts
	}
	return letter
}

// ascii is what the first 128 characters become; 0 is a gap, and what is no such character.
var ascii = func() (t [256]byte) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			t[c] = byte(c)
		case c >= 'A' && c <= 'Z':
			t[c] = byte(c) + 'a' - 'A'
		}
	}
	return t
}()

// Append appends the normal form of a text to dst, behind a Break where there is something before it. Text without letters,
// digits and signs appends nothing.
func Append(dst []byte, text []byte) []byte {
	a := appender{dst: dst, begin: len(dst)}
	if !a.text(text, false) {
		a = appender{dst: dst, begin: len(dst)}
		a.text(norm.NFKC.Bytes(text), true)
	}
	return a.dst
}

// text appends a text. It stops with false at a character that joins, unless the text is composed.
func (a *appender) text(text []byte, composed bool) bool {
	if a.begin > 0 {
		a.between = Break
	}
	for i := 0; i < len(text); {
		if text[i] >= utf8.RuneSelf {
			r, n := utf8.DecodeRune(text[i:])
			i += n
			f := foldRune(r)
			if f.joins && !composed {
				return false
			}
			a.fold(f)
			continue
		}
		if ascii[text[i]] == 0 {
			a.gap()
			i++
			continue
		}
		a.join()
		i += a.run(text[i:])
	}
	return true
}

// appender is one Append.
type appender struct {
	dst     []byte
	begin   int
	between byte // goes before the next character, unless 0
}

// run appends what text begins with of ASCII letters and digits, or some of it, and returns how much.
func (a *appender) run(text []byte) int {
	a.dst = slices.Grow(a.dst, 1)
	n := len(a.dst)
	out := a.dst[n:cap(a.dst)]
	text = text[:min(len(text), len(out))]
	for i, c := range text {
		c = ascii[c]
		if c == 0 {
			a.dst = a.dst[:n+i]
			return i
		}
		out[i] = c
	}
	a.dst = a.dst[:n+len(text)]
	return len(text)
}

func (a *appender) gap() {
	if len(a.dst) > a.begin {
		a.between = ' '
	}
}

func (a *appender) join() {
	if a.between != 0 {
		a.dst = append(a.dst, a.between)
		a.between = 0
	}
}

func (a *appender) fold(f *folded) {
	switch f.class {
	case nothing:
	case gap:
		a.gap()
	case several:
		for _, r := range f.text {
			if classOf(r) == gap {
				a.gap()
			} else {
				a.join()
				a.dst = utf8.AppendRune(a.dst, r)
			}
		}
	default:
		a.join()
		a.dst = append(a.dst, f.text...)
	}
}

// Normal returns the normal form of a text.
func Normal(text string) string { return string(Append(nil, []byte(text))) }

func classAt(text []byte) (class, int) {
	if c := text[0]; c < utf8.RuneSelf {
		if c == ' ' || c == Break {
			return gap, 1
		}
		return letter, 1
	}
	r, n := utf8.DecodeRune(text)
	return foldRune(r).class, n
}

// Each calls fn for the words of a normal text, in order, with repetitions. The slices are valid until fn returns.
func Each(text []byte, fn func(word []byte)) {
	for i := 0; i < len(text); {
		begin := i
		for i < len(text) && text[i] > ' ' && text[i] < utf8.RuneSelf { // most of all text, and one byte each
			i++
		}
		c, count := letter, i-begin
		if count == 0 {
			var n int
			c, n = classAt(text[i:])
			i, count = i+n, 1
		}
		for i < len(text) && text[i] > ' ' {
			next, n := classAt(text[i:])
			if next != c {
				break
			}
			i += n
			count++
		}
		switch {
		case c == scripts:
			pairs(text[begin:i], fn)
		case c != letter:
		case count > LongestWord:
			windows(text[begin:i], fn)
		default:
			fn(text[begin:i])
		}
	}
}

// pairs calls fn for each two characters of a run that follow each other, or for the only one.
func pairs(run []byte, fn func([]byte)) {
	_, n := utf8.DecodeRune(run)
	if n == len(run) {
		fn(run)
	}
	for n < len(run) {
		_, next := utf8.DecodeRune(run[n:])
		fn(run[:n+next])
		run, n = run[n:], next
	}
}

// windows calls fn for the windows of a long word. The last ends where the word does.
func windows(word []byte, fn func([]byte)) {
	var at []int // where characters begin
	for i := 0; i < len(word); {
		at = append(at, i)
		_, n := utf8.DecodeRune(word[i:])
		i += n
	}
	count := len(at)
	at = append(at, len(word))
	for from := 0; ; from += stride {
		from = min(from, count-window)
		fn(word[at[from]:at[from+window]])
		if from == count-window {
			return
		}
	}
}
