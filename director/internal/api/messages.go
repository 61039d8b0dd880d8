package api

import (
	"context"

	directorv1 "holdfast/pkg/pb/holdfast/director/v1"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
)

type messages struct{ Options }

func (s *messages) GetMessage(ctx context.Context, q *directorv1.GetMessageRequest) (*directorv1.GetMessageResponse, error) {
	answer, err := s.Depot.Message(ctx, &transporterv1.GetMessageRequest{Text: q.GetText(), Remote: q.GetRemote(), Place: &transporterv1.MessagePlace{
		RepositoryId: q.GetRepositoryId(), PointId: q.GetPointId(), FolderId: q.GetFolderId(), MessageId: q.GetMessageId(), Within: q.GetWithin(),
	}})
	if err != nil {
		return nil, err
	}
	out := &directorv1.GetMessageResponse{Message: showDetail(answer.GetMessage())}
	if p := answer.GetPage(); p != nil {
		out.Page = &directorv1.Page{Document: p.GetDocument(), Policy: p.GetPolicy(), Remote: p.GetRemote(), Notes: p.GetNotes(), Text: p.GetText()}
	}
	return out, nil
}

func showDetail(m *transporterv1.MessageDetail) *directorv1.MessageDetail {
	out := &directorv1.MessageDetail{
		Summary: showSummary(m.GetSummary()), Sender: showAddress(m.GetSender()), To: showAddresses(m.GetTo()), Cc: showAddresses(m.GetCc()),
		Bcc: showAddresses(m.GetBcc()), ReplyTo: showAddresses(m.GetReplyTo()), More: m.GetMore(), Created: m.GetCreated(),
		Modified: m.GetModified(), Categories: m.GetCategories(), Lost: m.GetLost(), Html: m.GetHtml(), TextBytes: m.GetTextBytes(),
		Mime: m.GetMime(), Type: m.GetType(),
	}
	for _, h := range m.GetHeaders() {
		out.Headers = append(out.Headers, &directorv1.Header{Name: h.GetName(), Value: h.GetValue()})
	}
	for _, a := range m.GetAttachments() {
		out.Attachments = append(out.Attachments, &directorv1.AttachmentDetail{
			Number: a.GetNumber(), Kind: directorv1.AttachmentKind(a.GetKind()), Name: a.GetName(), ContentType: a.GetContentType(),
			Size: a.GetSize(), Inline: a.GetInline(), ContentId: a.GetContentId(), Lost: a.GetLost(),
		})
	}
	return out
}

func showAddresses(all []*transporterv1.Address) (list []*directorv1.Address) {
	for _, a := range all {
		list = append(list, showAddress(a))
	}
	return list
}
