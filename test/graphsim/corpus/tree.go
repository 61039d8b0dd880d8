package corpus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// growTree makes the folders of one mailbox, parents before children. Their names are those that people give, in their
// language, and some that break programs.
func growTree(r *rand.Rand, lex *lexicon, caseSiblings bool) [][]string {
	tree := [][]string{{"inbox", pick(r, lex.folders)}}
	add := func(path ...string) {
		for n := 1; n <= len(path); n++ {
			if n == 1 && isWellKnown(path[0]) || hasSibling(tree, path[:n], caseSiblings) {
				continue
			}
			tree = append(tree, slices.Clone(path[:n]))
		}
	}
	for _, name := range lex.folders[:3+r.IntN(len(lex.folders)-2)] {
		add(name)
		for range r.IntN(3) {
			add(name, fmt.Sprintf("%s %d", capital(pick(r, lex.nouns)), 2020+r.IntN(6)))
		}
	}
	odd := oddNames()
	for range 3 + r.IntN(4) {
		switch name := pick(r, odd); r.IntN(3) {
		case 0:
			add(name)
		case 1:
			add("inbox", name)
		default:
			add(pick(r, lex.folders), name, pick(r, odd))
		}
	}
	add("archive", "2019", "Q1", "a", "b", "c") // deep
	add("archive", strings.ToUpper(lex.folders[0]))
	add("archive", "old", strings.ToLower(lex.folders[0]))
	if caseSiblings {
		add("Case", "alpha")
		add("Case", "ALPHA")
	}
	return tree
}

func oddNames() []string {
	return []string{
		"📁 Ablage 🚀", "👩‍👩‍👧‍👦", "A/B tests", `back\slash`, `Say "cheese"`, "it's", ".hidden", "trailing dot.", "...",
		"%2F %41", "CON", "a:b*c?d|e<f>", "tab\u00a0space", "Ångström", "A\u030angstro\u0308m", "שלום left", "#1 & <b>bold</b>",
		"0", "null", "Überlänge " + strings.Repeat("sehr ", 48) + "lang", "${HOME}", "-rf", "~", "名前 (変更)", "İstanbul ıI",
	}
}

func isWellKnown(name string) bool {
	switch name {
	case "inbox", "sentitems", "drafts", "archive", "deleteditems", "junkemail":
		return true
	}
	return false
}

// hasSibling says that tree has path, as Exchange compares names: without regard to case, unless exact is wanted.
func hasSibling(tree [][]string, path []string, exact bool) bool {
	last := len(path) - 1
	for _, other := range tree {
		if len(other) == len(path) && slices.Equal(other[:last], path[:last]) &&
			(other[last] == path[last] || !exact && strings.EqualFold(other[last], path[last])) {
			return true
		}
	}
	return false
}
