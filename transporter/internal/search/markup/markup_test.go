package markup_test

import (
	"strings"
	"testing"

	"holdfast/transporter/internal/search/markup"
)

func TestTextIsWhatAReaderSees(t *testing.T) {
	for doc, want := range map[string]string{
		"<p>Hello <b>W</b>orld</p>": "Hello World",
		"a<br>b<td>c":               "a b c",
		"<style>p{}</style>x<script>if(a</b)</script>y":             "x y",
		"caf&eacute; &amp; &#x4eac;&#20140; &nope; AT&T; &lt;b&gt;": "café & 京京 &nope; AT&T; <b>",
		"1 < 2 & 3 > 2":                        "1 < 2 & 3 > 2",
		"<!-- <p>no</p> -->yes<!doctype html>": "yes",
		`<a href="x>y" title='>'>link</a>s`:    "links",
		`<a href="open>text</a>`:               "text",
		"<title>t</title><STYLE>":              "",
		"<o:p></o:p>w&zwnj;x":                  "w\u200cx",
	} {
		got := strings.Join(strings.Fields(string(markup.AppendText(nil, []byte(doc)))), " ")
		if got != want {
			t.Errorf("%q: got %q, want %q", doc, got, want)
		}
	}
}

func FuzzAppendText(f *testing.F) {
	for _, s := range []string{"<p>x", "&#1114112;&#0;", "<", "</", "<a='", "<!--", "<script></scrip></script", "&&&;"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, doc []byte) {
		// Text may grow only by entities that stand for more than they are long.
		if got := markup.AppendText([]byte("x"), doc); got[0] != 'x' || len(got) > 1+2*len(doc) {
			t.Fatalf("%d bytes give %d", len(doc), len(got))
		}
	})
}
