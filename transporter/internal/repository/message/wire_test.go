package message

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
)

// maker makes records of which any field may be there or not, in lengths on both sides of where a length takes another byte.
type maker struct{ *rand.Rand }

func (r maker) text() string {
	switch r.IntN(8) {
	case 0, 1, 2:
		return ""
	case 3:
		return strings.Repeat("é", r.IntN(80))
	case 4:
		return strings.Repeat("x", 120+r.IntN(20))
	case 5:
		return strings.Repeat("y", 16_370+r.IntN(30))
	case 6:
		return "broken \xff\xc3 text"
	default:
		return fmt.Sprint("text ", r.IntN(1000))
	}
}

func (r maker) texts() []string {
	var list []string
	for range r.IntN(4) {
		list = append(list, r.text())
	}
	return list
}

func (r maker) time() time.Time {
	switch r.IntN(4) {
	case 0:
		return time.Time{}
	case 1:
		return time.Unix(0, 0).UTC()
	default:
		return time.Unix(r.Int64N(1<<35)-1<<34, r.Int64N(1_000_000_000)).UTC()
	}
}

func (r maker) address() *mail.Address {
	if r.IntN(2) == 0 {
		return nil
	}
	return &mail.Address{Name: r.text(), Address: r.text()}
}

func (r maker) addresses() []mail.Address {
	var list []mail.Address
	for range r.IntN(4) {
		list = append(list, mail.Address{Name: r.text(), Address: r.text()})
	}
	return list
}

func (r maker) content() record.Content {
	var c record.Content
	for range r.IntN(6) {
		p := record.Piece{Size: 1 + r.Int64N(record.MaxPiece)}
		for i := range p.Hash {
			p.Hash[i] = byte(r.Uint32())
		}
		c.Size += p.Size
		c.Pieces = append(c.Pieces, p)
	}
	return c
}

func (r maker) flagTime() mail.FlagTime { return mail.FlagTime{DateTime: r.text(), TimeZone: r.text()} }

func (r maker) coin() bool { return r.IntN(2) == 0 }

func (r maker) message(depth int) *record.Message {
	m := &record.Message{
		Message: mail.Message{
			ChangeKey: r.text(), Type: r.text(), Subject: r.text(), BodyPreview: r.text(), BodyType: mail.BodyType(r.IntN(2)),
			From: r.address(), Sender: r.address(), To: r.addresses(), Cc: r.addresses(), Bcc: r.addresses(), ReplyTo: r.addresses(),
			Sent: r.time(), Created: r.time(), Modified: r.time(), InternetMessageID: r.text(), ConversationID: r.text(),
			Importance: mail.Importance(r.IntN(3)), Categories: r.texts(), Read: r.coin(), Draft: r.coin(),
			DeliveryReceiptWanted: r.coin(), ReadReceiptWanted: r.coin(), InferenceOther: r.coin(), HasAttachments: r.coin(),
		},
		Body: r.content(), MIME: r.content(), Lost: r.texts(),
	}
	for range r.IntN(5) {
		m.Headers = append(m.Headers, mail.Header{Name: r.text(), Value: r.text()})
	}
	if n := r.IntN(30); n > 0 {
		m.ConversationIndex = make([]byte, n)
	}
	if r.coin() {
		m.Flag = mail.Flag{Status: mail.FlagStatus(r.IntN(3)), Start: r.flagTime(), Due: r.flagTime(), Completed: r.flagTime()}
	}
	for range r.IntN(3) {
		a := record.Attachment{
			Attachment: mail.Attachment{
				ID: mail.AttachmentID(r.text()), Kind: mail.AttachmentKind(r.IntN(3)), Name: r.text(), ContentType: r.text(), Size: r.Int64N(1 << 40),
				Inline: r.coin(), ContentID: r.text(), ContentLocation: r.text(), Modified: r.time(),
			},
			Content: r.content(), Lost: r.text(),
		}
		if depth > 0 && r.coin() {
			a.Item = r.message(depth - 1)
			a.Item.ID, a.Item.Folder, a.Item.Received = mail.MessageID(r.text()), mail.FolderID(r.text()), r.time()
		}
		m.Attachments = append(m.Attachments, a)
	}
	return m
}

// TestRecordsAreThoseOfProtobuf holds what is written and read by hand against protobuf's own library.
func TestRecordsAreThoseOfProtobuf(t *testing.T) {
	seed := rand.Uint64()
	t.Log("seed", seed)
	r := maker{rand.New(rand.NewPCG(seed, 0))}
	for range 300 {
		m := r.message(3)
		got, err := Encode([]byte("in front"), m)
		if len(got) > MaxRecord || fault.KindOf(err) == fault.Invalid {
			continue
		}
		want, wantErr := Marshal(toProto(m))
		if err != nil || wantErr != nil || !bytes.Equal(got, append([]byte("in front"), want...)) {
			t.Fatalf("record %+v is stored as\n%x, not as\n%x (%v, %v)", m, got, want, err, wantErr)
		}
		sameDecoded(t, want)
		// Anything may be damaged, and still the same is made of it.
		for range 10 {
			damaged := bytes.Clone(want)
			for range 1 + r.IntN(3) {
				if len(damaged) > 0 {
					damaged[r.IntN(len(damaged))] = byte(r.Uint32())
				}
			}
			sameDecoded(t, damaged)
		}
		if len(want) < MaxRecord/2 { // everything once more, so that values are replaced and lists and messages add up
			sameDecoded(t, append(bytes.Clone(want), want...))
		}
	}
}

// sameDecoded decodes in both ways and compares, errors included.
func sameDecoded(t *testing.T, data []byte) {
	t.Helper()
	if len(data) > MaxRecord || len(data) >= checkFrom && understood(data, 0) != nil {
		return
	}
	received := time.Unix(1, 0).UTC()
	got, err := Decode("id", "folder", received, data)
	var p pb.Message
	var want *record.Message
	wantErr := proto.Unmarshal(data, &p)
	if wantErr == nil {
		want, wantErr = fromProto(&p, 0)
	}
	if wantErr != nil {
		kind := fault.Corrupt
		if fault.KindOf(wantErr) == fault.Unsupported {
			kind = fault.Unsupported
		}
		if fault.KindOf(err) != kind {
			t.Fatalf("%x is %v; protobuf says %v", data, err, wantErr)
		}
		return
	}
	want.ID, want.Folder, want.Received = "id", "folder", received
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatalf("%x is read as another message: %v\n%s", data, err, diff)
	}
}

func TestOddFormsOfARecordAreRead(t *testing.T) {
	hash := make([]byte, 32)
	content := func(b []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, fieldBody, protowire.BytesType), b)
	}
	hashes := protowire.AppendBytes(protowire.AppendTag(nil, fieldHashes, protowire.BytesType), hash)
	size := protowire.AppendVarint(protowire.AppendTag(nil, fieldSizes, protowire.VarintType), 7)
	group := protowire.AppendVarint(protowire.AppendTag(protowire.AppendTag(nil, 77, protowire.StartGroupType), 1, protowire.VarintType), 1)
	item := protowire.AppendBytes(protowire.AppendTag(nil, fieldItem, protowire.BytesType), protowire.AppendVarint(protowire.AppendTag(nil, fieldNeeds, protowire.VarintType), 3))
	deep := []byte{}
	for range maxDepth + 2 {
		deep = protowire.AppendBytes(protowire.AppendTag(nil, fieldItem, protowire.BytesType), deep)
		deep = protowire.AppendBytes(protowire.AppendTag(nil, fieldAttachments, protowire.BytesType), deep)
	}
	for name, data := range map[string][]byte{
		"sizes that are not packed":        content(append(bytes.Clone(hashes), size...)),
		"content in two parts":             append(content(hashes), content(size)...),
		"sizes without hashes":             content(size),
		"a text where a number should be":  {fieldRead<<3 | 2, 1, 0, 1},
		"a number where a text should be":  {fieldSubject << 3, 1},
		"a fixed number":                   protowire.AppendFixed64(protowire.AppendTag(nil, fieldSent, protowire.Fixed64Type), 1),
		"a group":                          protowire.AppendTag(bytes.Clone(group), 77, protowire.EndGroupType),
		"a group without end":              group,
		"an end without group":             protowire.AppendTag(nil, 77, protowire.EndGroupType),
		"field 0":                          {0, 0},
		"a length beyond the end":          {fieldSubject<<3 | 2, 5, 'a'},
		"a number that is too long":        append(protowire.AppendTag(nil, fieldRead, protowire.VarintType), bytes.Repeat([]byte{0x80}, 11)...),
		"an item of a later version":       protowire.AppendBytes(protowire.AppendTag(nil, fieldAttachments, protowire.BytesType), item),
		"a later version with odd content": append(content(size), protowire.AppendVarint(protowire.AppendTag(nil, fieldNeeds, protowire.VarintType), 3)...),
		"items too deep":                   deep,
		"times that overflow":              {0x7a, 12, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 16, 1, 0x7a, 2, 16, 5},
	} {
		t.Run(name, func(t *testing.T) { sameDecoded(t, data) })
	}
}

func FuzzDecodeLikeProtobuf(f *testing.F) {
	r := maker{rand.New(rand.NewPCG(1, 2))}
	for range 4 {
		b, err := Encode(nil, r.message(0))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { sameDecoded(t, b) })
}

func BenchmarkRecord(b *testing.B) {
	m := &record.Message{Message: mail.Message{
		ChangeKey: "CQAAABYAAAB", Subject: "Minutes of the meeting", BodyPreview: strings.Repeat("Dear all, ", 20), From: &mail.Address{Name: "A Person", Address: "a.person@example.com"},
		To: make([]mail.Address, 3), InternetMessageID: "<abc@example.com>", Sent: time.Unix(1e9, 0), Created: time.Unix(1e9, 0), Modified: time.Unix(1e9, 0),
	}, Body: record.Content{Size: 1, Pieces: []record.Piece{{Size: 1}}}}
	for i := range 20 {
		m.Headers = append(m.Headers, mail.Header{Name: fmt.Sprint("X-Header-", i), Value: strings.Repeat("value ", 8)})
	}
	data, err := Encode(nil, m)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf, _ = Encode(buf[:0], m)
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = Decode("id", "folder", time.Time{}, data)
		}
	})
	b.Run("protobuf encode", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf, _ = MarshalAppend(buf[:0], toProto(m))
		}
	})
	b.Run("protobuf decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var p pb.Message
			_ = proto.Unmarshal(data, &p)
			_, _ = fromProto(&p, 0)
		}
	})
}
