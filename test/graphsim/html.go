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
	if !maybeActive(s) {
		return s
	}
	s = activeElement.ReplaceAllString(s, "")
	for {
		next := eventHandler.ReplaceAllString(s, "$1")
		if next == s {
			return scriptURL.ReplaceAllString(s, `$1=$2#`)
		}
		s = next
	}
}

// maybeActive is a cheap look for what may have to be taken out: most mail has none, and the expressions are slow.
func maybeActive(s string) bool {
	s = strings.ToLower(s)
	for _, mark := range []string{"<script", "<iframe", "<object", "<embed", "<applet", "javascript:"} {
		if strings.Contains(s, mark) {
			return true
		}
	}
	for {
		i := strings.Index(s, "on")
		if i < 0 {
			return false
		}
		spaced := i > 0 && strings.ContainsRune(" \t\n\f\r", rune(s[i-1]))
		s = s[i+2:]
		name := strings.TrimLeft(s, "abcdefghijklmnopqrstuvwxyz")
		if spaced && len(name) < len(s) && strings.HasPrefix(strings.TrimLeft(name, " \t\n\f\r"), "=") {
			return true
		}
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
