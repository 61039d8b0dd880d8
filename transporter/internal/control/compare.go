package control

import (
	"context"

	"google.golang.org/grpc"

	"holdfast/pkg/fault"
	"holdfast/pkg/mail"
	transporterv1 "holdfast/pkg/pb/holdfast/transporter/v1"
	"holdfast/transporter/internal/record"
	"holdfast/transporter/internal/repository"
)

const (
	differencesPerAnswer = 100
	maxVersions          = 1000
	// maxPath is how deep a path is told: Exchange allows 300 levels.
	maxPath = 300
)

// DiffPoints implements ControlService.
func (s *Service) DiffPoints(req *transporterv1.DiffPointsRequest, stream grpc.ServerStreamingServer[transporterv1.DiffPointsResponse]) error {
	ctx := stream.Context()
	if req.GetOffset() < 0 || req.GetLimit() < 0 {
		return fault.InvalidField("offset", "offset and limit cannot be negative")
	}
	older, done, err := s.point(ctx, req.GetRepositoryId(), req.GetOlderPointId())
	if err != nil {
		return err
	}
	defer done()
	newer, doneNewer, err := s.point(ctx, req.GetRepositoryId(), req.GetNewerPointId())
	if err != nil {
		return err
	}
	defer doneNewer()
	if a, b := older.Info().Key, newer.Info().Key; a.Account != b.Account || a.Mailbox != b.Mailbox {
		return fault.InvalidField("newer_point_id", "the points are of two mailboxes, which have nothing in common; choose two of one mailbox")
	}
	w := &differences{req: req, stream: stream, counts: map[transporterv1.DifferenceKind]int64{}, wanted: map[transporterv1.DifferenceKind]bool{}}
	for _, k := range req.GetKinds() {
		w.wanted[k] = true
	}
	if err := older.Diff(ctx, newer, w.add); err != nil {
		return err
	}
	return w.end()
}

// differences sends those that were asked for and counts all that fit.
type differences struct {
	req    *transporterv1.DiffPointsRequest
	stream grpc.ServerStreamingServer[transporterv1.DiffPointsResponse]
	wanted map[transporterv1.DifferenceKind]bool
	counts map[transporterv1.DifferenceKind]int64
	total  int64
	sent   int32
	next   transporterv1.DiffPointsResponse
}

func (w *differences) add(d repository.Difference) error {
	kind := transporterv1.DifferenceKind(d.Kind)
	if len(w.wanted) > 0 && !w.wanted[kind] {
		return nil
	}
	if f := w.req.GetFolderId(); f != "" && (d.OldFolder == nil || string(d.OldFolder.ID) != f) && (d.NewFolder == nil || string(d.NewFolder.ID) != f) {
		return nil
	}
	w.counts[kind]++
	w.total++
	if w.total <= w.req.GetOffset() || w.req.GetLimit() > 0 && w.sent == w.req.GetLimit() {
		return nil
	}
	w.sent++
	w.next.Differences = append(w.next.Differences, differenceOut(&d))
	if len(w.next.Differences) < differencesPerAnswer {
		return nil
	}
	part := &transporterv1.DiffPointsResponse{Differences: w.next.Differences}
	w.next.Differences = nil
	return w.stream.Send(part)
}

func (w *differences) end() error {
	sum := &transporterv1.DiffSummary{Total: w.total}
	for k := range int32(len(transporterv1.DifferenceKind_name)) {
		if n := w.counts[transporterv1.DifferenceKind(k)]; n > 0 {
			sum.Counts = append(sum.Counts, &transporterv1.DifferenceCount{Kind: transporterv1.DifferenceKind(k), Count: n})
		}
	}
	return w.stream.Send(&transporterv1.DiffPointsResponse{Differences: w.next.Differences, Summary: sum})
}

func differenceOut(d *repository.Difference) *transporterv1.Difference {
	out := &transporterv1.Difference{Kind: transporterv1.DifferenceKind(d.Kind), OldFolder: folderOut(d.OldFolder), NewFolder: folderOut(d.NewFolder), Aspects: aspectsOut(d.Aspects)}
	if d.Old != nil {
		out.Old = summaryOut(d.Old)
	}
	if d.New != nil {
		out.New = summaryOut(d.New)
	}
	if u := d.Damage; u != nil {
		out.Reason, out.Messages, out.InNewer, out.Unsure = text(u.Err.Error()), u.Messages, u.InNew, u.Unsure
	}
	return out
}

func aspectsOut(list []repository.Aspect) []string {
	var out []string
	for _, a := range list {
		out = append(out, string(a))
	}
	return out
}

// folderOut is a folder without the number of its messages.
func folderOut(f *mail.Folder) *transporterv1.Folder {
	if f == nil {
		return nil
	}
	return &transporterv1.Folder{Id: string(f.ID), ParentId: string(f.Parent), Name: text(f.Name), Role: string(f.Role), Hidden: f.Hidden}
}

// GetMessageHistory implements ControlService.
func (s *Service) GetMessageHistory(ctx context.Context, req *transporterv1.GetMessageHistoryRequest) (*transporterv1.GetMessageHistoryResponse, error) {
	p, done, err := s.point(ctx, req.GetRepositoryId(), req.GetPointId())
	if err != nil {
		return nil, err
	}
	defer done()
	spans, err := p.History(ctx, mail.FolderID(req.GetFolderId()), mail.MessageID(req.GetMessageId()))
	if err != nil {
		return nil, err
	}
	answer := &transporterv1.GetMessageHistoryResponse{}
	for i := range spans {
		answer.Points += int64(spans[i].Points)
	}
	if over := len(spans) - maxVersions; over > 0 {
		answer.More, spans = int64(over), spans[over:]
	}
	for i := range spans {
		v, err := s.versionOut(ctx, req.GetRepositoryId(), &spans[i])
		if err != nil {
			return nil, err
		}
		answer.Versions = append(answer.Versions, v)
	}
	return answer, nil
}

func (s *Service) versionOut(ctx context.Context, repositoryID string, v *repository.Span) (*transporterv1.MessageVersion, error) {
	out := &transporterv1.MessageVersion{
		FirstPointId: string(v.First.ID), FirstTime: stamp(v.First.Time), LastPointId: string(v.Last.ID), LastTime: stamp(v.Last.Time),
		Points: int64(v.Points), Absent: v.Message == nil && v.Err == nil, Folder: folderOut(v.Folder), Aspects: aspectsOut(v.Aspects), Moved: v.Moved,
	}
	if v.Err != nil {
		out.Unreadable = text(v.Err.Error())
	}
	if v.Message == nil {
		return out, nil
	}
	out.Message = summaryOut(v.Message)
	out.Categories = categoriesOut(v.Message)
	p, done, err := s.point(ctx, repositoryID, string(v.First.ID))
	if fault.KindOf(err) == fault.NotFound { // deleted meanwhile
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	defer done()
	out.Path = pathOf(p.Folders(), v.Folder.ID)
	return out, nil
}

// pathOf returns the names of a folder and of those that it is in, from the top.
func pathOf(folders []repository.Folder, id mail.FolderID) []string {
	byID := make(map[mail.FolderID]*repository.Folder, len(folders))
	for i := range folders {
		byID[folders[i].ID] = &folders[i]
	}
	var path []string
	for f := byID[id]; f != nil && len(path) < maxPath; f = byID[f.Parent] {
		path = append([]string{text(f.Name)}, path...)
	}
	return path
}

func categoriesOut(m *record.Message) []string {
	var out []string
	for _, c := range m.Categories[:min(len(m.Categories), maxRecipients*10)] {
		out = append(out, clip(c, maxAddress))
	}
	return out
}
