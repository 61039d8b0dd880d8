package graph

import (
	"context"
	"io"
	"path"
	"strings"

	"holdfast/pkg/mail"
)

// asFile returns an attached message as a file with its MIME. It is rendered twice: once to know its length.
func asFile(ctx context.Context, n *NewAttachment) (*NewAttachment, error) {
	var length counted
	if err := n.Render(ctx, &length); err != nil {
		return nil, err
	}
	name := n.Name
	if !strings.EqualFold(path.Ext(name), ".eml") {
		name += ".eml"
	}
	return &NewAttachment{
		Attachment: mail.Attachment{Name: name, ContentType: "message/rfc822"}, Length: int64(length),
		Open: func(ctx context.Context) (io.ReadCloser, error) {
			r, w := io.Pipe()
			go func() { w.CloseWithError(n.Render(ctx, w)) }() // ends when the reader is closed
			return r, nil
		},
	}, nil
}

// counted counts the bytes that are written to it.
type counted int64

func (c *counted) Write(p []byte) (int, error) {
	*c += counted(len(p))
	return len(p), nil
}
