package corpus

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestAddressesAreReadLeniently(t *testing.T) {
	list := func(pairs ...string) []Address {
		var l []Address
		for i := 0; i < len(pairs); i += 2 {
			l = append(l, Address{pairs[i], pairs[i+1]})
		}
		return l
	}
	for _, test := range []struct {
		name, in string
		want     []Address
	}{
		{"plain", "a@example.com", list("", "a@example.com")},
		{"two", "A <a@x>, B <b@x>", list("A", "a@x", "B", "b@x")},
		{"quoted comma", `"Doe, Jane" <j@x>`, list("Doe, Jane", "j@x")},
		{"unquoted comma", `Doe, Jane <j@x>, b@x`, list("Doe, Jane", "j@x", "", "b@x")},
		{"comment for a name", "a@x (Jane (the) Doe)", list("Jane (the) Doe", "a@x")},
		{"group", "team: a@x, B <b@x>;, c@x", list("", "a@x", "B", "b@x", "", "c@x")},
		{"empty group", "undisclosed-recipients:;", nil},
		{"encoded word", "=?utf-8?Q?J=C3=BCrgen?= <j@x>", list("Jürgen", "j@x")},
		{"encoded word in quotes", `"=?utf-8?Q?J=C3=BCrgen?=" <j@x>`, list("Jürgen", "j@x")},
		{"comma in an encoded word", "=?utf-8?Q?Doe,_J=C3=BC?= <j@x>", list("Doe, Jü", "j@x")},
		{"unterminated quote", `"Jane <j@x>`, list(`"Jane`, "j@x")},
		{"unterminated bracket", "Jane <j@x", list("Jane", "j@x")},
		{"blank in the address", "Jane <j @ x>", list("Jane", "j@x")},
		{"route", "<@relay,@other:j@x>", list("", "j@x")},
		{"quoted local part", `"a, b"@x, <"c d"@x>`, list("", `"a, b"@x`, "", `"c d"@x`)},
		{"escape", `"say \"hi\"" <j@x>`, list(`say "hi"`, "j@x")},
		{"user of a machine", "root (Cron)", list("Cron", "root")},
		{"only a name", `"Nobody here" <>`, list("Nobody here", "")},
		{"semicolons", "a@x; b@x", list("", "a@x", "", "b@x")},
		{"address as its name", "a@x <a@x>", list("a@x", "a@x")},
		{"address after a name", "Jane Doe j@x", list("Jane Doe", "j@x")},
		{"nothing", " , ;", nil},
		{"control characters", "A\x07B <a\x00@x>", list("A B", "a@x")},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := parseAddresses(test.in)
			if diff := cmp.Diff(test.want, got, cmpEmpty()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", test.in, diff)
			}
			if again := parseAddresses(formatAddresses(got)); !cmp.Equal(got, again, cmpEmpty()) {
				t.Errorf("written as %s and read as %v", formatAddresses(got), again)
			}
		})
	}
}

func TestDatesAreReadInAnyOrder(t *testing.T) {
	at := func(y int, mo time.Month, d, h, mi, s int) time.Time {
		return time.Date(y, mo, d, h, mi, s, 0, time.UTC)
	}
	for in, want := range map[string]time.Time{
		"Thu, 22 Aug 2002 18:26:25 +0700":          at(2002, 8, 22, 11, 26, 25),
		"22 Aug 02 18:26 GMT":                      at(2002, 8, 22, 18, 26, 0),
		"Thu Aug 22 12:36:23 2002":                 at(2002, 8, 22, 12, 36, 23),
		"Thu, 22-Aug-2002 01:02:03 EST":            at(2002, 8, 22, 6, 2, 3),
		"2002-08-22T01:02:03Z":                     at(2002, 8, 22, 1, 2, 3),
		"2002-08-22 01:02:03 +02:00":               at(2002, 8, 21, 23, 2, 3),
		"Mon, 1 Jul 102 10:00:00 -0400 (EDT)":      at(2002, 7, 1, 14, 0, 0),
		"7/1/02 3:04 PM":                           at(2002, 1, 7, 15, 4, 0),
		"Sun, 31 Dec 1995 23:59:60 GMT+0100":       at(1995, 12, 31, 23, 0, 0),
		"Fri,  5 Jul 2002 00:00:00 0900":           at(2002, 7, 5, 0, 0, 0),
		"Sat, 6 July 2002 12:00:00 AM (a comment)": at(2002, 7, 6, 0, 0, 0),
	} {
		if got, ok := parseDate(in); !ok || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "yesterday", "32 Jan 2002", "1 Jan 1601 00:00:00", "1 Jan 9999 00:00", "(", "+", "12:", "T:--"} {
		if got, ok := parseDate(in); ok {
			t.Errorf("%q is %v, want nothing", in, got)
		}
	}
}

func TestEncodedWordsComeBack(t *testing.T) {
	for _, s := range []string{
		"", "plain", "Grüße", "漢字 " + strings.Repeat("かな", 60), " blanks ", "=?utf-8?Q?not_encoded?=", "a_b=c?d", "\u202ertl", "🎉🎉🎉",
	} {
		if got := decodeWords(encodeWords(s)); got != s {
			t.Errorf("%q is written %q and read %q", s, encodeWords(s), got)
		}
		if got := decodeWords(encodePhrase(s)); got != s {
			t.Errorf("%q is written %q and read %q", s, encodePhrase(s), got)
		}
	}
	for in, want := range map[string]string{
		"=?utf-8?B?w?= =?utf-8?B?w6k=?=":              "é", // a broken byte vanishes
		"=?utf-8?B?4pw=?= =?utf-8?B?kw==?=":           "✓", // split within a character
		"=?utf-8*en?Q?hi?= there":                     "hi there",
		"=?gb2312?B?xOO6ww==?=":                       "你好",
		"=?unknown-8bit?Q?caf=E9?=":                   "café",
		"=?utf-8?Q?caf=E9?=":                          "café", // it lied about UTF-8
		"=?utf-7?Q?+AOk-?=":                           "é",
		"=?iso-8859-1?Q?a b?=":                        "a b",
		"a =?x=?utf-8?Q?y?=":                          "a =?xy",
		"=?utf-8?Q?one?=  =?iso-8859-1?Q?two?= three": "onetwo three",
	} {
		if got := decodeWords(in); got != want {
			t.Errorf("%s is %q, want %q", in, got, want)
		}
	}
}

func TestParametersComeBack(t *testing.T) {
	for _, s := range []string{
		"a.txt", "", `quotes " and \ backslash`, "grüße €.pdf", strings.Repeat("sehr lang ", 25), "a;b=c", "two  blanks", "100%.txt", "漢字.xlsx", "it's",
	} {
		var b strings.Builder
		b.WriteString("attachment")
		writeParam(&b, "filename", s)
		folded := string(foldHeader(nil, Header{"Content-Disposition", b.String()}))
		fields, _, err := splitHeaders([]byte(folded), ImportOptions{}.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		m := parseMediaType(fields[0].value)
		if m.value != "attachment" || m.params["filename"] != strings.TrimSpace(s) {
			t.Errorf("%q is written %q and read %q", s, folded, m.params["filename"])
		}
		for line := range strings.Lines(folded) {
			if len(line) > 90 {
				t.Errorf("a line of %d bytes: %q", len(line), line)
			}
		}
	}
}

func TestTextIsDecodedWhateverItIsCalled(t *testing.T) {
	for _, test := range []struct{ name, charset, in, want string }{
		{"windows-1252 in latin 1", "iso-8859-1", "\x93hi\x94", "“hi”"},
		{"unknown", "klingon", "caf\xe9", "café"},
		{"unknown but UTF-8", "default_charset", "café", "café"},
		{"ascii that is not", "us-ascii", "caf\xe9", "café"},
		{"big5 by another name", "chinesebig5", "\xa4\xa4", "中"},
		{"koi8-r", "KOI8-R", "\xd0\xd2\xc9", "при"},
		{"korean", "ks_c_5601-1987", "\xc7\xd1", "한"},
		{"DOS", "cp-850", "\x81", "ü"},
		{"utf-16", "utf-16", "\xff\xfea\x00", "a"},
		{"utf-7", "utf-7", "+AOk-a+-b", "éa+b"},
		{"NULs", "utf-8", "a\x00b", "ab"},
		{"forbidden on the web", "hz-gb-2312", "~{VPND~}", "中文"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := decodeText([]byte(test.in), test.charset); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
