package decoded

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"holdfast/pkg/mail"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/measure/eml"
)

// TestDecodedMailIsTheMailThatWasDecoded compares every message of a mailbox before and after.
func TestDecodedMailIsTheMailThatWasDecoded(t *testing.T) {
	company, err := corpus.Generate(6, corpus.Options{Mailboxes: 3, Messages: 300, TotalBytes: 20 << 20, OnlyCarried: true})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	n := 0
	for box, m := range company.Mail() {
		folder := filepath.Join(dir, "eml", fmt.Sprint(box))
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(filepath.Join(folder, fmt.Sprintf("%03d.eml", n)))
		if err != nil {
			t.Fatal(err)
		}
		if err := corpus.WriteEML(f, m); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		n++
	}
	before := &eml.Mailbox{Dir: filepath.Join(dir, "eml")}
	if err := Write(t.Context(), filepath.Join(dir, "decoded"), before); err != nil {
		t.Fatal(err)
	}
	after := &Mailbox{Dir: filepath.Join(dir, "decoded")}
	defer after.Close()
	want, got := messages(t, before), messages(t, after)
	if len(want) != n {
		t.Fatalf("%d messages were read, not %d", len(want), n)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// told is all that a source tells of a message.
type told struct {
	Change      mail.Change
	Attachments []attachment
}

type attachment struct {
	mail.Attachment
	Content string
	Item    *told
}

func messages(t *testing.T, src backup.Source) []told {
	t.Helper()
	folders, err := src.Folders(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var list []told
	for _, f := range folders {
		for cursor := mail.Cursor(""); ; {
			page, err := src.Changes(t.Context(), f.ID, cursor)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Changes {
				one := told{Change: c}
				err := src.Attachments(t.Context(), c.Message.ID, func(a backup.Attachment) error {
					one.Attachments = append(one.Attachments, read(t, &a))
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				list = append(list, one)
			}
			if cursor = page.Next; page.Done {
				break
			}
		}
	}
	return list
}

func read(t *testing.T, a *backup.Attachment) attachment {
	t.Helper()
	out := attachment{Attachment: a.Attachment}
	if a.Content != nil {
		data, err := io.ReadAll(a.Content)
		if err != nil {
			t.Fatal(err)
		}
		out.Content = string(data)
	}
	if a.Item != nil {
		out.Item = &told{Change: mail.Change{Message: a.Item.Message, Body: a.Item.Body}}
		for i := range a.Item.Attachments {
			out.Item.Attachments = append(out.Item.Attachments, read(t, &a.Item.Attachments[i]))
		}
	}
	return out
}
