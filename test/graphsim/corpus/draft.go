package corpus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// compose writes the mail that was planned, and remembers it for answers.
func (u *run) compose(r *rand.Rand, d *draft) {
	m := &d.message
	*m = Message{
		Sent: d.sent, Received: d.sent.Add(time.Duration(1+r.IntN(40)) * time.Second),
		MessageID:  fmt.Sprintf("<%016x.%d@%s>", r.Uint64(), u.made, u.mailHost(d.from)),
		Importance: "normal", FlagStatus: "notFlagged", Classification: "focused",
		To: addresses(d.to), Cc: addresses(d.cc), Bcc: addresses(d.bcc),
	}
	from := d.from.address()
	m.From, m.Sender = &from, &from
	if d.from.box >= 0 && chance(r, 1) { // an assistant, on behalf
		sender := pick(r, u.people).address()
		m.Sender = &sender
	}
	if chance(r, 2) {
		m.ReplyTo = addresses(u.outsiders(r, 1))
	}
	switch r.IntN(40) {
	case 0, 1:
		m.Importance = "high"
	case 2:
		m.Importance = "low"
	}
	m.ReceiptWanted = chance(r, 1)
	m.Subject = u.subject(r, d)
	t := u.write(r, d)
	u.enclose(r, d)
	t.files = slices.DeleteFunc(slices.Clone(m.Attachments), func(a Attachment) bool {
		return a.Inline || len(a.Content) > 1<<20 || a.ContentType == "text/calendar"
	})
	if d.answers != nil {
		d.headers = append(d.headers, Header{"In-Reply-To", d.answers.ids[len(d.answers.ids)-1]},
			Header{"References", strings.Join(d.answers.ids, " ")})
	}
	if d.bulk {
		d.headers = append(d.headers, Header{"List-Unsubscribe", fmt.Sprintf("<https://lists.example/leave/%d>", r.IntN(1000000))},
			Header{"Precedence", "bulk"})
	}
	if !d.unsent && !d.bulk {
		u.remember(r, t)
	}
}

func (u *run) mailHost(p *party) string {
	if p.box >= 0 {
		return "mail." + u.options.Domain
	}
	return "mx.customer.example"
}

func addresses(people []*party) []Address {
	var list []Address
	for _, p := range people {
		list = append(list, p.address())
	}
	return list
}

// subject is that of the conversation, or a new one; sometimes none, the longest possible, or one of odd characters.
func (u *run) subject(r *rand.Rand, d *draft) string {
	lex := d.from.lex
	if d.answers != nil {
		prefix := lex.reply
		if d.forwards {
			prefix = lex.forward
		}
		return strings.TrimSpace(cut(prefix+d.answers.subject, 255))
	}
	switch r.IntN(200) {
	case 0, 1:
		return ""
	case 2:
		return cut("X"+strings.Repeat("é漢", 200), 255)
	case 3:
		return "🎉 " + lex.subject(r) + " ‮x‬ e\u0301 =?utf-8?Q?not_encoded?="
	case 4:
		return lex.subject(r) + `  two  blanks, "quotes" & <tags> \ 100%`
	}
	return lex.subject(r)
}

// remember keeps the mail as the youngest of a bounded number of conversations.
func (u *run) remember(r *rand.Rand, t *thread) {
	const most, longest = 48, 20
	if len(t.ids) > longest {
		t.ids = slices.Concat(t.ids[:1], t.ids[len(t.ids)-longest+1:])
	}
	if len(u.threads) < most {
		u.threads = append(u.threads, t)
		return
	}
	u.threads[r.IntN(most)] = t
}

// transportHeaders are those that mail servers add on the way.
func transportHeaders(r *rand.Rand, m Message) []Header {
	var hs []Header
	for range r.IntN(3) {
		hs = append(hs, Header{"Received", fmt.Sprintf("from relay%d.example ([192.0.2.%d]) by edge.mail.example (Postfix) with ESMTPS id %X; %s",
			r.IntN(50), r.IntN(256), r.Uint32(), formatDate(m.Sent))})
	}
	return append(hs,
		Header{"Authentication-Results", "mail.example; spf=pass; dkim=pass; dmarc=pass action=none"},
		Header{"X-Originating-IP", fmt.Sprintf("[198.51.100.%d]", r.IntN(256))},
		Header{"X-Trace", fmt.Sprintf("%016x", r.Uint64())})
}

// lastHop is the header of the server that holds the mailbox: what differs between the copies of one mail.
func lastHop(r *rand.Rand, m Message, to string) Header {
	return Header{"Received", fmt.Sprintf("from edge%d.mail.example (2001:db8::%x) by store.mail.example with LMTP id %012X for <%s>; %s",
		r.IntN(9), r.IntN(65536), r.Uint64()>>16, to, formatDate(m.Received))}
}
