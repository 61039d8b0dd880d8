package cli

import (
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// table prints rows in columns that line up, also with wide characters.
type table struct {
	head  []string
	rows  [][]string
	right map[int]bool
	// flex is the column that is shortened when the terminal is too narrow; -1 for none.
	flex int
}

func newTable(head ...string) *table { return &table{head: head, right: map[int]bool{}, flex: -1} }

// numbers aligns columns to the right.
func (t *table) numbers(columns ...int) *table {
	for _, c := range columns {
		t.right[c] = true
	}
	return t
}

// shorten names the column that gives way on a narrow terminal.
func (t *table) shorten(column int) *table {
	t.flex = column
	return t
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		cells[i] = clean(strings.ReplaceAll(c, "\n", " "))
	}
	t.rows = append(t.rows, cells)
}

// minFlex is the least a shortened column keeps.
const minFlex = 12

// write prints the table; screen is the terminal's width, 0 when nothing may be shortened.
func (t *table) write(w io.Writer, screen int) error {
	widths := make([]int, len(t.head))
	all := append([][]string{t.head}, t.rows...)
	for _, r := range all {
		for i, c := range r {
			widths[i] = max(widths[i], cellWidth(c))
		}
	}
	total := 2 * (len(widths) - 1)
	for _, n := range widths {
		total += n
	}
	if t.flex >= 0 && screen > 0 && total > screen {
		widths[t.flex] = max(minFlex, widths[t.flex]-(total-screen))
	}
	var b strings.Builder
	for _, r := range all {
		var line strings.Builder
		for i, c := range r {
			if i > 0 {
				line.WriteString("  ")
			}
			if i == t.flex {
				c = cut(c, widths[i])
			}
			pad := strings.Repeat(" ", max(0, widths[i]-cellWidth(c)))
			if t.right[i] {
				line.WriteString(pad + c)
			} else {
				line.WriteString(c + pad)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cellWidth is how many columns of a terminal the text takes.
func cellWidth(s string) int {
	n, joined := 0, false
	for _, r := range s {
		if !joined {
			n += runeWidth(r)
		}
		joined = r == '\u200d' // Joins the next emoji into the same cell.
	}
	return n
}

func runeWidth(r rune) int {
	if unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	default:
		return 1
	}
}

// cut shortens the text to n columns, with an ellipsis in the last.
func cut(s string, n int) string {
	if n <= 0 || cellWidth(s) <= n {
		return s
	}
	used := 0
	for i, r := range s {
		w := runeWidth(r)
		if used+w > n-1 {
			return s[:i] + "…"
		}
		used += w
	}
	return s
}

// clean takes out what could steer a terminal: subjects and names come from strangers.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case unicode.IsControl(r), r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return '\ufffd'
		}
		return r
	}, s)
}
