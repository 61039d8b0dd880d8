package control

import (
	"context"
	"io"
	"math"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
	"holdfast/transporter/internal/repository/arrange"
)

const (
	pointsPerAnswer = 500
	defaultMessages = 100
	maxMessages     = 1000
	// contentPart is how much of a content goes into one answer.
	contentPart = 256 << 10
)

// ListPoints implements ControlService.
func (s *Service) ListPoints(req *transporterv1.ListPointsRequest, stream grpc.ServerStreamingServer[transporterv1.ListPointsResponse]) error {
	repo, done, err := s.Shelf.Use(req.GetRepositoryId())
	if err != nil {
		return err
	}
	defer done()
	points, err := points(stream.Context(), repo, keyIn(req.GetKey()))
	if err != nil {
		return err
	}
	for len(points) > 0 {
		part := &transporterv1.ListPointsResponse{}
		for _, p := range points[:min(len(points), pointsPerAnswer)] {
			part.Points = append(part.Points, pointOut(p))
		}
		points = points[len(part.Points):]
		if err := stream.Send(part); err != nil {
			return err
		}
	}
	return nil
}

// points lists the points of the backups that match the key; an empty field matches all.
func points(ctx context.Context, repo *repository.Repository, key record.BackupKey) ([]record.Point, error) {
	if key.Account != "" && key.Mailbox != "" && key.Job != "" {
		return repo.Points(ctx, key)
	}
	backups, err := repo.Backups(ctx)
	if err != nil {
		return nil, err
	}
	var all []record.Point
	for _, b := range backups {
		if key.Account != "" && key.Account != b.Key.Account || key.Mailbox != "" && key.Mailbox != b.Key.Mailbox ||
			key.Job != "" && key.Job != b.Key.Job {
			continue
		}
		some, err := repo.Points(ctx, b.Key)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// DeletePoints implements ControlService. A point that is not there is no error: it may have been deleted by a call whose
// answer was lost.
func (s *Service) DeletePoints(ctx context.Context, req *transporterv1.DeletePointsRequest) (*transporterv1.DeletePointsResponse, error) {
	ids := make([]record.PointID, 0, len(req.GetPointIds()))
	for _, id := range req.GetPointIds() {
		ids = append(ids, record.PointID(id))
	}
	err := s.Shelf.DeletePoints(ctx, req.GetRepositoryId(), ids)
	return &transporterv1.DeletePointsResponse{}, err
}

// point opens a point of an attached repository; done ends its use.
func (s *Service) point(ctx context.Context, repositoryID, pointID string) (*repository.Point, func(), error) {
	repo, done, err := s.Shelf.Use(repositoryID)
	if err != nil {
		return nil, nil, err
	}
	p, err := repo.Point(ctx, record.PointID(pointID))
	if err != nil {
		done()
		return nil, nil, err
	}
	return p, done, nil
}

// ListFolders implements ControlService.
func (s *Service) ListFolders(ctx context.Context, req *transporterv1.ListFoldersRequest) (*transporterv1.ListFoldersResponse, error) {
	p, done, err := s.point(ctx, req.GetRepositoryId(), req.GetPointId())
	if err != nil {
		return nil, err
	}
	defer done()
	losses, err := p.Losses(ctx)
	if err != nil && fault.KindOf(err) != fault.Corrupt { // a damaged list hides nothing else
		return nil, err
	}
	answer := &transporterv1.ListFoldersResponse{Point: pointOut(p.Info()), Losses: lossesOut(losses[:min(len(losses), maxMessages)])}
	for _, f := range p.Folders() {
		answer.Folders = append(answer.Folders, &transporterv1.Folder{
			Id: string(f.ID), ParentId: string(f.Parent), Name: text(f.Name), Role: string(f.Role), Hidden: f.Hidden,
			Messages: f.Counts.Messages,
		})
	}
	return answer, nil
}

// ListMessages implements ControlService.
func (s *Service) ListMessages(ctx context.Context, req *transporterv1.ListMessagesRequest) (*transporterv1.ListMessagesResponse, error) {
	limit := int(req.GetLimit())
	if limit == 0 {
		limit = defaultMessages
	}
	if limit < 0 || limit > maxMessages || req.GetOffset() < 0 {
		return nil, fault.InvalidField("limit", "a page has 1 to %d messages", maxMessages)
	}
	p, done, err := s.point(ctx, req.GetRepositoryId(), req.GetPointId())
	if err != nil {
		return nil, err
	}
	defer done()
	list, total, err := p.List(ctx, repository.Listing{
		Folder: mail.FolderID(req.GetFolderId()), Order: orderIn(req.GetOrder()), Ascending: req.GetAscending() || req.GetOldestFirst(),
		Filter: arrange.Filter{
			Text: req.GetFilter(), Unread: req.GetUnread(), Flagged: req.GetFlagged(), WithAttachments: req.GetWithAttachments(),
		},
		From: int(min(req.GetOffset(), math.MaxInt32)), Limit: limit,
	})
	if err != nil {
		return nil, err
	}
	answer := &transporterv1.ListMessagesResponse{Total: total}
	for _, f := range p.Folders() {
		if string(f.ID) == req.GetFolderId() {
			answer.InFolder = f.Counts.Messages
		}
	}
	for _, l := range list {
		if l.Message == nil {
			answer.Messages = append(answer.Messages, &transporterv1.MessageSummary{FolderId: req.GetFolderId(), Subject: unreadableSubject})
			continue
		}
		answer.Messages = append(answer.Messages, summaryOut(l.Message))
	}
	return answer, nil
}

func orderIn(o transporterv1.MessageOrder) arrange.Order {
	switch o {
	case transporterv1.MessageOrder_MESSAGE_ORDER_SENT:
		return arrange.Sent
	case transporterv1.MessageOrder_MESSAGE_ORDER_SUBJECT:
		return arrange.Subject
	case transporterv1.MessageOrder_MESSAGE_ORDER_FROM:
		return arrange.From
	case transporterv1.MessageOrder_MESSAGE_ORDER_SIZE:
		return arrange.Size
	default:
		return arrange.Received
	}
}

// unreadableSubject stands in the place of a message whose record is damaged. It has no id, so nothing can be asked of it;
// the messages around it keep their places.
const unreadableSubject = "(cannot be read: its record is damaged in the repository)"

// ReadContent implements ControlService.
func (s *Service) ReadContent(req *transporterv1.ReadContentRequest, stream grpc.ServerStreamingServer[transporterv1.ReadContentResponse]) error {
	ctx := stream.Context()
	f, done, err := s.message(ctx, &transporterv1.MessagePlace{
		RepositoryId: req.GetRepositoryId(), PointId: req.GetPointId(), FolderId: req.GetFolderId(), MessageId: req.GetMessageId(),
		Within: req.GetWithin(),
	})
	if err != nil {
		return err
	}
	defer done()
	m := f.message
	if n := int(req.GetAttachment()); n > 0 && n <= len(m.Attachments) && m.Attachments[n-1].Item != nil && m.Attachments[n-1].Lost == "" {
		return s.readAttached(f.point, &m.Attachments[n-1], stream)
	}
	part, content, err := contentOf(m, int(req.GetAttachment()))
	if err != nil {
		return err
	}
	r := f.point.Content(ctx, content)
	defer r.Close()
	buffer := make([]byte, contentPart)
	for {
		n, err := io.ReadFull(r, buffer)
		if n > 0 || part.GetContentType() != "" { // the first answer is sent also for empty content
			part.Data = buffer[:n]
			if err := stream.Send(part); err != nil {
				return err
			}
			part = &transporterv1.ReadContentResponse{}
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return nil
		default:
			return err
		}
	}
}

// contentOf returns what a message's body (0) or nth attachment is, and where its bytes are.
func contentOf(m *record.Message, n int) (*transporterv1.ReadContentResponse, record.Content, error) {
	if n == 0 {
		kind := "text/plain; charset=utf-8"
		if m.BodyType == mail.BodyHTML {
			kind = "text/html; charset=utf-8"
		}
		return &transporterv1.ReadContentResponse{ContentType: kind, Size: m.Body.Size}, m.Body, nil
	}
	if n < 0 || n > len(m.Attachments) {
		return nil, record.Content{}, fault.New(fault.NotFound, "the message has %d attachments", len(m.Attachments))
	}
	a := m.Attachments[n-1]
	switch {
	case a.Lost != "":
		return nil, record.Content{}, fault.New(fault.NotFound, "the backup does not have this attachment: %s", text(a.Lost))
	case a.Kind == mail.AttachmentReference:
		return nil, record.Content{}, fault.New(fault.NotFound, "a link to a file in the cloud has no content of its own")
	}
	kind := text(a.ContentType)
	if kind == "" {
		kind = "application/octet-stream"
	}
	return &transporterv1.ReadContentResponse{Name: text(a.Name), ContentType: kind, Size: a.Content.Size}, a.Content, nil
}
