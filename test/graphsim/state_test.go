package graphsim

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"holdfast/test/graphsim/corpus"
)

// A tenant killed at any moment goes on: the journal is copied while it is open, with half a line at its end.
func TestStateSurvivesAKill(t *testing.T) {
	dir, copied := t.TempDir(), t.TempDir()
	w := start(t, Options{StateDir: dir})
	w.add(mails(30)...)
	all, link := w.round("mailFolders/inbox/messages/delta", "Prefer", immutable)
	half := w.get("mailFolders/inbox/messages/delta", "Prefer", immutable).str("@odata.nextLink")
	m := w.do("POST", "messages", map[string]any{"subject": "x"}).want(201).str("id")
	const size = 3 << 20
	content := bytes.Repeat([]byte("x"), size)
	u := w.session(m, size).want(201).str("uploadUrl")
	w.put(u, content, 0, 1<<20, size).want(200)
	before, err := w.s.Truth(w.user.ID, TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"blobs.dat", "journal.jsonl", "key", "ca.pem"} {
		p, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "journal.jsonl" {
			p = append(p, `{"seq":99999,"mb":"cut`...)
		}
		if err := os.WriteFile(filepath.Join(copied, name), p, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	listen := w.s.graphLn.Addr().String()
	upload := w.s.uploadLn.Addr().String()
	if err := w.s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{StateDir: copied, Listen: listen, UploadListen: upload})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w.s = s // the client trusts the old authority, which is the same
	after, err := s.Truth(w.user.ID, TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d := Compare(before, after, CompareOptions{}); len(d) != 0 || Hash(before) != Hash(after) {
		t.Fatalf("the state differs: %v", d)
	}
	if changes, _ := w.round(link, "Prefer", immutable); len(changes) != 0 {
		t.Errorf("the old deltaLink reports %d changes, want none", len(changes))
	}
	if rest, _ := w.round(half, "Prefer", immutable); len(rest) != 20 {
		t.Errorf("the old nextLink gives %d records, want 20", len(rest))
	}
	w.get("messages/" + all[0]["id"].(string))
	w.put(u, content, 1<<20, size, size).want(201)
}

// Contract 14.26.
func TestTruthIsComparedFieldByField(t *testing.T) {
	w := start(t, Options{})
	if _, err := w.s.Seed(SeedOptions{Generate: &corpus.Options{Mailboxes: 2, Messages: 60}, Seed: 7}); err != nil {
		t.Fatal(err)
	}
	c := w.s.Control()
	users, err := c.Users(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	box := users[1].ID
	before, err := c.Truth(t.Context(), box, TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if d := Compare(before, before, CompareOptions{}); len(d) != 0 {
		t.Fatalf("a mailbox differs from itself: %v", d)
	}
	for _, do := range []string{"edit", "permanent", "move"} {
		if ids, err := c.Change(t.Context(), box, Change{Do: do, Random: 1, Seed: 3, To: []string{"New"}}); err != nil || len(ids) != 1 {
			t.Fatalf("%s: %v %v", do, ids, err)
		}
	}
	after, err := c.Truth(t.Context(), box, TruthOptions{})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, d := range Compare(before, after, CompareOptions{}) {
		kinds[d.Kind]++
	}
	if kinds["missing"] == 0 {
		t.Errorf("differences %v, want missing ones", kinds)
	}
}
