// Package prose invents mail with the words of real mail in number and frequency, though not in sense: Zipf's law over a vocabulary
// that grows with the mail, in several scripts, with names, numbers and addresses. The same number gives the same message.
package prose

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// Message is one message. Text is how many bytes of text are in it.
type Message struct {
	Record record.Message
	Body   []byte
	Text   int
}

// The vocabulary and how much is said: the mean of business mail, with long ones among them.
const (
	vocabulary = 1_500_000
	// skew is the exponent of Zipf's law, as measured on English mail.
	skew      = 1.16
	meanWords = 260
	people    = 20_000
)

// Folders are those of every mailbox.
func Folders() []mail.Folder {
	var list []mail.Folder
	for _, name := range []string{"inbox", "sent", "archive", "projects"} {
		list = append(list, mail.Folder{ID: mail.FolderID(name), Name: name})
	}
	return list
}

// Messages returns count messages from a number on.
func Messages(from, count int) []Message {
	list := make([]Message, count)
	for i := range list {
		list[i] = message(from + i)
	}
	return list
}

func message(n int) Message {
	rnd := rand.New(rand.NewPCG(uint64(n), 7))
	z := rand.NewZipf(rnd, skew, 4, vocabulary-1)
	var m Message
	m.Record.ID = mail.MessageID(fmt.Sprintf("AAkALgAAAAAAHYQDEapmEc2byACqAC-EWg0A%08xbox%06dJQEwzJ8AAA=", rnd.Uint32(), n))
	m.Record.Folder = Folders()[rnd.IntN(4)].ID
	m.Record.Received = time.Unix(1_400_000_000+int64(n%10_000)*31_000+rnd.Int64N(31_000), 0).UTC()
	m.Record.Subject = words(rnd, z, 3+rnd.IntN(6))
	from := person(rnd)
	m.Record.From = &from
	for range 1 + rnd.IntN(3) {
		m.Record.To = append(m.Record.To, person(rnd))
	}
	m.Record.BodyType = mail.BodyHTML
	length := int(float64(meanWords) * math.Exp(rnd.NormFloat64()*0.9-0.4))
	text := words(rnd, z, max(5, min(length, 5000)))
	m.Text = len(text) + len(m.Record.Subject)
	m.Body = []byte("<html><head><style>p{margin:0}</style></head><body><p class=\"MsoNormal\">" + strings.ReplaceAll(text, ". ", ".</p>\r\n<p class=\"MsoNormal\">") + "</p></body></html>")
	return m
}

func person(rnd *rand.Rand) mail.Address {
	n := uint64(rnd.IntN(people))
	first, last := Word(n%900*11+50), Word(n*3+70)
	return mail.Address{Name: first + " " + last, Address: fmt.Sprintf("%s.%s@%s.example", first, last, Word(n%200+900))}
}

func words(rnd *rand.Rand, z *rand.Zipf, count int) string {
	var b strings.Builder
	for i := range count {
		if i > 0 {
			b.WriteString([]string{" ", " ", " ", " ", " ", " ", ", ", ". "}[rnd.IntN(8)])
		}
		if rnd.IntN(60) == 0 { // a number, a date, an order
			fmt.Fprintf(&b, "%d", rnd.Uint32N(200_000))
			continue
		}
		b.WriteString(Word(z.Uint64()))
	}
	return b.String()
}

// The syllables of scripts. Four words of five are Latin.
var scripts = [][]string{
	strings.Fields("a be co da en fi ga ho in ja ku li ma ne or pa qui re sa ti un ver wa xe yo za st er ing tion ment able pro con über är ö é ç ß"),
	strings.Fields("а бо ве го да ен жи за ин ко ли ма не ор по ре са ти ув фа ход це че ши эт ый ость ание"),
	strings.Fields("α βε γο δα εν ζη θα ιν κο λι μα νε ορ πα ρε σα τι υν φο χε ω ος ης"),
	strings.Fields("東 京 会 議 事 務 所 予 算 報 告 書 来 週 月 火 確 認 送 付 の に を は が で と し た す ます"),
}

// Word returns the word of a rank in the vocabulary; common ones are short.
func Word(rank uint64) string {
	script := scripts[0]
	if k := rank % 15; k < 3 {
		script = scripts[1+k]
	}
	rnd := rand.New(rand.NewPCG(rank, 99))
	var b strings.Builder
	for n := 1 + int(math.Log10(float64(rank)+3)) + rnd.IntN(2); n > 0; n-- {
		b.WriteString(script[rnd.IntN(len(script))])
	}
	return b.String()
}

// Part returns a part of a word to look for: of a common one, of a rare one, or of none.
func Part(rnd *rand.Rand, kind string) string {
	switch kind {
	case "common":
		return part(rnd, Word(uint64(20+rnd.IntN(2000))), 3)
	case "rare":
		return part(rnd, Word(uint64(200_000+rnd.IntN(500_000))), 6)
	default:
		return part(rnd, Word(uint64(1000+rnd.IntN(1000))), 3) + "qzx" + string(rune('a'+rnd.IntN(26)))
	}
}

// part drops a character at either end, as long as so many stay.
func part(rnd *rand.Rand, word string, least int) string {
	r := []rune(word)
	for len(r) > least && rnd.IntN(2) == 0 {
		if rnd.IntN(2) == 0 {
			r = r[1:]
		} else {
			r = r[:len(r)-1]
		}
	}
	return string(r)
}
