package corpus

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"
)

// Spreader gives imported messages to mailboxes. Where a message goes depends on nothing but its MessageID, so that it
// stays where it was when mail is added to the import.
type Spreader struct{ mailboxes int }

// Spread spreads over n mailboxes, 1 at least.
func Spread(n int) Spreader { return Spreader{mailboxes: max(n, 1)} }

// Place says which mailbox m goes to. A message without a folder gets one (most the inbox, others nested folders, sent
// items, the archive), and the read state, flag and category that a person could have given it; others stay as they are.
func (s Spreader) Place(m Message) (mailbox int, placed Message) {
	sum := sha256.Sum256([]byte(m.MessageID))
	draw := func(i, n int) int { // independent draws from one hash
		return int(binary.BigEndian.Uint32(sum[4*i:]) % uint32(n))
	}
	mailbox = draw(0, s.mailboxes)
	if len(m.Folder) > 0 {
		return mailbox, m
	}
	folders := spreadFolders()
	m.Folder = []string{"inbox"}
	switch n := draw(1, 100); {
	case n < 62:
	case n < 70:
		m.Folder = []string{"sentitems"}
	case n < 75:
		m.Folder = []string{"archive"}
	case n < 78:
		m.Folder = []string{"deleteditems"}
	case n < 80:
		m.Folder = []string{"junkemail"}
	default:
		m.Folder = slices.Clone(folders[draw(2, len(folders))])
	}
	m.Read = m.Read || m.Folder[0] == "sentitems" || draw(3, 4) != 0
	switch n := draw(4, 50); {
	case n < 2:
		m.FlagStatus = "flagged"
		m.FlagDue = m.Received.Truncate(24*time.Hour).AddDate(0, 0, 7)
	case n == 2:
		m.FlagStatus = "complete"
	}
	if draw(5, 20) == 0 {
		m.Categories = append(slices.Clone(m.Categories), "Read later")
	}
	if draw(6, 4) == 0 {
		m.Classification = "other"
	}
	return mailbox, m
}

// spreadFolders are the folders that people who get this mail could have made.
func spreadFolders() [][]string {
	return [][]string{
		{"inbox", "Lists"},
		{"inbox", "Lists", "Developers"},
		{"inbox", "Lists", "Users / Help"},
		{"Customers"},
		{"Customers", "Müller & Söhne"},
		{"Customers", "Müller & Söhne", "Offers"},
		{"archive", "2002"},
		{"archive", "2003"},
		{"Private"},
	}
}
