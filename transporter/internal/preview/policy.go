package preview

import (
	"regexp"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// policy lets through what mail is laid out with and nothing that acts, loads or covers. It is made once, because making it
// costs more than using it, and when it is asked for, because most programs show no mail and start sooner without it.
var policy = sync.OnceValue(makePolicy)

// values are what attributes and styles may be set to.
type values struct {
	number, color, word, fonts, lengths, border, shown *regexp.Regexp
}

func makePolicy() *bluemonday.Policy {
	v := values{
		number:  regexp.MustCompile(`^[0-9]{1,5}(\.[0-9]{1,4})?(%|px)?$`),
		color:   regexp.MustCompile(`(?i)^(#[0-9a-f]{3,8}|[a-z]{1,30}|rgba?\([0-9., %]{1,40}\))$`),
		word:    regexp.MustCompile(`^[a-zA-Z0-9 _-]{0,64}$`),
		fonts:   regexp.MustCompile(`^[\p{L}0-9 ,"'_.-]{1,200}$`),
		lengths: regexp.MustCompile(`(?i)^((auto|inherit|0|[0-9]{1,4}(\.[0-9]{1,4})?(px|pt|em|rem|ex|%|in|cm|mm)?)( |$)){1,4}$`),
		border:  regexp.MustCompile(`(?i)^[a-z0-9#.,()% -]{1,80}$`),
		shown:   regexp.MustCompile(`^(block|inline|inline-block|table|table-row|table-cell|list-item|none)$`),
	}
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "div", "span", "br", "hr", "b", "strong", "i", "em", "u", "s", "strike", "del", "ins", "sub", "sup", "small", "big",
		"mark", "abbr", "cite", "code", "kbd", "samp", "var", "tt", "pre", "blockquote", "q", "center", "font", "address", "article", "aside",
		"header", "footer", "main", "section", "figure", "figcaption", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd",
		"table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th", "bdi", "bdo", "wbr", "a", "img")
	p.AllowAttrs("dir").Matching(regexp.MustCompile(`(?i)^(ltr|rtl|auto)$`)).Globally()
	p.AllowAttrs("lang").Matching(v.word).Globally()
	p.AllowAttrs("title").Globally()
	p.AllowAttrs("align", "valign", "type").Matching(v.word).Globally()
	p.AllowAttrs("width", "height", "border", "cellpadding", "cellspacing", "colspan", "rowspan", "span", "start", "size", "hspace", "vspace").
		Matching(v.number).Globally()
	p.AllowAttrs("bgcolor", "color").Matching(v.color).Globally()
	p.AllowAttrs("face").Matching(v.fonts).OnElements("font")
	p.AllowAttrs("alt").OnElements("img")
	p.AllowAttrs("nowrap").OnElements("td", "th")
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("src").OnElements("img")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowDataURIImages()
	p.AllowRelativeURLs(false)
	p.RequireParseableURLs(true)
	p.RequireNoFollowOnLinks(true)
	p.RequireNoReferrerOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true)
	allowStyles(p, &v)
	return p
}

// allowStyles lets through what colours, sizes and aligns. What positions, covers, moves or loads is not among it.
func allowStyles(p *bluemonday.Policy, v *values) {
	p.AllowStyles("color", "background-color", "border-color").Matching(v.color).Globally()
	p.AllowStyles("font-family").Matching(v.fonts).Globally()
	p.AllowStyles("font-size", "line-height", "width", "height", "max-width", "min-width", "max-height", "padding", "padding-top",
		"padding-right", "padding-bottom", "padding-left", "margin", "margin-top", "margin-right", "margin-bottom", "margin-left",
		"text-indent", "border-spacing", "border-radius", "letter-spacing", "word-spacing").Matching(v.lengths).Globally()
	p.AllowStyles("border", "border-top", "border-right", "border-bottom", "border-left", "border-width", "border-style").
		Matching(v.border).Globally()
	p.AllowStyles("font-weight", "font-style", "font-variant", "text-align", "text-decoration", "text-transform", "vertical-align",
		"white-space", "border-collapse", "list-style-type", "direction", "word-break", "table-layout").Matching(v.word).Globally()
	p.AllowStyles("display").Matching(v.shown).Globally()
}
