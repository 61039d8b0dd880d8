package work_test

import (
	"path/filepath"
	"strings"
	"testing"

	"holdfast/test/graphsim"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/export"
)

// TestAnExportedMailboxIsTheMailbox backs a mailbox up through Graph, exports it, and gives the export to another mailbox of
// the tenant, whose importer shares no code with the export. What the tenant then holds is what it held.
func TestAnExportedMailboxIsTheMailbox(t *testing.T) {
	s := newScene(t, 120)
	r, done, err := s.shelf.Use(repo)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	point, err := r.Point(t.Context(), s.point.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []export.Format{export.Maildir, export.Mbox} {
		dir := filepath.Join(t.TempDir(), "out")
		report, err := export.ToFolder(t.Context(), dir, export.Options{Point: point, Open: r.Content, Format: format})
		if err != nil || !report.Whole() {
			t.Fatalf("%v, %+v", err, report)
		}
		users, err := s.sim.AddUsers(graphsim.User{DisplayName: "Copy " + string(format), Mailbox: true})
		if err != nil {
			t.Fatal(err)
		}
		boxes := []string{dir}
		if format == export.Mbox {
			boxes = nil
			for _, f := range report.Folders {
				if f.Messages == 0 { // an empty file, which the importer does not take for a mailbox
					continue
				}
				boxes = append(boxes, filepath.Join(dir, filepath.FromSlash(f.Where)))
			}
		}
		var all []corpus.Message
		for _, box := range boxes {
			for m, err := range corpus.Import(box, corpus.ImportOptions{}) {
				if err != nil {
					t.Error(err)
					continue
				}
				m.Folder = []string{"inbox"}
				all = append(all, m)
			}
		}
		if err := s.sim.AddMessages(users[0].ID, all...); err != nil {
			t.Fatal(err)
		}
		got, err := s.sim.Truth(users[0].ID, graphsim.TruthOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, d := range graphsim.Compare(s.original, got, graphsim.CompareOptions{
			NoFolders: true, Folder: func(string) string { return inboxOf(t, got) },
			Ignore: []string{"extended", "classification", "flag", "headersSha256"},
		}) {
			// Attached messages have no read state in a file, get headers where Graph shows none of theirs, and a file's name.
			if strings.HasSuffix(d.Field, ".item.read") || strings.HasSuffix(d.Field, ".item.headersSha256") || d.Got == strings.TrimSuffix(d.Want, `"`)+`.eml"` {
				continue
			}
			if n++; n <= 15 {
				t.Errorf("%s: %s", format, d)
			}
		}
		if len(all) != 120 {
			t.Errorf("%s: %d messages came back, want 120", format, len(all))
		}
	}
}

func inboxOf(t *testing.T, truth []graphsim.TruthLine) string {
	t.Helper()
	for _, l := range truth {
		if l.Folder != nil && l.Folder.Role == "inbox" {
			return l.Folder.Path
		}
	}
	t.Fatal("no inbox")
	return ""
}
