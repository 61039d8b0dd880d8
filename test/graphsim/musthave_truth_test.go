package graphsim

import (
	"testing"
	"time"

	"holdfast/test/graphsim/corpus"
)

// Contract 14.26: the same seed makes the same truth in any tenant; what is told is what there is, field by field; and a copy
// made through Graph is judged by it, not by what was uploaded.
func TestMustHave26TheTruthIsStableAndIndependent(t *testing.T) {
	var hashes []MailboxHash
	for range 2 {
		s, err := Start(Options{Now: func() time.Time { return epoch }})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		res, err := s.Seed(SeedOptions{Generate: &corpus.Options{Mailboxes: 2, Messages: 80}, Seed: 5})
		if err != nil {
			t.Fatal(err)
		}
		bulk, err := s.Seed(SeedOptions{Bulk: &Bulk{Messages: 50, Seed: 5}})
		if err != nil {
			t.Fatal(err)
		}
		for _, box := range append(res.Mailboxes, bulk.Mailboxes...) {
			h, err := s.Control().Hash(t.Context(), box)
			if err != nil || h.Messages == 0 || h.Bytes == 0 || h.Folders == 0 {
				t.Fatalf("%+v %v", h, err)
			}
			hashes = append(hashes, h)
		}
	}
	for i := range hashes[:3] {
		if hashes[i] != hashes[i+3] {
			t.Errorf("mailbox %d: %+v and %+v", i, hashes[i], hashes[i+3])
		}
	}
	w := start(t, Options{})
	w.add(richMail())
	truth := func() []TruthLine {
		lines, err := w.s.Control().Truth(t.Context(), w.user.ID, TruthOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	before := truth()
	old := HashOf(before)
	for _, change := range []map[string]any{{"isRead": true}, {"categories": []string{}}, {"subject": "x"}, {"importance": "high"}, {"flag": map[string]any{"flagStatus": "complete"}}} {
		w.do("PATCH", "messages/"+w.get("messages").values()[0]["id"].(string), change).want(200)
		now := truth()
		if HashOf(now) == old || len(Compare(before, now, CompareOptions{})) == 0 {
			t.Errorf("%v does not show", change)
		}
		before, old = now, HashOf(now)
	}
	// A copy that was told to be whole, but is not.
	w.fault(Fault{Kind: "attachments.create", Status: 500, Count: 1})
	made := w.do("POST", "mailFolders/archive/messages", map[string]any{"subject": "copy"}).want(201).str("id")
	file := map[string]any{"@odata.type": "#microsoft.graph.fileAttachment", "name": "f", "contentBytes": []byte("f")}
	w.do("POST", "messages/"+made+"/attachments", file).want(500)
	without := HashOf(truth())
	w.do("POST", "messages/"+made+"/attachments", file).want(201)
	if HashOf(truth()) == without {
		t.Error("the attachment is not part of the truth")
	}
}

func FuzzKeywords(f *testing.F) {
	for _, s := range []string{`"a"`, `"subject:a AND (b OR NOT c)"`, `"\"a b\""`, `"("`, `""`, `"a:"`} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, s string) {
		if k, err := parseKeywords(s); err == nil {
			k.match(func(string) string { return s })
		}
	})
}

func FuzzAssertion(f *testing.F) {
	f.Add("e30.e30.AA")
	f.Add("e30.e30")
	f.Add("..")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := parseAssertion(s); err == nil && a == nil {
			t.Error("neither an assertion nor an error")
		}
	})
}
