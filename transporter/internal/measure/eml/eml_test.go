package eml

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/test/graphsim/corpus"
	"holdfast/transporter/internal/backup"
)

// TestAMailboxOfFilesSaysWhatWasWritten compares what is read with what the files were made of, attached messages included.
func TestAMailboxOfFilesSaysWhatWasWritten(t *testing.T) {
	company, err := corpus.Generate(5, corpus.Options{Mailboxes: 3, Messages: 400, TotalBytes: 20 << 20, OnlyCarried: true})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "box"), 0o700); err != nil {
		t.Fatal(err)
	}
	var want []corpus.Message
	items := 0
	for _, m := range company.Mail() {
		var b bytes.Buffer
		if err := corpus.WriteEML(&b, m); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, "box", string(rune('a'+len(want)/26/26))+string(rune('a'+len(want)/26%26))+string(rune('a'+len(want)%26)))
		if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		want = append(want, m)
		for _, a := range m.Attachments {
			if a.Item != nil {
				items++
			}
		}
	}
	if items == 0 {
		t.Fatal("no message is attached to another: nothing of that is tested")
	}
	box := &Mailbox{Dir: dir}
	n := 0
	for cursor := mail.Cursor(""); ; {
		page, err := box.Changes(t.Context(), "box", cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Changes {
			compare(t, box, &c, &want[n])
			n++
		}
		if page.Done {
			break
		}
		cursor = page.Next
	}
	if n != len(want) {
		t.Errorf("got %d messages, want %d", n, len(want))
	}
}

func compare(t *testing.T, box *Mailbox, c *mail.Change, want *corpus.Message) {
	t.Helper()
	m := &c.Message
	if m.Subject != want.Subject || c.Body != want.Body || (m.BodyType == mail.BodyHTML) != want.BodyHTML || len(m.To) != len(want.To) {
		t.Errorf("%s: got %q to %d with %d bytes, want %q to %d with %d", want.MessageID, m.Subject, len(m.To), len(c.Body), want.Subject,
			len(want.To), len(want.Body))
	}
	var got []backup.Attachment
	err := box.Attachments(t.Context(), m.ID, func(a backup.Attachment) error {
		i := len(got)
		got = append(got, a)
		if i >= len(want.Attachments) {
			return nil
		}
		w := want.Attachments[i]
		if a.Inline != w.Inline || a.ContentID != w.ContentID || (a.Item != nil) != (w.Item != nil) {
			t.Errorf("%s: attachment %d is %+v, want %q", want.MessageID, i, a.Attachment, w.Name)
		}
		if a.Item != nil {
			if a.Item.Body != w.Item.Body || a.Item.Message.Subject != w.Item.Subject || len(a.Item.Attachments) != len(w.Item.Attachments) {
				t.Errorf("%s: the attached message differs", want.MessageID)
			}
			return nil
		}
		data, err := io.ReadAll(a.Content)
		if err == nil && !bytes.Equal(data, w.Content) {
			t.Errorf("%s: attachment %d has %d bytes that differ from the %d written", want.MessageID, i, len(data), len(w.Content))
		}
		return err
	})
	if err != nil || len(got) != len(want.Attachments) {
		t.Errorf("%s: got %d attachments (%v), want %d", want.MessageID, len(got), err, len(want.Attachments))
	}
}
