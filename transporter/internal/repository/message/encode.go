package message

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// Encode appends the stored form of a record to dst. Id, folder and time of receipt are not in it: they are beside it
// wherever a record is stored. Text that is no UTF-8, which a protobuf cannot hold, is mended: one odd byte in a subject must
// not keep a message out of the backup.
func Encode(dst []byte, m *record.Message) ([]byte, error) {
	at := len(dst)
	out := appendMessage(dst, m)
	if n := len(out) - at; n > MaxRecord {
		return nil, fault.New(fault.Invalid, "the properties of message %s take %d bytes, more than the %d that a record may have", m.ID, n, MaxRecord)
	} else if n >= checkFrom && understood(out[at:], 0) != nil {
		return nil, fault.New(fault.Invalid, "message %s has more than the %d headers, addresses and attachments that a record may have", m.ID, maxElements)
	}
	return out, nil
}

// appendMessage appends a message in the order of the numbers of its fields. As in all of a protobuf, what is empty is left out,
// except elements of lists.
func appendMessage(b []byte, m *record.Message) []byte {
	b = appendText(b, fieldChangeKey, m.ChangeKey)
	b = appendText(b, fieldType, m.Type)
	b = appendText(b, fieldSubject, m.Subject)
	b = appendText(b, fieldPreview, m.BodyPreview)
	b = appendNumber(b, fieldBodyType, uint64(m.BodyType))
	b = appendAddress(b, fieldFrom, m.From)
	b = appendAddress(b, fieldSender, m.Sender)
	b = appendAddresses(b, fieldTo, m.To)
	b = appendAddresses(b, fieldCc, m.Cc)
	b = appendAddresses(b, fieldBcc, m.Bcc)
	b = appendAddresses(b, fieldReplyTo, m.ReplyTo)
	b = appendTime(b, fieldSent, m.Sent)
	b = appendTime(b, fieldCreated, m.Created)
	b = appendTime(b, fieldModified, m.Modified)
	b = appendText(b, fieldInternetMessageID, m.InternetMessageID)
	for i := range m.Headers {
		b = appendPair(b, fieldHeaders, m.Headers[i].Name, m.Headers[i].Value)
	}
	b = appendText(b, fieldConversationID, m.ConversationID)
	if len(m.ConversationIndex) > 0 {
		b = protowire.AppendTag(b, fieldConversationIndex, protowire.BytesType)
		b = protowire.AppendBytes(b, m.ConversationIndex)
	}
	b = appendNumber(b, fieldImportance, uint64(m.Importance))
	b = appendTexts(b, fieldCategories, m.Categories)
	b = appendFlag(b, m.Flag)
	b = appendTrue(b, fieldRead, m.Read)
	b = appendTrue(b, fieldDraft, m.Draft)
	b = appendTrue(b, fieldDeliveryReceipt, m.DeliveryReceiptWanted)
	b = appendTrue(b, fieldReadReceipt, m.ReadReceiptWanted)
	b = appendTrue(b, fieldOther, m.InferenceOther)
	b = appendTrue(b, fieldHasAttachments, m.HasAttachments)
	b = appendContent(b, fieldBody, m.Body)
	b = appendContent(b, fieldMIME, m.MIME)
	for i := range m.Attachments {
		b = appendAttachment(b, &m.Attachments[i])
	}
	return appendTexts(b, fieldLost, m.Lost)
}

func appendAttachment(b []byte, a *record.Attachment) []byte {
	b, at := begin(b, fieldAttachments)
	b = appendText(b, fieldAttachmentID, string(a.ID))
	b = appendNumber(b, fieldAttachmentKind, uint64(a.Kind))
	b = appendText(b, fieldAttachmentName, a.Name)
	b = appendText(b, fieldContentType, a.ContentType)
	b = appendNumber(b, fieldSize, uint64(a.Size))
	b = appendTrue(b, fieldInline, a.Inline)
	b = appendText(b, fieldContentID, a.ContentID)
	b = appendText(b, fieldContentLocation, a.ContentLocation)
	b = appendTime(b, fieldAttachmentModified, a.Modified)
	b = appendContent(b, fieldContent, a.Content)
	if a.Item != nil {
		var item int
		b, item = begin(b, fieldItem)
		b = appendText(b, fieldID, string(a.Item.ID))
		b = appendText(b, fieldFolder, string(a.Item.Folder))
		b = appendTime(b, fieldReceived, a.Item.Received)
		b = appendMessage(b, a.Item)
		b = end(b, item)
	}
	b = appendText(b, fieldAttachmentLost, a.Lost)
	return end(b, at)
}

// begin begins what has a length, and returns where its bytes do; end ends it and puts the length in front, for which begin
// has left one byte.
func begin(b []byte, n protowire.Number) ([]byte, int) {
	b = append(protowire.AppendTag(b, n, protowire.BytesType), 0)
	return b, len(b)
}

func end(b []byte, at int) []byte {
	length := uint64(len(b) - at)
	if more := protowire.SizeVarint(length) - 1; more > 0 {
		b = slices.Grow(b, more)[:len(b)+more]
		copy(b[at+more:], b[at:])
	}
	binary.PutUvarint(b[at-1:], length)
	return b
}

func appendText(b []byte, n protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	b = protowire.AppendTag(b, n, protowire.BytesType)
	return protowire.AppendString(b, sound(s))
}

func appendTexts(b []byte, n protowire.Number, list []string) []byte {
	for _, s := range list {
		b = protowire.AppendTag(b, n, protowire.BytesType)
		b = protowire.AppendString(b, sound(s))
	}
	return b
}

// sound returns text with what is no UTF-8 in it replaced by U+FFFD.
func sound(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func appendNumber(b []byte, n protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
}

func appendTrue(b []byte, n protowire.Number, v bool) []byte {
	if !v {
		return b
	}
	return append(protowire.AppendTag(b, n, protowire.VarintType), 1)
}

// appendPair appends a message of two texts.
func appendPair(b []byte, n protowire.Number, first, second string) []byte {
	b, at := begin(b, n)
	b = appendText(b, fieldFirst, first)
	return end(appendText(b, fieldSecond, second), at)
}

func appendAddress(b []byte, n protowire.Number, a *mail.Address) []byte {
	if a == nil {
		return b
	}
	return appendPair(b, n, a.Name, a.Address)
}

func appendAddresses(b []byte, n protowire.Number, list []mail.Address) []byte {
	for i := range list {
		b = appendPair(b, n, list[i].Name, list[i].Address)
	}
	return b
}

func appendTime(b []byte, n protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	b, at := begin(b, n)
	b = appendNumber(b, fieldSeconds, uint64(t.Unix()))
	return end(appendNumber(b, fieldNanos, uint64(t.Nanosecond())), at)
}

func appendFlag(b []byte, f mail.Flag) []byte {
	if f == (mail.Flag{}) {
		return b
	}
	b, at := begin(b, fieldFlag)
	b = appendNumber(b, fieldStatus, uint64(f.Status))
	b = appendFlagTime(b, fieldStart, f.Start)
	b = appendFlagTime(b, fieldDue, f.Due)
	return end(appendFlagTime(b, fieldCompleted, f.Completed), at)
}

func appendFlagTime(b []byte, n protowire.Number, t mail.FlagTime) []byte {
	if t == (mail.FlagTime{}) {
		return b
	}
	return appendPair(b, n, t.DateTime, t.TimeZone)
}

func appendContent(b []byte, n protowire.Number, c record.Content) []byte {
	if len(c.Pieces) == 0 {
		return b
	}
	b, at := begin(b, n)
	b, list := begin(b, fieldHashes)
	for i := range c.Pieces {
		b = append(b, c.Pieces[i].Hash[:]...)
	}
	b = end(b, list)
	b, list = begin(b, fieldSizes)
	for i := range c.Pieces {
		b = protowire.AppendVarint(b, uint64(uint32(c.Pieces[i].Size)))
	}
	return end(end(b, list), at)
}
