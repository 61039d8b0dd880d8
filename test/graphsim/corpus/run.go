package corpus

import (
	"math/rand/v2"
	"slices"
	"time"
)

// run is one pass through a company's mail: what has happened so far, as much as later mail depends on.
type run struct {
	*Company
	made      int     // copies
	bytes     int64   // of all copies, without huge files
	textBytes int64   // the part of bytes that is no attached file
	expected  float64 // the rest of bytes, had meanFile been right
	hugeMade  int
	open      []int // mailboxes that take more mail
	left      []int // how much more; nil for any
	threads   []*thread
	pool      []Attachment // files that went round before, and will again
	poolBytes int
}

// copyOf is one message as it lies in one mailbox.
type copyOf struct {
	box     int
	message Message
}

func newRun(c *Company) *run {
	u := &run{Company: c}
	for i := range c.people {
		u.open = append(u.open, i)
	}
	if c.options.PerMailbox > 0 {
		u.left = slices.Repeat([]int{c.options.PerMailbox}, len(c.people))
	}
	return u
}

// event makes one mail and all its copies.
func (u *run) event(r *rand.Rand) []copyOf {
	d := u.plan(r)
	mean := u.meanFile()
	u.compose(r, d)
	copies := u.copies(r, d)
	u.expected += mean * u.options.AttachmentShare * filesPerMail * float64(len(copies))
	for _, c := range copies {
		u.made++
		size := Size(c.message)
		u.bytes += size
		u.textBytes += size
		for _, a := range c.message.Attachments {
			if a.Item == nil && !a.Inline {
				u.textBytes -= int64(len(a.Content))
			}
		}
		if d.huge {
			u.bytes -= int64(u.options.HugeSize)
		}
		u.take(c.box)
	}
	return copies
}

// take counts a copy, and closes a mailbox that has all it should.
func (u *run) take(box int) {
	if u.left == nil {
		return
	}
	if u.left[box]--; u.left[box] == 0 {
		u.open = slices.Delete(u.open, slices.Index(u.open, box), slices.Index(u.open, box)+1)
	}
}

func (u *run) isOpen(p *party) bool { return p.box < 0 || u.left == nil || u.left[p.box] > 0 }

// now is when the event happens: time passes evenly with the mail made.
func (u *run) now(r *rand.Rand) time.Time {
	if chance(r, 3) {
		return firstMail.Add(time.Duration(r.Int64N(int64(mostMail.Sub(firstMail))))).Truncate(time.Second)
	}
	whole := lastMail.Sub(mostMail).Seconds()
	at := mostMail.Add(time.Duration(whole*float64(u.made)/float64(u.options.Messages)) * time.Second)
	return at.Add(time.Duration(r.IntN(3*3600)-3*3600) * time.Second)
}

// copies delivers a mail: to the sender's sent items or drafts, and to every colleague among the recipients.
func (u *run) copies(r *rand.Rand, d *draft) []copyOf {
	var list []copyOf
	own := d.message
	own.Read, own.Received = true, own.Sent
	switch {
	case d.unsent:
		own.Folder, own.Draft = []string{"drafts"}, true
		return append(list, copyOf{d.from.box, own})
	case d.from.box >= 0:
		own.Folder = []string{"sentitems"}
		list = append(list, copyOf{d.from.box, own})
	}
	received := d.message
	received.Bcc = nil
	contentType, encoding := layoutOf(received).contentType()
	received.Headers = append(transportHeaders(r, received), d.headers...)
	received.Headers = slices.Insert(received.Headers, 0, lastHop(r, received, ""))
	received.Headers = composeHeaders(received, contentType, encoding)
	for _, p := range d.colleagues() {
		m := received
		m.Headers = slices.Clone(received.Headers)
		m.Headers[0] = lastHop(r, m, p.Address)
		u.file(r, &m, p, d.from.box < 0)
		list = append(list, copyOf{p.box, m})
	}
	return list
}

// file does what a recipient does to mail: moves, reads, flags and colours it.
func (u *run) file(r *rand.Rand, m *Message, p *party, external bool) {
	m.Folder = []string{"inbox"}
	switch n := r.IntN(100); {
	case n < 25:
		m.Folder = pick(r, u.trees[p.box])
	case n < 31:
		m.Folder = []string{"archive"}
	case n < 36:
		m.Folder = []string{"deleteditems"}
	case n < 39 && external:
		m.Folder = []string{"junkemail"}
	}
	m.Read = chance(r, 80)
	switch n := r.IntN(100); {
	case n < 3:
		m.FlagStatus = "flagged"
		m.FlagDue = m.Received.Truncate(24*time.Hour).AddDate(0, 0, 1+r.IntN(30))
	case n == 3:
		m.FlagStatus = "flagged"
	case n == 4:
		m.FlagStatus = "complete"
	}
	if chance(r, 8) {
		m.Categories = []string{pick(r, []string{"Red category", "Büro", "重要", "R&D / <lab>"})}
		if chance(r, 30) {
			m.Categories = append(m.Categories, pick(r, p.lex.nouns))
		}
	}
	if chance(r, 20) {
		m.Classification = "other"
	}
}
