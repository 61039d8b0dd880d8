// Package preview makes a kept message's text safe to be shown in a browser. Mail is hostile: it may hold scripts, forms,
// frames, styles that lay one thing over another, images that tell their sender that they were looked at, and tables so
// deep that a browser dies of them.
//
// What is shown is made in three steps. The source is read tag by tag (golang.org/x/net/html), within limits; images that
// are parts of the message are put in as data, all others are taken out and counted. Then bluemonday lets through only
// what is on its list of elements, attributes and styles. Last, Document puts the result into a page whose
// Content-Security-Policy forbids everything but styles and images that are data; it is to be shown in a sandboxed frame all the
// same. A text that exceeds the limits is shown as plain text, with a note that says why.
package preview

import (
	"context"
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// Limits of what is shown as it was laid out; what exceeds them is shown as plain text.
const (
	// MaxSource is how many bytes of a text are shown; the rest is cut off, with a note.
	MaxSource = 2 << 20
	// maxDepth is how deep elements may be nested. Newsletters have about thirty levels; browsers keep to 512.
	maxDepth = 256
	// maxTokens bounds tags, texts and comments.
	maxTokens = 200_000
	// maxImages bounds the bytes of all images that are put in.
	maxImages = 3 << 20
	// maxShown bounds what comes out, images included: an answer between processes has 8 MB.
	maxShown = 6 << 20
)

// Notes are what a reader is told beside the text.
const (
	NoteRemote  = "Images on other servers are not loaded: that would tell their owner that the message was looked at."
	NoteImages  = "Some images of the message are too large to be shown here; they are among its attachments."
	NoteDeep    = "The layout of the message is too deep or too large to be shown safely. This is its text."
	NoteCut     = "The message is longer than what is shown here. Download it to see all of it."
	NoteSigned  = "The message is signed or encrypted (S/MIME): its text is in the attached file. Download it and open it with a mail program."
	NoteNothing = "The message has no text."
)

// Image returns an image that is a part of the message, by its content id without the angle brackets; false when there is
// none, or none that may be shown. At most MaxImage bytes.
type Image func(ctx context.Context, contentID string) (contentType string, data []byte, ok bool)

// MaxImage is the largest image that is put in, in bytes.
const MaxImage = 2 << 20

// Page is a text that is safe to show.
type Page struct {
	// HTML is a fragment, or empty when Text is shown.
	HTML string
	// Text is plain text.
	Text string
	// Plain is the beginning of the text without its layout, whichever of the two is shown; at most MaxPlain bytes.
	Plain string
	// Remote is how many images, and other things that would be loaded from elsewhere, were taken out.
	Remote int
	// elsewhere is set when images on other servers were left in.
	elsewhere bool
	// Notes say what is not shown and why.
	Notes []string
}

// Text returns a plain text as a page.
func Text(source string) Page {
	p := Page{}
	p.Text, p.Notes = cut(clean(source))
	return p.orNothing()
}

// Options say how an HTML text is shown.
type Options struct {
	// Image returns images that are parts of the message. Default: there are none.
	Image Image
	// Remote leaves images on other servers in, which tells their owners that the message was looked at. Default: they are
	// taken out.
	Remote bool
}

// HTML returns an HTML text as a page.
func HTML(ctx context.Context, source string, o Options) (Page, error) {
	source, notes := cut(clean(source))
	p := Page{Notes: notes, elsewhere: o.Remote}
	w := rewriter{image: o.Image, elsewhere: o.Remote, budget: maxImages}
	fragment, ok, err := w.rewrite(ctx, source)
	if err != nil {
		return Page{}, err
	}
	p.Remote = w.remote
	if w.remote > 0 && !o.Remote {
		p.Notes = append(p.Notes, NoteRemote)
	}
	if w.tooLarge {
		p.Notes = append(p.Notes, NoteImages)
	}
	if !ok {
		p.Text, p.Notes = textOf(source), append(p.Notes, NoteDeep)
		return p.orNothing(), nil
	}
	p.Plain = textOf(source)
	if p.HTML = policy().Sanitize(fragment); len(p.HTML) > maxShown {
		p.HTML, p.Text, p.Notes = "", p.Plain, append(p.Notes, NoteDeep)
	}
	if strings.TrimSpace(p.HTML) == "" {
		p.HTML = ""
	}
	return p.orNothing(), nil
}

// MaxPlain is how many bytes of a text are given beside its layout.
const MaxPlain = 64 << 10

func (p Page) orNothing() Page {
	if p.Plain == "" {
		p.Plain = p.Text
	}
	p.Plain = bound(p.Plain, MaxPlain)
	if p.HTML == "" && strings.TrimSpace(p.Text) == "" {
		p.Notes = append(p.Notes, NoteNothing)
	}
	return p
}

// cut bounds a text, at the end of a character.
func cut(s string) (string, []string) {
	if len(s) <= MaxSource {
		return s, nil
	}
	return bound(s, MaxSource), []string{NoteCut}
}

func bound(s string, end int) string {
	if len(s) <= end {
		return s
	}
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// clean makes broken text valid: what is no UTF-8 becomes the replacement character, and NUL goes.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// The Content-Security-Policy of a Document: nothing runs, nothing is sent, and nothing is loaded but, when that was asked for,
// images over HTTPS.
const (
	policyHere   = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
	policyRemote = "default-src 'none'; img-src data: https:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
	sandbox      = "; sandbox allow-popups allow-popups-to-escape-sandbox"
)

// Policy is the Content-Security-Policy to serve the Document with.
func (p Page) Policy() string { return p.loads() + sandbox }

func (p Page) loads() string {
	if p.elsewhere {
		return policyRemote
	}
	return policyHere
}

const (
	headBegin = `<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="`
	headEnd   = `"><meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">` +
		`<style>html{background:#fff;color:#242424}body{margin:12px;font:14px/1.45 "Segoe UI",system-ui,sans-serif;overflow-wrap:anywhere}` +
		`img{max-width:100%;height:auto}pre{white-space:pre-wrap;font:inherit;margin:0}</style></head><body>`
)

// Document returns the page as a whole HTML document, to be served with Policy and shown in a sandboxed frame.
func (p Page) Document() string {
	head := headBegin + p.loads() + headEnd
	if p.HTML == "" {
		return head + "<pre>" + escape(p.Text) + "</pre></body></html>"
	}
	return head + p.HTML + "</body></html>"
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(s)
}

// pictures are the kinds of image that may be put in. SVG is a document that can run scripts, so it is none of them.
var pictures = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/webp": true}

// kindOf returns what an image is by its first bytes, whatever it says of itself; empty when it may not be shown.
func kindOf(data []byte) string {
	for prefix, kind := range map[string]string{
		"\x89PNG\r\n\x1a\n": "image/png", "\xff\xd8\xff": "image/jpeg", "GIF87a": "image/gif", "GIF89a": "image/gif",
	} {
		if strings.HasPrefix(string(data[:min(len(data), 8)]), prefix) {
			return kind
		}
	}
	if len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP" {
		return "image/webp"
	}
	return ""
}

func dataURI(kind string, data []byte) string {
	return "data:" + kind + ";base64," + base64.StdEncoding.EncodeToString(data)
}
