package message

import (
	"errors"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

var (
	errContent = errors.New("content whose hashes and lengths do not fit")
	errDepth   = errors.New("messages attached too deep")
	errWire    = errors.New("not the bytes of a message")
)

// Decode reads the stored form of a record. What is beside it has to be given.
func Decode(id mail.MessageID, folder mail.FolderID, received time.Time, data []byte) (*record.Message, error) {
	if len(data) > MaxRecord {
		return nil, fault.New(fault.Corrupt, "the record of message %s is longer than a record can be", id)
	}
	if len(data) >= checkFrom {
		if err := understood(data, 0); err != nil {
			return nil, fault.New(fault.KindOf(err), "message %s: %w", id, err)
		}
	}
	d := decoded{m: &record.Message{}}
	ok := d.read(data)
	err := d.finish()
	if !ok {
		err = errWire
	}
	if fault.KindOf(err) == fault.Unsupported {
		return nil, err
	}
	if err != nil {
		return nil, fault.New(fault.Corrupt, "the record of message %s is damaged: %w", id, err)
	}
	d.m.ID, d.m.Folder, d.m.Received = id, folder, received
	return d.m, nil
}

// decoded is a message that is being read. As everywhere in a protobuf, the last of several values counts, lists and messages
// add up, and fields that are not known, or of another type than they should, are passed over.
type decoded struct {
	m          *record.Message
	level      int
	needs      uint32
	body, mime contentParts
	received   timeParts
	sent       timeParts
	created    timeParts
	modified   timeParts
	bad        error // of the first attachment that makes no sense
}

// read takes the fields in, and reports whether they are a protobuf with text where there should be.
func (d *decoded) read(data []byte) bool {
	f := scanner{rest: data}
	for f.next() {
		switch f.kind {
		case protowire.BytesType:
			if !d.value(&f) {
				return false
			}
		case protowire.VarintType:
			d.number(&f)
		default:
		}
	}
	return !f.bad
}

// finish returns what is wrong with the message although it could be read.
func (d *decoded) finish() error {
	if d.level > maxDepth {
		return errDepth
	}
	if err := Understood("a message record", d.needs); err != nil {
		return err
	}
	m := d.m
	m.Received, m.Sent, m.Created, m.Modified = d.received.time(), d.sent.time(), d.created.time(), d.modified.time()
	var err error
	if m.Body, err = d.body.content(); err != nil {
		return err
	}
	if m.MIME, err = d.mime.content(); err != nil {
		return err
	}
	return d.bad
}

func (d *decoded) number(f *scanner) {
	m := d.m
	switch f.n {
	case fieldBodyType:
		m.BodyType = mail.BodyType(f.number)
	case fieldImportance:
		m.Importance = mail.Importance(f.number)
	case fieldRead:
		m.Read = f.number != 0
	case fieldDraft:
		m.Draft = f.number != 0
	case fieldDeliveryReceipt:
		m.DeliveryReceiptWanted = f.number != 0
	case fieldReadReceipt:
		m.ReadReceiptWanted = f.number != 0
	case fieldOther:
		m.InferenceOther = f.number != 0
	case fieldHasAttachments:
		m.HasAttachments = f.number != 0
	case fieldNeeds:
		d.needs = uint32(f.number)
	default:
	}
}

func (d *decoded) value(f *scanner) bool {
	m := d.m
	switch f.n {
	case fieldID:
		return text(f, (*string)(&m.ID))
	case fieldFolder:
		return text(f, (*string)(&m.Folder))
	case fieldReceived:
		return d.received.read(f.value)
	case fieldChangeKey:
		return text(f, &m.ChangeKey)
	case fieldType:
		return text(f, &m.Type)
	case fieldSubject:
		return text(f, &m.Subject)
	case fieldPreview:
		return text(f, &m.BodyPreview)
	case fieldFrom:
		return readAddress(f, &m.From)
	case fieldSender:
		return readAddress(f, &m.Sender)
	case fieldTo:
		return readAddresses(f, &m.To)
	case fieldCc:
		return readAddresses(f, &m.Cc)
	case fieldBcc:
		return readAddresses(f, &m.Bcc)
	case fieldReplyTo:
		return readAddresses(f, &m.ReplyTo)
	case fieldSent:
		return d.sent.read(f.value)
	case fieldCreated:
		return d.created.read(f.value)
	case fieldModified:
		return d.modified.read(f.value)
	case fieldInternetMessageID:
		return text(f, &m.InternetMessageID)
	case fieldHeaders:
		m.Headers = append(roomFor(m.Headers, f), mail.Header{})
		h := &m.Headers[len(m.Headers)-1]
		return pair(f.value, &h.Name, &h.Value)
	case fieldConversationID:
		return text(f, &m.ConversationID)
	case fieldConversationIndex:
		m.ConversationIndex = append([]byte{}, f.value...)
	case fieldCategories:
		return texts(f, &m.Categories)
	case fieldFlag:
		return readFlag(f.value, &m.Flag)
	case fieldBody:
		return d.body.read(f.value)
	case fieldMIME:
		return d.mime.read(f.value)
	case fieldAttachments:
		m.Attachments = append(roomFor(m.Attachments, f), record.Attachment{})
		ok, err := readAttachment(f.value, &m.Attachments[len(m.Attachments)-1], d.level)
		if d.bad == nil {
			d.bad = err
		}
		return ok
	case fieldLost:
		return texts(f, &m.Lost)
	default:
	}
	return true
}

// readAttachment reports whether an attachment can be read, and what is wrong with it although it can.
func readAttachment(data []byte, a *record.Attachment, level int) (bool, error) {
	var content contentParts
	var modified timeParts
	var item *decoded
	f := scanner{rest: data}
	for ok := true; f.next(); {
		switch {
		case f.kind == protowire.VarintType:
			attachmentNumber(&f, a)
		case f.kind != protowire.BytesType:
		case f.n == fieldAttachmentModified:
			ok = modified.read(f.value)
		case f.n == fieldContent:
			ok = content.read(f.value)
		case f.n == fieldItem:
			if item == nil {
				item = &decoded{m: &record.Message{}, level: level + 1}
			}
			ok = item.level > maxDepth || item.read(f.value)
		default:
			ok = attachmentText(&f, a)
		}
		if !ok {
			return false, nil
		}
	}
	a.Modified = modified.time()
	var err error
	if a.Content, err = content.content(); err == nil && item != nil {
		a.Item, err = item.m, item.finish()
	}
	return !f.bad, err
}

func attachmentNumber(f *scanner, a *record.Attachment) {
	switch f.n {
	case fieldAttachmentKind:
		a.Kind = mail.AttachmentKind(f.number)
	case fieldSize:
		a.Size = int64(f.number)
	case fieldInline:
		a.Inline = f.number != 0
	default:
	}
}

func attachmentText(f *scanner, a *record.Attachment) bool {
	switch f.n {
	case fieldAttachmentID:
		return text(f, (*string)(&a.ID))
	case fieldAttachmentName:
		return text(f, &a.Name)
	case fieldContentType:
		return text(f, &a.ContentType)
	case fieldContentID:
		return text(f, &a.ContentID)
	case fieldContentLocation:
		return text(f, &a.ContentLocation)
	case fieldAttachmentLost:
		return text(f, &a.Lost)
	default:
		return true
	}
}
