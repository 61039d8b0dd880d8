package corpus

import (
	"math/rand/v2"
	"slices"
	"time"
)

// draft is a mail that is being made: who, to whom, in answer to what, and the message itself.
type draft struct {
	from        *party
	to, cc, bcc []*party
	unsent      bool
	answers     *thread
	forwards    bool
	bulk        bool // a newsletter
	huge        bool
	sent        time.Time
	message     Message
	headers     []Header // beside those that the fields make
}

// thread is a conversation that may go on.
type thread struct {
	subject string
	ids     []string
	parties []*party
	lines   []string // the last mail, with what it quotes
	from    *party
	sent    time.Time
	files   []Attachment
}

// colleagues are the recipients who have a mailbox.
func (d *draft) colleagues() []*party {
	var list []*party
	for _, p := range slices.Concat(d.to, d.cc, d.bcc) {
		if p.box >= 0 {
			list = append(list, p)
		}
	}
	return list
}

// plan decides who writes to whom. At least one copy goes to a mailbox that is open, and none to any other.
func (u *run) plan(r *rand.Rand) *draft {
	copies := u.options.Messages - u.made
	if len(u.threads) > 0 && chance(r, 40) {
		if d := u.answer(r, copies); d != nil {
			return d
		}
	}
	d := &draft{sent: u.now(r)}
	switch n := r.IntN(100); {
	case n < 4:
		d.from, d.unsent = u.colleague(r), true
		d.to = u.outsiders(r, r.IntN(3))
	case n < 14:
		d.from = u.colleague(r)
		d.to = u.outsiders(r, 1+r.IntN(3))
	case n < 54 || copies < 2 || len(u.open) < 2:
		d.from = pick(r, u.outside)
		d.bulk = chance(r, 30)
		d.to = u.colleagues(r, 1+r.IntN(2), copies, nil)
		if chance(r, 20) {
			d.cc = u.colleagues(r, 1+r.IntN(3), copies-len(d.to), d.to)
		}
	default:
		u.planInternal(r, d, copies-1)
	}
	return d
}

// planInternal addresses a mail of a colleague to others: few of them, now and then a whole department.
func (u *run) planInternal(r *rand.Rand, d *draft, copies int) {
	d.from = u.colleague(r)
	n := 1 + r.IntN(4)
	if chance(r, 4) {
		n = 10 + r.IntN(40)
	}
	all := u.colleagues(r, n, copies, []*party{d.from})
	if len(all) == 0 {
		d.to = u.outsiders(r, 1)
		return
	}
	d.to = all
	if len(all) > 2 && chance(r, 50) {
		k := 1 + r.IntN(len(all)-1)
		d.to, d.cc = all[:k:k], all[k:]
	}
	if chance(r, 15) {
		d.cc = append(slices.Clip(d.cc), u.outsiders(r, 1)...)
	}
	if chance(r, 3) && len(all) < copies {
		d.bcc = u.colleagues(r, 1, copies-len(all), append(slices.Clone(all), d.from))
	}
}

// answer goes on with a conversation; nil if nobody in it can.
func (u *run) answer(r *rand.Rand, copies int) *draft {
	t := pick(r, u.threads)
	able := slices.DeleteFunc(slices.Clone(t.parties), func(p *party) bool { return !u.isOpen(p) })
	if len(able) == 0 {
		return nil
	}
	d := &draft{from: pick(r, able), answers: t, sent: t.sent.Add(time.Duration(60+r.IntN(2*86400)) * time.Second)}
	if d.sent.After(lastMail) {
		d.sent = lastMail
	}
	if d.from.box >= 0 {
		copies--
	}
	others := slices.DeleteFunc(able, func(p *party) bool { return p == d.from })
	switch {
	case chance(r, 20): // to somebody new
		d.forwards = true
		d.to = u.colleagues(r, 1+r.IntN(3), copies, []*party{d.from})
	case chance(r, 60) && t.from != d.from && slices.Contains(others, t.from):
		d.to = []*party{t.from}
	default:
		d.to = others
	}
	internal := 0
	d.to = slices.DeleteFunc(slices.Clone(d.to), func(p *party) bool {
		if p.box >= 0 {
			internal++
		}
		return p.box >= 0 && internal > copies
	})
	if d.from.box < 0 && len(d.colleagues()) == 0 || len(d.to) == 0 {
		return nil
	}
	return d
}

func (u *run) colleague(r *rand.Rand) *party { return u.people[pick(r, u.open)] }

// colleagues picks up to n colleagues, at most limit, whose mailboxes are open and who are not among others.
func (u *run) colleagues(r *rand.Rand, n, limit int, others []*party) []*party {
	var list []*party
	n = min(n, limit, len(u.open))
	for range 3 * n {
		p := u.colleague(r)
		if len(list) < n && !slices.Contains(list, p) && !slices.Contains(others, p) {
			list = append(list, p)
		}
	}
	return list
}

// outsiders picks n people outside, without repetition.
func (u *run) outsiders(r *rand.Rand, n int) []*party {
	var list []*party
	for range n {
		if p := pick(r, u.outside); !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}
