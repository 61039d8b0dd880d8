package control

import (
	"context"
	"io"
	"slices"
	"strings"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/export"
	"holdfast/transporter/internal/export/rfc822"
	"holdfast/transporter/internal/preview"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

// Bounds of what one answer tells of a message. The content itself is read with ReadContent.
const (
	maxAddresses   = 1000
	maxHeaders     = 1000
	maxHeaderValue = 8 << 10
	maxHeadersSize = 256 << 10
	maxAttachments = 1000
	maxWithin      = 30 // as deep as attached messages are kept
)

// found is a kept message with what is needed to read it.
type found struct {
	point   *repository.Point
	message *record.Message
}

// message finds a kept message, or one that is attached to it; done ends its use.
func (s *Service) message(ctx context.Context, at *transporterv1.MessagePlace) (found, func(), error) {
	if len(at.GetWithin()) > maxWithin {
		return found{}, nil, fault.InvalidField("within", "messages are kept up to %d deep", maxWithin)
	}
	p, done, err := s.point(ctx, at.GetRepositoryId(), at.GetPointId())
	if err != nil {
		return found{}, nil, err
	}
	m, err := p.Message(ctx, mail.FolderID(at.GetFolderId()), mail.MessageID(at.GetMessageId()))
	for _, n := range at.GetWithin() {
		if err == nil {
			m, err = attached(m, int(n))
		}
	}
	if err != nil {
		done()
		return found{}, nil, err
	}
	return found{p, m}, done, nil
}

func attached(m *record.Message, n int) (*record.Message, error) {
	if n < 1 || n > len(m.Attachments) || m.Attachments[n-1].Item == nil {
		return nil, fault.New(fault.NotFound, "attachment %d is no message", n)
	}
	return m.Attachments[n-1].Item, nil
}

// GetMessage implements ControlService.
func (s *Service) GetMessage(ctx context.Context, req *transporterv1.GetMessageRequest) (*transporterv1.GetMessageResponse, error) {
	f, done, err := s.message(ctx, req.GetPlace())
	if err != nil {
		return nil, err
	}
	defer done()
	answer := &transporterv1.GetMessageResponse{Message: detailOut(f.message)}
	if req.GetText() {
		answer.Page, err = f.page(ctx, req.GetRemote())
	}
	return answer, err
}

func detailOut(m *record.Message) *transporterv1.MessageDetail {
	out := &transporterv1.MessageDetail{
		Summary: summaryOut(m), Sender: addressOut(m.Sender), Created: stamp(m.Created), Modified: stamp(m.Modified),
		Html: m.BodyType == mail.BodyHTML, TextBytes: m.Body.Size, Mime: m.MIME.Size > 0, Type: text(m.Type),
	}
	some := func(all []mail.Address) (list []*transporterv1.Address) {
		for i := range all {
			if i == maxAddresses {
				out.More += int32(len(all) - i)
				break
			}
			list = append(list, addressOut(&all[i]))
		}
		return list
	}
	out.To, out.Cc, out.Bcc, out.ReplyTo = some(m.To), some(m.Cc), some(m.Bcc), some(m.ReplyTo)
	size := 0
	for i, h := range m.Headers {
		if size += len(h.Value); i == maxHeaders || size > maxHeadersSize {
			out.More += int32(len(m.Headers) - i)
			break
		}
		out.Headers = append(out.Headers, &transporterv1.Header{Name: clip(h.Name, maxAddress), Value: clip(h.Value, maxHeaderValue)})
	}
	out.Categories = categoriesOut(m)
	for _, l := range m.Lost[:min(len(m.Lost), maxAttachments)] {
		out.Lost = append(out.Lost, text(l))
	}
	for i := range m.Attachments[:min(len(m.Attachments), maxAttachments)] {
		out.Attachments = append(out.Attachments, attachmentOut(i+1, &m.Attachments[i]))
	}
	return out
}

func attachmentOut(n int, a *record.Attachment) *transporterv1.AttachmentDetail {
	out := &transporterv1.AttachmentDetail{
		Number: int32(n), Kind: transporterv1.AttachmentKind_ATTACHMENT_KIND_FILE, Name: text(a.Name), ContentType: clip(a.ContentType, maxAddress),
		Size: a.Content.Size, Inline: a.Inline, ContentId: text(a.ContentID), Lost: text(a.Lost),
	}
	switch {
	case a.Item != nil:
		out.Kind, out.Size = transporterv1.AttachmentKind_ATTACHMENT_KIND_MESSAGE, sizeOf(a.Item)
	case a.Kind == mail.AttachmentItem:
		out.Kind = transporterv1.AttachmentKind_ATTACHMENT_KIND_ITEM
	case a.Kind == mail.AttachmentReference:
		out.Kind = transporterv1.AttachmentKind_ATTACHMENT_KIND_LINK
	}
	return out
}

// page makes the text of a message safe to show.
func (f found) page(ctx context.Context, remote bool) (*transporterv1.Page, error) {
	source, err := f.text(ctx)
	if err != nil {
		return nil, err
	}
	var p preview.Page
	if f.message.BodyType == mail.BodyHTML {
		if p, err = preview.HTML(ctx, source, preview.Options{Image: f.image, Remote: remote}); err != nil {
			return nil, fault.New(fault.KindOf(err), "the preview was given up: %w", err)
		}
	} else {
		p = preview.Text(source)
	}
	if slices.ContainsFunc(f.message.Attachments, signed) {
		p.Notes = append(p.Notes, preview.NoteSigned)
	}
	return &transporterv1.Page{Document: p.Document(), Policy: p.Policy(), Remote: int32(p.Remote), Notes: p.Notes, Text: p.Plain}, nil
}

// signed reports whether an attachment is a message in the form of S/MIME (RFC 8551, 3.2.1). A signature beside its text is
// none.
func signed(a record.Attachment) bool {
	kind := strings.ToLower(a.ContentType)
	return strings.HasPrefix(kind, "application/pkcs7-mime") || strings.HasPrefix(kind, "application/x-pkcs7-mime") ||
		strings.HasPrefix(kind, "multipart/signed") || strings.EqualFold(a.Name, "smime.p7m")
}

// text reads as much of the text as is shown.
func (f found) text(ctx context.Context) (string, error) {
	r := f.point.Content(ctx, f.message.Body)
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, preview.MaxSource+1))
	return string(data), err
}

// image returns an inline image of the message, whole or not at all.
func (f found) image(ctx context.Context, id string) (string, []byte, bool) {
	for i := range f.message.Attachments {
		a := &f.message.Attachments[i]
		if a.Kind != mail.AttachmentFile || a.Lost != "" || strings.Trim(a.ContentID, "<>") != id {
			continue
		}
		if a.Content.Size > preview.MaxImage {
			return a.ContentType, make([]byte, preview.MaxImage+1), true // told as too large
		}
		r := f.point.Content(ctx, a.Content)
		defer r.Close()
		data, err := io.ReadAll(r)
		return a.ContentType, data, err == nil
	}
	return "", nil, false
}

// open reads content for an export.
func (f found) open(ctx context.Context, c record.Content) (io.ReadCloser, error) {
	return f.point.Content(ctx, c), nil
}

// Export implements ControlService.
func (s *Service) Export(req *transporterv1.ExportRequest, stream grpc.ServerStreamingServer[transporterv1.ExportResponse]) error {
	if req.GetArchive() != nil {
		return s.archive(req.GetArchive(), stream)
	}
	f, done, err := s.message(stream.Context(), req.GetMessage())
	if err != nil {
		return err
	}
	defer done()
	out := exporter(stream, export.FileName(f.message), "message/rfc822")
	missing, err := rfc822.Write(stream.Context(), out, f.message, rfc822.Options{Open: f.open})
	if err != nil {
		return err
	}
	return endExport(out, 1, int64(min(len(missing), 1)))
}

// exporter returns the sender of a file.
func exporter(stream grpc.ServerStreamingServer[transporterv1.ExportResponse], name, kind string) *sender[transporterv1.ExportResponse] {
	return newSender(stream, &transporterv1.ExportResponse{Name: name, ContentType: kind}, func(r *transporterv1.ExportResponse, data []byte) { r.Data = data })
}

// endExport sends what is left, and the counts.
func endExport(out *sender[transporterv1.ExportResponse], messages, incomplete int64) error {
	return out.end(func(r *transporterv1.ExportResponse) { r.Messages, r.Incomplete = messages, incomplete })
}

func (s *Service) archive(req *transporterv1.ArchiveRequest, stream grpc.ServerStreamingServer[transporterv1.ExportResponse]) error {
	p, done, err := s.point(stream.Context(), req.GetRepositoryId(), req.GetPointId())
	if err != nil {
		return err
	}
	defer done()
	o := export.Options{Point: p, Open: p.Content, Format: export.Format(req.GetFormat())}
	for _, id := range req.GetFolderIds() {
		o.Selection.Folders = append(o.Selection.Folders, mail.FolderID(id))
	}
	for _, m := range req.GetMessages() {
		o.Selection.Messages = append(o.Selection.Messages, export.Ref{Folder: mail.FolderID(m.GetFolderId()), Message: mail.MessageID(m.GetMessageId())})
	}
	info := p.Info()
	out := exporter(stream, export.ArchiveName(info), "application/zip")
	report, err := export.ToZip(stream.Context(), out, o)
	if err != nil {
		return err
	}
	return endExport(out, report.Messages, report.Incomplete+report.Unreadable+int64(len(report.NotFound)))
}

// readAttached streams an attached message as a file.
func (s *Service) readAttached(p *repository.Point, a *record.Attachment, stream grpc.ServerStreamingServer[transporterv1.ReadContentResponse]) error {
	name := strings.TrimSuffix(text(a.Name), ".eml") + ".eml"
	out := newSender(stream, &transporterv1.ReadContentResponse{Name: name, ContentType: "message/rfc822"}, func(r *transporterv1.ReadContentResponse, data []byte) { r.Data = data })
	if _, err := rfc822.Write(stream.Context(), out, a.Item, rfc822.Options{Open: found{point: p}.open}); err != nil {
		return err
	}
	return out.Flush()
}
