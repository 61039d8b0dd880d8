package graphsim

import (
	"html"
	"regexp"
	"strings"
)

var (
	activeElement = regexp.MustCompile(`(?is)<(script|iframe|object|embed|applet)\b.*?(</(script|iframe|object|embed|applet)\s*>|$)`)
	eventHandler  = regexp.MustCompile(`(?i)(<[^>]*?)\s+on[a-z]+\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)`)
	scriptURL     = regexp.MustCompile(`(?i)(href|src)\s*=\s*(["']?)\s*javascript:[^"'>\s]*`)
	invisible     = regexp.MustCompile(`(?is)<(head|style|script|title)\b.*?</(head|style|script|title)\s*>|<!--.*?-->`)
	lineBreak     = regexp.MustCompile(`(?i)<(br|/p|/div|/tr|/li|/h[1-6])\b[^>]*>`)
	tag           = regexp.MustCompile(`(?s)<[^>]*>`)
	blankLines    = regexp.MustCompile(`\n[ \t]*(\n[ \t]*)+`)
)

// sanitize takes out what the service takes out unless outlook.allow-unsafe-html is preferred: scripts and event handlers.
func sanitize(s string) string {
	s = activeElement.ReplaceAllString(s, "")
	for {
		next := eventHandler.ReplaceAllString(s, "$1")
		if next == s {
			return scriptURL.ReplaceAllString(s, `$1=$2#`)
		}
		s = next
	}
}

func htmlToText(s string) string {
	s = invisible.ReplaceAllString(s, "")
	s = lineBreak.ReplaceAllString(s, "\n")
	s = tag.ReplaceAllString(s, "")
	s = strings.ReplaceAll(html.UnescapeString(s), "\u00a0", " ")
	return strings.TrimSpace(blankLines.ReplaceAllString(s, "\n\n"))
}

func textToHTML(s string) string {
	s = strings.ReplaceAll(html.EscapeString(s), "\n", "<br>\n")
	return "<html><head>\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>\n<div class=\"PlainText\">" +
		s + "</div>\n</body></html>\n"
}
