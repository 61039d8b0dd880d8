// Package markup takes the text out of HTML, as a reader sees it: for search, not for show. It knows enough of HTML to be right about real
// mail and never fails: what is no tag is text.
package markup

import (
	"bytes"
	"html"
)

// longest is how many bytes of an entity or of a tag's name are looked at.
const longest = 32

// AppendText appends the text of an HTML document to dst. Tags that begin a line or a cell give a space; those within a word
// (bold, a link) give nothing. Scripts, styles, titles and comments are left out.
func AppendText(dst, doc []byte) []byte {
	for len(doc) > 0 {
		i := bytes.IndexAny(doc, "<&")
		if i < 0 {
			return append(dst, doc...)
		}
		dst, doc = append(dst, doc[:i]...), doc[i:]
		if doc[0] == '&' {
			dst, doc = entity(dst, doc)
		} else {
			dst, doc = tag(dst, doc)
		}
	}
	return dst
}

// entity takes an entity off the beginning of doc, or the ampersand that is none.
func entity(dst, doc []byte) (out, rest []byte) {
	end := bytes.IndexByte(doc[:min(len(doc), longest)], ';')
	if end < 0 {
		return append(dst, '&'), doc[1:]
	}
	if bytes.IndexByte(doc[1:end], '&') >= 0 { // another begins before
		return append(dst, '&'), doc[1:]
	}
	return append(dst, html.UnescapeString(string(doc[:end+1]))...), doc[end+1:]
}

// tag takes a tag off the beginning of doc, with the content of one that is not text.
func tag(dst, doc []byte) (out, rest []byte) {
	if bytes.HasPrefix(doc, []byte("<!--")) {
		return dst, after(doc[4:], "-->")
	}
	if len(doc) > 1 && (doc[1] == '!' || doc[1] == '?') {
		return dst, after(doc, ">")
	}
	at := 1
	if len(doc) > 1 && doc[1] == '/' {
		at = 2
	}
	name := tagName(doc[at:])
	if name == "" {
		return append(dst, '<'), doc[1:]
	}
	rest = skipTag(doc[at:])
	if at == 1 && hidden[name] {
		rest = skipContent(rest, name)
	}
	if !inline[name] {
		dst = append(dst, ' ')
	}
	return dst, rest
}

// after returns what follows an end mark; nothing when there is none.
func after(doc []byte, mark string) []byte {
	_, rest, _ := bytes.Cut(doc, []byte(mark))
	return rest
}

func tagName(doc []byte) string {
	var name [longest]byte
	n := 0
	for n < len(doc) && n < longest {
		c := doc[n]
		switch {
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 'a' && c <= 'z', n > 0 && (c >= '0' && c <= '9' || c == ':' || c == '-'):
		default:
			return string(name[:n])
		}
		name[n] = c
		n++
	}
	return string(name[:n])
}

// skipTag returns what follows the tag whose name doc begins with; a > in quotation marks does not end it.
func skipTag(doc []byte) []byte {
	quote := byte(0)
	for i, c := range doc {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '>':
			return doc[i+1:]
		case (c == '"' || c == '\'') && i > 0 && doc[i-1] == '=':
			quote = c
		}
	}
	if quote != 0 { // a mark that nothing closes: the tag ends at the first >
		return after(doc, ">")
	}
	return nil
}

// skipContent returns what follows the closing tag.
func skipContent(doc []byte, name string) []byte {
	for {
		i := bytes.Index(doc, []byte("</"))
		if i < 0 {
			return nil
		}
		doc = doc[i+2:]
		if tagName(doc) == name {
			return skipTag(doc)
		}
	}
}

// hidden are the tags whose content nobody sees.
var hidden = map[string]bool{"script": true, "style": true, "title": true}

// inline are the tags that may stand within a word.
var inline = map[string]bool{
	"a": true, "abbr": true, "b": true, "bdi": true, "bdo": true, "big": true, "cite": true, "code": true, "del": true, "dfn": true, "em": true,
	"font": true, "i": true, "ins": true, "kbd": true, "mark": true, "o:p": true, "q": true, "s": true, "samp": true, "small": true, "span": true,
	"strike": true, "strong": true, "sub": true, "sup": true, "tt": true, "u": true, "var": true, "wbr": true,
}
