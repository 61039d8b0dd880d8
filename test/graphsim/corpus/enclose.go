package corpus

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"
)

// filesPerMail is the mean number of files of a mail that has any: what enclose draws.
const filesPerMail = 1.4

// enclose attaches files, messages, links and meetings.
func (u *run) enclose(r *rand.Rand, d *draft) {
	m := &d.message
	copies := max(1, len(d.colleagues()))
	if d.from.box >= 0 {
		copies++
	}
	if d.forwards {
		m.Attachments = append(m.Attachments, d.answers.files...)
	}
	if r.Float64() < math.Pow(u.options.AttachmentShare, reach(copies)) {
		n := 1
		for n < 12 && chance(r, 100*(1-1/filesPerMail)) {
			n++
		}
		for range n {
			m.Attachments = append(m.Attachments, u.enclosed(r, d.from.lex, copies))
		}
	}
	if u.options.AttachmentShare > 0 && chance(r, 2) {
		item := u.item(r, d.sent, 1+r.IntN(3))
		m.Attachments = append(m.Attachments, Attachment{Name: cut(itemName(item), 255), Item: &item})
	}
	if !u.options.OnlyCarried {
		switch r.IntN(100) {
		case 0:
			m.Attachments = append(m.Attachments, Attachment{
				Name:      pick(r, d.from.lex.files) + ".docx",
				Reference: fmt.Sprintf("https://files.%s/d/%016x?v=1&x=a%%20b", u.options.Domain, r.Uint64()),
			})
		case 1, 2:
			if !d.unsent && d.answers == nil {
				invite(r, m)
			}
		}
	}
	want := u.options.HugeCount
	if u.options.HugeSize > 0 && u.hugeMade < want && (2*u.hugeMade+1)*u.options.Messages <= 2*want*(u.made+copies) {
		u.hugeMade++
		d.huge = true
		m.Attachments = append(m.Attachments, Attachment{Name: "huge.bin", ContentType: "application/octet-stream", Content: u.huge()})
	}
}

// reach makes files rarer in mail that goes to more people; it leaves a share of none or all as it is.
func reach(copies int) float64 {
	switch copies {
	case 1:
		return 0.6
	case 2:
		return 1.2
	}
	return 2
}

func itemName(item Message) string {
	if item.Subject == "" {
		return "message"
	}
	return item.Subject
}

// enclosed is one file: one that went round before, or a new one of log-normal size that then may.
func (u *run) enclosed(r *rand.Rand, lex *lexicon, copies int) Attachment {
	const poolFiles, poolBytes, percentOld = 64, 64 << 20, 12
	most := u.mostBytes() / copies
	if len(u.pool) > 0 && chance(r, percentOld) {
		if a := pick(r, u.pool); len(a.Content) <= most {
			return a
		}
	}
	const sigma = 1.4
	size := u.meanFile() * math.Exp(sigma*r.NormFloat64()-sigma*sigma/2)
	size /= math.Sqrt(float64(copies)) // what goes to many is smaller
	const least, largest = 1 << 10, 25 << 20
	a := makeFile(r, lex, int(min(max(min(size, float64(most)), least), largest)))
	if chance(r, 30) {
		u.pool = append(u.pool, a)
		u.poolBytes += len(a.Content)
		for len(u.pool) > poolFiles || u.poolBytes > poolBytes {
			i := r.IntN(len(u.pool))
			u.poolBytes -= len(u.pool[i].Content)
			u.pool[i] = u.pool[len(u.pool)-1]
			u.pool = u.pool[:len(u.pool)-1]
		}
	}
	return a
}

// meanFile is the mean size of a new file that leads to the total wanted: it follows what was made so far, and how far that
// was from what it gave before.
func (u *run) meanFile() float64 {
	const usual, least, most = 60_000, 1 << 10, 20 << 20
	if u.options.TotalBytes == 0 || u.options.AttachmentShare == 0 {
		return usual
	}
	text, correction := 5000.0, 1.0 // until they are known
	if u.made > 20 {
		text = float64(u.textBytes) / float64(u.made)
	}
	if files := float64(u.bytes - u.textBytes); u.made > 200 && files > 0 {
		correction = min(max(u.expected/files, 0.25), 4)
	}
	perCopy := float64(u.options.TotalBytes-u.bytes)/float64(u.options.Messages-u.made) - text
	return min(max(correction*perCopy/(u.options.AttachmentShare*filesPerMail), least), most)
}

// mostBytes keeps one mail from using up what is left of the total.
func (u *run) mostBytes() int {
	if u.options.TotalBytes == 0 {
		return math.MaxInt
	}
	const share, least = 10, 16 << 10
	return int(max((u.options.TotalBytes-u.bytes)/share, least))
}

// item is an attached message, with others in it to the given depth.
func (u *run) item(r *rand.Rand, before time.Time, depth int) Message {
	from := pick(r, u.outside)
	sender := from.address()
	sent := before.Add(-time.Duration(3600+r.IntN(30*86400)) * time.Second)
	p := prose{lex: from.lex, greeting: pick(r, from.lex.closings), paras: paragraphs(r, from.lex, false), signature: []string{from.Name}}
	m := Message{
		Subject: cut(from.lex.subject(r), 255), From: &sender, Sender: &sender, To: addresses(u.outsiders(r, 2)),
		Sent: sent, Received: sent.Add(5 * time.Second), Read: true,
		MessageID:  fmt.Sprintf("<%016x.item@mx.customer.example>", r.Uint64()),
		Importance: "normal", FlagStatus: "notFlagged", Classification: "focused",
		BodyHTML: chance(r, 50),
	}
	if m.BodyHTML {
		m.Body = p.page("", "")
	} else {
		m.Body = p.plain()
	}
	if chance(r, 40) {
		m.Attachments = append(m.Attachments, makeFile(r, from.lex, 1000+r.IntN(20_000)))
	}
	if depth > 1 {
		inner := u.item(r, sent, depth-1)
		m.Attachments = append(m.Attachments, Attachment{Name: cut(itemName(inner), 255), Item: &inner})
	}
	contentType, encoding := layoutOf(m).contentType()
	m.Headers = append([]Header{lastHop(r, m, "sales@customer.example")}, transportHeaders(r, m)...)
	m.Headers = composeHeaders(m, contentType, encoding)
	return m
}

// invite makes m a meeting request, with the calendar object as mail carries it.
func invite(r *rand.Rand, m *Message) {
	start := m.Sent.Add(time.Duration(24+r.IntN(500)) * time.Hour).Truncate(time.Hour)
	const stamp = "20060102T150405Z"
	subject := strings.NewReplacer(`\`, `\\`, ",", `\,`, ";", `\;`).Replace(m.Subject)
	ics := "BEGIN:VCALENDAR\r\nPRODID:-//Kestrel//Calendar//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n" +
		"UID:" + strings.Trim(m.MessageID, "<>") + "\r\nDTSTAMP:" + m.Sent.Format(stamp) + "\r\nDTSTART:" + start.Format(stamp) +
		"\r\nDTEND:" + start.Add(time.Hour).Format(stamp) + "\r\nSUMMARY:" + subject + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	m.Type = "eventMessageRequest"
	m.Attachments = append(m.Attachments, Attachment{Name: "invite.ics", ContentType: "text/calendar", Content: []byte(ics)})
}
