package preview_test

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"holdfast/transporter/internal/preview"
)

var png = []byte("\x89PNG\r\n\x1a\nrest")

// images is a message with one picture, one SVG that says it is a picture, and one that is too large.
func images(_ context.Context, id string) (string, []byte, bool) {
	switch id {
	case "logo@x":
		return "image/png", png, true
	case "svg@x":
		return "image/png", []byte("<svg onload=alert(1)>"), true
	case "large@x":
		return "image/png", append(slices.Clone(png), make([]byte, preview.MaxImage)...), true
	}
	return "", nil, false
}

var hostile = []string{
	`<p>Hello <b>Anna</b></p>`,
	`<script>alert(1)</script><p onclick="alert(1)">x</p><img src=x onerror=alert(1)>`,
	`<svg><script>alert(1)</script></svg><math><mtext></mtext></math><p>after</p>`,
	`<a href="javascript:alert(1)">x</a><a href=" jav&#x09;ascript:alert(1)">y</a><a href="https://ok.example/?q=1&amp;r=2">z</a>`,
	`<form action="https://evil.example"><input name=password><button>Send</button></form>`,
	`<iframe src="https://evil.example"></iframe><object data=x></object><embed src=x>`,
	`<link rel=stylesheet href=https://evil.example/x.css><meta http-equiv=refresh content="0;url=https://evil.example"><base href=https://evil.example>`,
	`<style>body{background:url(https://evil.example)}</style><div style="position:fixed;top:0;left:0;width:100%;background:url(https://evil.example/x)">x</div>`,
	`<div style="color:red;width:expression(alert(1));behavior:url(x)">x</div><div style="margin:-1000px">y</div>`,
	`<img src="https://evil.example/track.gif" width=1 height=1><img srcset="https://evil.example/a 2x"><table background="https://evil.example/b"><tr><td>x</td></tr></table>`,
	`<img src="cid:logo@x"><img src="cid:svg@x"><img src="cid:large@x"><img src="cid:none"><img src="data:image/svg+xml;base64,PHN2Zz4="><img src="data:image/png;base64,iVBORw0KGgo=">`,
	`<!--[if mso]><p>office</p><![endif]--><p>x<!-- y -->z</p><o:p>w</o:p>`,
	`<p title="&quot; onmouseover=&quot;alert(1)">t</p><p style="font-family:'x;}</style><script>alert(1)</script>'">u</p>`,
	`<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>`,
	`<<script>script>alert(1)<</script>/script>`,
	strings.Repeat("<div>", 100_000) + "deep",
	strings.Repeat("<table><tr><td>", 5_000) + "cells",
	strings.Repeat("<b>x</b>", 150_000),
	"\x00<scr\x00ipt>alert(1)</script>\xff\xfe broken \xc3",
	"<p>" + strings.Repeat("long ", 1_000_000) + "</p>",
	`<p>unclosed <b>bold <a href=https://x.example/`,
}

// TestWhatIsShownIsSafe reads back what would be shown and looks for anything that acts, loads or covers.
func TestWhatIsShownIsSafe(t *testing.T) {
	for _, source := range hostile {
		shownSafely(t, source)
	}
}

func FuzzWhatIsShownIsSafe(f *testing.F) {
	for _, source := range hostile {
		if len(source) < 10_000 {
			f.Add(source)
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		shownSafely(t, source)
	})
}

// shownSafely looks at what is shown with images on other servers and without.
func shownSafely(t *testing.T, source string) {
	t.Helper()
	for _, remote := range []bool{false, true} {
		p, err := preview.HTML(t.Context(), source, preview.Options{Image: images, Remote: remote})
		if err != nil {
			t.Fatal(err)
		}
		safe(t, source, p, remote)
	}
}

func safe(t *testing.T, source string, p preview.Page, remote bool) {
	t.Helper()
	if p.HTML == "" && p.Text == "" && len(p.Notes) == 0 {
		t.Errorf("%.200q: nothing is shown, and nobody is told why", source)
	}
	root, err := html.Parse(strings.NewReader("<body>" + p.HTML))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "html", "head", "body":
			continue
		case "script", "style", "iframe", "object", "embed", "form", "input", "button", "svg", "math", "link", "meta", "base", "frame", "template",
			"video", "audio", "textarea", "select", "noscript", "title", "xmp", "plaintext", "applet":
			t.Errorf("%.200q shows <%s>", source, n.Data)
		}
		for _, a := range n.Attr {
			attribute(t, source, n.Data, a, remote)
		}
	}
}

func attribute(t *testing.T, source, element string, a html.Attribute, remote bool) {
	t.Helper()
	value := strings.ToLower(a.Val)
	switch {
	case strings.HasPrefix(a.Key, "on"), a.Key == "srcset", a.Key == "background", a.Key == "id", a.Key == "class", a.Key == "name":
		t.Errorf("%.200q shows <%s %s=%q>", source, element, a.Key, a.Val)
	case a.Key == "src" && element == "img" && remote && strings.HasPrefix(value, "https://"):
	case a.Key == "src" && (element != "img" || !strings.HasPrefix(value, "data:image/") || strings.Contains(value, "svg")):
		t.Errorf("%.200q shows <%s src=%.100q>", source, element, a.Val)
	case a.Key == "href":
		u, err := url.Parse(a.Val)
		if err != nil || !slices.Contains([]string{"http", "https", "mailto", "tel"}, u.Scheme) {
			t.Errorf("%.200q links to %q", source, a.Val)
		}
	case a.Key == "style":
		for _, bad := range []string{"url", "expression", "position", "behavior", "float", "z-index", "@", "\\", "<", "content"} {
			if strings.Contains(value, bad) {
				t.Errorf("%.200q has the style %q", source, a.Val)
			}
		}
	}
}

func TestWhatIsHarmlessStays(t *testing.T) {
	p, err := preview.HTML(t.Context(), `<table width="600" cellpadding="0" bgcolor="#ffeeaa"><tr><td style="padding:4px 8px;color:#333;font-family:Arial, sans-serif;text-align:center">Grüße, `+
		`<a href="https://example.com/a?b=1">hier</a> <img src="cid:logo@x" alt="Logo" width="10"></td></tr></table><img src="https://t.example/p.gif">`, preview.Options{Image: images})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`width="600"`, `bgcolor="#ffeeaa"`, "padding: 4px 8px", "color: #333", "text-align: center", "Grüße", `href="https://example.com/a?b=1"`,
		"data:image/png;base64,", `alt="Logo"`, `rel="nofollow noreferrer`,
	} {
		if !strings.Contains(p.HTML, want) {
			t.Errorf("%s is missing from %s", want, p.HTML)
		}
	}
	if p.Remote != 1 || !slices.Equal(p.Notes, []string{preview.NoteRemote}) {
		t.Errorf("%d remote, notes %q", p.Remote, p.Notes)
	}
	if doc := p.Document(); !strings.Contains(doc, "default-src 'none'") || !strings.HasSuffix(doc, "</body></html>") {
		t.Errorf("no document: %s", doc)
	}
}

func TestImagesOnOtherServersAreLeftInWhenAskedFor(t *testing.T) {
	const source = `<p style="background:url(https://t.example/b.png)">x</p><img src="https://t.example/p.gif?a=1&amp;b=2" onerror="x()"><img src="//t.example/q.gif">` +
		`<img src="http://t.example/r.gif"><img src="ftp://t.example/s"><img src="javascript:x()"><img src="https://u:p@t.example/t"><img src="local.png">`
	p, err := preview.HTML(t.Context(), source, preview.Options{Remote: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`src="https://t.example/p.gif?a=1&amp;b=2"`, `src="https://t.example/q.gif"`, `src="https://t.example/r.gif"`} {
		if !strings.Contains(p.HTML, want) {
			t.Errorf("%s is missing from %s", want, p.HTML)
		}
	}
	for _, bad := range []string{"ftp:", "javascript", "onerror", "u:p", "local", "b.png", "http://"} {
		if strings.Contains(p.HTML, bad) {
			t.Errorf("%s is left in %s", bad, p.HTML)
		}
	}
	if p.Remote != 5 || len(p.Notes) > 0 {
		t.Errorf("%d remote, notes %q", p.Remote, p.Notes)
	}
	for _, policy := range []string{p.Policy(), p.Document()} {
		if !strings.Contains(policy, "img-src data: https:;") || !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("the policy is %s", policy)
		}
	}
	if p := preview.Text("x"); strings.Contains(p.Policy()+p.Document(), "https:") {
		t.Errorf("a page that was not asked for them lets images in: %s", p.Policy())
	}
}

func TestWhatIsTooMuchIsToldAndShownAsText(t *testing.T) {
	p, err := preview.HTML(t.Context(), "<p>One</p><p>two &amp; <b>three</b></p>"+strings.Repeat("<div>", 1000)+"end<script>x</script>", preview.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p.HTML != "" || p.Text != "One\n\ntwo & three\n\nend" || !slices.Equal(p.Notes, []string{preview.NoteDeep}) {
		t.Errorf("shows %q %q %q", p.HTML, p.Text, p.Notes)
	}
	if doc := preview.Text("a <b> & \"c\"\x00").Document(); !strings.Contains(doc, "<pre>a &lt;b&gt; &amp; &quot;c&quot;</pre>") {
		t.Errorf("a text becomes %s", doc)
	}
	long := preview.Text(strings.Repeat("é", preview.MaxSource))
	if len(long.Text) > preview.MaxSource || !strings.HasSuffix(long.Text, "é") || !slices.Equal(long.Notes, []string{preview.NoteCut}) {
		t.Errorf("a long text has %d bytes and notes %q", len(long.Text), long.Notes)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := preview.HTML(ctx, "<p>x</p>", preview.Options{}); err == nil {
		t.Error("nobody waits any more, and it went on")
	}
}
