package search_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/search"
	"holdfast/transporter/internal/search/words"
)

// world is mailboxes that change, and what was backed up of them.
type world struct {
	rnd   *rand.Rand
	lib   *library
	boxes []*box
	made  int
}

// box is a mailbox, as it is now.
type box struct {
	id       mail.MailboxID
	folders  []mail.Folder
	messages []record.Message
}

func newWorld(rnd *rand.Rand) *world {
	w := &world{rnd: rnd, lib: newLibrary(rnd)}
	for i := range 3 {
		b := &box{id: mail.MailboxID(fmt.Sprint("box", i))}
		for f := range 4 {
			b.folders = append(b.folders, mail.Folder{ID: mail.FolderID(fmt.Sprint("f", f)), Name: fmt.Sprint("F", f)})
		}
		b.folders[2].Parent, b.folders[3].Parent = "f1", "f2"
		w.boxes = append(w.boxes, b)
	}
	return w
}

var lexicon = strings.Fields(`invoice Invoices INVOICING Rechnung Straße strasse café cafe\u0301 naïve résumé σίσυφος ΣΊΣΥΦΟΣ счёт Счет договор
 İstanbul istanbul 東京都 京都 会議の議事録 ガス ｶﾞｽ ภาษาไทย ไทย 한국어 한국 शब्द שלום سلام v1.2 e-mail 10.5% 👍 budget quarterly report the of and
 anna anna.schmidt bob thomas.garcia@wingtip.example ` + strings.Repeat("verylong", 8) + " " + strings.Repeat("長", 9))

func (w *world) pick() string { return lexicon[w.rnd.IntN(len(lexicon))] }

func (w *world) sentence(n int) string {
	var s []string
	for range w.rnd.IntN(n) {
		s = append(s, w.pick())
	}
	return strings.Join(s, []string{" ", ", ", "\n", ""}[w.rnd.IntN(4)])
}

func (w *world) address() mail.Address {
	return mail.Address{Name: w.pick(), Address: w.pick() + "@example.com"}
}

func (w *world) message(b *box) record.Message {
	w.made++
	var m record.Message
	m.ID = mail.MessageID(fmt.Sprint("AAMk", w.made))
	m.Folder = b.folders[w.rnd.IntN(len(b.folders))].ID
	m.Received = time.Unix(1_600_000_000+w.rnd.Int64N(500), 0).UTC()
	m.Subject = w.sentence(4)
	body := w.sentence(12)
	if w.rnd.IntN(2) == 0 {
		m.BodyType = mail.BodyHTML
		body = "<html><style>hidden{}</style><p>" + strings.ReplaceAll(body, "e", "<b>e</b>") + "<br>&eacute;t&eacute;</p>"
	}
	if w.rnd.IntN(10) > 0 {
		m.Body = w.lib.put(body)
	}
	if w.rnd.IntN(5) > 0 {
		a := w.address()
		m.From = &a
	}
	for range w.rnd.IntN(3) {
		m.To = append(m.To, w.address())
	}
	if w.rnd.IntN(4) == 0 {
		m.Cc, m.Bcc = []mail.Address{w.address()}, []mail.Address{w.address()}
	}
	for range max(0, w.rnd.IntN(4)-1) {
		var a record.Attachment
		a.Name, a.Inline = w.pick()+".pdf", w.rnd.IntN(3) == 0
		a.Content = record.Content{Size: w.rnd.Int64N(5000)}
		if w.rnd.IntN(4) == 0 {
			item := record.Message{Body: w.lib.put(w.pick())}
			item.Subject = w.pick()
			a.Item = &item
		}
		m.Attachments = append(m.Attachments, a)
	}
	return m
}

// change lets time pass in a mailbox.
func (w *world) change(b *box) {
	for range w.rnd.IntN(12) {
		b.messages = append(b.messages, w.message(b))
	}
	for range w.rnd.IntN(6) {
		if len(b.messages) == 0 {
			break
		}
		i := w.rnd.IntN(len(b.messages))
		m := b.messages[i]
		switch w.rnd.IntN(5) {
		case 0:
			b.messages = slices.Delete(slices.Clone(b.messages), i, i+1)
			continue
		case 1:
			m.Folder = b.folders[w.rnd.IntN(len(b.folders))].ID
		case 2:
			m.Subject = w.sentence(3)
		default:
			m.Read = !m.Read
		}
		b.messages = slices.Clone(b.messages)
		b.messages[i] = m
	}
	if w.rnd.IntN(6) == 0 {
		b.folders = slices.Clone(b.folders)
		b.folders[3].Parent = b.folders[w.rnd.IntN(3)].ID
		if w.rnd.IntN(3) == 0 {
			b.folders = append(b.folders, mail.Folder{ID: mail.FolderID(fmt.Sprint("g", w.rnd.IntN(1000))), Parent: "f0"})
		}
	}
}

// back makes a recovery point.
func (w *world) back() record.Point {
	b := w.boxes[w.rnd.IntN(len(w.boxes))]
	w.change(b)
	key := record.BackupKey{Account: "acc", Mailbox: b.id, Job: record.JobID(fmt.Sprint("job", w.rnd.IntN(2)))}
	return w.lib.seal(key, b.folders, b.messages)
}

func (w *world) someKey() record.BackupKey {
	k := record.BackupKey{Account: "acc", Mailbox: w.boxes[w.rnd.IntN(3)].id, Job: "job0"}
	switch w.rnd.IntN(4) {
	case 0:
		k.Job = ""
	case 1:
		k.Mailbox = ""
	case 2:
		k.Account = ""
	}
	return k
}

// part takes a part of some text.
func (w *world) part(s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return "zzz"
	}
	from := w.rnd.IntN(len(r))
	return string(r[from : from+1+w.rnd.IntN(min(30, len(r)-from))])
}

func (w *world) query() search.Query {
	var q search.Query
	text := func() string {
		switch w.rnd.IntN(6) {
		case 0:
			return `"` + strings.ReplaceAll(w.sentence(3), `"`, "") + `"`
		case 1:
			return w.part(w.pick()) + " " + w.part(w.pick())
		case 2:
			return w.part(w.sentence(4))
		case 3:
			return w.part(w.pick()) + "absent"
		default:
			return w.part(w.pick())
		}
	}
	if w.rnd.IntN(6) > 0 {
		q.Text = text()
	}
	if w.rnd.IntN(6) == 0 {
		q.From = text()
	}
	if w.rnd.IntN(6) == 0 {
		q.To = text()
	}
	if w.rnd.IntN(8) == 0 {
		q.Attachment = w.part(w.pick())
	}
	if w.rnd.IntN(5) == 0 {
		q.Since = time.Unix(1_600_000_000+w.rnd.Int64N(500), 0)
	}
	if w.rnd.IntN(5) == 0 {
		q.Before = time.Unix(1_600_000_000+w.rnd.Int64N(500), 0)
	}
	if w.rnd.IntN(6) == 0 {
		q.Larger = w.rnd.Int64N(3000)
	}
	if w.rnd.IntN(6) == 0 {
		q.Smaller = w.rnd.Int64N(5000)
	}
	q.WithAttachments, q.WithoutAttachments = w.rnd.IntN(6) == 0, w.rnd.IntN(6) == 0
	switch w.rnd.IntN(3) {
	case 0:
		q.Scope.Backup = w.someKey()
	case 1:
		var all []*point
		for _, k := range w.lib.order {
			all = append(all, w.lib.points[k]...)
		}
		if len(all) > 0 {
			q.Scope.Point = all[w.rnd.IntN(len(all))].ID
		}
	}
	if w.rnd.IntN(4) == 0 {
		q.Scope.Folder = mail.FolderID(fmt.Sprint("f", w.rnd.IntN(4)))
	}
	q.Limit = 1 + w.rnd.IntN(20)
	return q
}

// normal joins texts as they are looked into.
func normal(list ...string) []byte {
	var out []byte
	for _, s := range list {
		out = words.Append(out, []byte(s))
	}
	return out
}
