package message

import (
	"bytes"
	"testing"
	"time"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
)

func TestPiecesOfRecordsOfLaterVersionsAreNotGuessed(t *testing.T) {
	hashes := bytes.Repeat([]byte{7}, 64)
	body := &pb.Content{Hashes: hashes, Sizes: []uint32{1, 2}}
	for depth := range 3 {
		for _, needs := range []uint32{0, 1, 1 << 31} {
			m := &pb.Message{Body: body, Needs: needs}
			for range depth {
				m = &pb.Message{Attachments: []*pb.Attachment{{Name: "a", Item: m}}}
			}
			data, err := Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			err = Pieces(data, func(record.Hash) { n++ })
			switch {
			case needs == 0 && (err != nil || n != 2), needs != 0 && (fault.KindOf(err) != fault.Unsupported || n != 0):
				t.Errorf("depth %d, needs %d: %d pieces, %v", depth, needs, n, err)
			}
		}
	}
}

func TestARecordOfNothingButElementsIsRefusedBeforeItIsDecoded(t *testing.T) {
	for name, data := range map[string][]byte{
		"headers": bytes.Repeat([]byte{0x9a, 0x01, 0x00}, maxElements+1),
		"items":   append([]byte{0x8a, 0x02, 0xe9, 0x95, 0x12, 0x5a, 0xe3, 0x95, 0x12}, bytes.Repeat([]byte{0x9a, 0x01, 0x00}, maxElements+1)...),
	} {
		if _, err := Decode("id", "folder", time.Time{}, data); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := &record.Message{Message: mail.Message{ID: "id", Headers: make([]mail.Header, maxElements+1)}}
	if _, err := Encode(nil, full); fault.KindOf(err) != fault.Invalid {
		t.Errorf("one that could not be read again is written: %v", err)
	}
	many := &pb.Message{}
	for range 20_000 {
		many.Headers = append(many.Headers, &pb.Header{Name: "X-Header", Value: "a value of some length"})
	}
	data, err := Marshal(many)
	if err != nil || len(data) < checkFrom {
		t.Fatal(len(data), err)
	}
	if m, err := Decode("id", "folder", time.Time{}, data); err != nil || len(m.Headers) != 20_000 {
		t.Error(err)
	}
}

func FuzzPieces(f *testing.F) {
	data, err := Marshal(&pb.Message{Body: &pb.Content{Hashes: make([]byte, 32), Sizes: []uint32{1}}, Attachments: []*pb.Attachment{{Item: &pb.Message{Needs: 1}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, b []byte) {
		var got []record.Hash
		err := Pieces(b, func(h record.Hash) { got = append(got, h) })
		m, decodeErr := Decode("id", "folder", time.Time{}, b)
		if err != nil || decodeErr != nil {
			return
		}
		i := 0
		_ = Contents(m, func(c *record.Content) error {
			for _, p := range c.Pieces {
				if i >= len(got) || got[i] != p.Hash {
					t.Fatalf("piece %d is another", i)
				}
				i++
			}
			return nil
		})
	})
}
