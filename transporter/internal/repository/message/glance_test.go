package message

import (
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// FuzzGlanceAt holds a glance against what Decode makes of the same record.
func FuzzGlanceAt(f *testing.F) {
	content := func(size int64) record.Content {
		return record.Content{Size: size, Pieces: []record.Piece{{Size: size}}}
	}
	inner := record.Message{Body: content(5), Attachments: []record.Attachment{{Content: content(7)}}}
	m := record.Message{
		Message: mail.Message{
			ID: "a", Folder: "f", Subject: "s", From: &mail.Address{Name: "n", Address: "n@example.com"},
			Sent: time.Unix(1, 0).UTC(), Read: true, Flag: mail.Flag{Status: mail.FlagFlagged},
		},
		Body: content(3), Attachments: []record.Attachment{{Content: content(11)}, {Item: &inner}},
	}
	for _, seed := range []record.Message{m, {Message: mail.Message{ID: "a", Folder: "f"}}} {
		b, err := Encode(nil, &seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(b[:len(b)/2])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := GlanceAt(b); err != nil && fault.KindOf(err) != fault.Corrupt {
			t.Error("an error that is not Corrupt:", err)
		}
		m, err := Decode("id", "folder", time.Time{}, b)
		if err != nil {
			return
		}
		// What others wrote may hold a field twice; as encoded here each is there once.
		plain, err := Encode(nil, m)
		if err != nil {
			t.Fatal(err)
		}
		if m, err = Decode("id", "folder", time.Time{}, plain); err != nil {
			t.Fatal(err)
		}
		g, err := GlanceAt(plain)
		if err != nil {
			t.Fatal("decoded, yet no glance:", err)
		}
		compareGlance(t, &g, m)
	})
}

func compareGlance(t *testing.T, g *Glance, m *record.Message) {
	t.Helper()
	var from mail.Address
	if m.From != nil {
		from = *m.From
	}
	if string(g.Subject) != m.Subject || string(g.FromName) != from.Name || string(g.From) != from.Address {
		t.Errorf("texts are %q %q %q, not %q %q", g.Subject, g.FromName, g.From, m.Subject, from)
	}
	if g.Read != m.Read || g.Flagged != (m.Flag.Status == mail.FlagFlagged) || g.Attachments != len(m.Attachments) {
		t.Errorf("marks are %v %v %d, not %v %v %d", g.Read, g.Flagged, g.Attachments, m.Read, m.Flag.Status, len(m.Attachments))
	}
	if want := sizeOf(m); g.Size != want {
		t.Errorf("the size is %d, not %d", g.Size, want)
	}
	if m.Sent.IsZero() != (g.Sent == NoTime) || !m.Sent.IsZero() && g.Sent != m.Sent.Unix() {
		t.Errorf("sent at %d, not %v", g.Sent, m.Sent)
	}
}

// sizeOf is the size of the body and the attachments, with what is in attached messages.
func sizeOf(m *record.Message) int64 {
	sum := m.Body.Size
	for i := range m.Attachments {
		sum += m.Attachments[i].Content.Size
		if item := m.Attachments[i].Item; item != nil {
			sum += sizeOf(item)
		}
	}
	return sum
}
