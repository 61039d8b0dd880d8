package graph

import (
	"context"
	"io"
	"slices"
	"strings"

	"holdfast/pkg/mail"
)

// tooLong is the text of a message whose own is an attachment.
const tooLong = "The text of this message is larger than Microsoft 365 takes when a message is recovered. It is attached, whole, as "

// textApart makes an attachment of a text that is too long for any request, and leaves word of it in its place.
func (b *builder) textApart() {
	n := *b.message
	text := n.Body
	file := NewAttachment{
		Attachment: mail.Attachment{Name: "message.txt", ContentType: "text/plain; charset=utf-8"},
		Length:     int64(len(text)),
		Open:       func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil },
	}
	if n.Message.BodyType == mail.BodyHTML {
		file.Name, file.ContentType = "message.html", "text/html; charset=utf-8"
	}
	n.Body = tooLong + file.Name + "."
	if n.Message.BodyType == mail.BodyHTML {
		n.Body = "<p>" + n.Body + "</p>"
	}
	n.Attachments = append(slices.Clone(n.Attachments), file)
	b.message, b.apart = &n, true
}
