package backup

import (
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/pkg/mail"
)

// normal returns the message as a record keeps it: times in UTC, text in valid UTF-8. A record must read back as it was
// written, and one stray byte in a subject must not stop a mailbox.
func normal(m mail.Message) mail.Message {
	m.Received, m.Sent, m.Created, m.Modified = utc(m.Received), utc(m.Sent), utc(m.Created), utc(m.Modified)
	m.Type, m.Subject, m.BodyPreview = text(m.Type), text(m.Subject), text(m.BodyPreview)
	m.InternetMessageID, m.ConversationID = text(m.InternetMessageID), text(m.ConversationID)
	m.From, m.Sender = textAddress(m.From), textAddress(m.Sender)
	m.To, m.Cc, m.Bcc, m.ReplyTo = textAddresses(m.To), textAddresses(m.Cc), textAddresses(m.Bcc), textAddresses(m.ReplyTo)
	m.Headers = textEach(m.Headers, func(h mail.Header) mail.Header { return mail.Header{Name: text(h.Name), Value: text(h.Value)} })
	m.Categories = textEach(m.Categories, text)
	at := func(t mail.FlagTime) mail.FlagTime {
		return mail.FlagTime{DateTime: text(t.DateTime), TimeZone: text(t.TimeZone)}
	}
	m.Flag.Start, m.Flag.Due, m.Flag.Completed = at(m.Flag.Start), at(m.Flag.Due), at(m.Flag.Completed)
	return m
}

// normalAttachment does the same for an attachment.
func normalAttachment(a mail.Attachment) mail.Attachment {
	a.Name, a.ContentType, a.ContentID, a.ContentLocation = text(a.Name), text(a.ContentType), text(a.ContentID), text(a.ContentLocation)
	a.Modified = utc(a.Modified)
	return a
}

func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

func text(s string) string {
	if utf8.ValidString(s) { // which is told several letters at a time
		return s
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func textAddress(a *mail.Address) *mail.Address {
	if a == nil {
		return nil
	}
	return &mail.Address{Name: text(a.Name), Address: text(a.Address)}
}

func textAddresses(list []mail.Address) []mail.Address {
	return textEach(list, func(a mail.Address) mail.Address { return *textAddress(&a) })
}

// textEach returns the list with f applied to each: the list itself where that changes nothing, which is nearly always.
func textEach[T comparable](list []T, f func(T) T) []T {
	for i := range list {
		if f(list[i]) == list[i] {
			continue
		}
		fresh := make([]T, len(list))
		for j := range list {
			fresh[j] = f(list[j])
		}
		return fresh
	}
	return list
}
