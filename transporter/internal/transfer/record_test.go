package transfer

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/pkg/rpc"
	"holdfast/transporter/internal/backup"
	"holdfast/transporter/internal/balance"
	"holdfast/transporter/internal/record"
)

func contentOf(sizes ...int64) record.Content {
	var c record.Content
	for i, n := range sizes {
		c.Pieces = append(c.Pieces, record.Piece{Hash: record.Sum([]byte{byte(i)}), Size: n})
		c.Size += n
	}
	return c
}

// full is a record with every field set.
func full(id mail.MessageID, depth int) record.Message {
	at := time.Date(2026, 1, 2, 3, 4, 5, 600, time.UTC)
	m := record.Message{
		Message: mail.Message{
			ID: id, ChangeKey: "ck", Folder: "f", Type: "eventMessage", Subject: "ü", BodyPreview: "p", BodyType: mail.BodyHTML,
			From: &mail.Address{Name: "F", Address: "f@x"}, Sender: &mail.Address{Address: "s@x"},
			To: []mail.Address{{Name: "T"}, {}}, Cc: []mail.Address{{Address: "c"}}, Bcc: []mail.Address{{Address: "b"}},
			ReplyTo: []mail.Address{{Address: "r"}}, Received: at, Sent: at.Add(1), Created: at.Add(2), Modified: at.Add(3),
			InternetMessageID: "<i>", Headers: []mail.Header{{Name: "A", Value: "1"}, {Name: "A"}},
			ConversationID: "c", ConversationIndex: []byte{0, 255}, Importance: mail.ImportanceHigh, Categories: []string{"x", ""},
			Flag: mail.Flag{
				Status: mail.FlagComplete, Start: mail.FlagTime{DateTime: "d", TimeZone: "z"},
				Due: mail.FlagTime{DateTime: "e"}, Completed: mail.FlagTime{TimeZone: "y"},
			},
			Read: true, Draft: true, DeliveryReceiptWanted: true, ReadReceiptWanted: true, InferenceOther: true, HasAttachments: true,
		},
		Body: contentOf(10), MIME: contentOf(record.MaxPiece, 1), Lost: []string{"one", "two"},
		Attachments: []record.Attachment{{
			Attachment: mail.Attachment{
				ID: "a", Kind: mail.AttachmentReference, Name: "n", ContentType: "t", Size: 7, Inline: true, ContentID: "c",
				ContentLocation: "l", Modified: at,
			},
			Content: contentOf(3, 4), Lost: "why",
		}},
	}
	if depth > 0 {
		inner := full("inner", depth-1)
		m.Attachments = append(m.Attachments, record.Attachment{Item: &inner})
	}
	return m
}

func TestARecordComesBackAsItWas(t *testing.T) {
	for name, m := range map[string]record.Message{
		"everything set": full("m", 2), "nothing set": {Message: mail.Message{ID: "m"}},
	} {
		wire, err := proto.Marshal(toRecord(&m))
		if err != nil {
			t.Fatal(err)
		}
		var r pb.Record
		if err := proto.Unmarshal(wire, &r); err != nil {
			t.Fatal(err)
		}
		got, err := fromRecord(&r)
		if diff := cmp.Diff(&m, got); err != nil || diff != "" {
			t.Errorf("%s: %v (-sent +received):\n%s", name, err, diff)
		}
	}
}

func TestRecordsOutOfBoundsAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*pb.Record){
		"no id":              func(r *pb.Record) { r.Id = "" },
		"long id":            func(r *pb.Record) { r.Id = strings.Repeat("x", maxID+1) },
		"body type":          func(r *pb.Record) { r.BodyType = 256 },
		"importance":         func(r *pb.Record) { r.Importance = -1 },
		"flag":               func(r *pb.Record) { r.Flag.Status = 1000 },
		"time":               func(r *pb.Record) { r.Sent = &timestamppb.Timestamp{Nanos: -1} },
		"short hash":         func(r *pb.Record) { r.Body.Pieces[0].Hash = r.Body.Pieces[0].Hash[:31] },
		"empty piece":        func(r *pb.Record) { r.Body.Pieces[0].Size, r.Body.Size = 0, 0 },
		"negative piece":     func(r *pb.Record) { r.Body.Pieces[0].Size = -1 },
		"large piece":        func(r *pb.Record) { r.Body.Pieces[0].Size, r.Body.Size = record.MaxPiece+1, record.MaxPiece+1 },
		"size and pieces":    func(r *pb.Record) { r.Body.Size++ },
		"size alone":         func(r *pb.Record) { r.Body = &pb.Content{Size: 5} },
		"attachment's kind":  func(r *pb.Record) { r.Attachments[0].Kind = -1 },
		"attachment within":  func(r *pb.Record) { r.Attachments[1].Item.Attachments[0].Content.Size++ },
		"too deep":           func(r *pb.Record) { m := full("m", maxDepth+1); proto.Merge(r, toRecord(&m)) },
		"too many addresses": func(r *pb.Record) { r.Cc = make([]*pb.Address, maxAddresses+1) },
	} {
		m := full("m", 1)
		r := toRecord(&m)
		spoil(r)
		if _, err := fromRecord(r); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// pipe returns the two ends of a call in parts. Parts cross as bytes, and must fit.
func pipe[M interface {
	*P
	proto.Message
}, P any](t testing.TB) (send func(M) error, receive func() (M, error)) {
	var wire [][]byte
	return func(m M) error {
			b, err := proto.Marshal(m)
			if len(b) > rpc.MaxMessage/2 {
				t.Errorf("a part of %d bytes", len(b))
			}
			wire = append(wire, b)
			return err
		}, func() (M, error) {
			if len(wire) == 0 {
				return nil, io.EOF
			}
			m := M(new(P))
			err := proto.Unmarshal(wire[0], m)
			wire = wire[1:]
			return m, err
		}
}

func TestLongCallsGoInParts(t *testing.T) {
	c := backup.Checkpoint{Folder: "f", Cursor: "c", Full: true, Restart: true, Done: true}
	s := backup.Summary{Run: "r", Origin: record.Origin{AccountName: "a", Tenant: "t", MailboxName: "m", MailboxAddress: "x", MailboxKind: 2, JobName: "j"}, Time: time.Unix(5, 0).UTC()}
	s.Ledger = &balance.Ledger{After: map[mail.FolderID]int64{"f0": 7, "f1199": 0}, MoreFolders: 3, MoreMessages: 4, Same: true}
	for i := range balance.MaxOutside {
		s.Ledger.Add(balance.Outside{ID: mail.FolderID(fmt.Sprint("o", i)), Parent: "p", Name: "n", Total: int64(i), Why: balance.Hidden})
	}
	state := backup.State{Base: "b", Resumed: true, Begun: time.Unix(7, 0).UTC()}
	for i := range 1200 {
		id := mail.MessageID(fmt.Sprint("m", i))
		c.Messages = append(c.Messages, full(id, 1))
		c.Gone, c.Deleted = append(c.Gone, id), append(c.Deleted, id+"d")
		l := mail.Loss{Message: id, Folder: "f", Subject: "s", What: "message", Reason: strings.Repeat("r", 400), RequestID: "q"}
		c.Losses, s.Losses, state.Losses = append(c.Losses, l), append(s.Losses, l), append(state.Losses, l)
		f := mail.FolderID(fmt.Sprint("f", i))
		s.Folders = append(s.Folders, mail.Folder{ID: f, Parent: "p", Name: strings.Repeat("n", 300), Role: "inbox", Hidden: true, Total: i})
		state.Folders = append(state.Folders, backup.FolderState{Folder: f, Cursor: mail.Cursor(strings.Repeat("c", 500)), Enumerating: i%2 == 0})
	}
	send, receive := pipe[*pb.CommitRequest](t)
	if err := sendCheckpoint(c, send); err != nil {
		t.Fatal(err)
	}
	got, err := receiveCheckpoint(receive)
	if diff := cmp.Diff(c, got); err != nil || diff != "" {
		t.Errorf("checkpoint: %v %s", err, diff)
	}
	sendSeal, receiveSeal := pipe[*pb.SealRequest](t)
	if err := sendSummary(s, sendSeal); err != nil {
		t.Fatal(err)
	}
	gotSummary, err := receiveSummary(receiveSeal)
	if diff := cmp.Diff(s, gotSummary); err != nil || diff != "" {
		t.Errorf("summary: %v %s", err, diff)
	}
	sendBegin, receiveBegin := pipe[*pb.BeginResponse](t)
	if err := sendState(state, sendBegin); err != nil {
		t.Fatal(err)
	}
	gotState, err := receiveState(receiveBegin)
	if diff := cmp.Diff(state, gotState); err != nil || diff != "" {
		t.Errorf("state: %v %s", err, diff)
	}
}

func TestACallThatIsCutOffIsInvalid(t *testing.T) {
	_, receive := pipe[*pb.CommitRequest](t)
	if _, err := receiveCheckpoint(receive); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	send, receive := pipe[*pb.CommitRequest](t)
	part := &pb.CommitRequest{Gone: make([]string, maxIDs+1), Last: true}
	if err := send(part); err != nil {
		t.Fatal(err)
	}
	if _, err := receiveCheckpoint(receive); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}

func FuzzRecord(f *testing.F) {
	for depth := range 3 {
		m := full("m", depth)
		wire, err := proto.Marshal(toRecord(&m))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wire)
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, wire []byte) {
		var r pb.Record
		if proto.Unmarshal(wire, &r) != nil {
			return
		}
		m, err := fromRecord(&r)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("got %v", err)
			}
			return
		}
		// What was taken must survive being sent on.
		again, err := fromRecord(toRecord(m))
		if diff := cmp.Diff(m, again); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func FuzzCheckpoint(f *testing.F) {
	send := func(m *pb.CommitRequest) error {
		wire, err := proto.Marshal(m)
		f.Add(wire)
		return err
	}
	m := full("m", 1)
	c := backup.Checkpoint{Folder: "f", Cursor: "c", Messages: []record.Message{m}, Gone: []mail.MessageID{"g"}, Losses: []mail.Loss{{Message: "l"}}}
	if err := sendCheckpoint(c, send); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, wire []byte) {
		given := false
		_, err := receiveCheckpoint(func() (*pb.CommitRequest, error) {
			m := &pb.CommitRequest{}
			if given || proto.Unmarshal(wire, m) != nil {
				return nil, io.EOF
			}
			given = true
			return m, nil
		})
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("got %v", err)
		}
	})
}
