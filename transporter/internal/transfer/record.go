package transfer

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/transfer/v1"
	"holdfast/transporter/internal/record"
)

// Limits of a record. They are far above what Exchange allows (contract 11), and bound what a peer can make us do.
const (
	maxDepth       = 64 // messages within messages
	maxID          = 4096
	maxAddresses   = 20_000 // of one field
	maxHeaders     = 20_000
	maxCategories  = 10_000
	maxAttachments = 10_000
	maxLost        = 10_000
	maxPieces      = 200_000 // of one content
)

// toRecord returns a record as it travels.
func toRecord(m *record.Message) *pb.Record {
	r := &pb.Record{
		Id: string(m.ID), ChangeKey: m.ChangeKey, FolderId: string(m.Folder), Type: m.Type, Subject: m.Subject,
		BodyPreview: m.BodyPreview, BodyType: int32(m.BodyType), From: toAddress(m.From), Sender: toAddress(m.Sender),
		To: toAddresses(m.To), Cc: toAddresses(m.Cc), Bcc: toAddresses(m.Bcc), ReplyTo: toAddresses(m.ReplyTo),
		Received: toTime(m.Received), Sent: toTime(m.Sent), Created: toTime(m.Created), Modified: toTime(m.Modified),
		InternetMessageId: m.InternetMessageID, ConversationId: m.ConversationID, ConversationIndex: m.ConversationIndex,
		Importance: int32(m.Importance), Categories: m.Categories, Flag: toFlag(m.Flag), Read: m.Read, Draft: m.Draft,
		DeliveryReceiptWanted: m.DeliveryReceiptWanted, ReadReceiptWanted: m.ReadReceiptWanted,
		InferenceOther: m.InferenceOther, HasAttachments: m.HasAttachments,
		Body: toContent(m.Body), Mime: toContent(m.MIME), Lost: m.Lost,
	}
	for _, h := range m.Headers {
		r.Headers = append(r.Headers, &pb.Header{Name: h.Name, Value: h.Value})
	}
	for i := range m.Attachments {
		r.Attachments = append(r.Attachments, toAttachment(&m.Attachments[i]))
	}
	return r
}

func toAttachment(a *record.Attachment) *pb.Attachment {
	r := &pb.Attachment{
		Id: string(a.ID), Kind: int32(a.Kind), Name: a.Name, ContentType: a.ContentType, Size: a.Size, Inline: a.Inline,
		ContentId: a.ContentID, ContentLocation: a.ContentLocation, Modified: toTime(a.Modified),
		Content: toContent(a.Content), Lost: a.Lost,
	}
	if a.Item != nil {
		r.Item = toRecord(a.Item)
	}
	return r
}

func toAddress(a *mail.Address) *pb.Address {
	if a == nil {
		return nil
	}
	return &pb.Address{Name: a.Name, Address: a.Address}
}

func toAddresses(list []mail.Address) []*pb.Address {
	var out []*pb.Address
	for i := range list {
		out = append(out, toAddress(&list[i]))
	}
	return out
}

func toTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func toFlag(f mail.Flag) *pb.Flag {
	if f == (mail.Flag{}) {
		return nil
	}
	at := func(t mail.FlagTime) *pb.FlagTime {
		if t == (mail.FlagTime{}) {
			return nil
		}
		return &pb.FlagTime{DateTime: t.DateTime, TimeZone: t.TimeZone}
	}
	return &pb.Flag{Status: int32(f.Status), Start: at(f.Start), Due: at(f.Due), Completed: at(f.Completed)}
}

func toContent(c record.Content) *pb.Content {
	if c.Size == 0 && len(c.Pieces) == 0 {
		return nil
	}
	out := &pb.Content{Size: c.Size, Pieces: make([]*pb.Piece, len(c.Pieces))}
	for i := range c.Pieces {
		out.Pieces[i] = &pb.Piece{Hash: c.Pieces[i].Hash[:], Size: c.Pieces[i].Size}
	}
	return out
}

// fromRecord returns the record that came, or an Invalid fault.
func fromRecord(r *pb.Record) (*record.Message, error) {
	if r.GetId() == "" {
		return nil, fault.New(fault.Invalid, "a record has no id")
	}
	d := decoder{}
	m := d.message(r, 0)
	return m, d.err
}

// decoder reads records and keeps the first fault.
type decoder struct{ err error }

func (d *decoder) check(ok bool, what string) bool {
	if !ok && d.err == nil {
		d.err = fault.New(fault.Invalid, "a record's %s is out of bounds", what)
	}
	return ok && d.err == nil
}

func (d *decoder) message(r *pb.Record, depth int) *record.Message {
	if !d.check(r != nil, "message") || !d.check(depth <= maxDepth, "nesting") {
		return nil
	}
	d.check(len(r.GetId()) <= maxID && len(r.GetFolderId()) <= maxID, "id")
	m := &record.Message{Message: mail.Message{
		ID: mail.MessageID(r.GetId()), ChangeKey: r.GetChangeKey(), Folder: mail.FolderID(r.GetFolderId()), Type: r.GetType(),
		Subject: r.GetSubject(), BodyPreview: r.GetBodyPreview(), BodyType: mail.BodyType(d.number(r.GetBodyType())),
		From: fromAddress(r.GetFrom()), Sender: fromAddress(r.GetSender()),
		To: d.addresses(r.GetTo()), Cc: d.addresses(r.GetCc()), Bcc: d.addresses(r.GetBcc()), ReplyTo: d.addresses(r.GetReplyTo()),
		Received: d.time(r.GetReceived()), Sent: d.time(r.GetSent()), Created: d.time(r.GetCreated()), Modified: d.time(r.GetModified()),
		InternetMessageID: r.GetInternetMessageId(), ConversationID: r.GetConversationId(), ConversationIndex: r.GetConversationIndex(),
		Importance: mail.Importance(d.number(r.GetImportance())), Flag: d.flag(r.GetFlag()), Read: r.GetRead(), Draft: r.GetDraft(),
		DeliveryReceiptWanted: r.GetDeliveryReceiptWanted(), ReadReceiptWanted: r.GetReadReceiptWanted(),
		InferenceOther: r.GetInferenceOther(), HasAttachments: r.GetHasAttachments(),
	}}
	if d.check(len(r.GetCategories()) <= maxCategories, "categories") {
		m.Categories = r.GetCategories()
	}
	if d.check(len(r.GetLost()) <= maxLost, "losses") {
		m.Lost = r.GetLost()
	}
	if d.check(len(r.GetHeaders()) <= maxHeaders, "headers") {
		for _, h := range r.GetHeaders() {
			m.Headers = append(m.Headers, mail.Header{Name: h.GetName(), Value: h.GetValue()})
		}
	}
	m.Body, m.MIME = d.content(r.GetBody()), d.content(r.GetMime())
	if d.check(len(r.GetAttachments()) <= maxAttachments, "attachments") {
		for _, a := range r.GetAttachments() {
			m.Attachments = append(m.Attachments, d.attachment(a, depth))
		}
	}
	return m
}

func (d *decoder) attachment(a *pb.Attachment, depth int) record.Attachment {
	d.check(len(a.GetId()) <= maxID, "id")
	out := record.Attachment{
		Attachment: mail.Attachment{
			ID: mail.AttachmentID(a.GetId()), Kind: mail.AttachmentKind(d.number(a.GetKind())), Name: a.GetName(),
			ContentType: a.GetContentType(), Size: a.GetSize(), Inline: a.GetInline(), ContentID: a.GetContentId(),
			ContentLocation: a.GetContentLocation(), Modified: d.time(a.GetModified()),
		},
		Content: d.content(a.GetContent()), Lost: a.GetLost(),
	}
	if a.GetItem() != nil {
		out.Item = d.message(a.GetItem(), depth+1)
	}
	return out
}

func (d *decoder) number(n int32) uint8 {
	if !d.check(n >= 0 && n <= 255, "enumeration") {
		return 0
	}
	return uint8(n)
}

func (d *decoder) time(t *timestamppb.Timestamp) time.Time {
	if t == nil || !d.check(t.IsValid(), "time") {
		return time.Time{}
	}
	return t.AsTime()
}

func fromAddress(a *pb.Address) *mail.Address {
	if a == nil {
		return nil
	}
	return &mail.Address{Name: a.GetName(), Address: a.GetAddress()}
}

func (d *decoder) addresses(list []*pb.Address) []mail.Address {
	if !d.check(len(list) <= maxAddresses, "addresses") {
		return nil
	}
	var out []mail.Address
	for _, a := range list {
		out = append(out, mail.Address{Name: a.GetName(), Address: a.GetAddress()})
	}
	return out
}

func (d *decoder) flag(f *pb.Flag) mail.Flag {
	at := func(t *pb.FlagTime) mail.FlagTime {
		return mail.FlagTime{DateTime: t.GetDateTime(), TimeZone: t.GetTimeZone()}
	}
	return mail.Flag{
		Status: mail.FlagStatus(d.number(f.GetStatus())), Start: at(f.GetStart()), Due: at(f.GetDue()), Completed: at(f.GetCompleted()),
	}
}

func (d *decoder) content(c *pb.Content) record.Content {
	if c == nil || !d.check(len(c.GetPieces()) <= maxPieces, "pieces") {
		return record.Content{}
	}
	out := record.Content{Size: c.GetSize()}
	var sum int64
	for _, p := range c.GetPieces() {
		hash, err := fromHash(p.GetHash())
		if !d.check(err == nil && p.GetSize() > 0 && p.GetSize() <= record.MaxPiece, "piece") {
			return record.Content{}
		}
		sum += p.GetSize()
		out.Pieces = append(out.Pieces, record.Piece{Hash: hash, Size: p.GetSize()})
	}
	d.check(sum == out.Size, "content")
	return out
}

func fromHash(b []byte) (record.Hash, error) {
	if len(b) != len(record.Hash{}) {
		return record.Hash{}, fault.New(fault.Invalid, "a hash has %d bytes", len(b))
	}
	return record.Hash(b), nil
}
