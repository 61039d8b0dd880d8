package corpus

import (
	"fmt"
	"html"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// prose is the text of a mail before it becomes plain text or HTML.
type prose struct {
	lex       *lexicon
	greeting  string
	paras     []string
	signature []string
	intro     string   // of what is quoted
	quoted    []string // lines, each with the marks of its depth
}

// write makes the body, and gives the conversation as it stands after it.
func (u *run) write(r *rand.Rand, d *draft) *thread {
	lex := d.from.lex
	p := prose{lex: lex}
	p.paras = paragraphs(r, lex, d.bulk)
	p.greeting = strings.ReplaceAll(pick(r, lex.greetings), "{name}", firstName(d.to))
	p.signature = []string{pick(r, lex.closings), d.from.Name}
	if d.from.box >= 0 && chance(r, 70) {
		p.signature = append(p.signature, u.options.Domain+" · "+lex.nouns[d.from.box%len(lex.nouns)],
			fmt.Sprintf("☎ +49 30 5550%04d", d.from.box%10000))
	}
	t := &thread{
		from: d.from, sent: d.sent, subject: d.message.Subject, ids: []string{d.message.MessageID},
		parties: slices.Concat([]*party{d.from}, d.to, d.cc),
	}
	if old := d.answers; old != nil {
		intro := strings.ReplaceAll(lex.attribution, "{name}", old.from.Name)
		p.intro = strings.ReplaceAll(intro, "{date}", old.sent.Format("2006-01-02 15:04"))
		for _, line := range old.lines {
			p.quoted = append(p.quoted, "> "+line)
		}
		t.subject, t.ids = old.subject, append(slices.Clone(old.ids), d.message.MessageID)
	}
	const mostQuoted = 60
	t.lines = slices.Concat([]string{p.greeting}, p.paras, p.signature, []string{p.intro}, p.quoted)
	t.lines = t.lines[:min(len(t.lines), mostQuoted)]
	m := &d.message
	switch n := r.IntN(100); {
	case n == 0 && !d.bulk:
		m.Body, m.BodyHTML = "", chance(r, 50)
	case n < 30 && !d.bulk:
		m.Body = p.plain()
	default:
		m.BodyHTML = true
		u.illustrate(r, d, &p)
	}
	return t
}

// paragraphs has a log-normal number of them.
func paragraphs(r *rand.Rand, lex *lexicon, bulk bool) []string {
	n := int(math.Exp(r.NormFloat64()*0.8 + 0.9))
	if bulk {
		n = 10 + r.IntN(30)
	}
	var list []string
	for range min(max(n, 1), 80) {
		list = append(list, lex.paragraph(r))
	}
	return list
}

func firstName(to []*party) string {
	if len(to) == 0 || to[0].Name == "" {
		return "…"
	}
	if to[0].lex.joined {
		return to[0].Name
	}
	first, _, _ := strings.Cut(to[0].Name, " ")
	return first
}

func (p prose) plain() string {
	var b strings.Builder
	b.WriteString(p.greeting + "\r\n\r\n")
	for _, para := range p.paras {
		b.WriteString(para + "\r\n\r\n")
	}
	b.WriteString("-- \r\n" + strings.Join(p.signature, "\r\n") + "\r\n")
	if p.intro != "" {
		b.WriteString("\r\n" + p.intro + "\r\n" + strings.Join(p.quoted, "\r\n") + "\r\n")
	}
	return b.String()
}

// page renders HTML as Outlook's; pictures are the content ids of those that stand in the text and below the signature.
func (p prose) page(chart, logo string) string {
	var b strings.Builder
	direction := "ltr"
	if p.lex.rtl {
		direction = "rtl"
	}
	fmt.Fprintf(&b, "<html>\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\">\r\n"+
		"<style type=\"text/css\">p.MsoNormal{margin:0cm;font-size:11.0pt;font-family:\"Calibri\",sans-serif}</style>\r\n"+
		"</head>\r\n<body lang=\"%s\" dir=\"%s\">\r\n", p.lex.code, direction)
	line := func(s string) { b.WriteString("<p class=\"MsoNormal\">" + html.EscapeString(s) + "</p>\r\n") }
	line(p.greeting)
	for _, para := range p.paras {
		line(para)
	}
	image := func(id string) {
		if id != "" {
			b.WriteString("<p class=\"MsoNormal\"><img border=\"0\" src=\"cid:" + id + "\" alt=\"\"></p>\r\n")
		}
	}
	image(chart)
	b.WriteString("<div style=\"color:#555555\">")
	for _, s := range p.signature {
		line(s)
	}
	image(logo)
	b.WriteString("</div>\r\n")
	if p.intro != "" {
		line(p.intro)
		b.WriteString(quote(p.quoted))
	}
	b.WriteString("</body>\r\n</html>\r\n")
	return b.String()
}

// quote nests quotations as deep as their marks say.
func quote(lines []string) string {
	var b strings.Builder
	depth := 0
	for _, s := range lines {
		n := 0
		for strings.HasPrefix(s, "> ") {
			s = s[2:]
			n++
		}
		for ; depth < n; depth++ {
			b.WriteString("<blockquote type=\"cite\">")
		}
		for ; depth > n; depth-- {
			b.WriteString("</blockquote>")
		}
		b.WriteString("<p class=\"MsoNormal\">" + html.EscapeString(s) + "</p>\r\n")
	}
	return b.String() + strings.Repeat("</blockquote>", depth)
}

// illustrate renders the page with its pictures, which come first among the attachments.
func (u *run) illustrate(r *rand.Rand, d *draft, p *prose) {
	m := &d.message
	chart, logo := "", ""
	if chance(r, 3) {
		chart = fmt.Sprintf("image%03d.png@%08X.%08X", 1+r.IntN(9), r.Uint32(), r.Uint32())
		m.Attachments = append(m.Attachments, Attachment{
			Name: strings.SplitN(chart, "@", 2)[0], ContentType: "image/png", Inline: true, ContentID: chart,
			Content: picture(r, 120+r.IntN(200), 60+r.IntN(80)),
		})
	}
	if d.from.box >= 0 && chance(r, 30) {
		logo = u.logo.ContentID
		m.Attachments = append(m.Attachments, u.logo)
	}
	m.Body = p.page(chart, logo)
}
