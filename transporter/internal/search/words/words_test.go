package words_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"holdfast/transporter/internal/search/words"
)

func TestWhatPeopleTakeForTheSameIsTheSame(t *testing.T) {
	for _, same := range [][]string{
		{"Straße", "STRASSE", "strasse", "Stra\u00adße"},
		{"Łódź", "łódź", "lodz"},
		{"İstanbul", "istanbul", "ISTANBUL", "ıstanbul"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος", "σισυφοσ"},
		{"Ёлка", "елка", "ЕЛКА"},
		{"café", "cafe\u0301", "CAFÉ", "ｃａｆｅ"},
		{"ﬁle", "file"},
		{"Müller", "mu\u0308ller", "MULLER"},
		{"ｶﾞｽ", "ガス", "カ\u3099ス"},
		{"한국", "\u1112\u1161\u11ab\u1100\u116e\u11a8"},
		{"a, b;\n\tc", "A b c", " a—b (c)"},
		{"½ x", "1⁄2 x", "1 2 x"},
		{"œuvre", "oeuvre"},
		{"שָׁלוֹם", "שלום"},
	} {
		want := words.Normal(same[0])
		for _, s := range same[1:] {
			if got := words.Normal(s); got != want {
				t.Errorf("%q is %q, %q is %q", same[0], want, s, got)
			}
		}
	}
	for _, differ := range [][2]string{{"か", "が"}, {"ที", "ท"}, {"कि", "कु"}, {"は", "ぱ"}} {
		if words.Normal(differ[0]) == words.Normal(differ[1]) {
			t.Errorf("%q and %q are the same", differ[0], differ[1])
		}
	}
}

func TestWordsOfScriptsWithAndWithoutSpaces(t *testing.T) {
	long := strings.Repeat("abcdefghij", 5)
	for _, c := range []struct {
		text string
		want []string
	}{
		{"Hello, World", []string{"hello", "world"}},
		{"東京都 a京", []string{"東京", "京都", "a", "京"}},
		{"ภาษา", []string{"ภา", "าษ", "ษา"}},
		{long, []string{long[:41], long[9:50]}},
		{long[:40], []string{long[:40]}},
		{"👍 ok", []string{"👍", "ok"}},
	} {
		var got []string
		words.Each([]byte(words.Normal(c.text)), func(w []byte) { got = append(got, string(w)) })
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		query string
		want  []words.Term
	}{
		{"", nil},
		{" Foo  bär ", []words.Term{{Text: "foo"}, {Text: "bar"}}},
		{`"Kind Regards" x`, []words.Term{{Text: "kind regards", Begins: true, Ends: true}, {Text: "x"}}},
		{`a"b c`, []words.Term{{Text: "a"}, {Text: "b c", Begins: true}}},
		{"homas.garcia@wing", []words.Term{{Text: "homas garcia wing"}}},
		{"„so etwas“ -", []words.Term{{Text: "so etwas", Begins: true, Ends: true}}},
	} {
		got, err := words.Parse(c.query)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%q: %+v, %v", c.query, got, err)
		}
	}
	for _, bad := range []string{"--", "\xff", strings.Repeat("a", 1001), strings.Repeat("a ", 33)} {
		if got, err := words.Parse(bad); err == nil {
			t.Errorf("%.20q gives %+v", bad, got)
		}
	}
}

func TestATermMatchesWhereItsQuotesSaySo(t *testing.T) {
	text := []byte(words.Normal("The annual reports, 東京都 x1"))
	for query, want := range map[string]bool{
		"nnual": true, `"annual"`: true, `"nnual"`: false, `"annual report"`: false, `"annual repo`: true, "annual-reports": true, "l.r": true,
		`"京都"`: true, "都x": false, "都.x": true, `"x"`: false, `"x1"`: true,
	} {
		terms, err := words.Parse(query)
		if err != nil {
			t.Fatal(err)
		}
		if got := terms[0].In(text); got != want {
			t.Errorf("%s: %v", query, got)
		}
	}
}

// fits reports whether a word of the text fits the need.
func fits(text []byte, n words.Need) bool {
	found := false
	words.Each(text, func(w []byte) {
		s := string(w)
		switch n.Fit {
		case words.Contains:
			found = found || strings.Contains(s, n.Text)
		case words.Begins:
			found = found || strings.HasPrefix(s, n.Text)
		case words.Ends:
			found = found || strings.HasSuffix(s, n.Text)
		case words.Equals:
			found = found || s == n.Text
		}
	})
	return found
}

func needed(text []byte, t words.Term) (all, sure bool) {
	needs, sure := t.Needs()
	for _, n := range needs {
		if !fits(text, n) {
			return false, sure
		}
	}
	return true, sure
}

func TestNeedsAreNecessaryAndSureOnesEnough(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	letters := []rune("aabbcé ß.東京๑ท👍1")
	text := func(n int) string {
		out := make([]rune, n)
		for i := range out {
			out[i] = letters[rnd.IntN(len(letters))]
		}
		if rnd.IntN(4) == 0 {
			return string(out) + strings.Repeat("ab", rnd.IntN(40)) + "c"
		}
		return string(out)
	}
	matched, unsure := 0, 0
	for range 20000 {
		body := []byte(words.Normal(text(rnd.IntN(60))))
		query := text(1 + rnd.IntN(4))
		if from := rnd.IntN(len(body) + 1); rnd.IntN(2) == 0 {
			query = strings.ToValidUTF8(string(body[from:min(len(body), from+rnd.IntN(60))]), "")
		}
		term := words.Term{Text: words.Normal(query), Begins: rnd.IntN(3) == 0, Ends: rnd.IntN(3) == 0}
		if term.Text == "" {
			continue
		}
		in := term.In(body)
		all, sure := needed(body, term)
		if in && !all || sure && all && !in {
			t.Fatalf("%+v in %q: %v, needs say %v, sure %v", term, body, in, all, sure)
		}
		if in {
			matched++
		}
		if all && !in {
			unsure++
		}
	}
	if matched < 1000 || unsure < 10 {
		t.Errorf("only %d matches, %d that had to be looked at", matched, unsure)
	}
}

func FuzzNormal(f *testing.F) {
	for _, s := range []string{"Straße", "ｶﾞ", "e\u0301", "½", "\xff\x00", "İ", "ﷺ", "🏳️‍🌈", "\u0345α"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := words.Normal(s)
		if !utf8.ValidString(n) || strings.Contains(n, "  ") || strings.Contains(n, "\n") || strings.TrimSpace(n) != n {
			t.Fatalf("%q is %q", s, n)
		}
		if utf8.ValidString(s) {
			if d := words.Normal(norm.NFD.String(s)); d != n {
				t.Fatalf("%q is %q, taken apart %q", s, n, d)
			}
			if d := words.Normal(norm.NFC.String(s)); d != n {
				t.Fatalf("%q is %q, put together %q", s, n, d)
			}
		}
		total := 0
		words.Each([]byte(n), func(w []byte) { total += len(w) })
		if n != "" && total == 0 {
			t.Fatalf("%q has no words", n)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`a "b c" d`, `"`, "“x”y", "東京都の", strings.Repeat("x", 99)} {
		f.Add(s, "some text 東京都 x")
	}
	f.Fuzz(func(t *testing.T, query, text string) {
		terms, err := words.Parse(query)
		if err != nil {
			return
		}
		body := words.Append(nil, []byte(text))
		for _, term := range terms {
			if term.Text == "" || strings.Contains(term.Text, "\n") {
				t.Fatalf("%q gives %+v", query, term)
			}
			in := term.In(body)
			all, sure := needed(body, term)
			if in && !all || sure && all && !in {
				t.Fatalf("%+v in %q: %v, needs say %v, sure %v", term, body, in, all, sure)
			}
		}
	})
}

// TestComposedTextFoldsAlike holds the shortcut that composes only texts with characters that join against composing all.
func TestComposedTextFoldsAlike(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	marks := []rune("a1 e\u0301\u0345α\u0308\u0327éйи\u0306가\u1112\u1161\u11ab\u3131\u314fカガ\u3099ﾞｶ\u0915\u093c\u0958\u093f\u0e33\u0e48\u0e38ี\u07eb\u07f2\u0653\u0622=\u0338≠½ﷺ①Ⅷ\u00ad\u200d👍")
	for range 50_000 {
		text := make([]rune, rnd.IntN(8))
		for i := range text {
			switch rnd.IntN(8) {
			case 0:
				text[i] = rnd.Int32N(0x3400)
			case 1:
				text[i] = 0xf900 + rnd.Int32N(0x700)
			default:
				text[i] = marks[rnd.IntN(len(marks))]
			}
		}
		s := string(text)
		if got, want := words.Normal(s), words.Normal(norm.NFKC.String(s)); got != want {
			t.Fatalf("%+q is %q, composed %q", s, got, want)
		}
	}
}
