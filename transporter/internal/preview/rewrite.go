package preview

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// rewriter reads a text tag by tag and settles what becomes of its images.
type rewriter struct {
	image Image
	// elsewhere leaves images on other servers in.
	elsewhere bool
	budget    int // bytes of images that may still be put in
	remote    int
	tooLarge  bool
	seen      map[string]string // what a content id became; the same image is often there several times
}

// void are the elements without an end tag.
var void = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true,
	"param": true, "source": true, "track": true, "wbr": true, "basefont": true, "bgsound": true, "frame": true, "keygen": true,
}

// dropped are elements that go with all that is in them.
var dropped = map[string]bool{
	"script": true, "style": true, "title": true, "noscript": true, "template": true, "svg": true, "math": true, "iframe": true, "object": true,
	"embed": true, "applet": true, "noembed": true, "noframes": true, "frameset": true, "xmp": true, "plaintext": true, "textarea": true,
	"select": true, "audio": true, "video": true, "canvas": true, "xml": true,
}

// rewrite returns the text without what is dropped, its images settled. It is false when the text exceeds the limits.
func (w *rewriter) rewrite(ctx context.Context, source string) (string, bool, error) {
	w.seen = map[string]string{}
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(source))
	z.SetMaxBuf(MaxSource + 1)
	depth, skip, until := 0, 0, ""
	for n := 0; ; n++ {
		if n > maxTokens {
			return "", false, ctx.Err()
		}
		kind := z.Next()
		if kind == html.ErrorToken {
			if err := z.Err(); err != io.EOF { //nolint:errorlint // io.EOF comes bare from the tokenizer
				return "", false, ctx.Err()
			}
			return out.String(), true, ctx.Err()
		}
		t := z.Token()
		switch kind { //nolint:exhaustive // comments and doctypes go
		case html.StartTagToken:
			if until != "" {
				if t.Data == until {
					skip++
				}
				continue
			}
			if dropped[t.Data] {
				if !void[t.Data] {
					until, skip = t.Data, 1
				}
				continue
			}
			if !void[t.Data] {
				if depth++; depth > maxDepth {
					return "", false, ctx.Err()
				}
			}
			w.tag(ctx, &out, &t)
		case html.EndTagToken:
			if until != "" {
				if t.Data == until {
					if skip--; skip == 0 {
						until = ""
					}
				}
				continue
			}
			depth = max(0, depth-1)
			out.WriteString(t.String())
		case html.SelfClosingTagToken:
			if until == "" && !dropped[t.Data] {
				w.tag(ctx, &out, &t)
			}
		case html.TextToken:
			if until == "" {
				out.WriteString(t.String())
			}
		}
	}
}

// tag writes a tag, with its image settled.
func (w *rewriter) tag(ctx context.Context, out *strings.Builder, t *html.Token) {
	for _, name := range []string{"background", "srcset", "poster", "lowsrc", "dynsrc"} {
		t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool {
			gone := a.Key == name
			if gone && strings.TrimSpace(a.Val) != "" {
				w.remote++
			}
			return gone
		})
	}
	for i, a := range t.Attr {
		if a.Key == "style" && strings.Contains(strings.ToLower(a.Val), "url(") {
			w.remote++ // the style goes with the list of what is let through
		}
		if t.Data == "img" && a.Key == "src" {
			t.Attr[i].Val = w.source(ctx, a.Val)
		}
	}
	if t.Data == "img" {
		t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool { return a.Key == "src" && a.Val == "" })
	}
	out.WriteString(t.String())
}

// source returns what an image is shown from; empty for nothing.
func (w *rewriter) source(ctx context.Context, address string) string {
	address = strings.TrimSpace(address)
	scheme, rest, ok := strings.Cut(address, ":")
	switch {
	case !ok && address == "":
		return ""
	case ok && strings.EqualFold(scheme, "cid"):
		id, err := url.PathUnescape(rest)
		if err != nil {
			id = rest
		}
		return w.part(ctx, strings.Trim(id, "<>"))
	case ok && strings.EqualFold(scheme, "data"):
		return w.embedded(rest)
	}
	if w.elsewhere {
		if there := overHTTPS(address); there != "" {
			return there
		}
	}
	w.remote++
	return ""
}

// overHTTPS returns the address of an image on another server, asked for over HTTPS whatever it says; empty for what is none.
func overHTTPS(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "" {
		return ""
	}
	u.Scheme = "https"
	return u.String()
}

// part returns an image that is a part of the message.
func (w *rewriter) part(ctx context.Context, id string) string {
	if known, ok := w.seen[id]; ok {
		return known
	}
	if w.image == nil {
		return ""
	}
	_, data, ok := w.image(ctx, id)
	kind := kindOf(data)
	switch {
	case !ok || kind == "":
		w.seen[id] = ""
	case len(data) > MaxImage || len(data) > w.budget:
		w.tooLarge, w.seen[id] = true, ""
	default:
		w.budget -= len(data)
		w.seen[id] = dataURI(kind, data)
	}
	return w.seen[id]
}

// embedded returns an image that the text holds itself, if it is one.
func (w *rewriter) embedded(rest string) string {
	kind, data, ok := strings.Cut(rest, ",")
	kind, encoded := strings.CutSuffix(strings.ToLower(strings.TrimSpace(kind)), ";base64")
	if !ok || !encoded || !pictures[kind] {
		return ""
	}
	if len(data) > w.budget {
		w.tooLarge = true
		return ""
	}
	w.budget -= len(data)
	return "data:" + kind + ";base64," + strings.Join(strings.Fields(data), "")
}
