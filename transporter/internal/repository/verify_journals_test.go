package repository

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/pkg/mail"
)

// TestVerifyChecksTheJournalsOfInterruptedSessions damages a journal, or bytes that only it names.
func TestVerifyChecksTheJournalsOfInterruptedSessions(t *testing.T) {
	for _, what := range []string{"nothing", "a checkpoint", "the head", "a torn end", "a body", "the file, before it is looked at by a session"} {
		o := testOptions(t, false)
		r := mustCreate(t, o)
		sealOne(t, r, 1)
		s := begin(t, r, "run 2")
		for n := 2; n < 5; n++ {
			commitOne(t, s, n)
		}
		found, err := s.Lookup(t.Context(), []mail.MessageID{"m3"})
		if err != nil {
			t.Fatal(err)
		}
		body := found[0].Body.Pieces[0].Hash
		if report, err := r.Verify(t.Context(), VerifyQuick, nil); err != nil || !report.Sound() {
			t.Fatalf("while it is open: %+v, %v", report, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		path := s.path()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := ".journal"
		switch what {
		case "nothing":
			want = ""
		case "a checkpoint":
			data[len(data)/2] ^= 1
		case "the head":
			data[9] ^= 1
		case "a torn end":
			data, want = data[:len(data)-3], ""
		case "a body":
			harm(t, o, r, body)
			want = "cannot be read whole"
		default:
			data = append(data[:100], make([]byte, 4000)...)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := r.Verify(t.Context(), VerifyFull, nil)
		if err != nil {
			t.Fatal(err)
		}
		told := false
		for _, d := range report.Damage {
			told = told || strings.HasPrefix(d.Path, filepath.Join(o.Path, stagingFolder)) && strings.Contains(d.Path+d.Reason, want) && strings.Contains(d.Reason, "read from the mailbox again")
		}
		if told != (want != "") {
			t.Errorf("%s: %+v", what, report.Damage)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != string(data) {
			t.Errorf("%s: verifying changed the journal (%v)", what, err)
		}
		// The next session begins all the same, and what was set aside is told from then on.
		s = begin(t, r, "run 3")
		if what == "a body" && (len(s.State().Losses) != 1 || s.State().Losses[0].Message != "m3") {
			t.Errorf("%s: the session does not look for what is lost: %+v", what, s.State().Losses)
		}
		if _, err := s.Lookup(t.Context(), []mail.MessageID{"m1", "m2"}); err != nil {
			t.Error(what, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if report, err = r.Verify(t.Context(), VerifyQuick, nil); err != nil || (len(report.Aside) == 1) != (what == "the head" || strings.HasPrefix(what, "the file")) {
			t.Errorf("%s: set aside: %v, %v", what, report.Aside, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
