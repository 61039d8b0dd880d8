package backup

import (
	"slices"
	"strings"

	"holdfast/pkg/mail"
	"holdfast/transporter/internal/record"
)

// When attachments need not be read again
//
// Microsoft says that a message changed (changeKey), not what changed, and nothing in a message tells about its
// attachments but hasAttachments. Reading them again after every move and every "mark as read" would double the requests
// and multiply the bytes, so they are taken over from the last record when all of this holds:
//
//   - the last record is whole;
//   - the message is no draft, neither then nor now: drafts are where attachments come and go;
//   - everything that a sender writes is as it was: subject, addresses, dates, headers, type, body (by hash),
//     internetMessageId, hasAttachments;
//   - something that a reader changes differs (folder, read, flag, categories, importance, receipts, focus) or the
//     message was looked for because it had left its folder, and so explains the new changeKey. A change that nothing
//     visible explains may be one of attachments: they are read.
//
// lastModifiedDateTime is no help: it moves with the read state too.
//
// What remains is that a reader took an attachment out of (or put one into) a message that is no draft, left the body
// alone, and moved or flagged the message, all between two runs. The record then keeps the attachments as they were until
// the message changes again.

// reusable reports whether the attachments and the MIME of old are still those of the message m with that body.
// Returned says that the message is known to have been elsewhere in between.
func reusable(old *record.Message, m *mail.Message, body record.Content, returned bool) bool {
	return whole(old) && !old.Draft && !m.Draft && sameLetter(old, m, body) && (returned || stateDiffers(&old.Message, m))
}

// sameLetter reports whether everything that the sender wrote is the same.
func sameLetter(old *record.Message, m *mail.Message, body record.Content) bool {
	o := &old.Message
	return o.Type == m.Type && o.Subject == m.Subject && o.BodyType == m.BodyType && sameContent(old.Body, body) &&
		sameAddress(o.From, m.From) && sameAddress(o.Sender, m.Sender) && slices.Equal(o.To, m.To) &&
		slices.Equal(o.Cc, m.Cc) && slices.Equal(o.Bcc, m.Bcc) && slices.Equal(o.ReplyTo, m.ReplyTo) &&
		o.Received.Equal(m.Received) && o.Sent.Equal(m.Sent) && o.Created.Equal(m.Created) &&
		o.InternetMessageID == m.InternetMessageID && slices.Equal(o.Headers, m.Headers) &&
		o.HasAttachments == m.HasAttachments
}

// stateDiffers reports whether something that a reader changes differs.
func stateDiffers(o, m *mail.Message) bool {
	return o.Folder != m.Folder || o.Read != m.Read || o.Flag != m.Flag || !slices.Equal(o.Categories, m.Categories) ||
		o.Importance != m.Importance || o.InferenceOther != m.InferenceOther ||
		o.DeliveryReceiptWanted != m.DeliveryReceiptWanted || o.ReadReceiptWanted != m.ReadReceiptWanted
}

func sameContent(a, b record.Content) bool {
	return a.Size == b.Size && slices.Equal(a.Pieces, b.Pieces)
}

func sameAddress(a, b *mail.Address) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// unchanged reports whether the message that a folder names is the one of the record.
func unchanged(old *record.Message, m *mail.Message) bool {
	return old != nil && m.ChangeKey != "" && old.ChangeKey == m.ChangeKey && old.Folder == m.Folder
}

// hasAttachments reports whether the message may have attachments: Graph's own word does not cover inline ones.
func hasAttachments(m *mail.Message, body string) bool {
	return m.HasAttachments || m.BodyType == mail.BodyHTML && namesContentID(body) || signed(m)
}

// namesContentID looks for "cid:" in any case.
func namesContentID(body string) bool {
	for {
		i := strings.IndexByte(body, ':')
		if i < 0 {
			return false
		}
		if i >= 3 && strings.EqualFold(body[i-3:i], "cid") {
			return true
		}
		body = body[i+1:]
	}
}

// signed reports whether the message's headers say that it is S/MIME: Graph's JSON then does not carry what was signed or
// encrypted.
func signed(m *mail.Message) bool {
	for _, h := range m.Headers {
		if strings.EqualFold(h.Name, "Content-Type") && isSMIME(h.Value) {
			return true
		}
	}
	return false
}

// isSMIME reports whether a media type is one of S/MIME (or a signature of another kind, which MIME keeps as well).
func isSMIME(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/signed", "application/pkcs7-signature",
		"application/x-pkcs7-signature":
		return true
	}
	return false
}

// smimeAttachment reports whether an attachment is the S/MIME part of its message.
func smimeAttachment(a *mail.Attachment) bool {
	return strings.EqualFold(a.Name, "smime.p7m") || isSMIME(a.ContentType)
}

// wantsMIME reports whether JSON alone would not be a faithful copy.
func wantsMIME(m *record.Message) bool {
	return signed(&m.Message) || slices.ContainsFunc(m.Attachments, func(a record.Attachment) bool {
		return smimeAttachment(&a.Attachment)
	})
}
