package corpus

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const seed = 20260630

func generate(t testing.TB, seed uint64, o Options) *Company {
	t.Helper()
	c, err := Generate(seed, o)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return c
}

// digest is of everything in a message.
func digest(h hash.Hash, box int, m Message) {
	for _, a := range m.Attachments {
		fmt.Fprintf(h, "%q %q %v %q %x %q\n", a.Name, a.ContentType, a.Inline, a.ContentID, sha256.Sum256(a.Content), a.Reference)
		if a.Item != nil {
			digest(h, -1, *a.Item)
		}
	}
	from, sender := *m.From, *m.Sender
	m.Attachments, m.From, m.Sender = nil, nil, nil
	fmt.Fprintf(h, "%d %+v %v %v\n", box, m, from, sender)
}

func digestAll(mail iter.Seq2[int, Message]) string {
	h := sha256.New()
	for box, m := range mail {
		digest(h, box, m)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func TestTheSameSeedMakesTheSameMail(t *testing.T) {
	o := Options{Mailboxes: 5, Messages: 400, TotalBytes: 20 << 20}
	c := generate(t, seed, o)
	first := digestAll(c.Mail())
	if again := digestAll(c.Mail()); again != first {
		t.Errorf("seed %d: a second pass through one company differs", seed)
	}
	if again := digestAll(generate(t, seed, o).Mail()); again != first {
		t.Errorf("seed %d: another company of the same seed differs", seed)
	}
	if other := digestAll(generate(t, seed+1, o).Mail()); other == first {
		t.Errorf("seeds %d and %d make the same mail", seed, seed+1)
	}
}

func TestGenerateMakesAsManyMessagesAsAsked(t *testing.T) {
	for _, test := range []struct {
		name string
		o    Options
		want int
	}{
		{"by default", Options{}, 400},
		{"a total", Options{Mailboxes: 7, Messages: 123}, 123},
		{"one message", Options{Mailboxes: 3, Messages: 1}, 1},
		{"one mailbox", Options{Mailboxes: 1, Messages: 60}, 60},
		{"each mailbox the same", Options{Mailboxes: 9, PerMailbox: 31}, 9 * 31},
		{"one mailbox, exactly", Options{Mailboxes: 1, PerMailbox: 50}, 50},
		{"no attachments", Options{Messages: 200, AttachmentShare: -1}, 200},
		{"more mailboxes than messages", Options{Mailboxes: 300, Messages: 50}, 50},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := generate(t, seed, test.o)
			per := make([]int, len(c.People()))
			n := 0
			for box, m := range c.Mail() {
				n++
				per[box]++
				for _, a := range m.Attachments {
					if test.o.AttachmentShare < 0 && !a.Inline && a.Name != "invite.ics" && a.Reference == "" {
						t.Errorf("seed %d: a file %q where none is wanted", seed, a.Name)
					}
				}
			}
			if n != test.want {
				t.Errorf("seed %d: %d messages, want %d", seed, n, test.want)
			}
			for box, n := range per {
				if test.o.PerMailbox > 0 && n != test.o.PerMailbox {
					t.Errorf("seed %d: mailbox %d has %d messages, want %d", seed, box, n, test.o.PerMailbox)
				}
			}
		})
	}
}

// TestMailReachesEveryColleagueItIsAddressedTo compares recipients with the mailboxes where copies lie.
func TestMailReachesEveryColleagueItIsAddressedTo(t *testing.T) {
	c := generate(t, seed, Options{Mailboxes: 12, Messages: 1500})
	boxes := map[string]int{}
	for i, p := range c.People() {
		boxes[p.Address] = i
	}
	copies := map[string]map[int]Message{}
	for box, m := range c.Mail() {
		if copies[m.MessageID] == nil {
			copies[m.MessageID] = map[int]Message{}
		}
		if _, ok := copies[m.MessageID][box]; ok {
			t.Errorf("seed %d: %s lies twice in mailbox %d", seed, m.MessageID, box)
		}
		copies[m.MessageID][box] = m
	}
	shared := 0
	for id, list := range copies {
		var any Message
		bcc := []Address(nil)
		for _, m := range list {
			any = m
			bcc = append(bcc, m.Bcc...)
		}
		if any.Draft {
			continue
		}
		want := map[int]bool{}
		for _, a := range slices.Concat(any.To, any.Cc, bcc) {
			if box, ok := boxes[a.Address]; ok {
				want[box] = true
			}
		}
		if box, ok := boxes[any.From.Address]; ok {
			want[box] = true
			if m := list[box]; cmp.Diff(m.Folder, []string{"sentitems"}) != "" || m.Headers != nil {
				t.Errorf("seed %d: the sender's copy of %s is in %v with %d headers", seed, id, m.Folder, len(m.Headers))
			}
		}
		for box, m := range list {
			if !want[box] {
				t.Errorf("seed %d: %s lies in mailbox %d for no reason", seed, id, box)
			}
			if m.Body != any.Body || len(m.Attachments) != len(any.Attachments) {
				t.Errorf("seed %d: copies of %s differ", seed, id)
			}
			for i, a := range m.Attachments {
				if len(a.Content) > 0 && &a.Content[0] != &any.Attachments[i].Content[0] {
					t.Errorf("seed %d: copies of %s do not share their bytes", seed, id)
				}
			}
		}
		if len(want) != len(list) {
			t.Errorf("seed %d: %s lies in %d mailboxes, want %d", seed, id, len(list), len(want))
		}
		if len(list) > 1 {
			shared++
		}
	}
	if shared < 100 {
		t.Errorf("seed %d: only %d mails have more than one copy", seed, shared)
	}
}

func TestGeneratedMailSurvivesRFC822(t *testing.T) {
	c := generate(t, seed, Options{Mailboxes: 14, Messages: 2500, TotalBytes: 60 << 20})
	for box, m := range c.Mail() {
		checkStrings(t, m)
		got := writeAndParse(t, m)
		want := m
		// What mail cannot say.
		got.Folder, got.Read, got.FlagStatus, got.FlagDue, got.Classification =
			m.Folder, m.Read, m.FlagStatus, m.FlagDue, m.Classification
		readItems(got.Attachments)
		// What belongs to one copy comes as headers that the others do not have.
		if m.Headers == nil {
			got.Headers = nil
		}
		got.Headers = slices.DeleteFunc(got.Headers, func(h Header) bool { return h.Name == "Keywords" })
		if diff := cmp.Diff(want, got, cmpEmpty()); diff != "" {
			t.Fatalf("seed %d, mailbox %d, %s: changed on its way (-made +read):\n%.3000s", seed, box, m.MessageID, diff)
		}
	}
}

// readItems gives attached messages the read state that mail does not carry.
func readItems(list []Attachment) {
	for _, a := range list {
		if a.Item != nil {
			a.Item.Read = true
			readItems(a.Item.Attachments)
		}
	}
}

func TestTotalBytesAreMet(t *testing.T) {
	const want = 200 << 20
	c := generate(t, seed, Options{Mailboxes: 10, Messages: 4000, TotalBytes: want})
	var got int64
	for _, m := range c.Mail() {
		got += Size(m)
	}
	if got < want*97/100 || got > want*103/100 {
		t.Errorf("seed %d: %d bytes, want %d", seed, got, want)
	}
}

func TestHugeFilesShareTheirBytes(t *testing.T) {
	const size = 3 << 20
	c := generate(t, seed, Options{Mailboxes: 6, Messages: 600, HugeSize: size, HugeCount: 3})
	mails := map[string]bool{}
	var first []byte
	for _, m := range c.Mail() {
		for _, a := range m.Attachments {
			if len(a.Content) != size {
				continue
			}
			if first == nil {
				first = a.Content
			}
			if &a.Content[0] != &first[0] {
				t.Errorf("seed %d: a huge file of its own", seed)
			}
			mails[m.MessageID] = true
		}
	}
	if len(mails) != 3 {
		t.Errorf("seed %d: %d mails have the huge file, want 3", seed, len(mails))
	}
}

// TestGeneratedMailHasEverything keeps the rare kinds from being lost by a change of the draws.
func TestGeneratedMailHasEverything(t *testing.T) {
	c := generate(t, seed, Options{Mailboxes: 16, Messages: 6000, HugeSize: 1})
	seen := map[string]int{}
	note := func(what string, ok bool) {
		if ok {
			seen[what]++
		} else {
			seen[what] += 0
		}
	}
	var walk func(m Message, depth int)
	walk = func(m Message, depth int) {
		for _, a := range m.Attachments {
			note("inline picture", a.Inline && strings.Contains(m.Body, "cid:"+a.ContentID))
			note("reference", a.Reference != "")
			note("attached message", a.Item != nil)
			note("attached message in the third depth", a.Item != nil && depth == 2)
			for _, ext := range []string{".docx", ".xlsx", ".pptx", ".pdf", ".jpg", ".csv", ".txt", ".zip", ".bin", ".ics"} {
				note(ext, strings.HasSuffix(a.Name, ext))
			}
			if a.Item != nil {
				walk(*a.Item, depth+1)
			}
		}
	}
	for _, m := range c.Mail() {
		walk(m, 0)
		for _, f := range []string{"inbox", "sentitems", "drafts", "archive", "deleteditems", "junkemail"} {
			note(f, m.Folder[0] == f)
		}
		note("nested folder", len(m.Folder) > 3)
		note("no subject", m.Subject == "")
		note("longest subject", len([]rune(m.Subject)) == 255)
		note("no body", m.Body == "")
		note("plain", !m.BodyHTML)
		note("right to left", strings.Contains(m.Body, `dir="rtl"`))
		note("reply", hasHeader(m.Headers, "In-Reply-To"))
		note("quotation in a quotation", strings.Contains(m.Body, "> > "))
		note("meeting", m.Type == "eventMessageRequest")
		note("flag with date", !m.FlagDue.IsZero())
		note("complete", m.FlagStatus == "complete")
		note("category", len(m.Categories) > 1)
		note("important", m.Importance == "high")
		note("unimportant", m.Importance == "low")
		note("unread", !m.Read)
		note("receipt", m.ReceiptWanted)
		note("bcc", len(m.Bcc) > 0)
		note("reply to", len(m.ReplyTo) > 0)
		note("on behalf", *m.From != *m.Sender)
		note("of the last century", m.Sent.Year() < 2000)
		note("to many", len(m.To)+len(m.Cc) > 10)
		note("other", m.Classification == "other")
	}
	for what, n := range seen {
		if n == 0 {
			t.Errorf("seed %d: no mail has: %s", seed, what)
		}
	}
}

func TestOnlyCarriedLeavesOutWhatGraphCannotWrite(t *testing.T) {
	c := generate(t, seed, Options{Messages: 2000, OnlyCarried: true})
	for _, m := range c.Mail() {
		for _, a := range m.Attachments {
			if a.Reference != "" || m.Type != "" {
				t.Errorf("seed %d: %s is of type %q with reference %q", seed, m.MessageID, m.Type, a.Reference)
			}
		}
	}
}

func TestFoldersHaveParentsAndDifferAsExchangeWants(t *testing.T) {
	c := generate(t, seed, Options{Mailboxes: 40, Messages: 1})
	for box := range c.People() {
		seen := map[string]bool{}
		for _, path := range c.Folders(box) {
			key := strings.ToLower(strings.Join(path, "\x00"))
			parent := strings.ToLower(strings.Join(path[:len(path)-1], "\x00"))
			if seen[key] {
				t.Errorf("seed %d: mailbox %d has %q twice", seed, box, path)
			}
			if len(path) > 1 && !seen[parent] && !isWellKnown(parent) {
				t.Errorf("seed %d: mailbox %d has %q before its parent", seed, box, path)
			}
			for _, name := range path {
				if name == "" || len([]rune(name)) > 255 || strings.TrimSpace(name) != name {
					t.Errorf("seed %d: mailbox %d has a folder named %q", seed, box, name)
				}
			}
			seen[key] = true
		}
	}
}

func TestOptionsReportAllFaultsAtOnce(t *testing.T) {
	err := Options{Mailboxes: -1, Messages: 1, PerMailbox: 1, AttachmentShare: 2, Languages: []string{"xx"}}.Validate()
	for _, want := range []string{"mailboxes", "exclude", "share", "xx"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not tell about %q", err, want)
		}
	}
}
