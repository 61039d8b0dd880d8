package message

import (
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

func TestTimesComeBack(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(0, 0).UTC(), time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC)} {
		if got := Time(Seconds(at)); !got.Equal(at) || got.IsZero() != at.IsZero() {
			t.Errorf("%v became %v", at, got)
		}
	}
}

func TestCheckRefusesWhatCannotBeKept(t *testing.T) {
	ok := record.Message{Message: mail.Message{ID: "a", Folder: "f"}}
	if err := Check(&ok); err != nil {
		t.Error(err)
	}
	deep := ok
	for range maxDepth + 1 {
		inner := deep
		deep = record.Message{Message: ok.Message, Attachments: []record.Attachment{{Item: &inner}}}
	}
	piece := func(size, sum int64) record.Message {
		m := ok
		m.Body = record.Content{Size: sum, Pieces: []record.Piece{{Size: size}}}
		return m
	}
	for name, m := range map[string]record.Message{
		"no id": {Message: mail.Message{Folder: "f"}}, "no folder": {Message: mail.Message{ID: "a"}}, "too deep": deep,
		"empty piece": piece(0, 0), "long piece": piece(record.MaxPiece+1, record.MaxPiece+1), "wrong sum": piece(3, 4),
	} {
		if err := Check(&m); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := ok
	long.BodyPreview = string(make([]byte, MaxRecord+1))
	if _, err := Encode(nil, &long); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
	broken := ok
	broken.Subject = "\xff"
	broken.Attachments = []record.Attachment{{Item: &record.Message{Lost: []string{"a\xc3"}}}}
	b, err := Encode(nil, &broken)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := Decode("a", "f", time.Time{}, b); err != nil || back.Subject != "\uFFFD" || back.Attachments[0].Item.Lost[0] != "a\uFFFD" {
		t.Error("text that is no UTF-8 is not mended:", back, err)
	}
}

func FuzzDecode(f *testing.F) {
	m := record.Message{Message: mail.Message{ID: "a", Folder: "f", Subject: "s"}, Attachments: []record.Attachment{{Item: &record.Message{}}}}
	b, err := Encode(nil, &m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode("id", "folder", time.Time{}, b)
		if err != nil {
			return
		}
		if _, err := Encode(nil, m); err != nil {
			t.Error("decoded, yet not encoded again:", err)
		}
	})
}
