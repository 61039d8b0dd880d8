package corpus

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// writeFiles makes files, and the folders that they are in, below a new folder.
func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// collect separates messages, by subject, from the base names of what was skipped.
func collect(t *testing.T, mail iter.Seq2[Message, error]) (messages map[string]Message, skipped []string) {
	t.Helper()
	messages = map[string]Message{}
	for m, err := range mail {
		var s *SkippedError
		switch {
		case errors.As(err, &s):
			skipped = append(skipped, filepath.Base(s.Path))
		case err != nil:
			t.Fatal(err)
		default:
			if _, ok := messages[m.Subject]; ok {
				t.Errorf("two messages %q", m.Subject)
			}
			messages[m.Subject] = m
		}
	}
	return messages, skipped
}

func TestFolderImportSkipsWhatIsNoMailAndGoesOn(t *testing.T) {
	dir := writeFiles(t, map[string]string{
		"a.eml":          "Subject: a\nMessage-ID: <same@x>\n\n1",
		"sub/b.txt":      "Subject: b\nMessage-ID: <same@x>\n\n2",
		"sub/c":          "Subject: c\n\n3",
		"empty.eml":      "",
		"list.json":      `{"a":"b"}`,
		".hidden/d.eml":  "Subject: d\n\n4",
		"large.eml":      "Subject: large\n\n" + strings.Repeat("x", 5000),
		"sub/.e.eml.swp": "Subject: e\n\n5",
	})
	messages, skipped := collect(t, Import(dir, ImportOptions{MaxMessage: 4000}))
	if len(messages) != 3 {
		t.Errorf("messages %v, want a, b and c", messages)
	}
	if diff := cmp.Diff([]string{"empty.eml", "large.eml", "list.json"}, skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	if a, b := messages["a"].MessageID, messages["b"].MessageID; a != "<same@x>" || a == b || b == "" {
		t.Errorf("ids %s and %s, want the first kept and the other made anew", a, b)
	}
	messages, skipped = collect(t, ImportFolder(dir, ImportOptions{Pattern: "*.txt"}))
	if len(messages) != 1 || len(skipped) != 0 {
		t.Errorf("with a pattern: %v and %v", messages, skipped)
	}
}

func TestRepeatedMessagesGetDifferentIDs(t *testing.T) {
	const mail = "Subject: s\n\nthe same"
	dir := writeFiles(t, map[string]string{"1": mail, "2": mail, "3": mail})
	ids := map[string]bool{}
	for m, err := range ImportFolder(dir, ImportOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids[m.MessageID] = true
	}
	if len(ids) != 3 {
		t.Errorf("ids %v, want three", ids)
	}
}

func TestImportReportsAWrongPathOrPattern(t *testing.T) {
	for name, mail := range map[string]iter.Seq2[Message, error]{
		"no such path":  Import("testdata/none", ImportOptions{}),
		"no folder":     ImportFolder("testdata/none", ImportOptions{}),
		"no Maildir":    ImportMaildir("testdata/none", ImportOptions{}),
		"no mbox":       ImportMbox("testdata/none", ImportOptions{}),
		"wrong pattern": ImportFolder("testdata", ImportOptions{Pattern: "["}),
	} {
		n := 0
		for _, err := range mail {
			var s *SkippedError
			if n++; err == nil || errors.As(err, &s) {
				t.Errorf("%s: error %v, want one that ends the import", name, err)
			}
		}
		if n != 1 {
			t.Errorf("%s: %d errors, want one", name, n)
		}
	}
}

func TestImportStopsWhenAsked(t *testing.T) {
	files := map[string]string{}
	for _, name := range []string{"cur/1", "cur/2", "new/3", "broken"} {
		files[name] = "Subject: s\n\nx"
	}
	dir := writeFiles(t, files)
	mbox := filepath.Join(writeFiles(t, map[string]string{"m": strings.Repeat("From a Thu Aug 22 12:36:23 2002\nSubject: s\n\nx\n\n", 3)}), "m")
	for name, mail := range map[string]iter.Seq2[Message, error]{
		"folder":  ImportFolder(dir, ImportOptions{}),
		"Maildir": ImportMaildir(dir, ImportOptions{}),
		"mbox":    ImportMbox(mbox, ImportOptions{}),
		"skipped": ImportFolder(dir, ImportOptions{MaxMessage: 1}),
	} {
		n := 0
		for range mail { // the runtime panics if it goes on after this
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: %d messages", name, n)
		}
	}
}

func TestMaildirFlagsAndFolders(t *testing.T) {
	mail := func(subject string) string { return "Subject: " + subject + "\n\nx" }
	dir := writeFiles(t, map[string]string{
		"cur/1.a:2,S":                     mail("read"),
		"cur/2.a:2,FS":                    mail("flagged"),
		"cur/3.a:2,D":                     mail("draft"),
		"cur/4.a:2,ST":                    mail("deleted"),
		"cur/5.a:2,":                      mail("unread"),
		"cur/6.a:2,RS":                    mail("answered"),
		"new/7.a":                         mail("new"),
		"tmp/8.a":                         mail("being delivered"),
		".Sent/cur/9.a:2,S":               mail("sent"),
		".Archive.2024.Q1/cur/10.a:2,S":   mail("nested"),
		".Gesch&APY-ft.&ZeVnLIqe-/new/11": mail("encoded"),
		"plain/deeper/cur/12.a:2,S":       mail("plain"),
		"cur/13.a:2,S":                    "no mail",
	})
	messages, skipped := collect(t, Import(dir, ImportOptions{}))
	if diff := cmp.Diff([]string{"13.a:2,S"}, skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	type state struct {
		Folder      []string
		Read, Draft bool
		Flag        string
	}
	const none = "notFlagged"
	inbox := []string{"inbox"}
	want := map[string]state{
		"read":     {inbox, true, false, none},
		"flagged":  {inbox, true, false, "flagged"},
		"draft":    {inbox, false, true, none},
		"deleted":  {[]string{"deleteditems"}, true, false, none},
		"unread":   {inbox, false, false, none},
		"answered": {inbox, true, false, none},
		"new":      {inbox, false, false, none},
		"sent":     {[]string{"sentitems"}, true, false, none},
		"nested":   {[]string{"archive", "2024", "Q1"}, true, false, none},
		"encoded":  {[]string{"Geschöft", "日本語"}, false, false, none},
		"plain":    {[]string{"plain", "deeper"}, true, false, none},
	}
	got := map[string]state{}
	for subject, m := range messages {
		got[subject] = state{m.Folder, m.Read, m.Draft, m.FlagStatus}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMboxIsCutAtFromLines(t *testing.T) {
	const from = "From a@example.com Thu Aug 22 12:36:23 2002\n"
	for _, test := range []struct {
		name string
		mbox string
		want []string // bodies
	}{
		{"two messages", from + "Subject: 1\n\none\n\n" + from + "Subject: 2\n\ntwo\n\n", []string{"one\r\n", "two\r\n"}},
		{"no blank line at the end", from + "Subject: 1\n\none\n", []string{"one\r\n"}},
		{"no line end at the end", from + "Subject: 1\n\none", []string{"one"}},
		{"CRLF", strings.ReplaceAll(from+"Subject: 1\n\none\n\n"+from+"Subject: 2\n\n\n\n", "\n", "\r\n"), []string{"one\r\n", "\r\n"}},
		{"mboxrd", from + "Subject: 1\n\n>From here\n>>From there\n> From not\n\n", []string{"From here\r\n>From there\r\n> From not\r\n"}},
		{"prose that begins so", from + "Subject: 1\n\nx\n\nFrom here to there\n\n", []string{"x\r\n\r\nFrom here to there\r\n"}},
		{"no blank line before", from + "Subject: 1\n\nx\n" + from + "y\n", []string{"x\r\n" + strings.TrimSpace(from) + "\r\ny\r\n"}},
		{
			"a length that is right", from + "Subject: 1\nContent-Length: 51\n\nx\n\n" + from + "\nz\n\n" + from + "Subject: 2\n\ntwo\n\n",
			[]string{"x\r\n\r\n" + strings.TrimSpace(from) + "\r\n\r\nz\r\n", "two\r\n"},
		},
		{"a length that is wrong", from + "Subject: 1\nContent-Length: 7\n\none\n\n" + from + "Subject: 2\n\ntwo\n\n", []string{"one\r\n", "two\r\n"}},
		{"a length beyond the end", from + "Subject: 1\nContent-Length: 70000\n\none\n\n" + from + "Subject: 2\n\ntwo\n\n", []string{"one\r\n", "two\r\n"}},
		{"a line longer than the buffer", from + "Subject: 1\n\n" + strings.Repeat("x", 200_000) + "\n\n", []string{strings.Repeat("x", 200_000) + "\r\n"}},
		{"something before the first", "garbage\n\n" + from + "Subject: 1\n\none\n\n", []string{"one\r\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(writeFiles(t, map[string]string{"m": test.mbox}), "m")
			var got []string
			for m, err := range ImportMbox(file, ImportOptions{}) {
				if err != nil {
					t.Fatal(err)
				}
				if hasHeader(m.Headers, "Content-Length") {
					t.Error("Content-Length is still there")
				}
				got = append(got, m.Body)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMboxStatusAndFolders(t *testing.T) {
	const from = "From a@example.com Thu Aug 22 12:36:23 2002\n"
	dir := writeFiles(t, map[string]string{
		"Sent.mbox":       from + "Subject: sent\nStatus: RO\n\nx\n\n",
		"Lists.sbd/Users": from + "Subject: flagged\nStatus: O\nX-Status: F\n\nx\n\n" + from + "no mail\n\n" + from + "Subject: deleted\nX-Status: D\n\nx\n\n",
		"Users.msf":       "an index",
	})
	messages, skipped := collect(t, ImportMbox(dir, ImportOptions{}))
	if diff := cmp.Diff([]string{"Users"}, skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
	if m := messages["sent"]; !slices.Equal(m.Folder, []string{"sentitems"}) || !m.Read || hasHeader(m.Headers, "Status") {
		t.Errorf("sent: folder %v, read %v, headers %v", m.Folder, m.Read, m.Headers)
	}
	if m := messages["flagged"]; !slices.Equal(m.Folder, []string{"Lists", "Users"}) || m.Read || m.FlagStatus != "flagged" {
		t.Errorf("flagged: folder %v, read %v, flag %v", m.Folder, m.Read, m.FlagStatus)
	}
	if m := messages["deleted"]; !slices.Equal(m.Folder, []string{"deleteditems"}) {
		t.Errorf("deleted: folder %v", m.Folder)
	}
}

func TestMboxMessagesBeyondTheLimitAreSkipped(t *testing.T) {
	const from = "From a@example.com Thu Aug 22 12:36:23 2002\n"
	file := filepath.Join(writeFiles(t, map[string]string{
		"m": from + "Subject: large\n\n" + strings.Repeat("0123456789\n", 1000) + "\n" + from + "Subject: small\n\nx\n\n",
	}), "m")
	messages, skipped := collect(t, Import(file, ImportOptions{MaxMessage: 5000}))
	if len(messages) != 1 || messages["small"].Body != "x\r\n" || len(skipped) != 1 {
		t.Errorf("messages %v, skipped %v", messages, skipped)
	}
}

func FuzzMbox(f *testing.F) {
	f.Add("From a@example.com Thu Aug 22 12:36:23 2002\nSubject: 1\nContent-Length: 3\n\n>From\n\nFrom b Thu Aug 22 12:36:23 2002\n\n")
	f.Fuzz(func(t *testing.T, mbox string) {
		total := 0
		scan := &mboxScan{r: strings.NewReader(mbox), options: ImportOptions{MaxMessage: 1 << 20}.withDefaults()}
		_ = scan.each(func(data []byte, offset int64, err error) bool {
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(mbox[offset:], "From ") {
				t.Errorf("a message begins at %d: %.40q", offset, mbox[offset:])
			}
			total += len(data)
			return true
		})
		if total > len(mbox) {
			t.Errorf("%d bytes out of %d", total, len(mbox))
		}
	})
}
