package message

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"holdfast/pkg/mail"
	pb "holdfast/pkg/pb/holdfast/repository/v1"
	"holdfast/transporter/internal/record"
)

// The stored form of a record by protobuf's own library, which package message writes and reads by hand: what Encode and
// Decode are compared with.

func toProto(m *record.Message) *pb.Message {
	return &pb.Message{
		ChangeKey: m.ChangeKey, Type: m.Type, Subject: m.Subject, BodyPreview: m.BodyPreview, BodyType: uint32(m.BodyType),
		From: address(m.From), Sender: address(m.Sender), To: addresses(m.To), Cc: addresses(m.Cc), Bcc: addresses(m.Bcc),
		ReplyTo: addresses(m.ReplyTo), Sent: stamp(m.Sent), Created: stamp(m.Created), Modified: stamp(m.Modified),
		InternetMessageId: m.InternetMessageID, Headers: headers(m.Headers),
		ConversationId: m.ConversationID, ConversationIndex: m.ConversationIndex,
		Importance: uint32(m.Importance), Categories: m.Categories, Flag: flag(m.Flag), Read: m.Read, Draft: m.Draft,
		DeliveryReceiptWanted: m.DeliveryReceiptWanted, ReadReceiptWanted: m.ReadReceiptWanted,
		InferenceOther: m.InferenceOther, HasAttachments: m.HasAttachments,
		Body: content(m.Body), Mime: content(m.MIME), Attachments: attachments(m.Attachments), Lost: m.Lost,
	}
}

func address(a *mail.Address) *pb.Address {
	if a == nil {
		return nil
	}
	return &pb.Address{Name: a.Name, Address: a.Address}
}

func addresses(list []mail.Address) []*pb.Address {
	if len(list) == 0 {
		return nil
	}
	values := make([]pb.Address, len(list))
	out := make([]*pb.Address, len(list))
	for i := range list {
		values[i].Name, values[i].Address = list[i].Name, list[i].Address
		out[i] = &values[i]
	}
	return out
}

func headers(list []mail.Header) []*pb.Header {
	if len(list) == 0 {
		return nil
	}
	values := make([]pb.Header, len(list))
	out := make([]*pb.Header, len(list))
	for i := range list {
		values[i].Name, values[i].Value = list[i].Name, list[i].Value
		out[i] = &values[i]
	}
	return out
}

func flag(f mail.Flag) *pb.Flag {
	if f == (mail.Flag{}) {
		return nil
	}
	return &pb.Flag{Status: uint32(f.Status), Start: flagTime(f.Start), Due: flagTime(f.Due), Completed: flagTime(f.Completed)}
}

func flagTime(t mail.FlagTime) *pb.FlagTime {
	if t == (mail.FlagTime{}) {
		return nil
	}
	return &pb.FlagTime{DateTime: t.DateTime, TimeZone: t.TimeZone}
}

func content(c record.Content) *pb.Content {
	if len(c.Pieces) == 0 {
		return nil
	}
	out := &pb.Content{Hashes: make([]byte, 0, 32*len(c.Pieces)), Sizes: make([]uint32, len(c.Pieces))}
	for i := range c.Pieces {
		out.Hashes = append(out.Hashes, c.Pieces[i].Hash[:]...)
		out.Sizes[i] = uint32(c.Pieces[i].Size)
	}
	return out
}

func attachments(list []record.Attachment) []*pb.Attachment {
	if len(list) == 0 {
		return nil
	}
	out := make([]*pb.Attachment, len(list))
	for i := range list {
		a := &list[i]
		out[i] = &pb.Attachment{
			Id: string(a.ID), Kind: uint32(a.Kind), Name: a.Name, ContentType: a.ContentType, Size: a.Size, Inline: a.Inline,
			ContentId: a.ContentID, ContentLocation: a.ContentLocation, Modified: stamp(a.Modified),
			Content: content(a.Content), Lost: a.Lost,
		}
		if a.Item != nil {
			item := toProto(a.Item)
			item.Id, item.Folder, item.Received = string(a.Item.ID), string(a.Item.Folder), stamp(a.Item.Received)
			out[i].Item = item
		}
	}
	return out
}

func fromProto(p *pb.Message, level int) (*record.Message, error) {
	if level > maxDepth {
		return nil, errDepth
	}
	if err := Understood("a message record", p.GetNeeds()); err != nil {
		return nil, err
	}
	m := &record.Message{
		Message: mail.Message{
			ID: mail.MessageID(p.GetId()), Folder: mail.FolderID(p.GetFolder()), Received: moment(p.GetReceived()),
			ChangeKey: p.GetChangeKey(), Type: p.GetType(), Subject: p.GetSubject(), BodyPreview: p.GetBodyPreview(),
			BodyType: mail.BodyType(p.GetBodyType()), From: fromAddress(p.GetFrom()), Sender: fromAddress(p.GetSender()),
			To: fromAddresses(p.GetTo()), Cc: fromAddresses(p.GetCc()), Bcc: fromAddresses(p.GetBcc()), ReplyTo: fromAddresses(p.GetReplyTo()),
			Sent: moment(p.GetSent()), Created: moment(p.GetCreated()), Modified: moment(p.GetModified()),
			InternetMessageID: p.GetInternetMessageId(), ConversationID: p.GetConversationId(), ConversationIndex: p.GetConversationIndex(),
			Importance: mail.Importance(p.GetImportance()), Categories: p.GetCategories(), Flag: fromFlag(p.GetFlag()),
			Read: p.GetRead(), Draft: p.GetDraft(), DeliveryReceiptWanted: p.GetDeliveryReceiptWanted(),
			ReadReceiptWanted: p.GetReadReceiptWanted(), InferenceOther: p.GetInferenceOther(), HasAttachments: p.GetHasAttachments(),
		},
		Lost: p.GetLost(),
	}
	if n := len(p.GetHeaders()); n > 0 {
		m.Headers = make([]mail.Header, n)
		for i, h := range p.GetHeaders() {
			m.Headers[i] = mail.Header{Name: h.GetName(), Value: h.GetValue()}
		}
	}
	var err error
	if m.Body, err = fromContent(p.GetBody()); err != nil {
		return nil, err
	}
	if m.MIME, err = fromContent(p.GetMime()); err != nil {
		return nil, err
	}
	if n := len(p.GetAttachments()); n > 0 {
		m.Attachments = make([]record.Attachment, n)
		for i, a := range p.GetAttachments() {
			if m.Attachments[i], err = fromAttachment(a, level); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

func fromAttachment(a *pb.Attachment, level int) (record.Attachment, error) {
	out := record.Attachment{
		Attachment: mail.Attachment{
			ID: mail.AttachmentID(a.GetId()), Kind: mail.AttachmentKind(a.GetKind()), Name: a.GetName(), ContentType: a.GetContentType(),
			Size: a.GetSize(), Inline: a.GetInline(), ContentID: a.GetContentId(), ContentLocation: a.GetContentLocation(),
			Modified: moment(a.GetModified()),
		},
		Lost: a.GetLost(),
	}
	var err error
	if out.Content, err = fromContent(a.GetContent()); err != nil {
		return out, err
	}
	if a.GetItem() != nil {
		out.Item, err = fromProto(a.GetItem(), level+1)
	}
	return out, err
}

func fromAddress(a *pb.Address) *mail.Address {
	if a == nil {
		return nil
	}
	return &mail.Address{Name: a.GetName(), Address: a.GetAddress()}
}

func fromAddresses(list []*pb.Address) []mail.Address {
	if len(list) == 0 {
		return nil
	}
	out := make([]mail.Address, len(list))
	for i, a := range list {
		out[i] = mail.Address{Name: a.GetName(), Address: a.GetAddress()}
	}
	return out
}

func fromFlag(f *pb.Flag) mail.Flag {
	return mail.Flag{
		Status: mail.FlagStatus(f.GetStatus()), Start: fromFlagTime(f.GetStart()), Due: fromFlagTime(f.GetDue()),
		Completed: fromFlagTime(f.GetCompleted()),
	}
}

func fromFlagTime(t *pb.FlagTime) mail.FlagTime {
	return mail.FlagTime{DateTime: t.GetDateTime(), TimeZone: t.GetTimeZone()}
}

func fromContent(c *pb.Content) (record.Content, error) {
	var out record.Content
	n := len(c.GetSizes())
	if len(c.GetHashes()) != 32*n {
		return out, errContent
	}
	if n == 0 {
		return out, nil
	}
	out.Pieces = make([]record.Piece, n)
	for i, size := range c.GetSizes() {
		if size == 0 || size > record.MaxPiece {
			return out, errContent
		}
		out.Pieces[i] = record.Piece{Hash: record.Hash(c.GetHashes()[32*i:]), Size: int64(size)}
		out.Size += int64(size)
	}
	return out, nil
}

func stamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func moment(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
