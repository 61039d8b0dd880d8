package graph

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"holdfast/pkg/mail"
)

func FuzzAttachments(f *testing.F) {
	f.Add([]byte(`{"@odata.context":"c","value":[{"@odata.type":"#microsoft.graph.fileAttachment","id":"a","name":"n","contentType":null,"size":3,"isInline":false,"contentId":null,"contentBytes":"YWJj"},{"@odata.type":"#microsoft.graph.referenceAttachment","id":"r"}]}`))
	f.Add([]byte(`{"value":[{"contentBytes":"YWJj","id":"b"},{"@odata.type":"#microsoft.graph.itemAttachment","id":"i","item":{"subject":"s","body":{"contentType":"html","content":"x"},"attachments":[{"name":"in","contentBytes":"YQ=="},{"@odata.type":"#microsoft.graph.itemAttachment","item":{"@odata.type":"#microsoft.graph.event"}}]}}]}`))
	f.Add([]byte(`{"value":[{"contentBytes":null,"item":null}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing may be asked for again
		c := testClient()
		c.opts.Limits = Limits{}.withDefaults()
		seen := map[mail.AttachmentID]bool{}
		a := &attachmentReader{c: c, ctx: ctx, done: map[mail.AttachmentID]bool{}, budget: memoryPerMessage, visit: func(got Attachment) error {
			if seen[got.ID] {
				t.Errorf("%q was visited twice", got.ID)
			}
			seen[got.ID] = true
			if got.Content != nil {
				_, _ = io.Copy(io.Discard, got.Content)
			}
			return nil
		}}
		defer a.release()
		_ = a.all(&http.Response{Body: io.NopCloser(bytes.NewReader(doc))})
	})
}
