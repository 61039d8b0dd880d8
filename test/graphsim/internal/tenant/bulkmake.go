package tenant

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// Recipe says how contents of the bulk are made: the same bytes every time.
type Recipe struct {
	Kind  string `json:"k"` // "body", "html", "head", "file"
	Seed  uint64 `json:"s"`
	Index uint64 `json:"i"`
	Owner string `json:"o,omitempty"`
	At    int64  `json:"t,omitempty"` // Unix time of a head
}

// words of bulk mail. A power of two, so that a word costs six bits.
var words = strings.Fields(`the of and to in is that for it as was with be by on not he this are or his from at which but
have an had they you were their one all we can her has there been if more when will would who so no out up into them then
she many some these two may other than time only could`)

type wordStream struct {
	r    *rand.PCG
	bits uint64
	left int
}

func newWords(seed, index uint64) *wordStream { return &wordStream{r: rand.NewPCG(seed, index)} }

func (w *wordStream) next() string {
	if w.left == 0 {
		w.bits, w.left = w.r.Uint64(), 10
	}
	s := words[w.bits&63]
	w.bits >>= 6
	w.left--
	return s
}

// text of n bytes, about.
func (w *wordStream) text(n int) string {
	var b strings.Builder
	for b.Len() < n {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.next())
	}
	return b.String()
}

const (
	htmlHead = "<html><head></head><body><p>"
	htmlTail = "</p></body></html>"
)

// paragraph is about how much text stands between two breaks.
const paragraph = 500

// read makes contents other than files.
func (r *Recipe) read(size int64) string {
	if r.Kind == "head" {
		return bulkHeaders(r.Owner, r.Seed, r.Index, time.Unix(r.At, 0).UTC())
	}
	head, tail, brk := "", "", "\r\n\r\n"
	if r.Kind == "html" {
		head, tail, brk = htmlHead, htmlTail, "</p>\r\n<p>"
	}
	w := newWords(r.Seed^0xb0d1, r.Index)
	b := make([]byte, 0, size+16)
	b = append(b, head...)
	for left := int(size) - len(head) - len(tail); left > 0; left = int(size) - len(b) - len(tail) {
		if left < 2*paragraph {
			b = append(b, w.text(left)[:left]...)
			break
		}
		b = append(b, w.text(paragraph)...)
		b = append(b, brk...)
	}
	return string(append(b, tail...))
}

// file streams bytes that do not compress.
func (r *Recipe) file() io.Reader {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], r.Seed)
	binary.BigEndian.PutUint64(seed[8:], r.Index)
	return rand.NewChaCha8(seed)
}

func bulkSender(seed, index uint64) Address {
	n := (index*2654435761 + seed) % 997
	return Address{Name: fmt.Sprintf("Colleague %d", n), Address: fmt.Sprintf("colleague.%d@partner.example", n)}
}

func bulkID(seed, index uint64) string { return fmt.Sprintf("<%x.%d@bulk.example>", seed, index) }

func bulkSubject(seed, index uint64) string {
	return fmt.Sprintf("%s %d", newWords(seed^0x5b, index/4).text(24), index)
}

func bulkHeaders(owner string, seed, index uint64, at time.Time) string {
	from := bulkSender(seed, index)
	date := at.Format(time.RFC1123Z)
	return fmt.Sprintf("Received: from mx.partner.example by mx.bulk.example; %s\nFrom: %s <%s>\nTo: <%s>\nSubject: %s\nMessage-ID: %s\nDate: %s\n",
		date, from.Name, from.Address, owner, bulkSubject(seed, index), bulkID(seed, index), date)
}

// message makes one message of the bulk.
func (x *bulkMail) message(mailbox string, uid, seq uint64) *Message {
	f, p := x.where(uid)
	r := rand.New(rand.NewPCG(x.Seed, uid))
	owner := Address{Name: x.owner.DisplayName, Address: orOther(x.owner.Mail, x.owner.UserPrincipalName)}
	other := bulkSender(x.Seed, uid)
	at := x.received(uid)
	m := &Message{
		UID: uid, Folder: f.num, Seq: seq, Subject: bulkSubject(x.Seed, uid), BodyHTML: uid%3 != 0,
		From: &other, Sender: &other, To: []Address{owner}, Received: at, Sent: at, Created: at, Modified: at,
		InternetMessageID: bulkID(x.Seed, uid), Read: !unreadAt(p),
	}
	kind := "body"
	if m.BodyHTML {
		kind = "html"
	}
	size := int64(x.BodyBytes/2 + r.IntN(x.BodyBytes+1) + 64)
	m.Body = Blob{Size: size, Made: &Recipe{Kind: kind, Seed: x.Seed, Index: uid}}
	m.Preview = newWords(x.Seed^0xb0d1, uid).text(int(min(size-60, 200)))
	if sent := x.folderRole(f.num) == "sentitems"; sent {
		m.From, m.Sender, m.To = &owner, &owner, []Address{other}
	} else {
		m.Headers = Blob{
			Size: int64(len(bulkHeaders(owner.Address, x.Seed, uid, at))),
			Made: &Recipe{Kind: "head", Seed: x.Seed, Index: uid, Owner: owner.Address, At: at.Unix()},
		}
	}
	switch {
	case uid%29 == 0:
		m.Flag.Status = "flagged"
	case uid%31 == 0:
		m.Categories = []string{"Blue category"}
	case uid%37 == 0:
		m.Importance = "high"
	}
	if x.AttachmentEvery > 0 && uid%uint64(x.AttachmentEvery) == 0 {
		// A quarter of the files are sent twice.
		n := uid / uint64(x.AttachmentEvery)
		if n%4 == 3 {
			n--
		}
		m.Attach(Attachment{
			Name: fmt.Sprintf("file %d.bin", n), ContentType: "application/octet-stream", Modified: at,
			Content: Blob{Size: int64(x.AttachmentBytes/2) + int64(n*7919)%int64(x.AttachmentBytes+1), Made: &Recipe{Kind: "file", Seed: x.Seed, Index: n}},
		})
	}
	m.ConversationID, m.ConversationIndex = Conversation(mailbox, m.Subject)
	return m
}

func orOther(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (x *bulkMail) folderRole(num uint32) string {
	if int(num) <= len(defaultFolders) {
		return defaultFolders[num-1].role
	}
	return ""
}
