package corpus

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestParseReadsMailAsAServerDoes compares each testdata/mime/*.eml, with LF and with CRLF, to the message beside it.
func TestParseReadsMailAsAServerDoes(t *testing.T) {
	files, err := filepath.Glob("testdata/mime/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no mail in testdata/mime: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".eml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			m, err := ParseEML(data, ImportOptions{})
			if err != nil {
				t.Fatal(err)
			}
			checkStrings(t, m)
			got := golden(t, m)
			path := strings.TrimSuffix(file, ".eml") + ".json"
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := diffMail(m, writeAndParse(t, m)); diff != "" {
				t.Errorf("changed on its way (-imported +read again):\n%s", diff)
			}
			crlf, err := ParseEML([]byte(canonicalLines(string(data))), ImportOptions{})
			if err != nil || crlf.Body != m.Body || crlf.Subject != m.Subject || len(crlf.Attachments) != len(m.Attachments) {
				t.Errorf("with CRLF it is another message (error %v)", err)
			}
		})
	}
}

// golden shows a message with its files as text.
func golden(t *testing.T, m Message) string {
	t.Helper()
	type file struct {
		Attachment
		Content string
		Item    any
	}
	var show func(m Message) any
	show = func(m Message) any {
		var files []file
		for _, a := range m.Attachments {
			f := file{Attachment: a, Content: string(a.Content)}
			if a.Item != nil {
				f.Item = show(*a.Item)
			}
			f.Attachment.Content, f.Attachment.Item = nil, nil
			files = append(files, f)
		}
		m.Attachments = nil
		return struct {
			Message
			Attachments []file
		}{m, files}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(show(m)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestParseRefusesWhatIsNoMailOrTooLarge(t *testing.T) {
	const mail = "From: a@example.com\n"
	nested := "From: a@example.com\nContent-Type: multipart/mixed; boundary=x\n\n" + strings.Repeat("--x\n\nbody\n", 50)
	for _, test := range []struct {
		name string
		data string
		o    ImportOptions
		want error
	}{
		{"nothing", "", ImportOptions{}, errNoMail},
		{"JSON", `{"id":"1","text":"From: a@example.com"}`, ImportOptions{}, errNoMail},
		{"prose", "Dear all,\n\nFrom: here on\n", ImportOptions{}, errNoMail},
		{"an image", "\x89PNG\r\n\x1a\n\x00\x00", ImportOptions{}, errNoMail},
		{"a large message", mail + "\n" + strings.Repeat("x", 1000), ImportOptions{MaxMessage: 999}, errTooLarge},
		{"many headers", mail + strings.Repeat("X: y\n", 100), ImportOptions{MaxHeaders: 100}, errTooLarge},
		{"large headers", mail + "X: " + strings.Repeat("y", 2000) + "\nY: z\n", ImportOptions{MaxHeaderBytes: 1000}, errTooLarge},
		{"many parts", nested, ImportOptions{MaxParts: 50}, errTooLarge},
		{"as many parts as allowed", nested, ImportOptions{MaxParts: 51}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := ParseEML([]byte(test.data), test.o); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
		})
	}
}

func TestWhatNestsTooDeepIsKeptAsAFile(t *testing.T) {
	inner := "From: a@example.com\nSubject: innermost\n\nx\n"
	for range 10 {
		inner = "From: a@example.com\nSubject: around\nContent-Type: message/rfc822\n\n" + inner
	}
	m, err := ParseEML([]byte(inner), ImportOptions{MaxDepth: 3})
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for len(m.Attachments) == 1 && m.Attachments[0].Item != nil {
		m = *m.Attachments[0].Item
		depth++
	}
	if depth != 3 || len(m.Attachments) != 1 || !strings.Contains(string(m.Attachments[0].Content), "innermost") {
		t.Errorf("%d messages in each other and then %d files, want 3 and 1", depth, len(m.Attachments))
	}
}

func TestMessageIDsAreMadeFromContent(t *testing.T) {
	parse := func(s string) string {
		m, err := ParseEML([]byte(s), ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return m.MessageID
	}
	a, again, b := parse("From: a@b.c\n\n1"), parse("From: a@b.c\n\n1"), parse("From: a@b.c\n\n2")
	if a != again || a == b || !strings.HasPrefix(a, "<") || !strings.HasSuffix(a, "@import.invalid>") {
		t.Errorf("ids %s, %s and %s", a, again, b)
	}
	if got, want := parse("From: a@b.c\nMessage-Id:  no.brackets@x (comment)\n\n1"), "<no.brackets@x>"; got != want {
		t.Errorf("id %s, want %s", got, want)
	}
}

// FuzzParse looks for crashes, strings that are not clean, and messages that change when they are written and read again.
func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/mime/*.eml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseEML(data, ImportOptions{MaxMessage: 1 << 20})
		if err != nil {
			return
		}
		checkStrings(t, m)
		got := writeAndParse(t, m)
		if got.Subject != m.Subject || got.Body != m.Body || got.BodyHTML != m.BodyHTML || got.MessageID != m.MessageID {
			t.Errorf("changed on its way (-imported +read again):\n%s", diffMail(m, got))
		}
	})
}
