package message

import (
	"slices"
	"testing"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// pieceful is a record that names pieces everywhere a record can, 5 of them in each of levels messages.
func pieceful(levels int) record.Message {
	n := byte(0)
	content := func(pieces int) record.Content {
		var c record.Content
		for range pieces {
			n++
			c.Pieces = append(c.Pieces, record.Piece{Hash: record.Sum([]byte{n, byte(levels)}), Size: int64(n)})
			c.Size += int64(n)
		}
		return c
	}
	m := record.Message{
		Message: mail.Message{ID: "id", Folder: "f", Subject: "subject", ConversationIndex: []byte{1, 2, 3}, Read: true},
		Body:    content(1), MIME: content(2), Attachments: []record.Attachment{{Content: content(1)}, {Content: content(1)}, {Lost: "lost"}},
	}
	if levels > 1 {
		item := pieceful(levels - 1)
		m.Attachments = append(m.Attachments, record.Attachment{Item: &item, Content: content(1)})
	}
	return m
}

func allPieces(m *record.Message) []record.Hash {
	var list []record.Hash
	_ = Contents(m, func(c *record.Content) error {
		for _, p := range c.Pieces {
			list = append(list, p.Hash)
		}
		return nil
	})
	return list
}

func TestPiecesAreThoseOfTheDecodedRecord(t *testing.T) {
	for _, levels := range []int{1, 2, 5} {
		m := pieceful(levels)
		data, err := Encode(nil, &m)
		if err != nil {
			t.Fatal(err)
		}
		var got []record.Hash
		if err := Pieces(data, func(h record.Hash) { got = append(got, h) }); err != nil {
			t.Fatal(err)
		}
		want := allPieces(&m)
		if len(want) != 6*levels-1 {
			t.Fatalf("%d levels name %d pieces", levels, len(want))
		}
		for _, list := range [][]record.Hash{got, want} {
			slices.SortFunc(list, func(a, b record.Hash) int { return slices.Compare(a[:], b[:]) })
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d levels: %v, want %v", levels, got, want)
		}
	}
}
