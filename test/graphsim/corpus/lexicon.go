package corpus

import (
	"embed"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed vocab/*.txt
var vocabulary embed.FS

// lexicon is one language: its words from the most to the least frequent, and the phrases of its office mail.
type lexicon struct {
	code   string
	joined bool // written without blanks
	rtl    bool
	words  []string
	// zipf maps an even draw to a word's rank, so that the word of rank r comes about 1/(r+2.7) as often as the first.
	zipf []uint16

	nouns, first, last             []string
	subjects, greetings, closings  []string
	attribution                    string
	reply, forward                 string
	folders, files                 []string
	fullStop, question, comma, gap string
}

// loadLexicon reads a vocabulary file: sections of words between blanks, or of phrases between bars.
func loadLexicon(code string) (*lexicon, error) {
	text, err := vocabulary.ReadFile("vocab/" + code + ".txt")
	if err != nil {
		return nil, fmt.Errorf("vocabulary of %s: %w", code, err)
	}
	sections := map[string]string{}
	name := ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, "[") {
			name = strings.Trim(line, "[]")
		} else {
			sections[name] += line
		}
	}
	words := func(name string) []string { return strings.Fields(sections[name]) }
	phrases := func(name string) []string { return strings.Split(sections[name], "|") }
	l := &lexicon{
		code: code, joined: sections["joined"] != "", rtl: sections["rtl"] != "",
		nouns: words("nouns"), first: words("first"), last: words("last"),
		subjects: phrases("subjects"), greetings: phrases("greetings"), closings: phrases("closings"),
		attribution: sections["attribution"], folders: phrases("folders"), files: phrases("files"),
		fullStop: ".", question: "?", comma: ",", gap: " ",
	}
	switch {
	case l.joined:
		l.fullStop, l.question, l.comma, l.gap = "。", "？", "、", ""
	case code == "ar":
		l.question, l.comma = "؟", "،"
	case code == "el":
		l.question = ";"
	}
	prefixes := phrases("prefixes")
	if len(prefixes) != 2 {
		return nil, fmt.Errorf("vocabulary of %s: %d prefixes, not those of a reply and a forward", code, len(prefixes))
	}
	l.reply, l.forward = prefixes[0], prefixes[1]
	l.words = append(append(words("common"), l.nouns...), tail(words("stems"), words("endings"))...)
	l.zipf = zipfTable(len(l.words))
	return l, nil
}

// tail makes the rare words: stems with endings, then compounds, in an order that mixes the stems.
func tail(stems, endings []string) []string {
	const most = 5000
	var list []string
	for i := range len(stems) * len(endings) {
		list = append(list, stems[i%len(stems)]+endings[(i/len(stems)+i)%len(endings)])
	}
	n := len(stems) * len(stems) * len(endings)
	for i := range min(n, most) {
		k := i * 7919 % n // a prime, so that neighbours differ
		a, b, e := k%len(stems), k/len(stems)%len(stems), k/len(stems)/len(stems)
		list = append(list, stems[a]+strings.ToLower(stems[b])+endings[e])
	}
	return list
}

func zipfTable(words int) []uint16 {
	const size = 1 << 16
	weight := func(rank int) float64 { return 1 / (float64(rank) + 2.7) }
	sum := 0.0
	for r := range words {
		sum += weight(r)
	}
	table := make([]uint16, 0, size)
	reached := 0.0
	for r := range words {
		reached += weight(r) / sum
		for len(table) < size && float64(len(table)) < reached*size {
			table = append(table, uint16(r))
		}
	}
	for len(table) < size {
		table = append(table, 0)
	}
	return table
}

func (l *lexicon) word(r *rand.Rand) string { return l.words[l.zipf[r.Uint32()&0xffff]] }

// token is a word or, now and then, one of those strings that occur once in a mailbox and that people search for.
func (l *lexicon) token(r *rand.Rand) string {
	switch r.IntN(64) {
	case 0:
		return fmt.Sprintf("%c%c-%05d", 'A'+r.IntN(26), 'A'+r.IntN(26), r.IntN(100000))
	case 1:
		return fmt.Sprintf("%d.%02d", r.IntN(20000), r.IntN(100))
	case 2:
		return fmt.Sprintf("%d", r.IntN(3000))
	}
	return l.word(r)
}

// sentence appends one sentence.
func (l *lexicon) sentence(b *strings.Builder, r *rand.Rand) {
	n := 4 + r.IntN(8) + r.IntN(8)
	for i := range n {
		word := l.token(r)
		if i == 0 {
			word = capital(word)
		} else {
			b.WriteString(l.gap)
		}
		b.WriteString(word)
		if i > 2 && i < n-2 && r.IntN(9) == 0 {
			b.WriteString(l.comma)
		}
	}
	if r.IntN(8) == 0 {
		b.WriteString(l.question)
	} else {
		b.WriteString(l.fullStop)
	}
}

// paragraph is a few sentences.
func (l *lexicon) paragraph(r *rand.Rand) string {
	var b strings.Builder
	for i := range 1 + r.IntN(6) {
		if i > 0 {
			b.WriteString(l.gap)
		}
		l.sentence(&b, r)
	}
	return b.String()
}

func (l *lexicon) subject(r *rand.Rand) string {
	s := pick(r, l.subjects)
	for strings.Contains(s, "{noun}") {
		s = strings.Replace(s, "{noun}", pick(r, l.nouns), 1)
	}
	return capital(strings.ReplaceAll(s, "{number}", fmt.Sprint(10000+r.IntN(90000))))
}

func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// chance is true in percent of a hundred cases.
func chance(r *rand.Rand, percent float64) bool { return r.Float64()*100 < percent }
