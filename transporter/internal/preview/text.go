package preview

import (
	"strings"

	"golang.org/x/net/html"
)

// lines are the elements that begin a line of their own.
var lines = map[string]bool{
	"p": true, "div": true, "br": true, "tr": true, "li": true, "table": true, "blockquote": true, "pre": true, "h1": true, "h2": true,
	"h3": true, "h4": true, "h5": true, "h6": true, "hr": true, "ul": true, "ol": true, "dt": true, "dd": true,
}

// textOf returns the text of an HTML document, in the lines in which a browser would show it. It needs no tree, so depth
// does not matter to it.
func textOf(source string) string {
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	until, skip := "", 0
	blank, fresh := 2, true // ends of line at the end of out, and whether its line is empty
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return strings.TrimSpace(out.String())
		}
		raw, _ := z.TagName()
		name := string(raw)
		switch {
		case until != "":
			if name == until && kind == html.StartTagToken {
				skip++
			}
			if name == until && kind == html.EndTagToken {
				if skip--; skip == 0 {
					until = ""
				}
			}
		case kind == html.StartTagToken && dropped[name] && !void[name]:
			until, skip = name, 1
		case kind == html.TextToken:
			for i, w := range strings.Fields(html.UnescapeString(string(z.Text()))) {
				if i > 0 || !fresh {
					out.WriteByte(' ')
				}
				out.WriteString(w)
				fresh, blank = false, 0
			}
		case lines[name] && blank < 2:
			out.WriteByte('\n')
			fresh = true
			blank++
		}
	}
}
