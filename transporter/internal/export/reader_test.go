package export_test

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/export"
)

// seedOf prints the seed of a random test.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return seed
}

func pairs(list []corpus.Address) [][2]string {
	out := [][2]string{}
	for _, a := range list {
		name := a.Name
		if name == a.Address {
			name = ""
		}
		out = append(out, [2]string{strings.Join(strings.Fields(name), ""), a.Address})
	}
	return out
}

func pair(a *corpus.Address) [][2]string {
	if a == nil {
		return [][2]string{}
	}
	return pairs([]corpus.Address{*a})
}

// check compares what a reader found with what was kept. newlines says that the container has its own line ends.
func check(t *testing.T, want corpus.Message, got *found, newlines bool) {
	t.Helper()
	same := func(what string, a, b any) {
		t.Helper()
		if d := cmp.Diff(a, b); d != "" {
			t.Errorf("%s: %s (-kept +read):\n%s", want.MessageID, what, d)
		}
	}
	same("subject", want.Subject, got.Subject)
	same("from", pair(want.From), got.From)
	if want.Sender != nil && *want.Sender != *want.From {
		same("sender", pair(want.Sender), got.Sender)
	}
	same("to", pairs(want.To), got.To)
	same("cc", pairs(want.Cc), got.Cc)
	same("bcc", pairs(want.Bcc), got.Bcc)
	same("reply-to", pairs(want.ReplyTo), got.ReplyTo)
	same("message id", want.MessageID, got.MessageID)
	same("date", want.Sent.Unix(), got.Date)
	if want.Importance != "normal" {
		same("importance", want.Importance, got.Importance)
	}
	for _, category := range want.Categories {
		if !strings.Contains(got.Keywords, category) {
			t.Errorf("%s: category %q is not among %q", want.MessageID, category, got.Keywords)
		}
	}
	kind := "text/plain"
	if want.BodyHTML {
		kind = "text/html"
	}
	same("type", kind, got.Type)
	same("charset", "utf-8", got.Charset)
	body, read := want.Body, got.Body
	if newlines {
		body, read = strings.ReplaceAll(body, "\r\n", "\n"), strings.ReplaceAll(read, "\r\n", "\n")
	}
	same("body", body, read)
	same("defects", []string{}, got.Defects)
	checkHeaders(t, want, got)
	checkParts(t, want, got, newlines)
}

// checkHeaders finds the headers as received, in their order.
func checkHeaders(t *testing.T, want corpus.Message, got *found) {
	t.Helper()
	var names, read []string
	for _, h := range want.Headers {
		if lower := strings.ToLower(h.Name); lower != "mime-version" && !strings.HasPrefix(lower, "content-") {
			names = append(names, h.Name)
		}
	}
	for _, h := range got.Headers {
		read = append(read, h[0])
		if h[0] == "Received" {
			i := slices.IndexFunc(want.Headers, func(w corpus.Header) bool { return w.Name == "Received" && squeeze(w.Value) == squeeze(h[1]) })
			if i < 0 {
				t.Errorf("%s: nothing was received with %q", want.MessageID, h[1])
			}
		}
	}
	read = slices.DeleteFunc(read, func(n string) bool { return n == "Status" || n == "X-Status" })
	if len(read) < len(names) || !slices.Equal(read[:len(names)], names) {
		t.Errorf("%s: headers %v do not begin with those received, %v", want.MessageID, read, names)
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

func checkParts(t *testing.T, want corpus.Message, got *found, newlines bool) {
	t.Helper()
	if len(got.Parts) != len(want.Attachments) {
		t.Errorf("%s: %d parts of %d attachments", want.MessageID, len(got.Parts), len(want.Attachments))
		return
	}
	left := slices.Clone(got.Parts)
	for _, a := range want.Attachments {
		i := slices.IndexFunc(left, func(p foundPart) bool {
			switch {
			case a.Item != nil:
				return p.Message != nil && p.Message.MessageID == a.Item.MessageID
			case a.Reference != "":
				return p.URL == a.Reference
			}
			return p.SHA256 == sum(a.Content) && p.Name == a.Name && p.ID == a.ContentID && (p.Disposition == "inline") == a.Inline
		})
		if i < 0 {
			t.Errorf("%s: attachment %q is not among %+v", want.MessageID, a.Name, left)
			continue
		}
		if a.Item != nil {
			check(t, *a.Item, left[i].Message, newlines)
		} else if a.Reference == "" && a.ContentType != "" && !strings.HasPrefix(a.ContentType, left[i].Type) {
			t.Errorf("%s: attachment %q is %s, not %s", want.MessageID, a.Name, left[i].Type, a.ContentType)
		}
		left = slices.Delete(left, i, i+1)
	}
}

func TestAnIndependentReaderFindsWhatWasKept(t *testing.T) {
	for _, format := range []export.Format{export.EML, export.Mbox, export.Maildir} {
		t.Run(string(format), func(t *testing.T) {
			s := company(t, seedOf(t), corpus.Options{PerMailbox: 120, TotalBytes: 4 << 20, CaseSiblings: true})
			dir := filepath.Join(t.TempDir(), "out")
			report, err := export.ToFolder(t.Context(), dir, s.options(format))
			if err != nil {
				t.Fatal(err)
			}
			if !report.Whole() || report.Messages != int64(len(s.kept)) {
				t.Errorf("report %+v", report)
			}
			where := map[string]string{} // of a folder's path
			for _, f := range report.Folders {
				where[strings.Join(f.Path, "\x00")] = f.Where
			}
			got := map[string]*found{}
			for _, f := range read(t, format, dir) {
				got[f.MessageID] = &f
			}
			if len(got) != len(s.kept) {
				t.Errorf("%d messages read, want %d", len(got), len(s.kept))
			}
			for i := range s.kept {
				m := s.truth[s.kept[i].ID]
				f := got[m.MessageID]
				if f == nil {
					t.Errorf("%s is not there", m.MessageID)
					continue
				}
				check(t, m, f, format != export.EML)
				checkPlace(t, m, f, format, where[strings.Join(m.Folder, "\x00")])
			}
		})
	}
}

// checkPlace compares folder, flags and time.
func checkPlace(t *testing.T, m corpus.Message, f *found, format export.Format, where string) {
	t.Helper()
	flags := ""
	if m.Draft && format == export.Maildir {
		flags += "D"
	}
	if m.FlagStatus == "flagged" {
		flags += "F"
	}
	switch format {
	case export.Maildir:
		if m.Read {
			flags += "S"
		}
		where = strings.TrimPrefix(where, ".")
		if where == "(top)" {
			where = ""
		}
	case export.Mbox:
		if m.Draft {
			flags += "T"
		}
		if m.Read {
			flags = "RO" + flags
		} else {
			flags = "O" + flags
		}
	default:
		flags = ""
	}
	if got := sorted(f.Flags); f.Where != where || got != sorted(flags) {
		t.Errorf("%s is in %q with flags %q, want %q with %q", m.MessageID, f.Where, got, where, sorted(flags))
	}
	if format != export.Mbox && f.Stamp != m.Received.Unix() {
		t.Errorf("%s is of %s, not %s", m.MessageID, time.Unix(f.Stamp, 0).UTC(), m.Received)
	}
}

func sorted(s string) string {
	b := []byte(s)
	slices.Sort(b)
	return string(b)
}
